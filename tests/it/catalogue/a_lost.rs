//! A: was it applied? Replies that are lost after the transfer was applied, or before.

use super::stage::{MEMORIES, Memory, Scene, each};
use crate::played::row;
use treasuryd::sandbox::{CheckOrder, ConflictBody, SandboxSettings};

/// Every answer to "in which order does KPay check" and "what does its 409 say".
fn sandboxes() -> Vec<SandboxSettings> {
    let mut all = Vec::new();
    for order in [CheckOrder::IdFirst, CheckOrder::BalanceFirst] {
        for conflict_body in [ConflictBody::Empty, ConflictBody::Envelope, ConflictBody::Text] {
            all.push(SandboxSettings { order, conflict_body, ..SandboxSettings::default() });
        }
    }
    all
}

// A1: response lost after apply (RST) · `unknown`, hold; resend same bytes → 409 → verify by balance.
#[test]
fn a01_a_reply_lost_after_the_apply_is_asked_again_and_proven() {
    let _row = row!();
    let rows: Vec<_> = MEMORIES.iter().flat_map(|memory| sandboxes().into_iter().map(|it| (*memory, it))).collect();
    each(&rows, |(memory, sandbox)| {
        let play = Scene { sandbox: sandbox.clone(), ..Scene::with(*memory) }.open();
        play.faults(&["lost-after-apply"]);
        play.once().with_code(0);
        let intent = play.expect("GAB", "applied", "conflict");
        assert_eq!(intent["attempts"], 2);
        play.settle(1, 1);
    });
}

// A1, with the wallet drained by the very transfer: a KPay that looks at the balance first answers the replay with 400 or
// 422, which proves nothing; the funds stay held until somebody can tell.
#[test]
fn a01_a_replay_that_is_refused_for_want_of_funds_is_no_failure() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let sandbox = SandboxSettings { order: CheckOrder::BalanceFirst, ..SandboxSettings::default() };
        let scene = Scene { above: 10_000, sandbox, ..Scene::with(*memory) };
        let play = scene.set("kpay", "resend_for = \"5s\"").open();
        play.faults(&["lost-after-apply"]);
        play.once().with_code(75);
        let intent = play.intent("GAB");
        assert!(["unknown", "needs_operator"].contains(&intent["state"].as_str().unwrap()), "{intent:#}");
        play.settle(1, 1);
        play.expect("GAB", "needs_operator", "");
    });
}

// A1, across currencies: the rate was in the lost reply. It is pending, never made up.
#[test]
fn a01_a_rate_in_a_lost_reply_is_pending() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let play = Scene { memory: *memory, ..Scene::across() }.open();
        play.faults(&["lost-after-apply"]);
        play.once().with_code(0);
        let intent = play.expect("CMR", "applied", "conflict");
        assert!(intent["exchange_rate"].is_null() && intent["credited"].is_null(), "{intent:#}");
        play.settle(1, 1);
        assert_eq!(play.evidence().entries[0]["rate_source"], "pending");
    });
}

// A4: 201, body shorter than Content-Length · applied-or-unknown; rate `pending`. (Every offset: kpay's own tests.)
#[test]
fn a04_a_body_cut_short_is_a_lost_reply() {
    let _row = row!();
    let mut rows = Vec::new();
    for bytes in [0, 1, 17, 100, 250, 333, 400, 480] {
        rows.extend([(Scene::default as fn() -> Scene, "GAB", bytes), (Scene::across, "CMR", bytes)]);
    }
    each(&rows, |(scene, from, bytes)| {
        let play = scene().open();
        play.faults(&[&format!("cut-body={bytes}")]);
        play.once().with_code(0);
        play.expect(from, "applied", "conflict");
        play.settle(1, 1);
        let rate = if *from == "CMR" { "pending" } else { "same_currency" };
        assert_eq!(play.evidence().entries[0]["rate_source"], rate);
    });
}

// A6: 201 with empty, HTML or wrong-charset body · as A4.
// A7: 500/502/503/504 after apply · `unknown`, never failed.
// B3: 429 from a gateway after the apply · resend same id only, never a fresh one.
#[test]
fn a06_a07_b03_success_with_an_unusable_reply_is_asked_again() {
    let _row = row!();
    let rules = [
        "empty-201",
        "html-201",
        "http-500-after",
        "http-502-after",
        "http-503-after",
        "http-504-after",
        "html-502-after",
        "html-504-after",
        "429-after=1",
        "429-after=none",
        "status=418-after",
    ];
    let rows: Vec<_> = MEMORIES.iter().flat_map(|memory| rules.iter().map(|rule| (*memory, *rule))).collect();
    each(&rows, |(memory, rule)| {
        let play = Scene::with(*memory).open();
        play.faults(&[rule]);
        play.once().with_code(0);
        play.expect("GAB", "applied", "conflict");
        play.settle(1, 1);
    });
}

// A8: 5xx before apply · same handling as A7; resend later succeeds: exactly 1 entry.
#[test]
fn a08_a_server_error_before_the_apply_is_sent_again() {
    let _row = row!();
    let rows = [
        ["http-500=2"],
        ["http-502-before=2"],
        ["http-503=1"],
        ["html-504-before=2"],
        ["html-502-before=1"],
        ["lost-before=2"],
    ];
    each(&rows, |rules| {
        let play = Scene::default().open();
        play.faults(rules);
        play.once().with_code(0);
        play.expect("GAB", "applied", "response");
        play.settle(1, 1);
    });
}

// A9: 409 after own lost response, with a restart between · slot closed, amount verified by balance change.
#[test]
fn a09_a_restart_between_the_loss_and_the_409_changes_nothing() {
    let _row = row!();
    each(&MEMORIES, |memory| {
        let play = Scene::default().open();
        play.faults(&["hang"]);
        let mut daemon = play.daemon(*memory);
        play.until("the first attempt is applied", |books| books.transfers.len() == 1);
        daemon.signal("KILL");
        daemon.wait(super::stage::PATIENCE);
        drop(daemon);
        play.once_now().with_code(0);
        play.expect("GAB", "applied", "conflict");
        play.settle_by(1, 1, super::stage::Play::once_now);
    });
}

// A9, without proof: the state is fresh and the balance fell by something else meanwhile.
#[test]
fn a09_without_a_journal_the_balance_must_tell_exactly() {
    let _row = row!();
    let play = Scene::default().open();
    play.faults(&["hang"]);
    let mut daemon = play.daemon(Memory::Fresh);
    play.until("the first attempt is applied", |books| books.transfers.len() == 1);
    daemon.signal("KILL");
    daemon.wait(super::stage::PATIENCE);
    drop(daemon);
    play.merchant.bank().deposit("GAB".parse().unwrap(), treasuryd::money::Amount::whole(1)).unwrap();
    play.once_now().with_code(75);
    play.expect("GAB", "needs_operator", "");
    play.settle_by(1, 1, super::stage::Play::once_now);
    assert!(play.evidence().entries.is_empty(), "no amount is proven, so none is booked");
}
