//! The auditor's own small model of a journal, from its bytes alone, and what it holds against KPay's books. It shares no
//! code with the planner, the fold or the reader of records.

use super::frozen::Ice;
use chrono::{SecondsFormat, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};
use treasuryd::intent::{Outcome, State};
use treasuryd::model::Timestamp;

/// One life of a state directory: a wiped or restored one is another.
pub type Lineage = (usize, u32);

/// What a journal says of one intent.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "facts that have nothing to do with one another")]
pub struct Story {
    /// As it stands in the record, JSON-escaped.
    pub body: String,
    /// Recorded attempts.
    pub attempts: u32,
    /// Records about it.
    pub records: u32,
    /// Attempts whose bytes left, or may have left before the process that runs now.
    pub sent: u32,
    /// The last word on it.
    pub word: String,
    pub amount: i64,
    /// When its first attempt was recorded, by the machine's clock: right after the last look at balances and policies.
    pub gated_at: Option<String>,
    pub source: String,
    /// Which wallet of ours it goes to; none for a payout.
    pub destination: Option<String>,
    /// The last instant at which it may be sent for the first time.
    pub expires_at: Option<Timestamp>,
    /// Whether this journal, and no copy of it, was here before the slot.
    pub was_here: bool,
    /// The source's balance before the first attempt that may have arrived.
    pub balance_before: Option<i64>,
    /// Whether an attempt of it was ever in doubt.
    pub doubted: bool,
    /// Whether KPay said that it has it in hand.
    pub in_hand: bool,
    /// Whether a person was called and nothing of it is held.
    pub holds_nothing: bool,
    /// So many people must agree before it is attempted.
    pub approvers: usize,
    /// Who did, as one name a person.
    approved_by: BTreeSet<String>,
    /// Whether a person asked for it.
    pub is_by_hand: bool,
    /// Whether a person found that it moved.
    pub is_found: bool,
}

impl Story {
    pub fn is_open(&self) -> bool {
        !matches!(self.word.as_str(), "applied" | "rejected" | "cancelled" | "returned" | "resolved" | "declined")
    }

    /// Whether its bytes left, or may have, and no answer says that it was somebody else's.
    pub fn is_ours(&self) -> bool {
        self.sent > 0 && !self.holds_nothing
    }

    /// Whether it leaves us.
    pub fn is_payout(&self) -> bool {
        self.destination.is_none()
    }

    /// Whether KPay's word, or a person's, says what became of it.
    pub fn has_an_answer(&self) -> bool {
        matches!(self.word.as_str(), "accepted" | "followed" | "applied" | "returned" | "resolved")
    }

    /// The word that the program has for where it stands; none where it is over.
    pub fn outcome(&self) -> Option<Outcome> {
        let is_awaited = self.approved_by.len() < self.approvers;
        match self.word.as_str() {
            "decided" | "approved" if is_awaited => Some(Outcome::AwaitingApproval),
            "not_sent" if self.doubted || self.in_hand => Some(Outcome::Unknown),
            "decided" | "approved" | "not_sent" => Some(Outcome::Planned),
            "attempted" | "accepted" | "followed" => Some(Outcome::Sending),
            "unknown" => Some(Outcome::Unknown),
            "needs_operator" => Some(Outcome::NeedsOperator),
            _ => None,
        }
    }

    /// Whether it is known to have moved: by KPay's word, or by a person's.
    fn has_moved(&self) -> bool {
        self.word == "applied" || (self.word == "resolved" && self.is_found)
    }

    /// Whether it is known not to have moved, so that no limit counts it.
    pub fn has_not_moved(&self) -> bool {
        matches!(self.word.as_str(), "rejected" | "returned") || (self.word == "resolved" && !self.is_found)
    }
}

/// A journal as the auditor reads it.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    pub intents: BTreeMap<String, Story>,
    pub paused: bool,
    /// The hash of the policies last put in force.
    pub in_force: Option<String>,
    /// Of those a person accepted since.
    pub accepted: Option<String>,
    /// The last slot that each policy decided.
    slots: BTreeMap<String, String>,
    /// The latest record when this journal was last copied or put back.
    copied_at: Option<String>,
    /// When each record was written.
    times: Vec<String>,
    /// What each wallet had before the last move out of it that is known to have gone, and when that was known. Gone
    /// itself once a reading showed another balance.
    outflows: BTreeMap<String, (i64, Timestamp)>,
    /// Wallets that nothing new may leave.
    pub frozen: BTreeMap<String, Ice>,
    /// What each lost on the last day on which it lost anything.
    pub(super) lost: BTreeMap<String, (String, i64)>,
    pub records: u64,
}

/// A record that the books have to agree with.
pub struct Said<'a> {
    pub word: &'a str,
    pub id: &'a str,
    pub line: &'a str,
}

impl Journal {
    /// A whole journal again, as a process finds it: what was attempted may have been sent.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut journal = Self::default();
        for line in std::str::from_utf8(bytes).map_err(|error| error.to_string())?.lines() {
            journal.take(line)?;
        }
        for story in journal.intents.values_mut() {
            story.sent = story.attempts;
        }
        Ok(journal)
    }

    /// Takes in one line.
    pub fn take<'a>(&mut self, line: &'a str) -> Result<Option<Said<'a>>, String> {
        self.records += 1;
        if field(line, "\"seq\":").and_then(|seq| seq.parse().ok()) != Some(self.records) {
            return Err(format!("I16: record {} has another number: {line}", self.records));
        }
        let event = line.split_once("\"event\":{").map(|(_, event)| event).ok_or("I16: a record without an event")?;
        let word = text(event, "type").ok_or("I16: a record without a type")?;
        let at = text(line, "at").ok_or("I16: a record without a time")?;
        self.times.push(at.to_owned());
        self.see(event);
        self.freeze(word, event)?;
        match word {
            "decided" | "requested" => self.decide(word, event)?,
            "copied" => self.note_copy(),
            "paused" => self.paused = true,
            "resumed" => self.paused = false,
            "policies_accepted" => self.accepted = text(event, "hash").map(str::to_owned),
            "policies_in_force" => (self.in_force, self.accepted) = (text(event, "hash").map(str::to_owned), None),
            _ => {}
        }
        let Some(id) = text(event, "external_id").filter(|_| !matches!(word, "decided" | "requested")) else {
            return Ok(None);
        };
        let story = self.intents.get_mut(id).ok_or_else(|| format!("I16: {word} of {id}, which nobody decided"))?;
        story.records += 1;
        let was_open = story.is_open();
        let outflow = self.outflows.get(&story.source).map(|(before, _)| *before);
        match word {
            "attempted" => {
                story.attempts += 1;
                let is_new = !story.doubted && story.word != "unknown";
                if is_new && self.frozen.contains_key(&story.source) {
                    return Err(format!("I8: {id} is attempted out of {}, which is frozen", story.source));
                }
                if story.attempts == 1 {
                    story.gated_at = Some(at.to_owned());
                }
                let before = text(event, "balance_before").and_then(|before| before.parse().ok());
                if before.is_some() && before == outflow {
                    return Err(format!("I14: {id} goes on the very balance from before our last move"));
                }
                if !story.doubted {
                    story.balance_before = before;
                }
                if !matches!(story.word.as_str(), "decided" | "not_sent" | "unknown" | "approved") {
                    return Err(format!("I3: {id} is attempted while it is `{}`", story.word));
                }
                let (agreed, needed) = (story.approved_by.len(), story.approvers);
                if agreed < needed {
                    return Err(format!("I11: {id} is attempted with {agreed} of {needed} approvals"));
                }
            }
            "accepted" => {
                story.in_hand = true;
                if let Some(before) = story.balance_before.filter(|_| !story.holds_nothing) {
                    self.outflows.insert(story.source.clone(), (before, instant(at)));
                }
            }
            "applied" if !story.in_hand => {
                if let Some(before) = story.balance_before {
                    self.outflows.insert(story.source.clone(), (before, instant(at)));
                }
            }
            "returned" if outflow == story.balance_before => drop(self.outflows.remove(&story.source)),
            "needs_operator" => {
                story.holds_nothing = event.contains("\"holds\":false");
                if story.holds_nothing && story.doubted {
                    return Err(format!("I6: {id} may have moved, and holds nothing"));
                }
            }
            "rejected" if story.attempts == 0 => return Err(format!("I3: {id} is rejected and was never sent")),
            "rejected" | "cancelled" if story.doubted => return Err(format!("I3: {id} was unknown and is `{word}`")),
            "unknown" => story.doubted = true,
            "approved" if self.frozen.contains_key(&story.source) => {
                return Err(format!("I8: {id} is approved, and {} is frozen", story.source));
            }
            "approved" => {
                story.approved_by.insert(text(event, "by").unwrap_or_default().trim().to_lowercase());
            }
            "resolved" => {
                story.is_found = event.contains("\"finding\":{\"applied\"");
                // What a person finds not to have moved is back, where it ever left.
                if !story.is_found && outflow == story.balance_before {
                    self.outflows.remove(&story.source);
                }
            }
            "declined" if story.attempts > 0 => return Err(format!("I3: {id} was attempted, and is declined")),
            _ => {}
        }
        if !was_open && word != "resolved" {
            return Err(format!("I3: {id} was `{}`, and is `{word}` now", story.word));
        }
        word.clone_into(&mut story.word);
        Ok(Some(Said { word, id, line: event }))
    }

    /// What the program's own fold of the same records says otherwise: of what is open, of who is paused, of what is frozen.
    pub fn objection(&self, state: &State) -> Option<String> {
        let open = state.open.iter().filter(|(_, tracked)| tracked.outcome.is_open());
        let open: BTreeMap<&str, Outcome> = open.map(|(id, tracked)| (id.as_str(), tracked.outcome)).collect();
        let told = self.intents.iter().filter_map(|(id, story)| Some((id.as_str(), story.outcome()?)));
        let told: BTreeMap<&str, Outcome> = told.collect();
        if open != told {
            return Some(format!("I21: open is {open:?}, and by the journal {told:?}"));
        }
        if state.standing.paused_all != self.paused || state.policy_hash != self.in_force {
            let (paused, hash) = (state.standing.paused_all, &state.policy_hash);
            return Some(format!(
                "I21: paused: {paused}, policies {hash:?}; by the journal {} {:?}",
                self.paused, self.in_force
            ));
        }
        let frozen: BTreeSet<String> = state.standing.frozen.keys().map(ToString::to_string).collect();
        let ice: BTreeSet<String> = self.frozen.keys().cloned().collect();
        (frozen != ice).then(|| format!("I8, I21: frozen are {frozen:?}, and by the journal {ice:?}"))
    }

    /// What happened elsewhere since is not in it.
    pub fn note_copy(&mut self) {
        self.copied_at = self.times.iter().max().cloned();
        self.intents.values_mut().for_each(|story| story.was_here = false);
    }

    fn decide(&mut self, word: &str, event: &str) -> Result<(), String> {
        if let (Some(policy), Some(slot)) = (text(event, "policy"), text(event, "slot")) {
            let last = self.slots.entry(policy.to_owned()).or_default();
            if slot < last.as_str() {
                return Err(format!("I17: policy {policy} decides slot {slot} after {last}"));
            }
            slot.clone_into(last);
        }
        let (_, intents) = event.split_once("\"intents\":[").ok_or("I16: a decision without intents")?;
        if self.paused && intents.starts_with('{') && text(event, "type") == Some("decided") {
            return Err(format!("I11: decided while everything is paused: {intents}"));
        }
        for intent in intents.split("{\"external_id\":\"").skip(1) {
            let id = intent.split('"').next().unwrap_or_default();
            let was_here = intent.contains("\"journal_before_slot\":true");
            if was_here && !self.was_here_before(text(intent, "slot")) {
                return Err(format!("I5: {id} says that this journal was here before its slot, and it was not"));
            }
            let slot = text(intent, "slot").map(|slot| written(instant(slot)));
            let (from, to) = text(intent, "lane").and_then(|lane| lane.split_once('>')).unwrap_or_default();
            let country = |end: &str| end.split_once('/').map(|(country, _)| country.to_owned()).unwrap_or_default();
            let source = country(from);
            if self.frozen.contains_key(&source) {
                return Err(format!("I8: {id} is decided out of {source}, which is frozen"));
            }
            let story = Story {
                was_here: was_here && (self.copied_at.is_none() || slot > self.copied_at),
                source,
                destination: Some(country(to)).filter(|country| country.len() == 3),
                expires_at: text(intent, "expires_at").map(instant),
                body: escaped(intent, "body").unwrap_or_default().to_owned(),
                word: "decided".to_owned(),
                amount: text(intent, "amount").and_then(|amount| amount.parse().ok()).unwrap_or(-1),
                approvers: field(intent, "\"approvers\":").and_then(|many| many.parse().ok()).unwrap_or(0),
                is_by_hand: word == "requested",
                ..Story::default()
            };
            if self.intents.insert(id.to_owned(), story).is_some() {
                return Err(format!("I1: {id} is decided a second time"));
            }
        }
        Ok(())
    }

    /// Takes in a reading: a wallet that moved since is not at its old balance any more.
    fn see(&mut self, event: &str) {
        let Some((head, rows)) = event.split_once("\"balances\":[") else { return };
        let (Some(taken_at), false) = (text(head, "taken_at"), self.outflows.is_empty()) else { return };
        let rows = rows.split(']').next().unwrap_or_default();
        for row in rows.split("{\"wallet\":\"").skip(1) {
            let (Some(wallet), Some(available)) = (row.get(..3), text(row, "available")) else { continue };
            let is_other = |(before, known_at): &(i64, Timestamp)| {
                let since = instant(taken_at) - *known_at;
                since > TimeDelta::zero() && (available.parse() != Ok(*before) || since >= TimeDelta::hours(6))
            };
            if self.outflows.get(wallet).is_some_and(is_other) {
                self.outflows.remove(wallet);
            }
        }
    }

    /// Whether a record was written in the hour before a slot.
    fn was_here_before(&self, slot: Option<&str>) -> bool {
        let Some(slot) = slot.map(instant) else { return false };
        let hour = written(slot - TimeDelta::hours(1))..written(slot);
        self.times.iter().any(|at| hour.contains(at))
    }

    /// The part that has to be applied before a part may go, where it is not.
    pub fn part_before(&self, id: &str) -> Option<String> {
        let (head, part) = (id.get(..id.len().min(24))?, id.split('-').nth(3)?.parse::<u8>().ok()?);
        if part <= 1 {
            return None;
        }
        let before = format!("{head}{:02}-", part - 1);
        let mut found = self.intents.range(before.clone()..).take_while(|(id, _)| id.starts_with(&before));
        (!found.any(|(_, story)| story.has_moved())).then_some(before)
    }

    /// What moves of this journal's may still take out of a wallet, beside one.
    pub fn in_doubt(&self, source: &str, but: &str) -> i64 {
        let doubtful = |(id, story): &(&String, &Story)| {
            let may_move = matches!(story.word.as_str(), "attempted" | "unknown" | "needs_operator" | "not_sent");
            id.as_str() != but && story.source == source && may_move && story.attempts > 0 && !story.holds_nothing
        };
        let doubtful = self.intents.iter().filter(doubtful);
        doubtful.filter(|(_, story)| !story.in_hand && story.word != "not_sent").map(|(_, story)| story.amount).sum()
    }
}

/// An instant as records have theirs.
fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

pub fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The text of a field without escapes.
pub fn text<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = json;
    while let Some((before, after)) = rest.split_once(name) {
        if let Some(value) = after.strip_prefix("\":\"").filter(|_| before.ends_with('"')) {
            return value.split('"').next();
        }
        rest = after;
    }
    None
}

/// The text of a field as it is escaped.
fn escaped<'a>(json: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{name}\":\""))?;
    let mut is_escape = false;
    let end = rest.bytes().position(|byte| {
        let ends = byte == b'"' && !is_escape;
        is_escape = byte == b'\\' && !is_escape;
        ends
    })?;
    Some(&rest[..end])
}

fn field<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(key)?;
    rest.split([',', '}']).next()
}
