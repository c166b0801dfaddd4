//! Payouts: booked in transit when KPay has them in hand, and ended by a correction.

use super::super::testing::{
    accepted, applied, facts, followed, found, less_fee, not_found, payout, requested, returned, seed_payouts,
};
use super::{booked, check, compared};
use crate::books::{Payouts, Rates, TrialBalance};
use crate::intent::{AppliedFacts, Event, Evidence};
use crate::model::ExternalId;

const HOME: &str = "CMR>MTN_MOMO_CMR:237653456789";
const IVORY_COAST: &str = "CMR>MTN_MOMO_CIV:2250503456789";

/// One payout over `lane`, then `events`.
fn paid(lane: &str, sent: &str, events: &[Event]) -> Vec<Event> {
    let mut all = vec![requested(vec![payout("T", lane, sent, None)])];
    all.extend_from_slice(events);
    all
}

fn domestic() -> AppliedFacts {
    less_fee("5000", "250 XAF", "4750 XAF", None)
}

fn crossing() -> AppliedFacts {
    less_fee("50000", "2500 XAF", "48211.75 XOF", Some("1.0150"))
}

fn needs_operator() -> Event {
    Event::NeedsOperator {
        external_id: ExternalId::from_text("T"),
        holds: true,
        amount_is_ours: false,
        detail: String::new(),
    }
}

const TAKEN: &str = "entry_id=E-2 kind=manual_payout source_country=CMR source_currency=XAF source_amount=5000 \
    destination_country=CMR destination_currency=XAF destination_amount=4750 exchange_rate=1 effective_rate=0.95 \
    rate_source=same_currency fee_amount=250 fee_currency=XAF evidence=response [wallet:CMR -5000 XAF] \
    [in-transit:XAF 5000 XAF]";
const PAID_OUT: &str = "residue=0 XAF [in-transit:XAF -5000 XAF] [paid-out:CMR 4750 XAF] [fees:kpay 250 XAF]";
const CAME_BACK: &str = "[wallet:CMR 5000 XAF] [in-transit:XAF -5000 XAF]";

#[test]
fn the_seeds_payouts_leave_the_wallet_first_and_arrive_later() {
    check(
        &paid(HOME, "5000", &[accepted("T", domestic()), applied("T", Evidence::Status, domestic())]),
        &[TAKEN, &format!("entry_id=E-3 kind=correction evidence=status corrects=E-2 {PAID_OUT}")],
    );
    let abroad = less_fee("10000", "500 XAF", "9500 XAF", None);
    check(
        &paid(
            "CMR>ORANGE_GAB:237653456789",
            "10000",
            &[accepted("T", abroad.clone()), applied("T", Evidence::Status, abroad)],
        ),
        &[
            "entry_id=E-2 kind=manual_payout source_country=CMR source_currency=XAF source_amount=10000 \
             destination_country=GAB destination_currency=XAF destination_amount=9500 exchange_rate=1 \
             effective_rate=0.95 rate_source=same_currency fee_amount=500 fee_currency=XAF evidence=response \
             [wallet:CMR -10000 XAF] [in-transit:XAF 10000 XAF]",
            "entry_id=E-3 kind=correction evidence=status corrects=E-2 residue=0 XAF [in-transit:XAF -10000 XAF] \
             [paid-out:GAB 9500 XAF] [fees:kpay 500 XAF]",
        ],
    );
    // 47,500 × 1.0150 is 48,212.5; KPay says 48,211.75, and the 0.75 is seen.
    check(
        &paid(IVORY_COAST, "50000", &[accepted("T", crossing()), applied("T", Evidence::Status, crossing())]),
        &[
            "entry_id=E-2 kind=manual_payout source_country=CMR source_currency=XAF source_amount=50000 \
             destination_country=CIV destination_currency=XOF destination_amount=48211.75 exchange_rate=1.0150 \
             effective_rate=0.964235 rate_source=response fee_amount=2500 fee_currency=XAF evidence=response \
             [wallet:CMR -50000 XAF] [in-transit:XAF 50000 XAF]",
            "entry_id=E-3 kind=correction evidence=status corrects=E-2 residue=-0.75 XOF \
             [in-transit:XAF -50000 XAF] [paid-out:CIV 48211.75 XOF] [fx-clearing:XAF 47500 XAF] \
             [fx-clearing:XOF -48212.5 XOF] [fx-residue:XOF 0.75 XOF] [fees:kpay 2500 XAF]",
        ],
    );
}

#[test]
fn the_hosted_page_has_no_country() {
    check(
        &paid("CMR>GATEWAY", "5000", &[accepted("T", domestic()), applied("T", Evidence::Status, domestic())]),
        &[
            &TAKEN.replace("destination_country=CMR ", ""),
            &format!("entry_id=E-3 kind=correction evidence=status corrects=E-2 {PAID_OUT}")
                .replace("paid-out:CMR", "paid-out:GATEWAY"),
        ],
    );
    let entries = booked(&paid("CMR>GATEWAY", "5000", &[accepted("T", domestic())]));
    let description = "payout from CMR to KPay's hosted page, manual, key rent, part 1 of 1";
    assert_eq!(entries[0].description.as_deref(), Some(description));
}

#[test]
fn what_came_back_is_taken_back_whole() {
    let zeros = "source_amount=0 destination_amount=0 fee_amount=0";
    for (event, evidence) in [(returned("T"), "status"), (not_found("T"), "operator")] {
        check(
            &paid(HOME, "5000", &[accepted("T", domestic()), event]),
            &[TAKEN, &format!("entry_id=E-3 kind=correction {zeros} evidence={evidence} corrects=E-2 {CAME_BACK}")],
        );
    }
    // What KPay never named does not become a zero.
    check(
        &paid(IVORY_COAST, "5000", &[accepted("T", facts("5000", None, None)), returned("T")])[..],
        &[
            "entry_id=E-2 kind=manual_payout source_country=CMR source_currency=XAF source_amount=5000 \
             destination_country=CIV destination_currency=XOF rate_source=pending evidence=response \
             [wallet:CMR -5000 XAF] [in-transit:XAF 5000 XAF]",
            &format!("entry_id=E-3 kind=correction source_amount=0 evidence=status corrects=E-2 {CAME_BACK}"),
        ],
    );
}

#[test]
fn a_status_is_no_entry_and_a_figure_is_one() {
    let mut named = domestic();
    named.destination_reference = Some("OP-77".to_owned());
    check(
        &paid(
            HOME,
            "5000",
            &[
                accepted("T", facts("5000", Some("4750 XAF"), None)),
                followed("T", facts("5000", Some("4750 XAF"), None)),
                followed("T", domestic()),
                applied("T", Evidence::Status, named),
            ],
        ),
        &[
            &TAKEN.replace("fee_amount=250 fee_currency=XAF ", ""),
            "entry_id=E-4 kind=correction fee_amount=250 fee_currency=XAF evidence=status corrects=E-2",
            &format!(
                "entry_id=E-5 kind=correction destination_reference=OP-77 evidence=status corrects=E-2 {PAID_OUT}"
            ),
        ],
    );
}

#[test]
fn a_person_ends_what_kpay_left_open() {
    // Their finding names no fee and no credit: what KPay said of them stands.
    check(
        &paid(HOME, "5000", &[accepted("T", domestic()), needs_operator(), found("T", facts("5000", None, Some("1")))]),
        &[TAKEN, &format!("entry_id=E-4 kind=correction evidence=operator corrects=E-2 {PAID_OUT}")],
    );
    check(
        &paid(HOME, "5000", &[needs_operator(), found("T", facts("5000", None, Some("1")))]),
        &["entry_id=E-3 kind=manual_payout source_country=CMR source_currency=XAF source_amount=5000 \
           destination_country=CMR destination_currency=XAF exchange_rate=1 rate_source=same_currency \
           evidence=operator [wallet:CMR -5000 XAF] [paid-out:CMR 5000 XAF]"],
    );
    check(&paid(HOME, "5000", &[needs_operator(), not_found("T")]), &[]);
    // KPay's word came after a person was called.
    check(
        &paid(HOME, "5000", &[accepted("T", domestic()), needs_operator(), accepted("T", domestic()), returned("T")]),
        &[
            TAKEN,
            &format!(
                "entry_id=E-5 kind=correction source_amount=0 destination_amount=0 fee_amount=0 evidence=status \
                 corrects=E-2 {CAME_BACK}"
            ),
        ],
    );
}

#[test]
fn a_currency_that_comes_later_does_not_keep_the_rate_of_one() {
    let entries = booked(&paid(
        "CMR>GATEWAY",
        "50000",
        &[accepted("T", facts("50000", None, None)), followed("T", facts("50000", Some("48211.75 XOF"), None))],
    ));
    let shown: Vec<_> = entries.iter().map(|entry| (entry.exchange_rate, entry.rate_source.unwrap().word())).collect();
    assert_eq!(shown, [(Some(crate::money::Rate::ONE), "same_currency"), (None, "pending")]);
}

#[test]
fn in_transit_is_what_is_open() {
    let events = seed_payouts();
    let mut balance = TrialBalance::new();
    for entry in booked(&events) {
        balance.add(&entry).unwrap();
    }
    balance.totals().unwrap();
    let lines: Vec<String> =
        balance.accounts().iter().map(|line| format!("{} {} {}", line.account, line.balance, line.currency)).collect();
    assert_eq!(
        lines,
        [
            "wallet:CMR -70000 XAF",
            "in-transit:XAF 5000 XAF",
            "paid-out:CIV 48211.75 XOF",
            "paid-out:CMR 4750 XAF",
            "paid-out:GAB 9500 XAF",
            "fx-clearing:XAF 47500 XAF",
            "fx-clearing:XOF -48212.5 XOF",
            "fx-residue:XOF 0.75 XOF",
            "fees:kpay 3250 XAF",
        ]
    );
}

#[test]
fn a_wallet_is_short_of_a_payout_from_the_moment_kpay_has_it() {
    let events = seed_payouts();
    let upto_the_failure = &events[..11];
    assert_eq!(compared(upto_the_failure), ["CMR 200000 +0 -75000 = 125000, 125000 seen: 0"]);
    assert_eq!(compared(&events), ["CMR 200000 +5000 -75000 = 130000, 130000 seen: 0"]);
}

#[test]
fn a_rate_is_applied_once_the_payout_is_over() {
    let mut events = paid(IVORY_COAST, "50000", &[accepted("T", crossing())]);
    let shown = |events: &[Event]| {
        let mut rates = Rates::new(9);
        for entry in booked(events) {
            rates.add(&entry);
        }
        let rows: Vec<_> =
            rates.newest_first().iter().map(|row| row.exchange_rate.map(|rate| rate.to_string())).collect();
        (rows, rates.pending())
    };
    assert_eq!(shown(&events), (vec![], 0));
    events.push(returned("T"));
    assert_eq!(shown(&events), (vec![], 0));
    events[2] = applied("T", Evidence::Status, crossing());
    assert_eq!(shown(&events), (vec![Some("1.0150".to_owned())], 0));
    // Within one currency a person's bare word is enough, and nothing could complete it later.
    events =
        paid(HOME, "5000", &[accepted("T", facts("5000", None, None)), found("T", facts("5000", None, Some("1")))]);
    assert_eq!(shown(&events), (vec![Some("1".to_owned())], 0));
    events[2] = applied("T", Evidence::Status, facts("5000", None, None));
    assert_eq!(shown(&events), (vec![Some("1".to_owned())], 0));
}

/// A row with nothing in it but its ids would not tell a payout that is over from one in transit.
#[test]
fn the_end_of_a_payout_is_said_in_words() {
    let told = |event: Event| {
        let entries = booked(&paid(HOME, "5000", &[accepted("T", domestic()), event]));
        entries.last().unwrap().description.clone()
    };
    let completed = Some("completed: the beneficiary has it".to_owned());
    let returned_to = Some("returned: it is back in the wallet, fee and all".to_owned());
    assert_eq!(told(applied("T", Evidence::Status, domestic())), completed);
    assert_eq!(told(found("T", domestic())), completed);
    assert_eq!(told(returned("T")), returned_to);
    assert_eq!(told(not_found("T")), returned_to);
    let mut named = domestic();
    named.destination_reference = Some("OP-77".to_owned());
    assert_eq!(told(followed("T", named)), None, "it is in transit still");
}

#[test]
fn each_payout_is_a_row_with_its_figures_apart() {
    let rows = |events: &[Event], keep| {
        let mut payouts = Payouts::new(keep);
        let mut books = crate::books::Folder::new();
        for (seq, event) in (1..).zip(events) {
            if let Some(entry) = books.apply(seq, super::at(seq), event).unwrap() {
                payouts.add(&entry);
            }
            payouts.observe(event);
        }
        let rows = payouts.newest_first();
        let told: Vec<String> = rows
            .iter()
            .map(|row| {
                let shown =
                    |amount: Option<crate::money::Amount>| amount.map_or("-".to_owned(), |some| some.to_string());
                let figures = [row.gross, row.fee, row.net, row.converted].map(shown).join(" ");
                let rate = row.exchange_rate.map_or("-".to_owned(), |rate| rate.to_string());
                format!("{} {figures} {rate} {}", row.external_id, row.state.word())
            })
            .collect();
        told
    };
    let all = rows(&seed_payouts(), 9);
    assert_eq!(
        all,
        [
            "PAY-5 5000 250 4750 - - returned",
            "PAY-4 5000 250 4750 - - in_transit",
            "PAY-3 50000 2500 47500 48211.75 1.0150 completed",
            "PAY-2 10000 500 9500 - - completed",
            "PAY-1 5000 250 4750 - - completed",
        ]
    );
    // The open one is always there.
    assert_eq!(rows(&seed_payouts(), 1), [all[0].clone(), all[1].clone()]);
    let nothing_named = paid(IVORY_COAST, "5000", &[accepted("T", facts("5000", None, None)), needs_operator()]);
    assert_eq!(rows(&nothing_named, 0), ["T 5000 - - - - needs_operator"]);
}
