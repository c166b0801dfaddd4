//! Policies as sentences for sign-off, in English or French: made from the checked policy, never from its text. `facts`
//! says what there is to say; `en` and `fr` say it. Descriptions and names stay as somebody wrote them.

mod en;
mod facts;
mod fr;

use super::{Policy, PolicySet, Rule};
use crate::model::{WalletId, tame};
use crate::slot::Schedule;
use facts::{Fact, Floor, Topic};
use serde::Serialize;
use std::collections::BTreeSet;
use std::str::FromStr;

/// The languages there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// French, with French numbers and spaces.
    French,
}

impl FromStr for Language {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::English),
            "fr" => Ok(Self::French),
            other => Err(format!("there is no language `{}`; there are en and fr", tame(other, 20))),
        }
    }
}

/// Policies in words, serialized exactly as `explain --json` shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// One entry a policy, in the order of priority.
    pub policies: Vec<Explained>,
    /// The floors of the wallets that these policies take from.
    pub reserves: Option<Paragraph>,
    /// Which policies these sentences are about.
    pub hash: String,
    /// Says the hash in words.
    #[serde(skip)]
    footer: String,
}

/// One policy in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its name.
    pub policy: String,
    /// Its description, as written; may be empty.
    pub description: String,
    /// What there is to say, by topic.
    pub paragraphs: Vec<Paragraph>,
}

/// What there is to say about one topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paragraph {
    /// For programs: `status`, `when`, `what`, `limits`, `exchange`, `approval`, `order`, `never`, `reserves`.
    pub topic: &'static str,
    /// Its heading.
    pub heading: String,
    /// Its sentences; those of a list begin with their number or a dash.
    pub sentences: Vec<String>,
}

/// A language: a heading for every topic, a sentence for every fact.
trait Words {
    fn heading(&self, topic: Topic) -> &'static str;
    fn sentence(&self, fact: &Fact<'_>) -> String;
    /// What a policy that pays somebody out says in other words than one that moves money between wallets.
    fn of_payout(&self, fact: &Fact<'_>) -> Option<String>;
    fn floors_heading(&self) -> &'static str;
    fn floor(&self, floor: &Floor) -> String;
    fn footer(&self, hash: &str) -> String;
}

/// All policies of a set, or one of them, in words.
#[must_use]
pub fn explain(set: &PolicySet, only: Option<&str>, language: Language) -> Explanation {
    let words: &dyn Words = match language {
        Language::English => &en::English,
        Language::French => &fr::French,
    };
    let chosen: Vec<&Policy> = set.policies.iter().filter(|it| only.is_none_or(|name| it.name == name)).collect();
    let mut wallets: BTreeSet<WalletId> = chosen.iter().flat_map(|it| it.lanes()).map(|lane| lane.from).collect();
    if only.is_none() {
        // The whole set: floors of wallets that only manual moves touch, too.
        wallets.extend(set.reserves.keys().copied().chain(set.calendar.iter().map(|it| it.wallet)));
    }
    let floors: Vec<String> = facts::floors(set, &wallets).iter().map(|floor| words.floor(floor)).collect();
    let reserves = Paragraph { topic: "reserves", heading: words.floors_heading().to_owned(), sentences: floors };
    Explanation {
        policies: chosen.into_iter().map(|policy| explained(policy, words)).collect(),
        reserves: Some(reserves).filter(|it| !it.sentences.is_empty()),
        hash: set.hash.clone(),
        footer: words.footer(&set.hash),
    }
}

fn explained(policy: &Policy, words: &dyn Words) -> Explained {
    let pays = matches!(policy.rule, Rule::Payout(_));
    let said = |fact: &Fact<'_>| {
        let of_payout = pays.then(|| words.of_payout(fact)).flatten();
        of_payout.unwrap_or_else(|| words.sentence(fact))
    };
    let paragraph = |(topic, facts): (Topic, Vec<Fact<'_>>)| {
        let mut place = 0;
        let mut sentence = |fact: &Fact<'_>| {
            let text = said(fact);
            match fact {
                Fact::SweepSource { .. } | Fact::TopUpSource { .. } => {
                    place += 1;
                    format!("{place}. {text}")
                }
                Fact::Weight { .. } => format!("- {text}"),
                _ => text,
            }
        };
        let sentences = facts.iter().map(&mut sentence).collect();
        Paragraph { topic: topic.word(), heading: words.heading(topic).to_owned(), sentences }
    };
    Explained {
        policy: policy.name.clone(),
        description: policy.description.clone(),
        paragraphs: facts::of(policy).into_iter().map(paragraph).collect(),
    }
}

/// When a schedule fires, in English: `every day at 18:00`.
#[must_use]
pub fn schedule_in_words(schedule: &Schedule) -> String {
    en::runs(schedule)
}

/// How wide a line gets.
const WIDTH: usize = 100;

impl Explanation {
    /// For people, in lines of at most 100 characters.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = Vec::new();
        for it in &self.policies {
            out.push(it.policy.clone());
            if !it.description.is_empty() {
                out.extend(wrapped(&tame(&it.description, 300), 2, 0));
            }
            for paragraph in &it.paragraphs {
                out.push(String::new());
                paragraph.render(&mut out);
            }
            out.extend([String::new(), String::new()]);
        }
        if let Some(reserves) = &self.reserves {
            reserves.render(&mut out);
            out.push(String::new());
        }
        out.extend(wrapped(&self.footer, 0, 0));
        out.join("\n")
    }
}

impl Paragraph {
    fn render(&self, out: &mut Vec<String>) {
        out.push(format!("  {}", self.heading));
        for sentence in &self.sentences {
            let is_item = sentence.starts_with("- ") || sentence.starts_with(|first: char| first.is_ascii_digit());
            let hang = if is_item { sentence.find(' ').map_or(0, |at| at + 1) } else { 0 };
            out.extend(wrapped(sentence, if is_item { 6 } else { 4 }, hang));
        }
    }
}

/// A text in lines, broken at plain spaces, and never inside a figure and its unit.
fn wrapped(text: &str, indent: usize, hang: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for chunk in unbroken(text) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + chunk.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(&chunk);
            }
            last => {
                let hang = if last.is_some() { hang } else { 0 };
                lines.push(format!("{}{chunk}", " ".repeat(indent + hang)));
            }
        }
    }
    lines
}

/// A text's words, and figures with their unit: `5 000 XAF` is one. Lines are broken between them.
#[must_use]
pub fn unbroken(text: &str) -> Vec<String> {
    let mut chunks: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let continues = word.starts_with(|first: char| first.is_ascii_digit() || first.is_ascii_uppercase());
        match chunks.last_mut() {
            Some(chunk) if continues && chunk.ends_with(|last: char| last.is_ascii_digit()) => {
                chunk.push(' ');
                chunk.push_str(word);
            }
            _ => chunks.push(word.to_owned()),
        }
    }
    chunks
}

/// The place a zone is named after: `Africa/Douala` is Douala's.
fn place(zone: chrono_tz::Tz) -> String {
    zone.name().rsplit('/').next().unwrap_or_default().replace('_', " ")
}

#[cfg(test)]
mod tests;
