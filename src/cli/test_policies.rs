//! `treasuryd test`: runs the `tests:` blocks of policies. The planner comes in as a function, so this file knows what
//! was expected and what came, and nothing of how.

use crate::model::{Lane, WalletId, tame};
use crate::money::{Amount, Money, MoneyError};
use crate::policy::{ExpectedMove, Policy, PolicySet};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

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
    /// What would move, parts added up, one entry a lane.
    pub got: Vec<ExpectedMove>,
}

/// All tests of a set, by policy in the order of priority.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestReport {
    /// One entry a test.
    pub results: Vec<TestResult>,
}

/// Runs every test of every policy, whatever its mode and whether it is enabled. `moves` says what one policy moves out
/// of given balances when its slot is due; wallets that are not among them do not exist.
///
/// # Errors
/// [`MoneyError`] where the parts of a lane add up to more than an amount can hold.
pub fn run_tests<F>(set: &PolicySet, moves: F) -> Result<TestReport, MoneyError>
where
    F: Fn(&PolicySet, &Policy, &BTreeMap<WalletId, Amount>) -> Vec<ExpectedMove>,
{
    let mut results = Vec::new();
    for policy in &set.policies {
        for test in &policy.tests {
            results.push(TestResult {
                policy: policy.name.clone(),
                test: test.name.clone(),
                file: policy.file.clone(),
                line: test.line,
                expected: test.expect.clone(),
                got: by_lane(moves(set, policy, &test.balances))?,
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
    /// Whether exactly what was expected would move, in whatever order.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.differences().is_empty()
    }

    /// One line for each lane that moves something else than expected.
    fn differences(&self) -> Vec<String> {
        let expected = amounts(&self.expected);
        let got = amounts(&self.got);
        let lanes: std::collections::BTreeSet<&Lane> = expected.keys().chain(got.keys()).collect();
        let different = lanes.into_iter().filter(|lane| expected.get(lane) != got.get(lane));
        let shown = |money: Option<&Money>| money.map_or_else(|| "nothing".to_owned(), Money::to_string);
        different
            .map(|lane| format!("{lane}: expected {}, got {}", shown(expected.get(lane)), shown(got.get(lane))))
            .collect()
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
            let differences = result.differences();
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
            })
        };
        let tests: Vec<Value> = self.results.iter().map(test).collect();
        json!({ "passed": self.results.len() - failed, "failed": failed, "tests": tests })
    }
}

fn as_json(one: &ExpectedMove) -> Value {
    json!({
        "from": one.from.country, "to": one.to.country,
        "amount": one.amount.amount, "currency": one.amount.currency,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::{Country, Currency};
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

    /// Sends what is over `keep` in parts of at most 150 000.
    fn stand_in(_: &PolicySet, policy: &Policy, balances: &BTreeMap<WalletId, Amount>) -> Vec<ExpectedMove> {
        let Rule::Sweep(sweep) = &policy.rule else { panic!("a sweep") };
        let mut moves = Vec::new();
        for source in &sweep.sources {
            let Some(balance) = balances.get(&source.wallet).filter(|balance| **balance > source.above) else {
                continue;
            };
            let mut rest = balance.checked_sub(source.keep).unwrap();
            while rest.is_positive() {
                let amount = rest.min(Amount::whole(150_000));
                rest = rest.checked_sub(amount).unwrap();
                let amount = Money { amount, currency: source.wallet.currency };
                moves.push(ExpectedMove { from: source.wallet, to: sweep.into, amount });
            }
        }
        moves
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
                     COG>CMR: expected nothing, got 50 000 XAF\n        \
                     GAB>CMR: expected 1 000 XAF, got 200 000 XAF\n\
             3 tests: 2 passed, 1 failed\n"
        );
        let json = report.render_json();
        assert_eq!((&json["passed"], &json["failed"]), (&json!(2), &json!(1)));
        assert_eq!(json["tests"][2]["expected"], json!([{"from":"GAB","to":"CMR","amount":"1000","currency":"XAF"}]));
        assert_eq!(json["tests"][2]["got"][0]["amount"], "200000");
        assert_eq!(json["tests"][2]["passed"], false);
    }

    #[test]
    fn no_tests_is_said_and_no_failure() {
        let report = TestReport::default();
        assert_eq!((report.failed(), report.render_text().lines().count()), (0, 1));
    }

    #[test]
    fn a_sum_without_room_is_an_error() {
        let huge = |_: &PolicySet, policy: &Policy, _: &BTreeMap<WalletId, Amount>| {
            let lane = policy.lanes()[0];
            let amount = Money { amount: "79228162514264337593543950335".parse().unwrap(), currency: Currency::XAF };
            assert_eq!(lane.from.country, Country::GAB);
            vec![ExpectedMove { from: lane.from, to: lane.to, amount }; 2]
        };
        assert!(run_tests(&set(TEXT), huge).is_err());
    }
}
