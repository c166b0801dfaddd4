//! What must hold whatever bytes come in: one entry for the fuzz target (`fuzz/`) and for the property tests.
//!
//! Not part of the program: it is there for tests and fuzzing only.

use super::{Diagnostic, Mode, Policy, PolicySet, Portion, Rule, SourceFile, parse};
use crate::money::{Amount, Percent};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// Between two files of one input. YAML allows it in no file.
const NEXT_FILE: char = '\u{c}';
const MOST_FILES: usize = 3;

/// Reads any bytes as a set of policy files and judges the answer.
///
/// # Errors
/// What is wrong with the answer: a finding at a place that does not exist, a message that is no tame line, or a policy
/// that came through although it is not sound.
pub fn examine(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let texts = text.split(NEXT_FILE).take(MOST_FILES);
    let files: Vec<SourceFile> = texts
        .enumerate()
        .map(|(index, text)| SourceFile { path: format!("{index}.yaml"), text: text.to_owned() })
        .collect();
    let found = match parse(&files) {
        Ok(parsed) => {
            sound(&parsed.set)?;
            if let Some(error) = parsed.warnings.iter().find(|finding| finding.is_error()) {
                return Err(format!("an error among the warnings: {error}"));
            }
            parsed.warnings
        }
        Err(found) if found.iter().any(Diagnostic::is_error) => found,
        Err(found) => return Err(format!("refused without an error: {found:?}")),
    };
    for finding in &found {
        tame_and_in_place(finding, &files)?;
    }
    let place = |finding: &Diagnostic| (finding.file.clone(), finding.line, finding.column);
    match found.windows(2).find(|pair| place(&pair[0]) > place(&pair[1])) {
        Some(pair) => Err(format!("out of order: {pair:?}")),
        None => Ok(()),
    }
}

fn tame_and_in_place(finding: &Diagnostic, files: &[SourceFile]) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{what}: {finding:?}"));
    for text in [&finding.message, &finding.hint] {
        if text.is_empty() || text.chars().any(char::is_control) || text.chars().count() > 800 {
            return wrong("no tame line");
        }
    }
    if !finding.code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
        return wrong("no code");
    }
    if (finding.line, finding.column) == (0, 0) {
        return Ok(()); // about a folder
    }
    let Some(file) = files.iter().find(|file| file.path == finding.file) else { return wrong("no such file") };
    let mut lengths: Vec<usize> = super::source::lines(&file.text).map(|line| line.chars().count()).collect();
    lengths.push(0);
    let length = finding.line.checked_sub(1).and_then(|index| lengths.get(index));
    match length {
        Some(length) if (1..=length + 1).contains(&finding.column) => Ok(()),
        _ => wrong("no such place"),
    }
}

/// What the planner relies on.
fn sound(set: &PolicySet) -> Result<(), String> {
    let mut names = BTreeSet::new();
    if set.policies.is_empty() {
        return Err("no policies".to_owned());
    }
    for policy in &set.policies {
        sound_policy(policy).map_err(|what| format!("{what}: {policy:?}"))?;
        if !names.insert(&policy.name) {
            return Err(format!("two policies are called {}", policy.name));
        }
    }
    let floors = set.reserves.values().chain(set.calendar.iter().map(|reserve| &reserve.amount));
    if floors.copied().any(Amount::is_negative) { Err("a floor below zero".to_owned()) } else { Ok(()) }
}

fn sound_policy(policy: &Policy) -> Result<(), &'static str> {
    let holds = |condition: bool, what: &'static str| if condition { Ok(()) } else { Err(what) };
    let is_share = |share: &Percent| *share > Percent::ZERO && *share <= Percent::HUNDRED;
    let lanes = policy.lanes();
    holds(!lanes.is_empty(), "no lane")?;
    holds(lanes.iter().collect::<BTreeSet<_>>().len() == lanes.len(), "a lane twice")?;
    holds(lanes.iter().all(|lane| lane.from != lane.to), "a lane to itself")?;
    holds(policy.fx.allow || !lanes.iter().any(|lane| lane.crosses_currencies()), "crosses without leave")?;
    holds(policy.mode != Mode::Canary || policy.canary.is_some(), "a canary without a share")?;
    holds(policy.canary.as_ref().is_none_or(|canary| is_share(&canary.share)), "a share out of range")?;
    holds(policy.catch_up.num_seconds() > 0, "no time to catch up")?;
    let currencies: BTreeSet<_> = lanes.iter().map(|lane| lane.from.currency).collect();
    if let Some(approval) = &policy.approval {
        holds(approval.above.keys().eq(&currencies), "an approval that leaves a currency out")?;
        let people = approval.from.len();
        holds(approval.approvers > 0 && (people == 0 || people >= approval.approvers.into()), "nobody can approve")?;
    }
    for test in &policy.tests {
        let expected = test.expect.iter().map(|one| (one.from, one.to));
        let expected = expected.chain(test.refused.iter().map(|one| (one.lane.from, one.lane.to)));
        holds(expected.clone().all(|one| lanes.iter().any(|lane| (lane.from, lane.to) == one)), "a test of no lane")?;
        holds(test.expect.iter().all(|one| one.amount.amount.is_positive()), "a test of a transfer of nothing")?;
    }
    match &policy.rule {
        Rule::Sweep(sweep) => {
            let ordered = |one: &super::Source| !one.keep.is_negative() && one.keep <= one.above;
            holds(sweep.sources.iter().all(ordered), "keep over above")?;
            match &sweep.portion {
                Portion::Surplus => Ok(()),
                Portion::Fraction(share) => holds(is_share(share), "a fraction out of range"),
                Portion::Fixed(amounts) => holds(amounts.keys().eq(&currencies), "fixed leaves a currency out"),
            }
        }
        Rule::Payout(payout) => holds(payout.source.keep <= payout.source.above, "keep over above"),
        Rule::TopUp(top_up) => holds(top_up.below.is_positive() && top_up.to >= top_up.below, "levels out of order"),
        Rule::Rebalance(rebalance) => {
            let sum: Decimal = rebalance.weights.iter().map(|(_, share)| share.percent()).sum();
            holds(rebalance.weights.len() > 1 && sum == Decimal::ONE_HUNDRED, "weights that are not the whole")
        }
    }
}

/// What does not hold, told.
pub(crate) fn hold(holds: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(what()) }
}
