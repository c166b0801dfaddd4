//! `once`: a slot is decided once, late ones are caught up or missed, and every exit code says what it must.

use super::tools::{deposit, lose_the_state, moved, moved_sorted, once_at, one_policy, policy, posts, states};
use crate::played::row;
use crate::support::{Merchant, wallets_of};
use treasuryd::sandbox::SandboxSettings;

fn gabon() -> Merchant {
    let merchant = Merchant::new(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", ""));
    merchant
}

/// The state is opened anew by every run, so each line is a restart too.
#[test]
fn a_slot_is_decided_once() {
    let merchant = gabon();
    for (at, paid_in, total) in [
        ("2026-11-24T18:00:00Z", 0, 1),
        ("2026-11-24T18:00:00Z", 50_000, 1),
        ("2026-11-24T23:59:59Z", 50_000, 1),
        ("2026-11-25T17:59:59Z", 0, 1),
        ("2026-11-25T18:00:00Z", 0, 2),
        ("2026-11-24T18:00:00Z", 50_000, 2),
    ] {
        if paid_in > 0 {
            deposit(&merchant, "GAB", paid_in);
        }
        once_at(&merchant, at).with_code(0);
        assert_eq!(moved(&merchant).len(), total, "{at}");
    }
    assert_eq!(moved(&merchant), ["GAB>CMR 30000", "GAB>CMR 100000"]);
}

/// `--at` says the instant, and waiting for KPay does not move it on to the next slot.
#[test]
fn the_instant_asked_for_stands_however_long_kpay_takes() {
    let merchant = gabon();
    merchant.bank().set_faults(&["me:slow=1500"]).unwrap();
    once_at(&merchant, "2026-11-24T17:59:59Z").with_code(0);
    assert!(moved(&merchant).is_empty());
    once_at(&merchant, "2026-11-24T18:00:00Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
}

/// A reason closes the slot as well: money that comes later waits for the next one.
#[test]
fn a_reason_closes_the_slot_too() {
    let merchant = Merchant::new(&[("GAB", 90_000), ("CMR", 0)]);
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", ""));
    merchant.once().with_code(0);
    deposit(&merchant, "GAB", 60_000);
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), 0);
    once_at(&merchant, "2026-11-25T18:00:30Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 50000"]);
}

#[test]
fn what_was_missed_by_more_than_catch_up_is_left_out() {
    let merchant = gabon();
    for (at, moves) in [
        ("2026-11-25T00:00:01Z", 0), // six hours and a second
        ("2026-11-25T23:59:59Z", 1), // the next evening's, just in time
    ] {
        once_at(&merchant, at).with_code(0);
        assert_eq!(moved(&merchant).len(), moves, "{at}");
    }
}

/// Days without a run make no burst: the latest slot alone.
#[test]
fn e05_three_days_away_move_once() {
    let _row = row!();
    let merchant = gabon();
    once_at(&merchant, "2026-11-20T18:00:00Z").with_code(0);
    deposit(&merchant, "GAB", 30_000);
    once_at(&merchant, "2026-11-24T18:00:00Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000", "GAB>CMR 30000"]);
}

#[test]
fn one_policy_alone() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 115_000), ("CMR", 0)]);
    let both = [
        policy("gabon", "{ from: [GAB], into: CMR, above: 100_000 XAF }", ""),
        policy("congo", "{ from: [COG], into: CMR, above: 100_000 XAF }", ""),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", both.concat()));
    let at = "2026-11-24T18:00:30Z";
    merchant.treasuryd(&["once", "--at", at, "--policy", "congo"]).with_code(0);
    assert_eq!(moved(&merchant), ["COG>CMR 15000"]);
    let ended = merchant.treasuryd(&["once", "--at", at, "--policy", "kongo"]).with_code(2);
    assert!(ended.stderr.contains("gabon") && ended.stderr.contains("congo"), "{ended:?}");
    merchant.treasuryd(&["once", "--at", at]).with_code(0);
    assert_eq!(moved(&merchant), ["COG>CMR 15000", "GAB>CMR 30000"]);
}

/// The same ids come up again, and KPay's 409 stops the second transfer: nothing is booked, a person is called, and the
/// next slot is free.
#[test]
fn d03_a_lost_state_moves_nothing_twice() {
    let _row = row!();
    let merchant = gabon();
    merchant.once().with_code(0);
    let first = merchant.books().transfers.remove(0);
    lose_the_state(&merchant);
    deposit(&merchant, "GAB", 70_000);
    merchant.once().with_code(75);
    let bodies: Vec<String> = merchant
        .bank()
        .requests()
        .into_iter()
        .filter(|request| request.path == "/api/wallets/transfer")
        .map(|r| r.body)
        .collect();
    assert_eq!(bodies.len(), 2);
    assert!(bodies.iter().all(|body| body.contains(first.external_id.as_deref().unwrap())), "{bodies:?}");
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    assert_eq!(states(&merchant), ["GAB>CMR 70000 needs_operator -"]);
    let csv = merchant.treasuryd(&["ledger", "export", "--format", "csv"]).with_code(0).stdout;
    assert_eq!(csv.lines().count(), 1, "nothing is booked: {csv}");
    once_at(&merchant, "2026-11-25T18:00:30Z").with_code(75);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000", "GAB>CMR 70000"], "only its slot was closed");
}

#[test]
fn exit_codes() {
    let mut merchant = gabon();
    let before = |merchant: &Merchant| merchant.books().counters.requests;
    let check = |merchant: &Merchant, args: &[&str], code: i32, said: &str| {
        let ended = merchant.treasuryd(args).with_code(code);
        assert!(ended.stderr.contains(said), "{said}: {ended:?}");
    };
    check(&merchant, &["once", "--at", "noon"], 2, "2026-11-24T17:00:00Z");
    check(&merchant, &["once", "--config"], 2, "--config");
    merchant.write("api-key", "kpay_live_other");
    merchant.write("secret-key", "sk_live_other");
    check(&merchant, &["once"], 77, "production");
    merchant.write("api-key", crate::support::API_KEY);
    merchant.write("secret-key", crate::support::SECRET_KEY);
    merchant.policies("version: 1\npolicies:\n  - name: Bad Name\n    schedule: never\n");
    check(&merchant, &["once"], 78, "policies.yaml:3:");
    merchant.policies(&one_policy("{ from: [GAB], into: CMR, above: 100_000 XAF }", ""));
    merchant.write("treasuryd.toml", "[kpay]\nbase_ulr = \"x\"\n");
    check(&merchant, &["once"], 78, "base_url");
    merchant.configure();
    assert_eq!(before(&merchant), 0, "nothing of this reached KPay");
    assert!(!merchant.path("state").exists());

    merchant.close_the_bank();
    check(&merchant, &["once", "--at", "2026-11-24T18:00:30Z"], 75, "");
    let wallets = wallets_of(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.open_the_bank(SandboxSettings { wallets, ..SandboxSettings::default() });
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"], "the slot was still open");
}

/// A lost reply is asked about in the same run: KPay knows the id, and the balance fell by exactly our amount.
#[test]
fn a_lost_reply_is_settled_in_the_same_run() {
    let merchant = Merchant::new(&[("GAB", 130_000), ("COG", 115_000), ("CMR", 0)]);
    merchant.bank().set_faults(&["lost-after-apply=1"]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(moved_sorted(&merchant), ["COG>CMR 15000", "GAB>CMR 30000"]);
    let mut states = states(&merchant);
    states.sort();
    let conflicts = states.iter().filter(|state| state.ends_with("applied conflict")).count();
    let responses = states.iter().filter(|state| state.ends_with("applied response")).count();
    assert_eq!((conflicts, responses), (1, 1), "{states:?}");
}

#[test]
fn a_refusal_closes_the_slot_with_its_reason() {
    let merchant = gabon();
    merchant.bank().set_faults(&["message=400:Insufficient balance in source wallet"]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(states(&merchant), ["GAB>CMR 30000 rejected -"]);
    let text = merchant.treasuryd(&["transfers", "list"]).with_code(0).stdout;
    assert!(text.contains("Insufficient balance"), "{text}");
    merchant.once().with_code(0);
    assert_eq!(posts(&merchant), 1, "its slot is over");
    once_at(&merchant, "2026-11-25T18:00:30Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
}

/// Where this minute's requests are used up, also by commands before, that is what is told, and at once: since when, until
/// when, and what to do. KPay is not to blame.
#[test]
fn a_minute_whose_requests_are_used_up_is_told_as_that() {
    // One is enough for no reading, three for no transfer after it; the second run has none left at all.
    for (per_minute, planned) in [(1, false), (3, true)] {
        let mut merchant = gabon();
        merchant.set("kpay", &format!("requests_per_minute = {per_minute}"));
        for planned in [planned, false] {
            let before = chrono::Utc::now();
            let ended = merchant.once().with_code(75);
            let said = &ended.stderr;
            assert!(!said.contains("in time") && said.contains("still planned, not sent") == planned, "{said}");
            assert!(said.contains("kpay.requests_per_minute") && said.contains("try again then"), "{said}");
            let (since, until) = (instant_after(said, "used up since "), instant_after(said, "the next may go at "));
            let minute = chrono::TimeDelta::seconds(62);
            assert!(since <= chrono::Utc::now() && until > before && until - since <= minute, "{said}");
            assert!(until - before > chrono::TimeDelta::seconds(15), "that was worth a wait: {said}");
        }
        merchant.extra.clear();
        merchant.set("kpay", "requests_per_minute = 100");
        merchant.once().with_code(0);
        assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    }
}

/// Where all is done and only the closing balances have no place in the minute, nothing is left to come back for.
#[test]
fn a_minute_used_up_by_the_last_transfer_is_no_failure() {
    let mut merchant = gabon();
    merchant.set("kpay", "requests_per_minute = 4");
    let ended = merchant.once().with_code(0);
    assert!(ended.stderr.contains("note: reading the wallets") && ended.stderr.contains("used up since"), "{ended:?}");
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
}

/// The instant that follows some words.
fn instant_after(text: &str, words: &str) -> chrono::DateTime<chrono::Utc> {
    let (_, rest) = text.split_once(words).unwrap_or_else(|| panic!("`{words}` is not in {text}"));
    let end = rest.find('Z').unwrap_or_else(|| panic!("no instant in {rest}"));
    rest[..=end].parse().unwrap()
}
