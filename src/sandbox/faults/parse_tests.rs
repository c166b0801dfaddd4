//! Fault rules: what is read and what is refused.

use super::super::table::ROWS;
use super::*;

fn rule(text: &str) -> Rule {
    text.parse().expect(text)
}

#[test]
fn every_example_of_the_table_is_read() {
    for row in ROWS {
        assert_eq!(rule(row.example).to_string(), row.example);
    }
}

#[test]
fn rules_are_read_as_written() {
    let transfer = Target::One(Endpoint::Transfer);
    let status = |status, when, html| Fault::Status { status, when, html };
    let text = |text: &str| RetryAfter::Text(text.to_owned());
    let cases = [
        ("lost-after-apply", transfer, Fault::Lost(When::After), Times::Count(1)),
        ("webhook:lost-before=always", Target::Webhook, Fault::Lost(When::Before), Times::Always),
        ("webhook:duplicate@every:2", Target::Webhook, Fault::Duplicate, Times::Every(2)),
        ("forged=2", Target::Webhook, Fault::Forged, Times::Count(2)),
        ("late=250@3", Target::Webhook, Fault::Late(Duration::from_millis(250)), Times::Count(3)),
        ("lost-after-apply=3", transfer, Fault::Lost(When::After), Times::Count(3)),
        ("lost-after-apply=p:0.05", transfer, Fault::Lost(When::After), Times::Chance(50_000)),
        ("lost-after-apply@every:2", transfer, Fault::Lost(When::After), Times::Every(2)),
        ("http-504=2", transfer, status(504, When::Before, false), Times::Count(2)),
        ("html-504-after", transfer, status(504, When::After, true), Times::Count(1)),
        ("balance:http-500=3", Target::One(Endpoint::Balance), status(500, When::Before, false), Times::Count(3)),
        ("any:status=418", Target::Any, status(418, When::Before, false), Times::Count(1)),
        ("429", transfer, Fault::TooMany { when: When::Before, retry_after: text("1") }, Times::Count(1)),
        ("429=3@2", transfer, Fault::TooMany { when: When::Before, retry_after: text("3") }, Times::Count(2)),
        ("429=-1.5", transfer, Fault::TooMany { when: When::Before, retry_after: text("-1.5") }, Times::Count(1)),
        (
            "429-after=none",
            transfer,
            Fault::TooMany { when: When::After, retry_after: RetryAfter::None },
            Times::Count(1),
        ),
        (
            "429=date:9",
            transfer,
            Fault::TooMany { when: When::Before, retry_after: RetryAfter::Date(9) },
            Times::Count(1),
        ),
        (
            "redirect=http://127.0.0.1:80/x",
            transfer,
            Fault::Redirect { url: "http://127.0.0.1:80/x".into(), status: 307 },
            Times::Count(1),
        ),
        (
            "redirect=http://h/x:301",
            transfer,
            Fault::Redirect { url: "http://h/x".into(), status: 301 },
            Times::Count(1),
        ),
        ("message=a@b: c", transfer, Fault::Message { status: 400, text: "a@b: c".into() }, Times::Count(1)),
        (
            "message=500:\u{1b}[31m@always",
            transfer,
            Fault::Message { status: 500, text: "\u{1b}[31m".into() },
            Times::Always,
        ),
        ("drop-wallet=GAB", Target::Balances, Fault::DropWallet(Country::GAB), Times::Count(1)),
        ("overview:drop-wallet=GAB", Target::One(Endpoint::Overview), Fault::DropWallet(Country::GAB), Times::Count(1)),
        (
            "bad-balance=GAB:\"1:2\"",
            Target::Balances,
            Fault::BadBalance { country: Country::GAB, text: "\"1:2\"".into() },
            Times::Count(1),
        ),
        ("fee=1%", transfer, Fault::Fee(Decimal::new(1, 2)), Times::Count(1)),
        ("no-rate", Target::One(Endpoint::ExchangeRate), Fault::NoRate, Times::Count(1)),
        ("env-flip", Target::Identity, Fault::EnvFlip, Times::Count(1)),
        ("cut-body", transfer, Fault::CutBody(None), Times::Count(1)),
        ("cut-body=0@2", transfer, Fault::CutBody(Some(0)), Times::Count(2)),
    ];
    for (text, target, fault, times) in cases {
        let read = rule(text);
        assert_eq!((read.target, read.fault, read.times), (target, fault, times), "{text}");
    }
}

#[test]
fn wrong_rules_are_refused_with_what_there_is() {
    for (text, says) in [
        ("", "lost-after-apply, http-NNN"),
        ("lost", "there are: ok, lost-before"),
        ("http-99", "is not a fault"),
        ("http-abc", "is not a fault"),
        ("http-200", "is not a fault"),
        ("balanse:hang", "transfer, withdraw, withdrawal, availability, balances, balance, overview"),
        ("hang=often", "how often"),
        ("hang=every:0", "how often"),
        ("hang=p:1.5", "how often"),
        ("hang=-1", "how often"),
        ("hang=+1", "how often"),
        ("slow", "needs `=`"),
        ("slow=", "needs `=`"),
        ("slow=fast", "not a whole number"),
        ("status=99", "not a status"),
        ("status=1000", "not a status"),
        ("drop-wallet=gab", "not a country"),
        ("swap-currency=GAB", "a colon"),
        ("swap-currency=GAB:xof", "not a currency"),
        ("fee=1", "percentage"),
        ("fee=-1%", "percentage"),
        ("wrong-field=colour", "externalId, amount"),
        ("wrong-field=amount:lots", "plain decimal"),
        ("rate-moves=0", "not positive"),
        ("conflict-pending=0", "at least 1"),
        ("webhook:hang", "lost-before, duplicate, late or forged"),
        ("webhook:lost-after-apply", "lost-before, duplicate, late or forged"),
        ("any:forged", "only a webhook"),
        ("withdraw:late=5", "only a webhook"),
        ("late", "needs `=`"),
        ("redirect=http://a\r\nb", "printable"),
        ("429=a\nb", "printable"),
    ] {
        let error = text.parse::<Rule>().unwrap_err().to_string();
        assert!(error.contains(says), "{text:?}: {error}");
        assert!(!error.contains(['\n', '\r']), "{text:?}");
    }
}
