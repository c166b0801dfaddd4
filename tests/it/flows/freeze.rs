//! A wallet that loses what nobody here moved is frozen: nothing new leaves it, over restarts, until one who may releases
//! it. Our own moves never freeze one.

use super::tools::{PATIENCE, deposit, metrics, moved, policy, posts, states, status};
use crate::support::{Daemon, EVENING, Merchant, eventually, wallets_of};
use std::time::Duration;
use treasuryd::money::{Amount, Country};
use treasuryd::sandbox::SandboxSettings;

/// Up to 10 000 XAF may be lost in a day; Awa and Brice release.
fn strict(merchant: &mut Merchant) {
    merchant.set("kpay", "observe_every = \"1s\"\nrequests_per_minute = 10000\ntimeout = \"2s\"");
    merchant
        .set("conservation", "mode = \"freeze\"\nfreeze_above = { XAF = 10_000 }\nrelease_by = [\"awa\", \"brice\"]");
}

fn merchant(wallets: &[(&str, i64)]) -> Merchant {
    let mut merchant = Merchant::new(wallets);
    strict(&mut merchant);
    merchant
}

/// The merchant, or a thief, takes money out at KPay's own site.
fn withdraw(merchant: &Merchant, country: &str, amount: i64) {
    merchant.bank().withdraw(country.parse::<Country>().unwrap(), Amount::whole(amount)).unwrap();
}

/// `GAB 50000` for each wallet that is frozen.
fn frozen(merchant: &Merchant) -> Vec<String> {
    let status = status(merchant);
    let line = |one: &serde_json::Value| {
        assert_eq!(one["release_by"], serde_json::json!(["awa", "brice"]));
        format!("{} {}", one["wallet"].as_str().unwrap(), one["unexplained"].as_str().unwrap())
    };
    status["frozen"].as_array().unwrap().iter().map(line).collect()
}

/// What the metrics say of a wallet.
fn shown_frozen(daemon: &Daemon, wallet: &str) -> bool {
    metrics(daemon)[&format!("treasuryd_wallet_frozen{{currency=\"XAF\",wallet=\"{wallet}\"}}")] > 0.5
}

fn release(merchant: &Merchant, by: &str) -> crate::support::Ended {
    merchant.treasuryd(&["release", "GAB", "--by", by, "--note", "refund 4711"])
}

fn readings(merchant: &Merchant) -> usize {
    merchant.bank().requests().iter().filter(|request| request.path == "/api/wallets/overview").count()
}

fn wait_for_readings(merchant: &Merchant, more: usize) {
    let so_far = readings(merchant);
    eventually("more readings", PATIENCE, || readings(merchant) >= so_far + more);
}

#[test]
fn nothing_leaves_a_frozen_wallet_until_one_who_may_releases_it() {
    let merchant = merchant(&[("GAB", 100_000), ("COG", 100_000), ("CMR", 50_000)]);
    let every = "schedule: \"*/2 * * * * *\"";
    let sweep = "{ from: [GAB, COG], into: CMR, above: 100_000 XAF }";
    merchant.policies(&format!("version: 1\npolicies:\n{}", policy("often", sweep, every)));
    let daemon = merchant.daemon();
    wait_for_readings(&merchant, 2);
    assert_eq!(frozen(&merchant), Vec::<String>::new());

    withdraw(&merchant, "GAB", 50_000);
    let line = daemon.wait_for_line("more than our own moves explain");
    assert!(line.contains("it is frozen, and") && line.contains("awa or brice"), "{line}");
    // Money may come in, and the other wallet goes on.
    deposit(&merchant, "GAB", 200_000);
    deposit(&merchant, "COG", 5_000);
    eventually("Congo's surplus moves", PATIENCE, || moved(&merchant) == ["COG>CMR 5000"]);
    merchant.treasuryd(&["transfer", "CMR", "GAB", "1000", "--key", "into-it", "--yes"]).with_code(0);
    assert_eq!(moved(&merchant), ["COG>CMR 5000", "CMR>GAB 1000"]);
    wait_for_readings(&merchant, 3);
    assert!(!daemon.said().iter().any(|line| line.contains("it is frozen, and")), "told once");

    // All say so, and by hand nothing leaves it either.
    assert_eq!(frozen(&merchant), ["GAB 50000"]);
    let text = merchant.treasuryd(&["status"]).with_code(0).stdout;
    for words in ["FROZEN: GAB is frozen since", "awa or brice", "money that nobody here moved"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(daemon.get("/").1.contains("GAB is frozen since"));
    assert_eq!(["GAB", "COG", "CMR"].map(|wallet| shown_frozen(&daemon, wallet)), [true, false, false]);
    let why = merchant.treasuryd(&["why", "GAB>CMR"]).stdout;
    assert!(why.contains("wallet_frozen") && why.contains("GAB is frozen since"), "{why}");
    assert!(why.contains("treasuryd release GAB"), "{why}");
    let payout = ["payout", "GAB", "1000", "--provider", "AIRTEL_GAB", "--phone", "24174345678", "--key", "k", "--yes"];
    for by_hand in [&["transfer", "GAB", "CMR", "1000", "--key", "k", "--yes"][..], &payout] {
        let refused = merchant.treasuryd(by_hand).with_code(77);
        assert!(refused.stderr.contains("wallet_frozen: GAB is frozen since"), "{refused:?}");
    }

    // Killed and started again it is still so; also to whoever only reads.
    drop(daemon);
    assert_eq!(frozen(&merchant), ["GAB 50000"]);
    let daemon = merchant.daemon();
    wait_for_readings(&merchant, 3);
    assert_eq!((frozen(&merchant), moved(&merchant).len()), (vec!["GAB 50000".to_owned()], 2));
    assert_eq!(status(&merchant)["falls"].as_array().unwrap().len(), 1);

    let stranger = release(&merchant, "mallory").with_code(77);
    assert!(stranger.stderr.contains("mallory") && stranger.stderr.contains("awa or brice"), "{stranger:?}");
    assert_eq!(frozen(&merchant), ["GAB 50000"]);
    release(&merchant, "Awa").with_code(0);
    eventually("it moves again", PATIENCE, || moved(&merchant).contains(&"GAB>CMR 151000".to_owned()));
    let again = release(&merchant, "awa").with_code(77);
    assert!(again.stderr.contains("GAB is not frozen"), "{again:?}");
    wait_for_readings(&merchant, 2);
    assert_eq!(frozen(&merchant), Vec::<String>::new());
    assert!(!shown_frozen(&daemon, "GAB"));
    drop(daemon);
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
    merchant.treasuryd(&["ledger", "check"]).with_code(0);
    assert_eq!(merchant.books().wrong, None);
}

/// KPay takes a payout in hand, the wallet falls, the payout fails, and the money comes back.
#[test]
fn payouts_of_our_own_never_freeze_whatever_becomes_of_them() {
    for (phone, end) in [("237653456089", "rejected"), ("237653456789", "applied")] {
        let mut merchant = Merchant::with(SandboxSettings {
            wallets: wallets_of(&[("CMR", 150_000)]),
            payout_processing_after: Duration::from_millis(200),
            payout_ends_after: Duration::from_secs(4),
            ..SandboxSettings::default()
        });
        strict(&mut merchant);
        merchant.policies(
            "version: 1\npolicies:\n  - name: idle\n    schedule: \"0 18 * * *\"\n    enabled: false\n    \
                           sweep: { from: [CMR], into: GAB, above: 100_000 XAF }\n",
        );
        let _daemon = merchant.daemon();
        wait_for_readings(&merchant, 2);
        let args = ["payout", "CMR", "50000", "--provider", "MTN_MOMO_CMR", "--phone", phone, "--key", "k", "--yes"];
        let _ = merchant.treasuryd(&args);
        let shown = || status(&merchant)["balances"][0]["available"] == "100000";
        eventually("the daemon sees that it left the wallet", PATIENCE, shown);
        wait_for_readings(&merchant, 2);
        let is_over = || merchant.transfers().iter().all(|one| one["state"] == end);
        eventually("it is over", PATIENCE, is_over);
        wait_for_readings(&merchant, 2);
        assert_eq!(frozen(&merchant), Vec::<String>::new(), "{end}");
        assert_eq!(status(&merchant)["falls"], serde_json::json!([]), "{end}");
    }
}

/// Killed before anything of the fall is recorded: the next start, daemon or not, compares with the journal.
#[test]
fn a_fall_around_a_kill_is_found_at_the_next_start() {
    for by_once in [false, true] {
        let merchant = merchant(&[("GAB", 90_000), ("CMR", 0)]);
        let daemon = merchant.daemon();
        wait_for_readings(&merchant, 2);
        daemon.signal("STOP");
        withdraw(&merchant, "GAB", 40_000);
        daemon.signal("KILL");
        drop(daemon);
        assert_eq!(frozen(&merchant), Vec::<String>::new());
        if by_once {
            let said = merchant.treasuryd(&["once"]).with_code(0).stderr;
            assert!(said.contains("it is frozen, and"), "{said}");
        } else {
            let _daemon = merchant.daemon();
            eventually("it is frozen", PATIENCE, || frozen(&merchant) == ["GAB 40000"]);
        }
        assert_eq!(frozen(&merchant), ["GAB 40000"]);
        // And once only, whoever starts after that.
        merchant.treasuryd(&["once"]).with_code(0);
        assert_eq!(status(&merchant)["falls"].as_array().unwrap().len(), 1);
    }
}

/// An open question is nothing new: asked again with the same bytes it moves what was to move, frozen or not.
#[test]
fn an_unknown_outcome_is_asked_about_all_the_same() {
    let merchant = merchant(&[("GAB", 130_000), ("CMR", 0)]);
    merchant.bank().set_faults(&["http-500-before@always"]).unwrap();
    merchant.treasuryd(&["once", "--at", EVENING]).with_code(75);
    assert_eq!(states(&merchant), ["GAB>CMR 30000 unknown -"]);
    // 30 000 of it might be ours.
    withdraw(&merchant, "GAB", 50_000);
    let asked = posts(&merchant);
    merchant.treasuryd(&["once", "--at", EVENING]).with_code(75);
    assert_eq!(frozen(&merchant), ["GAB 20000"]);
    assert!(posts(&merchant) > asked, "it was asked again");
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    merchant.treasuryd(&["once", "--at", EVENING]).with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    assert_eq!(frozen(&merchant), ["GAB 20000"]);
}

/// What waits for people keeps waiting; released, it may be approved and goes. No daemon runs.
#[test]
fn nothing_is_approved_out_of_a_frozen_wallet() {
    let merchant = merchant(&[("GAB", 400_000), ("CMR", 0)]);
    let approval = "schedule: \"0 0 * * *\"\ncatch_up: 24h\napproval: { above: 100_000 XAF, approvers: 1 }";
    let sweep = "{ from: [GAB], into: CMR, above: 100_000 XAF, fixed: 200_000 XAF }";
    merchant.policies(&format!("version: 1\npolicies:\n{}", policy("home", sweep, approval)));
    merchant.treasuryd(&["once"]).with_code(0);
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    withdraw(&merchant, "GAB", 50_000);
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(frozen(&merchant), ["GAB 50000"]);
    let refused = merchant.treasuryd(&["approve", &id, "--by", "chantal"]).with_code(77);
    assert!(refused.stderr.contains("GAB is frozen since"), "{refused:?}");
    assert_eq!(states(&merchant), ["GAB>CMR 200000 awaiting_approval -"]);
    release(&merchant, "brice").with_code(0);
    merchant.treasuryd(&["approve", &id, "--by", "chantal"]).with_code(0);
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 200000"]);
}

/// Another mode in the configuration is no way round the person who looks.
#[test]
fn it_stays_frozen_when_the_mode_is_changed() {
    let mut merchant = merchant(&[("GAB", 90_000), ("CMR", 0)]);
    merchant.treasuryd(&["once"]).with_code(0);
    withdraw(&merchant, "GAB", 40_000);
    merchant.treasuryd(&["once"]).with_code(0);
    merchant.extra.retain(|(section, _)| *section != "conservation");
    merchant.set("conservation", "mode = \"off\"\nrelease_by = [\"awa\", \"brice\"]");
    merchant.treasuryd(&["once"]).with_code(0);
    assert_eq!(frozen(&merchant), ["GAB 40000"]);
    let refused = merchant.treasuryd(&["transfer", "GAB", "CMR", "1000", "--key", "k", "--yes"]).with_code(77);
    assert!(refused.stderr.contains("wallet_frozen"), "{refused:?}");
    release(&merchant, "mallory").with_code(77);
    release(&merchant, "awa").with_code(0);
    merchant.treasuryd(&["transfer", "GAB", "CMR", "1000", "--key", "k", "--yes"]).with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 1000"]);
}
