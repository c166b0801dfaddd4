//! Production: live keys, a cap on the day's money, a start in pause, and no instant but about now.

use super::tools::{lose_the_state, moved, until_ready};
use crate::played::row;
use crate::support::{Merchant, wallets_of};
use treasuryd::sandbox::SandboxSettings;

/// Fires every second second, so that a slot is always due about now.
const OFTEN: &str = "version: 1
policies:
  - name: consolidate
    schedule: \"*/2 * * * * *\"
    sweep: { from: [GAB], into: CMR, above: 100_000 XAF }
";

fn production() -> Merchant {
    let production_wallets = wallets_of(&[("GAB", 130_000), ("CMR", 0)]);
    let wallets = wallets_of(&[("GAB", 777_000), ("CMR", 0)]);
    let mut merchant = Merchant::with(SandboxSettings { wallets, production_wallets, ..SandboxSettings::default() });
    merchant.write("api-key", "kpay_live_abc");
    merchant.write("secret-key", "sk_live_abc");
    merchant.policies(OFTEN);
    merchant.set("kpay", "environment = \"production\"");
    merchant
}

#[test]
fn it_starts_paused_until_somebody_resumes_it_by_name() {
    let mut merchant = production();
    let ended = merchant.treasuryd(&["once"]).with_code(78);
    assert!(ended.stderr.contains("max_per_day"), "{ended:?}");
    assert_eq!(merchant.books().counters.requests, 0);

    merchant.set("limits", "max_per_day = { XAF = 50_000_000 }");
    let ended = merchant.treasuryd(&["once"]).with_code(0);
    assert!(ended.stderr.contains("resume"), "it says why nothing moves: {ended:?}");
    assert!(moved(&merchant).is_empty());
    merchant.treasuryd(&["once"]).with_code(0);
    assert!(moved(&merchant).is_empty());

    let ended = merchant.treasuryd(&["resume"]).with_code(2);
    assert!(ended.stderr.contains("--by"), "{ended:?}");
    merchant.treasuryd(&["once"]).with_code(0);
    assert!(moved(&merchant).is_empty());

    merchant.treasuryd(&["resume", "--by", "Ada"]).with_code(0);
    std::thread::sleep(std::time::Duration::from_millis(2_100)); // the next slot
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    assert_eq!(merchant.holds("GAB").to_string(), "777000", "the test wallets are others");

    // Losing the state loses pauses and caps: it is paused again.
    lose_the_state(&merchant);
    super::tools::plan(&merchant, &[]);
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(merchant.treasuryd(&["status", "--json"]).json()["paused"], true);
}

#[test]
fn an_instant_far_from_now_is_refused() {
    let mut merchant = production();
    merchant.set("limits", "max_per_day = { XAF = 50_000_000 }");
    merchant.treasuryd(&["once"]).with_code(0);
    merchant.treasuryd(&["resume", "--by", "Ada"]).with_code(0);
    for at in ["2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"] {
        let ended = merchant.treasuryd(&["once", "--at", at]).with_code(77);
        assert!(ended.stderr.contains("catch_up"), "{ended:?}");
        // To plan for it is harmless.
        merchant.treasuryd(&["plan", "--at", at]).with_code(0);
    }
    assert!(moved(&merchant).is_empty());
}

/// Keys, configuration and journal must all name one environment.
#[test]
fn b07_environments_do_not_mix() {
    let _row = row!();
    let mut merchant = production();
    merchant.set("limits", "max_per_day = { XAF = 50_000_000 }");
    merchant.treasuryd(&["once"]).with_code(0);

    merchant.write("api-key", crate::support::API_KEY);
    merchant.write("secret-key", crate::support::SECRET_KEY);
    let requests = merchant.books().counters.requests;
    let ended = merchant.treasuryd(&["once"]).with_code(77);
    assert!(ended.stderr.contains("sandbox keys"), "{ended:?}");
    assert_eq!(merchant.books().counters.requests, requests, "nothing was sent");

    // Now keys and configuration agree on the sandbox, and the journal is production's.
    merchant.extra.retain(|(section, _)| *section != "kpay");
    merchant.configure();
    let reading = ["status", "plan", "why GAB", "transfers list", "ledger balance", "ledger export --format csv"];
    for command in ["once", "run"].iter().chain(&reading).map(|text| text.split(' ').collect::<Vec<_>>()) {
        let ended = merchant.treasuryd(&command).with_code(77);
        assert!(ended.stderr.contains("journal belongs to production"), "{ended:?}");
    }
    assert!(moved(&merchant).is_empty());
}

/// A sandbox configuration whose control socket is the production daemon's.
#[test]
fn b07_a_daemon_takes_no_commands_of_another_environments_configuration() {
    let _row = row!();
    let mut merchant = production();
    merchant.set("limits", "max_per_day = { XAF = 50_000_000 }");
    let daemon = merchant.daemon();
    until_ready(&daemon);
    merchant.write("api-key", crate::support::API_KEY);
    merchant.write("secret-key", crate::support::SECRET_KEY);
    merchant.extra.retain(|(section, _)| *section != "kpay");
    merchant.configure();
    let before = merchant.books().transfers.len();
    let commands = ["status", "transfers list", "transfer GAB CMR 50_000 --key t1 --yes --by awa", "pause --by awa"];
    for command in commands.map(|text| text.split(' ').collect::<Vec<_>>()) {
        let ended = merchant.treasuryd(&command).with_code(77);
        assert!(ended.stderr.contains("works for production"), "{ended:?}");
        assert!(ended.stderr.contains("the configuration says sandbox"), "{ended:?}");
    }
    assert_eq!(merchant.books().transfers.len(), before);
}

/// Where nothing is said of it, production asks a person before a guard is loosened.
#[test]
fn a_looser_policy_waits_by_itself() {
    let mut merchant = production();
    merchant.set("limits", "max_per_day = { XAF = 50_000_000 }");
    merchant.treasuryd(&["once"]).with_code(0);
    merchant.treasuryd(&["resume", "--by", "Ada"]).with_code(0);
    merchant.policies(&OFTEN.replace("100_000", "10_000"));
    std::thread::sleep(std::time::Duration::from_millis(2_100)); // the next slot
    let ended = merchant.treasuryd(&["once"]).with_code(0);
    assert!(ended.stderr.contains("policies accept"), "{ended:?}");
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
}
