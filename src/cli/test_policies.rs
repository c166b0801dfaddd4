//! `treasuryd test`: runs the `tests:` blocks of policies. The planner comes in as a function, so this file knows what
//! was expected and what came, and nothing of how.

use crate::model::{Lane, tame};
use crate::money::{Money, MoneyError};
use crate::plan::Skip;
use crate::policy::{ExpectedMove, ExpectedReason, Policy, PolicySet, PolicyTest};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What the planner made of one test.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Played {
    /// Every transfer, part by part or lane by lane.
    pub moves: Vec<ExpectedMove>,
    /// The lanes that got nothing, or less than they could have.
    pub skipped: Vec<Skip>,
}

/// What happened to one test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The policy it belongs to.
    pub policy: String,
    /// Its name.
    pub test: String,
    /// The file it stands in.
    pub file: String,
    /// 1-based line of the test.
    pub line: usize,
    /// What must move, one entry a lane.
    pub expected: Vec<ExpectedMove>,
    /// Lanes that must be skipped, each for this reason.
    pub refused: Vec<ExpectedReason>,
    /// What would move, parts added up, one entry a lane.
    pub got: Vec<ExpectedMove>,
    /// What would be skipped.
    pub skipped: Vec<Skip>,
}

/// All tests of a set, by policy in the order of priority.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestReport {
    /// One entry a test.
    pub results: Vec<TestResult>,
}

/// Runs every test of every policy, whatever its mode and whether it is enabled. `play` says what one policy does in
/// the world of a test.
///
/// # Errors
/// [`MoneyError`] where the parts of a lane add up to more than an amount can hold.
pub fn run_tests<F>(set: &PolicySet, play: F) -> Result<TestReport, MoneyError>
where
    F: Fn(&PolicySet, &Policy, &PolicyTest) -> Played,
{
    let mut results = Vec::new();
    for policy in &set.policies {
        for test in &policy.tests {
            let Played { moves, skipped } = play(set, policy, test);
            results.push(TestResult {
                policy: policy.name.clone(),
                test: test.name.clone(),
                file: policy.file.clone(),
                line: test.line,
                expected: test.expect.clone(),
                refused: test.refused.clone(),
                got: by_lane(moves)?,
                skipped,
            });
        }
    }
    Ok(TestReport { results })
}

/// One move a lane, in the order in which the lanes first come.
fn by_lane(parts: Vec<ExpectedMove>) -> Result<Vec<ExpectedMove>, MoneyError> {
    let mut lanes: Vec<ExpectedMove> = Vec::new();
    for part in parts {
        match lanes.iter_mut().find(|lane| (lane.from, lane.to) == (part.from, part.to)) {
            Some(lane) => lane.amount.amount = lane.amount.amount.checked_add(part.amount.amount)?,
            None => lanes.push(part),
        }
    }
    Ok(lanes)
}

impl TestResult {
    /// Whether exactly what was expected would move, in whatever order, and every expected reason was given.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.diff().is_empty()
    }

    /// For each lane that does something else than expected: `- expected`, then `+ got`. A lane that got nothing says
    /// why, with the figures.
    #[must_use]
    pub fn diff(&self) -> Vec<String> {
        let (expected, got) = (amounts(&self.expected), amounts(&self.got));
        let lanes: BTreeSet<Lane> =
            expected.keys().chain(got.keys()).copied().chain(self.refused.iter().map(|one| one.lane)).collect();
        let mut diff = Vec::new();
        for lane in lanes {
            let (wanted, moved) = (expected.get(&lane), got.get(&lane));
            let refused = self.refused.iter().find(|one| one.lane == lane).map(|one| one.reason);
            let skip =
                self.skipped.iter().find(|skip| (skip.from, skip.to) == (lane.from.country, lane.to.destination()));
            let missing = refused.filter(|reason| skip.is_none_or(|skip| skip.reason != *reason));
            if wanted == moved && missing.is_none() {
                continue;
            }
            let amount = wanted.filter(|_| wanted != moved).map(Money::to_string);
            let shown = [amount, missing.map(|reason| reason.word().to_owned())];
            let shown: Vec<String> = shown.into_iter().flatten().collect();
            let shown = if shown.is_empty() { vec!["nothing".to_owned()] } else { shown };
            diff.extend(shown.into_iter().map(|what| format!("- expected  {lane}  {what}")));
            let amount = moved.filter(|_| wanted != moved).map(Money::to_string);
            let why = skip.filter(|skip| refused.is_none_or(|reason| skip.reason != reason));
            let why = why.map(|skip| format!("{}: {}", skip.reason.word(), skip.detail));
            let shown: Vec<String> = [amount, why].into_iter().flatten().collect();
            let shown = if shown.is_empty() { vec!["nothing".to_owned()] } else { shown };
            diff.extend(shown.into_iter().map(|what| format!("+ got       {lane}  {what}")));
        }
        diff
    }
}

fn amounts(moves: &[ExpectedMove]) -> BTreeMap<Lane, Money> {
    moves.iter().map(|one| (Lane { from: one.from, to: one.to }, one.amount)).collect()
}

impl TestReport {
    /// How many failed.
    #[must_use]
    pub fn failed(&self) -> usize {
        self.results.iter().filter(|result| !result.passed()).count()
    }

    /// A line for each test, what differs under each that failed, and the count.
    #[must_use]
    pub fn render_text(&self) -> String {
        let mut out = String::new();
        for result in &self.results {
            let differences = result.diff();
            let (policy, test) = (&result.policy, &result.test);
            if differences.is_empty() {
                let _ = writeln!(out, "ok    {policy}: {test}");
                continue;
            }
            let place = format!("{}:{}", tame(&result.file, 300), result.line);
            let _ = writeln!(out, "FAIL  {policy}: {test} ({place})");
            for difference in differences {
                let _ = writeln!(out, "        {difference}");
            }
        }
        let failed = self.failed();
        let passed = self.results.len() - failed;
        match self.results.len() {
            0 => out.push_str("no tests: write a `tests:` block into a policy\n"),
            1 => drop(writeln!(out, "1 test: {passed} passed, {failed} failed")),
            all => drop(writeln!(out, "{all} tests: {passed} passed, {failed} failed")),
        }
        out
    }

    /// `{"passed":N,"failed":N,"tests":[…]}`; amounts are decimal strings.
    #[must_use]
    pub fn render_json(&self) -> Value {
        let failed = self.failed();
        let moves = |moves: &[ExpectedMove]| -> Value { moves.iter().map(as_json).collect() };
        let test = |result: &TestResult| {
            json!({
                "policy": result.policy, "test": result.test, "file": tame(&result.file, 300), "line": result.line,
                "passed": result.passed(), "expected": moves(&result.expected), "got": moves(&result.got),
                "expected_reasons": result.refused.iter().map(reason_json).collect::<Value>(),
                "skipped": result.skipped, "diff": result.diff(),
            })
        };
        let tests: Vec<Value> = self.results.iter().map(test).collect();
        json!({ "passed": self.results.len() - failed, "failed": failed, "tests": tests })
    }
}

fn as_json(one: &ExpectedMove) -> Value {
    json!({
        "from": one.from.country, "to": one.to.destination(),
        "amount": one.amount.amount, "currency": one.amount.currency,
    })
}

fn reason_json(one: &ExpectedReason) -> Value {
    json!({ "from": one.lane.from.country, "to": one.lane.to.destination(), "reason": one.reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Reason;
    use crate::money::{Amount, Country, Currency};
    use crate::policy::{Rule, SourceFile, parse};

    const TEXT: &str = "
version: 1
policies:
  - name: home
    schedule: \"0 18 * * *\"
    mode: shadow
    enabled: false
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 }
    tests:
      - { name: both, balances: { GAB: 300_000, COG: 150_000 }, expect: [
          { from: COG, to: CMR, amount: 50_000 }, { from: GAB, to: CMR, amount: 200_000 } ] }
      - { name: quiet, balances: { GAB: 100_000 }, expect: [] }
      - { name: wrong, balances: { GAB: 300_000, COG: 150_000 }, expect: [ { from: GAB, to: CMR, amount: 1_000 } ] }
";

    /// Sends what is over `keep` in parts of at most 150 000; the rest is below the trigger.
    fn stand_in(_: &PolicySet, policy: &Policy, test: &PolicyTest) -> Played {
        let Rule::Sweep(sweep) = &policy.rule else { panic!("a sweep") };
        let mut played = Played::default();
        for source in &sweep.sources {
            let Some(balance) = test.balances.get(&source.wallet).filter(|balance| **balance > source.above) else {
                played.skipped.push(Skip {
                    from: source.wallet.country,
                    to: sweep.into.country.into(),
                    reason: Reason::BelowTrigger,
                    detail: "it holds too little".to_owned(),
                    would_move_if: "it holds more".to_owned(),
                });
                continue;
            };
            let mut rest = balance.checked_sub(source.keep).unwrap();
            while rest.is_positive() {
                let amount = rest.min(Amount::whole(150_000));
                rest = rest.checked_sub(amount).unwrap();
                let amount = Money { amount, currency: source.wallet.currency };
                played.moves.push(ExpectedMove { from: source.wallet, to: sweep.into.into(), amount });
            }
        }
        played
    }

    fn set(text: &str) -> PolicySet {
        parse(&[SourceFile { path: "p/a.yaml".into(), text: text.into() }]).unwrap().set
    }

    #[test]
    fn parts_are_added_up_and_differences_named() {
        let report = run_tests(&set(TEXT), stand_in).unwrap();
        assert_eq!(
            report.render_text(),
            "ok    home: both\n\
             ok    home: quiet\n\
             FAIL  home: wrong (p/a.yaml:13)\n        \
                     - expected  COG>CMR  nothing\n        \
                     + got       COG>CMR  50 000 XAF\n        \
                     - expected  GAB>CMR  1 000 XAF\n        \
                     + got       GAB>CMR  200 000 XAF\n\
             3 tests: 2 passed, 1 failed\n"
        );
        let json = report.render_json();
        assert_eq!((&json["passed"], &json["failed"]), (&json!(2), &json!(1)));
        assert_eq!(json["tests"][2]["expected"], json!([{"from":"GAB","to":"CMR","amount":"1000","currency":"XAF"}]));
        assert_eq!(json["tests"][2]["got"][0]["amount"], "200000");
        assert_eq!(json["tests"][2]["passed"], false);
        assert_eq!(json["tests"][2]["diff"][0], "- expected  COG>CMR  nothing");
        assert_eq!(json["tests"][1]["diff"], json!([]));
        assert_eq!(json["tests"][1]["skipped"][0]["reason"], "below_trigger");
    }

    /// One test of two lanes with these expectations: the lines of its diff.
    fn diff(expect: &str) -> Vec<String> {
        let (policy, _) = TEXT.split_once("    tests:\n").unwrap();
        let text = format!(
            "{policy}    tests:\n      - {{ name: t, balances: {{ GAB: 300_000, COG: 90_000 }}, expect: [ {expect} ] }}\n"
        );
        run_tests(&set(&text), stand_in).unwrap().results.remove(0).diff()
    }

    #[test]
    fn reasons_are_expected_and_told() {
        let moves = "{ from: GAB, to: CMR, amount: 200_000 }";
        let none: [&str; 0] = [];
        assert_eq!(diff(moves), none);
        assert_eq!(diff(&format!("{moves}, {{ from: COG, to: CMR, reason: below_trigger }}")), none);
        assert_eq!(
            diff(&format!("{moves}, {{ from: COG, to: CMR, reason: reserve }}")),
            ["- expected  COG>CMR  reserve", "+ got       COG>CMR  below_trigger: it holds too little"]
        );
        assert_eq!(
            diff(&format!("{moves}, {{ from: COG, to: CMR, amount: 5_000 }}")),
            ["- expected  COG>CMR  5 000 XAF", "+ got       COG>CMR  below_trigger: it holds too little"]
        );
        assert_eq!(
            diff("{ from: GAB, to: CMR, reason: reserve }"),
            ["- expected  GAB>CMR  reserve", "+ got       GAB>CMR  200 000 XAF"]
        );
        assert_eq!(
            diff(&format!("{moves}, {{ from: GAB, to: CMR, reason: source_short }}")),
            ["- expected  GAB>CMR  source_short", "+ got       GAB>CMR  nothing"]
        );
    }

    #[test]
    fn no_tests_is_said_and_no_failure() {
        let report = TestReport::default();
        assert_eq!((report.failed(), report.render_text().lines().count()), (0, 1));
    }

    #[test]
    fn a_sum_without_room_is_an_error() {
        let huge = |_: &PolicySet, policy: &Policy, _: &PolicyTest| {
            let lane = policy.lanes()[0];
            let amount = Money { amount: "79228162514264337593543950335".parse().unwrap(), currency: Currency::XAF };
            assert_eq!(lane.from.country, Country::GAB);
            Played { moves: vec![ExpectedMove { from: lane.from, to: lane.to, amount }; 2], skipped: Vec::new() }
        };
        assert!(run_tests(&set(TEXT), huge).is_err());
    }
}
