//! C and G14: balances and rates that lure, fall in between, or hide a fee, and codes that look like others.

use super::oracle::{Evidence, violations};
use super::rewriting::Rewriting;
use super::stage::{Memory, Play, Scene, each};
use crate::flows::metrics;
use crate::played::row;
use treasuryd::intent::Event;
use treasuryd::journal::records;
use treasuryd::money::Amount;

const BOUNDED: &str = "    fx: { allow: true, max_spread: 5% }\n";

/// Spends from Cameroon while the rate is read a second time: after the balances were read, before the POST.
fn spend_before_the_send(play: &Play, amount: i64) {
    play.faults(&["rate:ok=1", "rate:slow=1000"]);
    std::thread::scope(|scope| {
        let run = scope.spawn(|| play.once().with_code(0));
        play.until("the rate is asked for again", |books| books.faults[1].1 > 0);
        play.merchant.bank().withdraw("CMR".parse().unwrap(), Amount::whole(amount)).unwrap();
        run.join().unwrap();
    });
    play.faults(&[]);
}

// C8: balance falls between read and POST (payout) · provider refuses or floor breach counted; next run adapts.
#[test]
fn c08_a_balance_that_falls_before_the_send_is_adapted_to_by_the_next_run() {
    let _row = row!();
    // 80,000 are left of 200,000: KPay refuses the 100,000.
    let play = Scene { rules: BOUNDED, ..Scene::across() }.open();
    spend_before_the_send(&play, 120_000);
    let refused = play.intent("CMR");
    // On a machine so slow that the reading grew old meanwhile it is read again, and cancelled.
    assert!(["rejected", "cancelled"].contains(&refused["state"].as_str().unwrap()), "{refused:#}");
    play.judge(0);
    play.merchant.bank().deposit("CMR".parse().unwrap(), Amount::whole(35_000)).unwrap();
    play.once_later(1).with_code(0);
    assert_eq!(play.books().transfers[0].amount, Amount::whole(15_000));
    play.settle(1, 1);
    // 180,000 are left: it is applied, and its floor is undercut by what others spent, for once.
    let play = Scene { rules: BOUNDED, ..Scene::across() }.open();
    spend_before_the_send(&play, 20_000);
    let moved = play.intent("CMR")["state"] == "applied";
    assert_eq!(play.merchant.holds("CMR"), Amount::whole(if moved { 80_000 } else { 180_000 }));
    if moved {
        for day in 1..3 {
            play.once_later(day).with_code(0);
        }
        assert_eq!(play.books().transfers.len(), 1, "nothing more leaves a wallet below its floor");
        assert_eq!(breaches(&play), ["CMR 80000 of 100000"], "one breach, and told once");
        assert_eq!(under_floor(&play), ["CMR"]);
        play.merchant.bank().deposit("CMR".parse().unwrap(), Amount::whole(20_000)).unwrap();
        play.once_later(3).with_code(0);
        assert_eq!((breaches(&play).len(), under_floor(&play)), (1, Vec::new()));
    }
}

// C8: what others spend before a move that then does not go is no breach of ours.
#[test]
fn c08_what_others_spend_without_a_move_of_ours_is_no_breach() {
    let _row = row!();
    let play = Scene { rules: BOUNDED, ..Scene::across() }.open();
    spend_before_the_send(&play, 120_000);
    assert_eq!(play.books().transfers.len(), 0);
    play.once_later(1).with_code(0);
    assert_eq!((breaches(&play), under_floor(&play)), (Vec::new(), Vec::new()));
}

// C8 and C16: a daemon counts it where Prometheus sees it.
#[test]
fn c08_c16_a_daemon_counts_a_broken_floor_once() {
    let _row = row!();
    let play = Scene { wallets: vec![("CMR", 0), ("GAB", 130_000)], ..Scene::default() }
        .set("kpay", "observe_every = \"1s\"")
        .set("kpay", "requests_per_minute = 10000")
        .open();
    play.faults(&["fee=1%@always"]);
    let daemon = play.daemon(Memory::Fresh);
    let line = daemon.wait_for_line("were to stay in it");
    assert!(line.contains("GAB held 99 700 XAF after a move of ours, 300 XAF less than the 100 000 XAF"), "{line}");
    let counted = || metrics(&daemon)["treasuryd_floor_breaches_total{currency=\"XAF\",wallet=\"GAB\"}"].to_string();
    assert_eq!(counted(), "1");
    let status = play.merchant.treasuryd(&["status"]).with_code(0).stdout;
    assert!(status.contains("UNDER ITS FLOOR: GAB held 99 700 XAF"), "{status}");
    let read = || play.merchant.bank().requests().iter().filter(|it| it.path == "/api/wallets/overview").count();
    let so_far = read();
    play.until("more readings", |_| read() >= so_far + 3);
    assert_eq!((counted().as_str(), breaches(&play).len()), ("1", 1));
}

/// `GAB 99700 of 100000` for each breach in the journal.
fn breaches(play: &Play) -> Vec<String> {
    let told = |event| match event {
        Event::Breached { wallet, floor, available, .. } => Some(format!("{wallet} {available} of {floor}")),
        _ => None,
    };
    let all = records(&play.merchant.path("state")).unwrap().map(|record| record.unwrap().event);
    all.filter_map(told).collect()
}

/// The wallets that `status` tells of.
fn under_floor(play: &Play) -> Vec<String> {
    let status = play.merchant.treasuryd(&["status", "--json"]).with_code(0).json();
    let wallets = status["under_floor"].as_array().unwrap().iter();
    wallets.map(|under| under["wallet"].as_str().unwrap().to_owned()).collect()
}

const LIMITED: &str = "    limits: { max_per_slot: 30_000 XAF }\n";
const APPROVED: &str = "    approval: { above: 30_000 XAF, approvers: 1 }\n";

// C9: balance jumps × 100 or × 1,000 (unit change, attack) · anomaly gate (off by default) + caps; needs approval.
#[test]
fn c09_a_balance_that_jumps_moves_no_more_than_caps_and_approvals_let_go() {
    let _row = row!();
    let rows: Vec<_> =
        [100, 1_000].into_iter().flat_map(|factor| [LIMITED, APPROVED, ""].map(|it| (factor, it))).collect();
    each(&rows, |(factor, rules)| {
        let play = Scene { rules, ..Scene::default() }.open();
        play.faults(&[&format!("balances:bad-balance=GAB:{}@always", 130_000 * factor)]);
        play.once().with_code(0);
        let (state, applied) = match *rules {
            LIMITED => ("applied", 1),
            APPROVED => ("awaiting_approval", 0),
            // Nothing of ours bounds it, and KPay knows what is there.
            _ => ("cancelled", 0),
        };
        let intent = play.intent("GAB");
        assert!(intent["state"] == state || intent["state"] == "rejected", "{factor} {rules}: {intent:#}");
        assert!(applied == 0 || play.merchant.holds("GAB") == Amount::whole(100_000));
        play.judge(applied);
    });
}

// C9, with the gate: `conservation.rise_times`. A person's release is the approval.
#[test]
fn c09_with_the_gate_a_balance_that_jumps_moves_nothing_until_a_person_says_so() {
    let _row = row!();
    each(&[100, 1_000], |factor| {
        let play = Scene::two().set("conservation", "rise_times = 50").set("conservation", RELEASES).open();
        // Nothing is over the floors yet: it is the first reading, and there is nothing to compare it with.
        play.above(200_000);
        play.once_later(-1).with_code(0);
        play.above(100_000);
        play.faults(&[&format!("balances:bad-balance=GAB:{}@always", 130_000 * factor)]);
        let said = play.once().with_code(0).stderr;
        assert!(said.contains("GAB is frozen since") && said.contains("rose from 130 000 XAF to"), "{said}");
        assert_eq!(play.intent("GAB"), serde_json::Value::Null, "Congo's surplus moves, Gabon's does not");
        play.judge(1);
        let why = play.merchant.treasuryd(&["why", "GAB>CMR"]).stdout;
        assert!(why.contains("releases it (`treasuryd release GAB"), "{why}");
        let release = |by: &str| play.merchant.treasuryd(&["release", "GAB", "--by", by, "--note", "KPay's letter"]);
        if *factor == 100 {
            // KPay shows the true figure again: nobody has to do anything.
            play.faults(&[]);
        } else {
            release("mallory").with_code(77);
            play.once_later(1).with_code(0);
            play.judge(1);
            release("awa").with_code(0);
            play.faults(&[]);
        }
        play.once_later(2).with_code(0);
        assert_eq!(play.expect("GAB", "applied", "response")["amount"], "30000");
        play.judge(2);
    });
}

const RELEASES: &str = "release_by = [\"awa\"]";

// G14: hostile provider: huge balance or rate to lure funds · caps, allow-listed destinations, approval above a limit.
#[test]
fn g14_a_huge_balance_and_a_huge_rate_lure_nothing_past_the_guards() {
    let _row = row!();
    let across = |rules: &'static str| Scene { rules, ..Scene::across() };
    let rows = [
        ("    fx: { allow: true }\n    limits: { max_per_slot: 40_000 XAF }\n", 1),
        ("    fx: { allow: true }\n    approval: { above: 40_000 XAF, approvers: 1 }\n", 0),
        ("    fx: { allow: true, max_spread: 1.5% }\n", 0),
        ("    fx: { allow: true }\n    mode: shadow\n", 0),
    ];
    each(&rows, |(rules, applied)| {
        for rate in ["1000000", "0.000001", "1e3"] {
            let play = across(rules).open();
            play.faults(&["balances:bad-balance=CMR:999999999999@always", &format!("rate:bad-rate={rate}@always")]);
            play.once();
            let books = play.books();
            assert!(books.transfers.len() <= *applied, "{rules} {rate}: {books:?}");
            let allowed = |to: &str| to == "SEN";
            assert!(books.transfers.iter().all(|moved| allowed(moved.to.code())), "{rules} {rate}");
            assert!(books.transfers.iter().all(|moved| moved.amount <= Amount::whole(40_000)), "{rules} {rate}");
            play.judge(books.transfers.len());
        }
    });
}

// C14: `sen`, `SEN `, homoglyphs, RTL marks, NUL in codes · exact match on an allow list.
#[test]
fn c14_a_code_that_is_not_exactly_one_is_no_wallet() {
    let _row = row!();
    let others = ["gab", "Gab", "GAB ", " GAB", "GA", "GABB", "G\u{410}B", "\u{ff27}AB", "GAB\u{202e}", "\u{feff}GAB"];
    let escaped = ["GAB\\u0000", "GAB\\n", "\\ud800AB"].map(str::to_owned);
    let rows: Vec<String> = others.map(str::to_owned).into_iter().chain(escaped).collect();
    each(&rows, |code| {
        let mut play = Scene::two().open();
        let rewriting = Rewriting::before(play.merchant.base_url(), "\"GAB\"", &format!("\"{code}\""));
        let kpay = play.merchant.base_url().to_owned();
        play.merchant.point_at(&rewriting.base_url());
        play.once();
        let books = play.books();
        let moved: Vec<_> = books.transfers.iter().map(|moved| moved.from.code()).collect();
        assert!(!moved.contains(&"GAB"), "{code:?} was taken for GAB");
        play.merchant.point_at(&kpay);
        play.judge(moved.len());
    });
    // The same code in JSON's other spelling is the same code; the text is what counts, not its bytes.
    let mut play = Scene::two().open();
    let rewriting = Rewriting::before(play.merchant.base_url(), "\"GAB\"", "\"G\\u0041B\"");
    play.merchant.point_at(&rewriting.base_url());
    play.once();
    assert_eq!(play.books().transfers.len(), 2);
}

// C15: 200,000 nested arrays · bounded parse (serde_json stops at depth 128).
#[test]
fn c15_nested_arrays_are_no_answer_wherever_they_come() {
    let _row = row!();
    each(&["me", "token", "balances", "transfer"], |endpoint| {
        let play = Scene::default().open();
        play.faults(&[&format!("{endpoint}:nested@1")]);
        let ended = play.once();
        assert!(matches!(ended.code, Some(0 | 75)), "{endpoint}: {ended:?}");
        play.settle(play.books().transfers.len(), 1);
    });
}

// C16: the source's own fee, undocumented · balance evidence shows it; booked as fee, floor margin covers it. (It is shown
// as a difference, not booked: nobody named it, and `resolve --fee` is for payouts. The margin is a `keep` over the reserve;
// each time it is counted that the `keep` did not hold.)
#[test]
fn c16_a_fee_nobody_named_is_shown_and_the_margin_covers_it() {
    let _row = row!();
    let play = Scene { wallets: vec![("CMR", 0), ("GAB", 135_000)], above: 105_000, ..Scene::default() }.open();
    play.faults(&["fee=1%@always"]);
    play.once().with_code(0);
    play.expect("GAB", "applied", "response");
    assert_eq!(play.merchant.holds("GAB"), Amount::whole(104_700), "30,000 and a fee of 300 left");
    let floors = [("GAB".parse().unwrap(), Amount::whole(100_000))].into();
    let evidence = Evidence::of(&play.merchant, &floors, 0, play.per_minute);
    let found = violations(&evidence);
    assert!(found.is_empty(), "{found:#?}");
    let checked = play.merchant.treasuryd(&["ledger", "check"]);
    assert!(checked.stdout.contains("300"), "the fee does not show: {checked:?}");
    // The next evening works with what is there, and pays the fee again.
    play.merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(10_300)).unwrap();
    play.once_later(1).with_code(0);
    assert_eq!(play.books().transfers[1].amount, Amount::whole(10_000));
    assert_eq!(play.merchant.holds("GAB"), Amount::whole(104_900));
    assert_eq!(breaches(&play), ["GAB 104700 of 105000", "GAB 104900 of 105000"]);
    assert_eq!(under_floor(&play), ["GAB"]);
    let id = play.intent("GAB")["external_id"].as_str().unwrap().to_owned();
    let fee = ["transfers", "resolve", &id, "--applied", "--fee", "100", "--by", "awa", "--note", "statement"];
    assert_ne!(play.merchant.treasuryd(&fee).code, Some(0), "no fee of a transfer between wallets is entered");
}
