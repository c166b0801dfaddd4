//! Amounts as they are sent: `keep`, reserves, rounding, decimals of the currency, and what crosses currencies.

use super::tools::{moved, moved_sorted, once_at, one_policy, only_transfer, policy};
use crate::support::Merchant;
use treasuryd::money::{Amount, Currency, Rate};
use treasuryd::sandbox::SandboxSettings;

/// Balances written as decimals, and rates as `KES/UGX 28.5`.
fn merchant(wallets: &[(&str, &str)], rates: &[(Currency, Currency, &str)]) -> Merchant {
    let amount = |text: &str| text.parse::<Amount>().unwrap();
    Merchant::with(SandboxSettings {
        wallets: wallets.iter().map(|(country, text)| (country.parse().unwrap(), amount(text))).collect(),
        rates: rates.iter().map(|(from, to, rate)| ((*from, *to), rate.parse::<Rate>().unwrap())).collect(),
        ..SandboxSettings::default()
    })
}

/// What a sweep of Gabon and Congo into Cameroon moves, and what Gabon keeps.
fn check(wallets: &[(&str, &str)], head: &str, sweep: &str, more: &str, expected: &[&str], gabon_keeps: &str) {
    let merchant = merchant(wallets, &[]);
    merchant.policies(&format!("{head}{}", one_policy(sweep, more)));
    merchant.once().with_code(0);
    assert_eq!(moved_sorted(&merchant), expected, "{head} {sweep} {more}");
    assert_eq!(merchant.holds("GAB").to_string(), gabon_keeps, "{head} {sweep} {more}");
}

#[test]
fn what_stays_is_keep_or_the_reserve_whichever_is_more() {
    let wallets = [("GAB", "330000"), ("COG", "90000"), ("CMR", "0")];
    let sweep = "{ from: [GAB], into: CMR, above: 250_000 XAF }";
    check(&wallets, "", sweep, "", &["GAB>CMR 80000"], "250000");
    let sweep = "{ from: [GAB], into: CMR, above: 250_000 XAF, keep: 100_000 XAF }";
    check(&wallets, "", sweep, "", &["GAB>CMR 230000"], "100000");
    check(&wallets, "reserves: { GAB: 180_000 XAF }\n", sweep, "", &["GAB>CMR 150000"], "180000");
    check(&wallets, "reserves: { GAB: 50_000 XAF }\n", sweep, "", &["GAB>CMR 230000"], "100000");
    let own = "{ from: [GAB, { wallet: COG, above: 50_000 XAF, keep: 20_000 XAF }], into: CMR, above: 400_000 XAF }";
    check(&wallets, "", own, "", &["COG>CMR 70000"], "330000");
}

#[test]
fn rounded_down_and_never_up() {
    let sweep = "{ from: [GAB], into: CMR, above: 100_000 XAF }";
    let wallets = [("GAB", "133999.99"), ("COG", "0"), ("CMR", "0")];
    check(&wallets, "", sweep, "", &["GAB>CMR 33999"], "100000.99");
    check(&wallets, "", sweep, "limits: { round_down_to: 1_000 XAF }", &["GAB>CMR 33000"], "100999.99");
    // A limit is rounded down too.
    let limits = "limits: { round_down_to: 1_000 XAF, max_per_slot: 9_500 XAF }";
    check(&wallets, "", sweep, limits, &["GAB>CMR 9000"], "124999.99");
}

/// Whole units for XAF and UGX, two decimals for KES and CDF; the rest stays, exactly.
#[test]
fn each_currency_has_its_decimals() {
    let (cdf, kes, ugx, xaf) = (Currency::CDF, Currency::KES, Currency::UGX, Currency::XAF);
    let merchant = merchant(
        &[("KEN", "1250.569"), ("COD", "500000.999"), ("UGA", "0"), ("CMR", "0")],
        &[(kes, ugx, "28.5"), (cdf, xaf, "0.2105")],
    );
    let both = [
        policy("kenya", "{ from: [KEN], into: UGA, above: 100 KES }", "fx: { allow: true }"),
        policy("congo", "{ from: [COD], into: CMR, above: 1_000.50 CDF }", "fx: { allow: true }"),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", both.concat()));
    merchant.once().with_code(0);
    assert_eq!(moved_sorted(&merchant), ["COD>CMR 499000.49", "KEN>UGA 1150.56"]);
    assert_eq!(merchant.holds("KEN").to_string(), "100.009");
    assert_eq!(merchant.holds("COD").to_string(), "1000.509");
    for request in merchant.bank().requests().iter().filter(|request| request.path == "/api/wallets/transfer") {
        let is_number = request.body.contains("\"amount\":1150.56,") || request.body.contains("\"amount\":499000.49,");
        assert!(is_number, "an exact JSON number: {}", request.body);
    }
    for transfer in merchant.transfers() {
        let booked = merchant.books();
        let theirs = booked.applied(transfer["external_id"].as_str().unwrap())[0];
        assert_eq!(transfer["credited"], theirs.credited.to_string());
        assert_eq!(transfer["exchange_rate"], theirs.rate.to_string());
    }
}

/// The applied rate is the transfer's own, not the one that was shown before.
#[test]
fn the_applied_rate_is_the_transfers_own() {
    let merchant = merchant(&[("CMR", "147500"), ("SEN", "0")], &[(Currency::XAF, Currency::XOF, "1.0150")]);
    merchant.policies(&one_policy("{ from: [CMR], into: SEN, above: 100_000 XAF }", "fx: { allow: true }"));
    merchant.bank().set_faults(&["rate-moves=1.0200"]).unwrap();
    merchant.once().with_code(0);
    let transfer = only_transfer(&merchant);
    assert_eq!((&transfer["exchange_rate"], &transfer["credited"]), (&"1.0200".into(), &"48450".into()));
    let row = &super::tools::csv(&merchant)[0];
    let figures =
        ["exchange_rate", "effective_rate", "indicative_rate", "rate_source"].map(|column| row[column].as_str());
    assert_eq!(figures, ["1.0200", "1.02", "1.0150", "response"]);
}

/// Two policies over one lane: the first by priority has it, the other waits for its own slot.
#[test]
fn two_policies_over_one_lane() {
    let merchant = merchant(&[("GAB", "130000"), ("CMR", "0")], &[]);
    let both = [
        policy("all", "{ from: [GAB], into: CMR, above: 50_000 XAF }", "priority: 200"),
        policy("some", "{ from: [GAB], into: CMR, above: 100_000 XAF }", "priority: 10"),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", both.concat()));
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000"]);
    once_at(&merchant, "2026-11-25T18:00:00Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 30000", "GAB>CMR 50000"], "`some` has nothing over its trigger now");
}

/// One source, two destinations in one slot: the second sees what the first leaves.
#[test]
fn no_money_is_spent_twice() {
    let merchant = merchant(&[("GAB", "130000"), ("COG", "0"), ("CMR", "0")], &[]);
    let both = [
        policy("first", "{ from: [GAB], into: CMR, above: 110_000 XAF }", "priority: 1"),
        policy("second", "{ from: [GAB], into: COG, above: 100_000 XAF }", "priority: 2"),
    ];
    merchant.policies(&format!("version: 1\npolicies:\n{}", both.concat()));
    merchant.once().with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 20000", "GAB>COG 10000"]);
}
