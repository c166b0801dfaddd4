//! Who may be paid, over KPay's whole catalogue: each operator's country, its numbers, and the amounts it takes.

use super::*;
use crate::model::Provider;
use crate::money::Country;

/// A file whose only policy pays somebody: `payout` on line 6, `extra` from line 7 on.
fn pays(from: Country, to: &str, above: &str, extra: &str) -> String {
    format!(
        "version: 1\ntimezone: UTC\npolicies:\n  - name: a\n    schedule: \"0 18 * * *\"\n    payout: {{ from: {from}, to: {to}, \
         above: {above} }}\n    fx: {{ allow: true }}\n{extra}"
    )
}

fn errors(text: &str) -> Vec<&'static str> {
    findings(&[text]).into_iter().filter(Diagnostic::is_error).map(|it| it.code).collect()
}

fn receiver(provider: &str, code: &str) -> String {
    format!("{{ provider: {provider}, phone: \"{code}7712345\" }}")
}

/// Every operator with a number of every country: only its own country's is right.
#[test]
fn a_number_is_one_of_the_operators_country() {
    let providers: Vec<Provider> = Provider::catalogue().collect();
    let countries: std::collections::BTreeSet<Country> = providers.iter().map(Provider::country).collect();
    assert_eq!((providers.len(), countries.len()), (23, 12));
    for provider in &providers {
        for country in &countries {
            let to = receiver(provider.code(), country.calling_code().unwrap());
            let text = pays(Country::CMR, &to, "1_000_000", "");
            let expected: &[&str] = if *country == provider.country() { &[] } else { &["phone-mismatch"] };
            assert_eq!(errors(&text), expected, "{provider} {country}");
        }
    }
}

/// An amount finer than KPay sends the wallet's currency is told, whoever is paid; as fine as it is sent, it is not.
#[test]
fn no_amount_is_finer_than_what_is_sent() {
    for provider in Provider::catalogue() {
        for from in Country::ALL {
            let to = receiver(provider.code(), provider.country().calling_code().unwrap());
            let currency = from.currency().unwrap();
            let fine = ["1000", "1000.5", "1000.25", "1000.125"];
            for (decimals, amount) in (0_u32..).zip(fine) {
                let limits = format!("    limits: {{ max_transfer: {amount} {currency} }}\n");
                let text = pays(from, &to, "1_000_000", &limits);
                let expected: &[&str] = if decimals > currency.decimals_sent() { &["not-sendable"] } else { &[] };
                assert_eq!(errors(&text), expected, "{from} {provider} {amount}");
            }
        }
    }
}

/// KPay takes 100 to 500,000 in one withdrawal.
#[test]
fn parts_are_bounded_by_kpays_withdrawals() {
    let to = receiver("MTN_MOMO_CMR", "237");
    let check = |limits: &str, expected: &[&str]| {
        let text = pays(Country::CMR, &to, "1_000_000 XAF", &format!("    limits: {{ {limits} }}\n"));
        let codes: Vec<&str> = findings(&[&text]).iter().map(|it| it.code).collect();
        assert_eq!(codes, expected, "{limits}");
    };
    check("max_transfer: 99 XAF", &["limit-too-small"]);
    check("max_transfer: 100 XAF", &[]);
    check("max_transfer: 500_000 XAF", &[]);
    check("max_transfer: 500_001 XAF", &["max-transfer-over-kpay"]);
    check("round_down_to: 500_000 XAF", &[]);
    check("round_down_to: 500_001 XAF", &["round-over-max"]);
    check("min_transfer: 49_500_000 XAF", &[]);
    check("min_transfer: 49_500_001 XAF", &["min-over-max"]);
}
