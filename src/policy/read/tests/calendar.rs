//! Days, times of day, holidays and floors of some days: what they mean, and where each mistake in them is found.

use super::*;
use crate::model::WalletId;
use crate::money::Country;
use crate::slot::Latest;
use chrono::NaiveDate;

fn dates(texts: &[&str]) -> std::collections::BTreeSet<NaiveDate> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// The code and hint of the first finding.
fn hint(text: &str) -> (&'static str, String) {
    let found = findings(&[text]).remove(0);
    (found.code, found.hint)
}

#[test]
fn a_mistyped_day_or_time_is_met_with_what_was_meant() {
    let date = |text: &str| hint(&plus(&format!("holidays: [{text:?}]")));
    for (text, meant) in [
        ("25/12/2026", "write 2026-12-25"),
        ("12/25/2026", "write 2026-12-25"),
        ("25.12.2026", "write 2026-12-25"),
        ("5.5.2026", "write 2026-05-05"),
        ("3/4/2026", "write 2026-04-03 or 2026-03-04, whichever is meant: year, month, day"),
        ("2026/12/25", "write 2026-12-25"),
        ("2026-1-1", "write 2026-01-01"),
        ("2026-02-30", "write a day of the calendar as YYYY-MM-DD, e.g. 2026-12-25"),
        ("25 December", "write a day of the calendar as YYYY-MM-DD, e.g. 2026-12-25"),
        ("99999999999999/1/1", "write a day of the calendar as YYYY-MM-DD, e.g. 2026-12-25"),
    ] {
        assert_eq!(date(text), ("bad-date", meant.to_owned()), "{text}");
    }
    let time = |text: &str| hint(&plus(&format!("not_after: {text:?}")));
    for (text, meant) in [
        ("16h30", "write \"16:30\""),
        ("16h", "write \"16:00\""),
        ("16.30", "write \"16:30\""),
        ("9:30", "write \"09:30\""),
        ("4:30 pm", "write \"16:30\""),
        ("12am", "write \"00:00\""),
        ("1630", "write \"16:30\""),
        ("16:30:00", "write \"16:30\""),
        ("24:00", "write hours and minutes on the clock of 24 hours: \"16:30\""),
        ("noon", "write hours and minutes on the clock of 24 hours: \"16:30\""),
    ] {
        assert_eq!(time(text), ("bad-time", meant.to_owned()), "{text}");
    }
    let days = |text: &str| hint(&format!("reserves: [{{ wallet: CMR, amount: 5, during: {text:?} }}]\n{}", plus("")));
    let general = "write the first and the last day, from 1 to 31, with two points between: \"24..2\"";
    for (text, meant) in [
        ("24-2", "write \"24..2\""),
        ("24...2", "write \"24..2\""),
        ("24 to 2", "write \"24..2\""),
        ("24 .. 2", "write \"24..2\""),
        ("01..05", "write \"1..5\""),
        ("24", "one day is \"24..24\", a range \"24..2\""),
        ("24..32", general),
        ("0..5", general),
        ("..", general),
        ("payday", general),
    ] {
        assert_eq!(days(text), ("bad-days", meant.to_owned()), "{text}");
    }
}

#[test]
fn active_dates_and_the_cut_off_are_checked() {
    let plus = |extra: &str| super::plus(extra).replace("0 18 * * *", "0 9,18 * * *");
    let inside = good(&plus("active: { from: 2026-12-01, until: 2026-12-31 }\nnot_after: 17:00")).policies.remove(0);
    let latest = |text: &str| inside.schedule.latest(text.parse().unwrap());
    assert!(matches!(latest("2026-12-05T18:30:00Z"), Latest::Inactive(_)), "the slot of 18:00 is after the cut-off");
    assert!(matches!(latest("2026-11-05T18:30:00Z"), Latest::Inactive(_)), "before the first day");
    for text in
        ["active: { from: 2026-12-01 }", "active: { until: 2026-12-31 }", "not_after: \"16:30\"", "not_after: 16:30"]
    {
        good(&plus(text));
    }
    good(&plus("active: { from: 2026-12-01, until: 2026-12-01 }"));
    check(&plus("active: { from: 2026-12-31, until: 2026-12-01 }"), &["from-after-until 6:21"]);
    check(&plus("active: {}"), &["empty-map 6:13"]);
    check(&plus("active: { from: 2026-12-32 }"), &["bad-date 6:21"]);
    check(&plus("active: { to: 2026-12-31 }"), &["empty-map 6:13", "unknown-key 6:15"]);
    check(&plus("active: 2026-12-01"), &["wrong-type 6:13"]);
    check(&plus("not_after: [16]"), &["wrong-type 6:16"]);
}

#[test]
fn holidays_are_the_policys_or_a_countrys() {
    let closed = |set: &PolicySet| set.policies[0].closed.clone();
    let own = good(&plus("holidays: { GAB: [2026-08-17, 2026-12-25] }"));
    assert_eq!(closed(&own), [(Country::GAB, dates(&["2026-08-17", "2026-12-25"]))].into());
    check(&plus("holidays: { SEN: [2026-04-04] }"), &["holiday-unused 6:17"]);
    check(&plus("holidays: { FRA: [2026-07-14] }"), &["unknown-country 6:17"]);
    check(&plus("holidays: { GAB: 2026-07-14 }"), &["wrong-type 6:22"]);
    check(&plus("holidays: { GAB: [2026-13-14] }"), &["bad-date 6:23"]);

    let of_file = "version: 1\nholidays: { GAB: [2026-08-17], SEN: [2026-04-04] }\n";
    let set = parse(&files(&[&plus("holidays: { GAB: [2026-12-25] }"), of_file])).unwrap().set;
    let expected = [(Country::GAB, dates(&["2026-08-17", "2026-12-25"]))];
    assert_eq!(closed(&set), expected.into(), "what no lane of the policy touches is left out");
    assert_eq!(findings(&[of_file])[0].code, "no-policies");
    check(&format!("holidays: [2026-12-25]\n{}", plus("")), &["wrong-type 1:11"]);
}

#[test]
fn a_reserve_may_hold_on_some_days_of_the_month() {
    let text = |list: &str| format!("timezone: Africa/Douala\nreserves:\n{list}\n{}", plus(""));
    let set =
        good(&text("- { wallet: CMR, amount: 5_000_000 XAF, during: \"24..2\" }\n- { wallet: CMR, amount: 500_000 }"));
    let cmr = WalletId::of(Country::CMR).unwrap();
    assert_eq!(set.reserves, [(cmr, Amount::whole(500_000))].into());
    let one = &set.calendar[0];
    assert_eq!((one.wallet, one.amount, one.zone.name()), (cmr, Amount::whole(5_000_000), "Africa/Douala"));
    assert_eq!((one.during.to_string(), set.calendar.len()), ("24..2".to_owned(), 1));
    let at = |text: &str| text.parse().unwrap();
    assert_eq!(set.reserve(cmr, at("2026-12-23T23:00:00Z")), Amount::whole(5_000_000), "midnight in Douala");
    assert_eq!(set.reserve(cmr, at("2026-12-23T22:59:59Z")), Amount::whole(500_000));

    check(&text("- { wallet: CMR }"), &["missing-key 3:3"]);
    check(&text("- { wallet: CMR, amount: 5 XOF }"), &["wrong-currency 3:26"]);
    check(&text("- { wallet: CMR, amount: 5, during: }"), &["empty-value 3:29"]);
    check(&text("- { wallet: CMR, amount: 5, from: 24 }"), &["unknown-key 3:29"]);
    check(&text("- CMR"), &["wrong-type 3:3"]);
    let twice = "- { wallet: CMR, amount: 5, during: 1..2 }\n- { wallet: CMR, amount: 6, during: 1..2 }";
    check(&text(twice), &["reserve-twice 4:13"]);
    check(&text("- { wallet: CMR, amount: 5 }\n- { wallet: CMR, amount: 6 }"), &["reserve-twice 4:13"]);
}
