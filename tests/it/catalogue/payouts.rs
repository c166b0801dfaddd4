//! The rows of the catalogue for payouts: the request and the question how it stands, each with every kind of answer. The
//! judge is the sandbox's books: no withdrawal is paid twice, and none is called paid or failed that is not.

use super::stage::each;
use crate::crash::agreement::{assert_books_agree, assert_payouts_agree, look_up_payout};
use crate::played::row;
use crate::support::{EVENING, Ended, Merchant, eventually, wallets_of};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

const PATIENCE: Duration = Duration::from_secs(30);

/// The beneficiary gets it.
const PAID: &str = "237653456789";
/// There is no such beneficiary.
const NOBODY: &str = "237653456089";

/// 50,000 of Cameroon's 150,000 in the evening.
fn merchant(phone: &str, faults: &[&str]) -> Merchant {
    let settings = SandboxSettings {
        wallets: wallets_of(&[("CMR", 150_000), ("GAB", 0)]),
        payout_processing_after: Duration::from_millis(50),
        payout_ends_after: Duration::from_millis(200),
        ..SandboxSettings::default()
    };
    let mut merchant = Merchant::with(settings);
    merchant.policies(&format!(
        "version: 1\npolicies:\n  - name: pay\n    schedule: \"0 18 * * *\"\n    payout:\n      from: CMR\n      to: {{ \
         provider: MTN_MOMO_CMR, phone: \"{phone}\" }}\n      above: 100_000 XAF\n"
    ));
    merchant.set("kpay", "timeout = \"2s\"");
    merchant.bank().set_faults(faults).unwrap();
    merchant
}

fn posts(merchant: &Merchant) -> usize {
    merchant.bank().requests().iter().filter(|request| request.path.ends_with("/payments/withdraw")).count()
}

fn the_one(merchant: &Merchant) -> Value {
    let all = merchant.transfers();
    let [one] = &all[..] else { panic!("{all:#?}") };
    one.clone()
}

/// Runs until no machine has anything to do about it any more, each time judged by the sandbox's books.
fn settle(merchant: &Merchant) -> Value {
    let mut last = Value::Null;
    for _ in 0..4 {
        merchant.once();
        assert_payouts_agree(merchant);
        last = the_one(merchant);
        if !["planned", "sending", "unknown"].contains(&last["state"].as_str().unwrap()) {
            return last;
        }
    }
    panic!("not settled: {last:#}")
}

/// Faults, how it ends, after so many requests, and how many withdrawals the sandbox completes.
type Row = (&'static [&'static str], &'static str, usize, usize);

fn play(rows: &[Row]) {
    each(rows, |(faults, state, requests, completed)| {
        let merchant = merchant(PAID, faults);
        let one = settle(&merchant);
        assert_eq!((one["state"].as_str(), posts(&merchant)), (Some(*state), *requests), "{faults:?}: {one:#}");
        if *state == "needs_operator" {
            assert!(!one["detail"].as_str().unwrap().is_empty(), "{faults:?}");
            let id = one["external_id"].as_str().unwrap();
            eventually("the withdrawal is over", PATIENCE, || look_up_payout(&merchant, id));
        }
        assert_eq!(assert_books_agree(&merchant).completed, *completed, "{faults:?}");
        // Neither the slot nor the id is ever used again.
        merchant.once();
        assert_eq!(posts(&merchant), *requests, "{faults:?}");
    });
}

// A1 to A5, A15, A18 of a withdrawal: whatever comes back, or nothing · the same bytes again, then a person.
#[test]
fn a01_what_the_request_comes_back_with() {
    let _row = row!();
    play(&[
        (&["withdraw:lost-before"], "applied", 2, 1),
        (&["withdraw:lost-after-apply"], "needs_operator", 2, 1),
        (&["withdraw:http-500-before"], "applied", 2, 1),
        (&["withdraw:http-500-after"], "needs_operator", 2, 1),
        (&["withdraw:html-504-before"], "applied", 2, 1),
        (&["withdraw:html-502-after"], "needs_operator", 2, 1),
        (&["withdraw:cut-body"], "needs_operator", 2, 1),
        (&["withdraw:cut-body=0"], "needs_operator", 2, 1),
        (&["withdraw:empty-201"], "needs_operator", 2, 1),
        (&["withdraw:html-201"], "needs_operator", 2, 1),
        (&["withdraw:hang"], "needs_operator", 2, 1),
        (&["withdraw:hang-before"], "applied", 2, 1),
        (&["withdraw:slow=500"], "applied", 1, 1),
        (&["withdraw:duplicate"], "needs_operator", 1, 1),
        (&["withdraw:wrong-field=amount"], "needs_operator", 2, 1),
        (&["withdraw:wrong-field=externalId"], "needs_operator", 2, 1),
        (&["withdraw:wrong-field=phoneNumber"], "needs_operator", 2, 1),
        (&["withdraw:wrong-field=provider"], "needs_operator", 2, 1),
    ]);
}

// A10, A14 and B of a withdrawal: refusals, which prove something on a first attempt only.
#[test]
fn a14_what_the_request_is_refused_with() {
    let _row = row!();
    play(&[
        (&["withdraw:message=400:it cannot be"], "rejected", 1, 0),
        (&["withdraw:message=422:it cannot be"], "rejected", 1, 0),
        (&["withdraw:message=409:it exists"], "needs_operator", 1, 0),
        (&["withdraw:message=401:who is it"], "applied", 2, 1),
        (&["withdraw:429=1"], "applied", 2, 1),
        (&["withdraw:429-after=1"], "needs_operator", 2, 1),
        (&["withdraw:lost-after-apply", "withdraw:message=400:it cannot be"], "needs_operator", 3, 1),
        (&["withdraw:lost-after-apply", "withdraw:message=401:who is it"], "needs_operator", 3, 1),
        (&["withdraw:lost-before", "withdraw:message=400:it cannot be"], "applied", 3, 1),
    ]);
}

// A of the question how it stands: an answer that cannot be read, or is about another, is no answer.
#[test]
fn a15_what_the_question_comes_back_with() {
    let _row = row!();
    play(&[
        (&["withdrawal:lost-before"], "applied", 1, 1),
        (&["withdrawal:http-500"], "applied", 1, 1),
        (&["withdrawal:html-502"], "applied", 1, 1),
        (&["withdrawal:cut-body"], "applied", 1, 1),
        (&["withdrawal:message=400:no"], "applied", 1, 1),
        (&["withdrawal:message=401:no"], "applied", 1, 1),
        (&["withdrawal:message=404:no"], "applied", 1, 1),
        (&["withdrawal:429=1"], "applied", 1, 1),
        (&["withdrawal:slow=500"], "applied", 1, 1),
        (&["withdrawal:hang"], "applied", 1, 1),
        (&["withdrawal:wrong-field=id"], "applied", 1, 1),
        (&["withdrawal:wrong-field=amount"], "applied", 1, 1),
        (&["withdrawal:wrong-field=externalId"], "applied", 1, 1),
        (&["withdrawal:wrong-field=phoneNumber"], "applied", 1, 1),
        (&["withdrawal:wrong-field=status:ON_HOLD"], "applied", 1, 1),
        (&["withdrawal:wrong-field=status:completed"], "applied", 1, 1),
        // Backwards, and then on.
        (&["withdraw:wrong-field=status:PROCESSING", "withdrawal:wrong-field=status:PENDING"], "applied", 1, 1),
    ]);
}

// A: a failed withdrawal frees its id at KPay · a lost reply is asked again, as ever; once the end is known, never more. What
// became of the request that got no answer nobody can say then: a person looks.
#[test]
fn a16_a_failed_id_is_free_at_kpay_and_is_not_used_again() {
    let _row = row!();
    let rows: [(&[&str], &str, usize); 3] = [
        (&[], "rejected", 1),
        (&["withdraw:lost-after-apply"], "needs_operator", 2),
        (&["withdraw:http-503"], "needs_operator", 2),
    ];
    each(&rows, |(faults, state, requests)| {
        let merchant = merchant(NOBODY, faults);
        for _ in 0..2 {
            let one = settle(&merchant);
            assert_eq!((one["state"].as_str(), posts(&merchant)), (Some(*state), *requests), "{faults:?}: {one:#}");
            assert!(one["detail"].as_str().unwrap().contains("RECIPIENT_NOT_FOUND"), "{one:#}");
        }
        if *state == "needs_operator" {
            let id = the_one(&merchant)["external_id"].as_str().unwrap().to_owned();
            merchant
                .treasuryd(&["transfers", "resolve", &id, "--not-applied", "--by", "awa", "--note", "KPay"])
                .with_code(0);
        }
        for _ in 0..2 {
            merchant.once().with_code(0);
            assert_eq!(posts(&merchant), *requests, "{faults:?}: never more");
            assert_eq!(assert_books_agree(&merchant).completed, 0, "{faults:?}");
        }
        assert_eq!(merchant.holds("CMR"), treasuryd::money::Amount::whole(150_000));
    });
}

fn once_on(merchant: &Merchant, state: &str) -> Command {
    let config = std::fs::read_to_string(merchant.path("treasuryd.toml")).unwrap();
    let name = format!("{state}.toml");
    merchant.write(&name, &config.replace("path = \"state\"", &format!("path = \"{state}\"")));
    let mut command = merchant.command(&["once", "--json", "--at", EVENING, "--config", &name]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn copy_state(merchant: &Merchant, from: &str, to: &str) {
    let copied = Command::new("cp").args(["-a", from, to]).current_dir(merchant.folder.path()).status().unwrap();
    assert!(copied.success());
}

fn assert_paid_once(merchant: &Merchant) {
    let books = merchant.books();
    assert_eq!((books.wrong, books.withdrawals.len()), (None, 1), "{:#?}", books.withdrawals);
}

// D3 to D6: a state that is gone, older, or there twice · the slot is paid once, and the other is a person's.
#[test]
fn d06_two_states_pay_a_slot_once() {
    let _row = row!();
    each(&["at once", "one after the other", "a clone"], |how| {
        let merchant = merchant(PAID, &[]);
        if *how == "a clone" {
            merchant.treasuryd(&["once", "--at", "2026-11-24T17:00:00Z"]).with_code(0);
            copy_state(&merchant, "state", "twin");
        }
        let first = once_on(&merchant, "state").spawn().unwrap();
        let twin = if *how == "one after the other" {
            first.wait_with_output().unwrap();
            merchant.bank().deposit("CMR".parse().unwrap(), treasuryd::money::Amount::whole(20_000)).unwrap();
            Ended::of(&mut once_on(&merchant, "twin")).with_code(75).json()
        } else {
            let twin = Ended::of(&mut once_on(&merchant, "twin")).stdout;
            first.wait_with_output().unwrap();
            serde_json::from_str(&twin).unwrap()
        };
        assert_paid_once(&merchant);
        if *how == "one after the other" {
            assert_eq!(twin[0]["state"], "needs_operator", "{twin:#}");
        }
        assert_payouts_agree(&merchant);
    });
}

#[test]
fn d03_a_lost_state_or_an_older_one_pays_nothing_twice() {
    let _row = row!();
    each(&["wiped", "restored"], |how| {
        let merchant = merchant(PAID, &[]);
        merchant.treasuryd(&["pause"]).with_code(0);
        merchant.treasuryd(&["resume"]).with_code(0);
        copy_state(&merchant, "state", "backup");
        assert_eq!(settle(&merchant)["state"], "applied");
        std::fs::remove_dir_all(merchant.path("state")).unwrap();
        if *how == "restored" {
            copy_state(&merchant, "backup", "state");
        }
        merchant.bank().deposit("CMR".parse().unwrap(), treasuryd::money::Amount::whole(20_000)).unwrap();
        for _ in 0..2 {
            merchant.once().with_code(75);
            assert_paid_once(&merchant);
            let one = the_one(&merchant);
            assert_eq!(one["state"], "needs_operator", "{how}: {one:#}");
            assert!(one["detail"].as_str().unwrap().contains("this state never sent it"), "{one:#}");
            assert_payouts_agree(&merchant);
        }
    });
}
