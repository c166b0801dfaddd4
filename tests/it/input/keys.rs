//! Keys that are missing, mixed, unknown or of the other environment: nothing is sent, and mostly nothing is asked.

use super::scene::{Refusal, files, merchant};
use crate::played::row;
use crate::support::{API_KEY, CONSOLIDATE, Merchant, SECRET_KEY, wallets_of};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use treasuryd::sandbox::{KeyPair, SandboxSettings};

const ASKING: [&[&str]; 4] = [&["plan"], &["once"], &["run"], &["check", "--online"]];

fn refused(merchant: &Merchant, code: i32, says: &[&str]) {
    for args in ASKING {
        // What `check` found good before it asked is no part of this.
        Refusal { args, env: &[], code, says, may_ask: false }.check(merchant);
    }
    assert_eq!(merchant.bank().requests(), [], "KPay was asked");
    assert!(files(&merchant.path("state/journal")).is_empty(), "a journal was begun");
}

#[test]
fn key_files_that_cannot_be_used_are_78_with_their_name() {
    for (content, says) in [
        (None, &["api-key", "No such file", "kpay.api_key_file"][..]),
        (Some(""), &["api-key", "empty"]),
        (Some("kpay_test_a b"), &["api-key"]),
        (Some("frob"), &["API key", "kpay_test_", "kpay_live_"]),
        (Some(SECRET_KEY), &["API key", "swapped"]),
        (Some("kpay_live_canary"), &["API key", "production", "secret key", "sandbox"]),
    ] {
        let merchant = merchant();
        match content {
            None => fs::remove_file(merchant.path("api-key")).unwrap(),
            Some(text) => merchant.write("api-key", text),
        }
        refused(&merchant, 78, says);
    }
}

/// reliability.md B7: the keys' prefix alone says that they are of the other environment.
#[test]
fn b07_keys_of_the_other_environment_are_77_before_a_byte_is_sent() {
    let _row = row!();
    let merchant = merchant();
    merchant.write("api-key", "kpay_live_canary");
    merchant.write("secret-key", "sk_live_canary");
    refused(&merchant, 77, &["production keys", "kpay.environment is sandbox", "nothing was sent"]);

    let mut merchant = self::merchant();
    merchant.set("kpay", "environment = \"production\"");
    merchant.set("limits", "max_per_day = { XAF = 1_000_000 }");
    refused(&merchant, 77, &["sandbox keys", "kpay.environment is production", "nothing was sent"]);
}

#[test]
fn keys_that_kpay_does_not_know_are_77() {
    let wallets = wallets_of(&[("CMR", 0), ("GAB", 130_000)]);
    let keys = vec![KeyPair::new("kpay_test_other", "sk_test_other")];
    let merchant = Merchant::with(SandboxSettings { wallets, keys, ..SandboxSettings::default() });
    for args in ASKING {
        let says = &["does not accept the keys", "401", "revoked"][..];
        let says = if args == ["run"] { &says[..1] } else { &[says[0], says[2]] };
        Refusal { args, env: &[], code: 77, says, may_ask: true }.check(&merchant);
    }
    assert!(merchant.bank().requests().iter().all(|request| request.path.contains("/payments/me")));
}

#[test]
fn keys_readable_by_others_are_warned_about_and_work() {
    let merchant = merchant();
    fs::set_permissions(merchant.path("secret-key"), fs::Permissions::from_mode(0o644)).unwrap();
    let ended = merchant.treasuryd(&["plan"]).with_code(0);
    assert!(ended.stderr.contains("secret-key") && ended.stderr.contains("key-readable-by-others"), "{ended:?}");
}

#[test]
fn missing_keys_name_every_place_that_was_looked_at() {
    let merchant = merchant();
    let text = fs::read_to_string(merchant.path("treasuryd.toml")).unwrap();
    let without: String =
        text.lines().filter(|line| !line.contains("_key_file")).flat_map(|line| [line, "\n"]).collect();
    merchant.write("treasuryd.toml", &without);
    refused(&merchant, 78, &["kpay.api_key_file", "KPAY_API_KEY", "KPAY_SECRET_KEY"]);
    let env = [("KPAY_API_KEY", API_KEY), ("KPAY_SECRET_KEY", SECRET_KEY)];
    let mut command = merchant.command(&["plan"]);
    assert!(command.envs(env).output().unwrap().status.success());
}

/// Webhooks that nobody could check, or that anybody could send without TLS, are not listened for.
#[test]
fn webhooks_need_a_secret_and_this_machine() {
    let mut merchant = merchant();
    merchant.set("webhooks", "listen = \"127.0.0.1:0\"");
    let says = ["secret of KPay's webhooks", "webhooks.listen", "webhooks.secret_file", "KPAY_WEBHOOK_SECRET"];
    for args in [&["run"][..], &["check", "--online"]] {
        Refusal { args, env: &[], code: 78, says: &says, may_ask: false }.check(&merchant);
        let env = [("KPAY_WEBHOOK_SECRET", " ")];
        Refusal { args, env: &env, code: 78, says: &["$KPAY_WEBHOOK_SECRET", "empty"], may_ask: false }
            .check(&merchant);
    }
    merchant.extra.pop();
    merchant.set("webhooks", "listen = \"0.0.0.0:9751\"");
    for args in [&["run"][..], &["check"]] {
        let says = ["0.0.0.0:9751", "no TLS", "reverse proxy", "listen-not-loopback"];
        Refusal { args, env: &[], code: 78, says: &says, may_ask: false }.check(&merchant);
    }
}

/// A journal of one environment is never continued in the other, whatever the keys.
#[test]
fn b07_a_state_of_the_other_environment_is_77() {
    let _row = row!();
    let wallets = wallets_of(&[("CMR", 0), ("GAB", 130_000), ("COG", 0)]);
    let settings = SandboxSettings { production_wallets: wallets.clone(), wallets, ..SandboxSettings::default() };
    let mut merchant = Merchant::with(settings);
    merchant.once().with_code(0);
    merchant.write("api-key", "kpay_live_canary");
    merchant.write("secret-key", "sk_live_canary");
    merchant.set("kpay", "environment = \"production\"");
    merchant.set("limits", "max_per_day = { XAF = 1_000_000 }");
    merchant.policies(CONSOLIDATE);
    for args in [&["once"][..], &["run"], &["resume", "--by", "ann"]] {
        let says = ["sandbox", "production", "state"];
        Refusal { args, env: &[], code: 77, says: &says, may_ask: false }.check(&merchant);
    }
    assert_eq!(merchant.books().transfers.len(), 1);
}
