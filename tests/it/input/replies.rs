//! KPay away, or answering what nobody documented: exit 75 in one sentence, nothing sent, the slot left open.

use super::scene::{Refusal, files, is_fit_to_read, run};
use crate::played::row;
use crate::support::{CONSOLIDATE, EVENING, Merchant, wallets_of};
use treasuryd::sandbox::SandboxSettings;

const ONCE: [&str; 3] = ["once", "--at", EVENING];
const PLAN: [&str; 3] = ["plan", "--at", EVENING];

/// Quick to give up, and without a budget on either side.
fn merchant(balance_country: bool) -> Merchant {
    let wallets = wallets_of(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    let mut merchant = Merchant::with(SandboxSettings {
        wallets,
        requests_per_minute: 0,
        balance_country,
        ..SandboxSettings::default()
    });
    merchant.set("kpay", "timeout = \"2s\"");
    merchant
}

#[test]
fn kpay_that_cannot_be_reached_is_75_in_one_sentence() {
    let mut merchant = merchant(false);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for args in [&ONCE[..], &PLAN, &["check", "--online"]] {
        let url = format!("http://{nobody}");
        let env = [("TREASURYD__KPAY__BASE_URL", url.as_str())];
        let says = ["no connection", "kpay.base_url"];
        let ended = Refusal { args, env: &env, code: 75, says: &says, may_ask: false }.check(&merchant);
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
    }
    // The same once a state is there, and nothing of it is lost.
    merchant.once().with_code(0);
    let moved = merchant.books().transfers.len();
    merchant.policies(&CONSOLIDATE.replace("0 18 * * *", "0 19 * * *"));
    let journal = files(&merchant.path("state/journal"));
    let requests = merchant.bank();
    merchant.close_the_bank();
    let ended = run(merchant.command(&["once", "--at", "2026-11-24T19:00:30Z"]));
    assert_eq!(ended.code, Some(75), "{ended:?}");
    assert!(ended.stdout.is_empty() && ended.stderr.contains("no connection"), "{ended:?}");
    assert_eq!(requests.books().transfers.len(), moved);
    let now = files(&merchant.path("state/journal"));
    assert!(journal.iter().all(|(path, bytes)| now.get(path).is_some_and(|now| now.starts_with(bytes))));
}

/// Fault rules; each is played on every request to its endpoint.
const UNDOCUMENTED: [&str; 10] = [
    "html-201",
    "empty-201",
    "cut-body",
    "nested",
    "huge-body=2",
    "http-500-before",
    "html-504-before",
    "status=418",
    "status=999",
    "lost-before",
];

fn undocumented(endpoint: &str, balance_country: bool) {
    for fault in UNDOCUMENTED {
        let merchant = merchant(balance_country);
        let rule = format!("{endpoint}:{fault}@always");
        merchant.bank().set_faults(&[&rule]).unwrap();
        for args in [&ONCE[..], &PLAN] {
            let ended = run(merchant.command(args));
            assert_eq!(ended.code, Some(75), "{rule} {args:?}: {ended:?}");
            assert!(ended.stdout.is_empty(), "{rule} {args:?}: {ended:?}");
            assert!(ended.stderr.starts_with("treasuryd: "), "{rule} {args:?}: {ended:?}");
            assert_eq!(ended.stderr.lines().count(), 1, "{rule} {args:?}: {ended:?}");
            is_fit_to_read(&ended.stderr);
        }
        assert_eq!(merchant.books().transfers, [], "{rule}: money moved");
        // The slot was not used up by what could not be read.
        merchant.bank().set_faults::<&str>(&[]).unwrap();
        merchant.once().with_code(0);
        assert_eq!(merchant.books().transfers.len(), 2, "{rule}: the slot is gone");
    }
}

#[test]
fn an_identity_nobody_documented_is_75() {
    undocumented("me", false);
}

#[test]
fn balances_nobody_documented_are_75() {
    undocumented("balances", false);
}

/// Without a token nothing is sent; balances come by the keys alone. `once` keeps asking for 10 s, so the faults are
/// played side by side.
#[test]
fn a_token_nobody_documented_is_75() {
    let check = |fault: &str| {
        let merchant = merchant(true);
        let rule = format!("token:{fault}@always");
        merchant.bank().set_faults(&[&rule]).unwrap();
        let ended = run(merchant.command(&ONCE));
        assert_eq!(ended.code, Some(75), "{rule}: {ended:?}");
        assert!(ended.stderr.contains("still planned") && ended.stderr.contains("token"), "{rule}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{rule}: {ended:?}");
        is_fit_to_read(&ended.stderr);
        assert_eq!(merchant.books().transfers, [], "{rule}: money moved");
        let sent = merchant.bank().requests().iter().filter(|request| request.path.contains("transfer")).count();
        assert_eq!(sent, 0, "{rule}: a transfer was asked for without a token");
    };
    std::thread::scope(|scope| {
        for fault in ["html-201", "empty-201", "cut-body", "nested", "http-500-before", "status=418"] {
            scope.spawn(move || check(fault));
        }
    });
}

/// A figure that is none is neither zero nor a failure: its wallet rests, the others move.
#[test]
fn a_balance_that_is_no_figure_moves_nothing_of_its_wallet() {
    for figure in ["1e400", "\"1,000\"", "null", "true", "{}", "99999999999999999999999999999999"] {
        let merchant = merchant(true);
        merchant.bank().set_faults(&[format!("balances:bad-balance=GAB:{figure}@always")]).unwrap();
        let plan = run(merchant.command(&PLAN)).with_code(0);
        assert!(plan.stdout.contains("GAB>CMR  nothing: wallet_missing"), "{figure}: {plan:?}");
        is_fit_to_read(&plan.stdout);
        run(merchant.command(&ONCE)).with_code(0);
        let moved: Vec<_> = merchant.books().transfers.iter().map(|entry| entry.from.to_string()).collect();
        assert_eq!(moved, ["COG"], "{figure}");
    }
}

/// The other environment behind the right keys: refused, not waited for (reliability.md B7).
#[test]
fn b07_an_environment_that_flips_is_77() {
    let _row = row!();
    for args in [&ONCE[..], &PLAN, &["run"], &["check", "--online"]] {
        let merchant = merchant(true);
        merchant.bank().set_faults(&["me:env-flip@always"]).unwrap();
        Refusal { args, env: &[], code: 77, says: &["configuration says sandbox", "production"], may_ask: true }
            .check(&merchant);
    }
}

#[test]
fn a_missing_wallet_is_a_reason_and_no_failure() {
    let merchant = merchant(false);
    merchant.bank().set_faults(&["balances:drop-wallet=GAB@always"]).unwrap();
    merchant.once().with_code(0);
    assert_eq!(merchant.books().transfers.len(), 1, "the wallet that is there moves");
    let merchant = self::merchant(false);
    merchant.bank().set_faults(&["balances:drop-wallet=GAB@always"]).unwrap();
    let plan = run(merchant.command(&["plan", "--json", "--at", EVENING])).with_code(0).json();
    let skipped = &plan["policies"][0]["skipped"][0];
    assert_eq!((&skipped["from"], &skipped["reason"]), (&"GAB".into(), &"wallet_missing".into()));
}
