//! Our books and the sandbox's, move by move and both ways.

use crate::support::Merchant;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use treasuryd::money::Amount;
use treasuryd::sandbox::{AcceptedWithdrawal, AppliedTransfer, Books, PayoutStatus};

/// Our books: one JSON object an entry.
pub fn our_entries(merchant: &Merchant) -> Vec<Value> {
    let exported = merchant.treasuryd(&["ledger", "export", "--format", "jsonl"]).with_code(0).stdout;
    exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What the comparison of the books counted.
pub struct Agreed {
    /// Transfers that the sandbox applied.
    pub applied: usize,
    /// Of them, those whose rate nobody told us.
    pub rates_pending: usize,
    /// Withdrawals that the sandbox completed.
    pub completed: usize,
}

/// Our books and the sandbox's, transfer by transfer and withdrawal by withdrawal, both ways; no id twice on either side;
/// the sandbox's balances are what its entries say; what our postings come to is what its wallets changed by; our journal
/// is whole and our trial balance zero. Nothing may be open any more.
pub fn assert_books_agree(merchant: &Merchant) -> Agreed {
    let theirs = merchant.books();
    let completed = assert_payouts_agree(merchant);
    assert!(theirs.applied_twice.is_empty(), "{:?}", theirs.applied_twice);
    let payouts: BTreeSet<_> = theirs.withdrawals.iter().filter_map(|one| one.external_id.clone()).collect();
    let mut ours = BTreeMap::new();
    let mut is_pending = BTreeSet::new();
    for entry in our_entries(merchant) {
        let id = entry["external_id"].as_str().unwrap().to_owned();
        if !payouts.contains(&id) {
            assert!(ours.insert(id, entry.clone()).is_none(), "booked twice: {entry}");
        }
    }
    let mut rates_pending = 0;
    for transfer in &theirs.transfers {
        let id = transfer.external_id.clone().unwrap();
        let entry = ours.remove(&id).unwrap_or_else(|| panic!("applied and not booked: {transfer:?}"));
        if assert_entry_agrees(&entry, transfer) {
            rates_pending += 1;
            is_pending.insert(transfer.to.code());
        }
    }
    assert!(ours.is_empty(), "booked and never applied: {ours:#?}");
    let open = merchant.transfers().into_iter().filter(|one| one["kind"] == "payout" && is_in_hand(one));
    assert_eq!(open.collect::<Vec<_>>(), Vec::<Value>::new(), "payouts that nobody knows the end of");
    let balance = merchant.treasuryd(&["ledger", "balance", "--json"]).with_code(0).json();
    for (currency, total) in balance["totals"].as_object().unwrap() {
        assert_eq!(total, "0", "trial balance in {currency}: {balance:#}");
    }
    // What a pending rate credited is not in our books yet.
    assert_wallets_changed_alike(&theirs, &balance, &is_pending);
    Agreed { applied: theirs.transfers.len(), rates_pending, completed }
}

/// Whether money may have left under it, or is on its way.
fn is_in_hand(intent: &Value) -> bool {
    ["sending", "unknown", "needs_operator"].contains(&intent["state"].as_str().unwrap())
}

fn assert_wallets_changed_alike(theirs: &Books, balance: &Value, is_pending: &BTreeSet<&str>) {
    let accounts = balance["accounts"].as_array().unwrap();
    for wallet in theirs.wallets.iter().filter(|wallet| !is_pending.contains(wallet.country.code())) {
        let account = format!("wallet:{}", wallet.country);
        let booked = accounts.iter().find(|one| one["account"] == account.as_str());
        let booked = booked.map_or(Amount::ZERO, |one| one["balance"].as_str().unwrap().parse().unwrap());
        let before = wallet.opening.checked_add(wallet.deposited).unwrap().checked_sub(wallet.withdrawn).unwrap();
        assert_eq!(booked, wallet.balance.checked_sub(before).unwrap(), "{account}: {wallet:?}\n{balance:#}");
    }
}

/// Withdrawal by withdrawal: none is paid under an id twice, each of ours stands as the sandbox has it, what is over is
/// booked with its gross, fee, net and converted amounts, and what is not over or came back is never booked as paid. How
/// many were completed. Of an intent that is open nothing is asked but that it is honest.
pub fn assert_payouts_agree(merchant: &Merchant) -> usize {
    let theirs = merchant.books();
    assert_eq!(theirs.wrong, None);
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
    let listed = merchant.treasuryd(&["ledger", "payouts", "--json", "--last", "100000"]).with_code(0).json();
    let mut rows = BTreeMap::new();
    for row in listed.as_array().unwrap() {
        let id = row["external_id"].as_str().unwrap().to_owned();
        assert!(rows.insert(id, row.clone()).is_none(), "booked twice: {row:#}");
    }
    let mut completed = 0;
    for intent in merchant.transfers().iter().filter(|one| one["kind"] == "payout") {
        let id = intent["external_id"].as_str().unwrap();
        let row = rows.remove(id).unwrap_or(Value::Null);
        let taken = theirs.withdrawn(id);
        let standing: Vec<_> = taken.iter().filter(|one| !one.status.is_returned()).collect();
        assert!(standing.len() <= 1, "paid twice: {standing:#?}");
        let told = format!("{intent:#}\n{row:#}\n{taken:#?}");
        let state = intent["state"].as_str().unwrap();
        match (state, standing.first()) {
            ("applied", Some(paid)) => {
                assert_eq!(paid.status, PayoutStatus::Completed, "{told}");
                assert_row_agrees(&row, intent, paid);
                completed += 1;
            }
            ("rejected" | "cancelled" | "planned", None) => {
                assert!(row.is_null() || row["state"] == "returned", "{told}");
            }
            ("sending" | "unknown" | "needs_operator", _) => {
                assert!(row.is_null() || row["state"] == "in_transit" || row["state"] == "needs_operator", "{told}");
            }
            _ => panic!("it does not stand so: {told}"),
        }
    }
    assert!(rows.is_empty(), "booked without an intent: {rows:#?}");
    completed
}

fn assert_row_agrees(row: &Value, intent: &Value, paid: &AcceptedWithdrawal) {
    let both = format!("{row:#}\n{paid:#?}");
    let converts = paid.currency != paid.payout_currency;
    assert_eq!(
        (row["state"].as_str(), row["wallet"].as_str()),
        (Some("completed"), Some(paid.source.code())),
        "{both}"
    );
    assert_eq!(row["currency"], paid.currency.to_string(), "{both}");
    assert_eq!(row["gross"], paid.amount.to_string(), "{both}");
    // A person's word says what arrived, not what KPay kept.
    if intent["evidence"] != "operator" {
        assert_eq!(row["fee"], paid.fee.to_string(), "{both}");
        assert_eq!(row["fee_currency"], paid.currency.to_string(), "{both}");
    }
    if !converts || intent["evidence"] != "operator" {
        assert_eq!(row["net"], paid.net.to_string(), "{both}");
    }
    let converted = converts.then(|| paid.payout_amount.to_string());
    assert_eq!(row["converted"].as_str(), converted.as_deref(), "{both}");
    let rate = converts.then(|| paid.rate.to_string());
    assert_eq!(row["exchange_rate"].as_str(), rate.as_deref(), "{both}");
}

/// True where the entry's rate is pending, which only a lost reply across currencies excuses.
fn assert_entry_agrees(entry: &Value, transfer: &AppliedTransfer) -> bool {
    let both = format!("{entry}\n{transfer:?}");
    assert_eq!(entry["source_country"], transfer.from.code(), "{both}");
    assert_eq!(entry["destination_country"], transfer.to.code(), "{both}");
    assert_eq!(entry["source_amount"], transfer.amount.to_string(), "{both}");
    if entry["rate_source"] == "pending" {
        assert_ne!(transfer.currency, transfer.credited_currency, "{both}");
        assert_eq!(entry["evidence"], "conflict", "{both}");
        assert!(entry["exchange_rate"].as_str().is_none_or(str::is_empty), "a rate nobody gave: {both}");
        return true;
    }
    assert_eq!(entry["destination_amount"], transfer.credited.to_string(), "{both}");
    assert_eq!(entry["exchange_rate"], transfer.rate.to_string(), "{both}");
    false
}

/// What KPay's books say of a payout that was left to a person, written down by that person; false where it is not over.
pub fn look_up_payout(merchant: &Merchant, id: &str) -> bool {
    let books = merchant.books();
    let taken = books.withdrawn(id);
    let standing = taken.iter().find(|one| !one.status.is_returned());
    if standing.is_some_and(|one| one.status != PayoutStatus::Completed) {
        return false;
    }
    let (amount, credited, rate);
    let mut args = vec!["transfers", "resolve", id, "--by", "amina", "--note", "seen at KPay"];
    if let Some(paid) = standing {
        (amount, credited, rate) = (paid.amount.to_string(), paid.payout_amount.to_string(), paid.rate.to_string());
        args.extend(["--applied", "--amount", &amount, "--rate", &rate, "--credited", &credited]);
    } else {
        args.push("--not-applied");
    }
    merchant.treasuryd(&args).with_code(0);
    true
}
