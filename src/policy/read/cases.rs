//! `tests:` blocks: balances in, the transfers that must come out.

use super::tree::Node;
use super::walk::Field;
use crate::model::{Lane, WalletId};
use crate::money::Amount;
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::{EXPECT, TEST};
use crate::policy::{ExpectedMove, PolicyTest};
use std::collections::BTreeMap;

/// The lanes a policy has; `None` where they could not all be read, so that no test is blamed for it.
type Lanes<'l> = Option<&'l [(Lane, Place)]>;

pub fn read(findings: &mut Findings, field: Field<'_>, lanes: Lanes<'_>) -> Vec<PolicyTest> {
    let mut tests = Vec::new();
    let mut first_at: BTreeMap<String, usize> = BTreeMap::new();
    for item in findings.items(field.node, "`tests`").unwrap_or_default() {
        let Some((test, name_at)) = case(findings, item, lanes) else { continue };
        if let Some(line) = first_at.get(&test.name) {
            let message = format!("a test of this policy is already called `{}`", test.name);
            findings.error(name_at, "duplicate-test", message, format!("it is on line {line}; give each its own name"));
            continue;
        }
        first_at.insert(test.name.clone(), test.line);
        tests.push(test);
    }
    tests
}

fn case(findings: &mut Findings, node: &Node, lanes: Lanes<'_>) -> Option<(PolicyTest, Place)> {
    let fields = findings.fields(node, &TEST)?;
    let balances = fields.get("balances").map(|field| balances(findings, field));
    let expect = fields.get("expect").map(|field| expectations(findings, field, lanes));
    let named = fields.get("name")?;
    let name = findings.line(named)?;
    let test = PolicyTest {
        name,
        line: node.place.line,
        at: None,
        balances: balances?,
        rates: BTreeMap::new(),
        open: Vec::new(),
        expect: expect?,
        refused: Vec::new(),
    };
    Some((test, named.node.place))
}

fn balances(findings: &mut Findings, field: Field<'_>) -> BTreeMap<WalletId, Amount> {
    let mut balances = BTreeMap::new();
    for (wallet, amount, _) in by_wallet(findings, field) {
        balances.insert(wallet, amount);
    }
    balances
}

/// A map from wallet to amount: balances and reserves.
pub fn by_wallet(findings: &mut Findings, field: Field<'_>) -> Vec<(WalletId, Amount, Place)> {
    let what = format!("`{}`", field.name);
    let mut pairs = Vec::new();
    for entry in findings.entries(field.node, &what).unwrap_or_default() {
        let wallet = findings.wallet_named(&entry.key, entry.place);
        if wallet.is_none() && entry.node.is_empty_value() {
            continue; // not a wallet without an amount, but a word that is neither
        }
        let Some(written) = findings.amount(&entry.node, &format!("the amount of {}", quoted(&entry.key))) else {
            continue;
        };
        let Some(wallet) = wallet else { continue };
        if let Some(money) = findings.in_wallet(written, wallet) {
            pairs.push((wallet, money.amount, entry.place));
        }
    }
    pairs
}

fn expectations(findings: &mut Findings, field: Field<'_>, lanes: Lanes<'_>) -> Vec<ExpectedMove> {
    let mut moves: Vec<ExpectedMove> = Vec::new();
    for item in findings.items(field.node, "`expect`").unwrap_or_default() {
        let Some((expected, place)) = expectation(findings, item) else { continue };
        let lane = Lane { from: expected.from, to: expected.to };
        if lanes.is_some_and(|lanes| !lanes.iter().any(|(known, _)| *known == lane)) {
            let message = format!("this policy never moves money over {lane}");
            findings.error(place, "unknown-lane", message, "expect transfers from its `from` into its `into` only");
        } else if moves.iter().any(|other| (other.from, other.to) == (expected.from, expected.to)) {
            let message = format!("{lane} is expected twice");
            findings.error(
                place,
                "duplicate-lane",
                message,
                "write one line a lane with the amount of all parts together",
            );
        } else {
            moves.push(expected);
        }
    }
    moves
}

fn expectation(findings: &mut Findings, node: &Node) -> Option<(ExpectedMove, Place)> {
    let fields = findings.fields(node, &EXPECT)?;
    let mut wallet = |name: &str| {
        let field = fields.get(name)?;
        Some((findings.wallet(field.node, &format!("`{name}`"))?, field.node.place))
    };
    let (from, to) = (wallet("from"), wallet("to"));
    let field = fields.get("amount")?;
    let written = findings.amount(field.node, "`amount`")?;
    let (from, from_at) = from?;
    let amount = findings.in_wallet(written, from)?;
    let amount = findings.sendable(amount, written.place)?;
    if !amount.amount.is_positive() {
        let hint = "a lane that moves nothing is left out of `expect`; `expect: []` means that nothing moves";
        findings.error(written.place, "bad-amount", "a transfer of 0 is none", hint);
        return None;
    }
    Some((ExpectedMove { from, to: to?.0, amount }, from_at))
}
