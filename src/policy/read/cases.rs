//! `tests:` blocks: balances, rates, time and open movements in; what must come out is read in `expectations`.

use super::calendar::{read_date, read_time};
use super::expectations;
use super::payees::Book;
use super::tree::Node;
use super::walk::Field;
use crate::model::{Lane, Timestamp, WalletId};
use crate::money::Amount;
use crate::policy::findings::{Findings, Place, quoted};
use crate::policy::keys::{OPEN, TEST};
use crate::policy::{ExpectedMove, PolicyTest};
use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// What a test may name.
pub struct Known<'k> {
    /// The policy's lanes; `None` where they could not all be read, so that no test is blamed for it.
    pub lanes: Option<&'k [(Lane, Place)]>,
    /// Who is paid, by name.
    pub book: &'k Book,
}

pub fn read(findings: &mut Findings, field: Field<'_>, zone: Tz, known: &Known<'_>) -> Vec<PolicyTest> {
    let mut tests = Vec::new();
    let mut first_at: BTreeMap<String, usize> = BTreeMap::new();
    for item in findings.items(field.node, "`tests`").unwrap_or_default() {
        let Some((test, name_at)) = case(findings, item, zone, known) else { continue };
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

fn case(findings: &mut Findings, node: &Node, zone: Tz, known: &Known<'_>) -> Option<(PolicyTest, Place)> {
    let fields = findings.fields(node, &TEST)?;
    let at = fields.get("at").and_then(|field| instant(findings, field, zone));
    let balances = fields.get("balances").map(|field| balances(findings, field));
    let rates = fields.get("rates").map(|field| findings.rates(field.node, "`rates`")).unwrap_or_default();
    let open = fields.get("open").map(|field| open(findings, field, known.book)).unwrap_or_default();
    let expected = fields.get("expect").map(|field| expectations::read(findings, field, known));
    let named = fields.get("name")?;
    let name = findings.line(named)?;
    let (expect, refused) = expected?;
    let test = PolicyTest {
        name,
        line: node.place.line,
        at,
        balances: balances?,
        rates: rates.into_iter().map(|one| (one.pair, one.rate)).collect(),
        open,
        expect,
        refused,
    };
    Some((test, named.node.place))
}

/// Local time in the file's zone, or an instant with its offset.
fn instant(findings: &mut Findings, field: Field<'_>, zone: Tz) -> Option<Timestamp> {
    let text = findings.text(field.node, "`at`")?;
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.to_utc());
    }
    let local = text.split_once(' ').and_then(|(date, time)| Some(read_date(date)?.and_time(read_time(time)?)));
    let Some(local) = local else {
        let message = format!("{} is not an instant", quoted(text));
        let hint = "write local time as \"2026-12-24 18:00\", or RFC 3339: \"2026-12-24T17:00:00Z\"";
        findings.error(field.node.place, "bad-instant", message, hint);
        return None;
    };
    let Some(instant) = zone.from_local_datetime(&local).single() else {
        let message = format!("{} is skipped or comes twice in {zone}, where the clocks change", quoted(text));
        let hint = "write it with its offset, as RFC 3339: \"2026-12-24T17:00:00Z\"";
        findings.error(field.node.place, "bad-instant", message, hint);
        return None;
    };
    Some(instant.to_utc())
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

/// Movements that are under way, over any lanes: other policies and people move money too.
fn open(findings: &mut Findings, field: Field<'_>, book: &Book) -> Vec<ExpectedMove> {
    let mut moves = Vec::new();
    for item in findings.items(field.node, "`open`").unwrap_or_default() {
        let Some(fields) = findings.fields(item, &OPEN) else { continue };
        let ends = expectations::ends(findings, &fields, book);
        let amount = fields.get("amount").and_then(|field| findings.amount(field.node, "`amount`"));
        let (Some((lane, place)), Some(written)) = (ends, amount) else { continue };
        if lane.from == lane.to {
            findings.error(place, "same-wallet", "a movement goes from one wallet to another", "name two wallets");
        } else if let Some(amount) = expectations::moved(findings, written, lane.from) {
            moves.push(ExpectedMove { from: lane.from, to: lane.to, amount });
        }
    }
    moves
}
