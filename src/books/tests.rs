//! The books as tables: events in, entries, postings and figures out.

use super::testing::{
    amount, applied, at, decided, facts, found, intent, less_fee, money, observed, payout, rate, requested, seed_day,
};
use super::*;
use crate::intent::{Event, Evidence, Finding};
use crate::model::ExternalId;

mod conservation;
mod payout_histories;
mod payouts;

fn booked(events: &[Event]) -> Vec<Entry> {
    let mut books = Books::new();
    for (seq, event) in (1..).zip(events) {
        books.apply(seq, at(seq), event).unwrap();
    }
    books.entries().to_vec()
}

/// Everything an entry says, as `column=value` of what is not empty, then `residue` and the postings.
fn told(entry: &Entry) -> String {
    let json = serde_json::to_value(entry).unwrap();
    let skipped = ["booked_at", "external_id", "description"];
    let columns = COLUMNS.iter().filter(|column| !skipped.contains(column));
    let mut words: Vec<String> =
        columns.filter_map(|column| Some(format!("{column}={}", json[*column].as_str()?))).collect();
    words.extend(entry.residue.map(|residue| format!("residue={} {}", residue.amount, residue.currency)));
    words.extend(
        entry
            .postings
            .iter()
            .map(|posting| format!("[{} {} {}]", posting.account, posting.money.amount, posting.money.currency)),
    );
    words.join(" ")
}

fn check(events: &[Event], expected: &[&str]) {
    let got: Vec<String> = booked(events).iter().map(told).collect();
    assert_eq!(got, expected);
}

/// One intent over `lane`, then `events`.
fn after(lane: &str, sent: &str, events: &[Event]) -> Vec<Event> {
    let mut all = vec![decided(vec![intent("T", lane, sent, None)])];
    all.extend_from_slice(events);
    all
}

#[test]
fn the_seeds_consolidation_moves_the_same_amount_at_one() {
    for (lane, sent) in [("GAB>CMR", "30000"), ("COG>CMR", "15000")] {
        let from = &lane[..3];
        let credited = format!("{sent} XAF");
        check(
            &after(lane, sent, &[applied("T", Evidence::Response, facts(sent, Some(&credited), Some("1")))]),
            &[&format!(
                "entry_id=E-2 kind=transfer policy=consolidate-cemac source_country={from} source_currency=XAF \
                 source_amount={sent} destination_country=CMR destination_currency=XAF destination_amount={sent} \
                 exchange_rate=1 effective_rate=1 rate_source=same_currency evidence=response residue=0 XAF \
                 {}",
                if from == "GAB" {
                    format!("[wallet:CMR {sent} XAF] [wallet:GAB -{sent} XAF]")
                } else {
                    format!("[wallet:CMR {sent} XAF] [wallet:COG -{sent} XAF]")
                }
            )],
        );
    }
}

#[test]
fn the_seeds_crossing_is_booked_digit_for_digit() {
    check(
        &after(
            "CMR>SEN",
            "100000",
            &[applied("T", Evidence::Response, facts("100000", Some("101530 XOF"), Some("1.0153")))],
        ),
        &["entry_id=E-2 kind=transfer policy=consolidate-cemac source_country=CMR source_currency=XAF \
           source_amount=100000 destination_country=SEN destination_currency=XOF destination_amount=101530 \
           exchange_rate=1.0153 effective_rate=1.0153 rate_source=response evidence=response residue=0 XOF \
           [wallet:CMR -100000 XAF] [wallet:SEN 101530 XOF] [fx-clearing:XAF 100000 XAF] [fx-clearing:XOF -101530 XOF]"],
    );
}

#[test]
fn kpays_figure_stands_and_the_residue_is_seen() {
    // The seed's payout: 50,000 − 2,500 fee = 47,500 × 1.0150 = 48,212.5, and KPay says 48,211.75. Nobody saw KPay take
    // it in hand, so it is one entry.
    let paid = payout("T", "CMR>MTN_MOMO_CIV:2250503456789", "50000", Some("1.0150"));
    let given = less_fee("50000", "2500 XAF", "48211.75 XOF", Some("1.0150"));
    let events = [requested(vec![paid]), applied("T", Evidence::Status, given)];
    check(
        &events,
        &["entry_id=E-2 kind=manual_payout source_country=CMR source_currency=XAF source_amount=50000 \
           destination_country=CIV destination_currency=XOF destination_amount=48211.75 exchange_rate=1.0150 \
           effective_rate=0.964235 rate_source=response indicative_rate=1.0150 fee_amount=2500 fee_currency=XAF \
           evidence=status residue=-0.75 XOF \
           [wallet:CMR -50000 XAF] [paid-out:CIV 48211.75 XOF] [fx-clearing:XAF 47500 XAF] \
           [fx-clearing:XOF -48212.5 XOF] [fx-residue:XOF 0.75 XOF] [fees:kpay 2500 XAF]"],
    );
    let entries = booked(&events);
    assert_eq!(
        entries[0].description.as_deref(),
        Some("payout from CMR to MTN_MOMO_CIV 2250503456789, manual, key rent, part 1 of 1")
    );
}

#[test]
fn a_fee_nobody_named_shows_as_residue_and_never_vanishes() {
    check(
        &after(
            "GAB>CMR",
            "30000",
            &[applied("T", Evidence::Response, facts("30000", Some("29700 XAF"), Some("1.00")))],
        ),
        &["entry_id=E-2 kind=transfer policy=consolidate-cemac source_country=GAB source_currency=XAF \
           source_amount=30000 destination_country=CMR destination_currency=XAF destination_amount=29700 \
           exchange_rate=1 effective_rate=0.99 rate_source=same_currency evidence=response residue=-300 XAF \
           [wallet:CMR 29700 XAF] [wallet:GAB -30000 XAF] [fx-residue:XAF 300 XAF]"],
    );
}

#[test]
fn a_fee_taken_out_of_the_credit_is_a_fee_and_no_residue() {
    let mut given = facts("100000", Some("101500 XOF"), Some("1.0153"));
    given.fee = Some(money("30 XOF"));
    check(
        &after("CMR>SEN", "100000", &[applied("T", Evidence::Response, given)]),
        &["entry_id=E-2 kind=transfer policy=consolidate-cemac source_country=CMR source_currency=XAF \
           source_amount=100000 destination_country=SEN destination_currency=XOF destination_amount=101500 \
           exchange_rate=1.0153 effective_rate=1.015 rate_source=response fee_amount=30 fee_currency=XOF \
           evidence=response residue=0 XOF [wallet:CMR -100000 XAF] [wallet:SEN 101500 XOF] \
           [fx-clearing:XAF 100000 XAF] [fx-clearing:XOF -101530 XOF] [fees:kpay 30 XOF]"],
    );
}

#[test]
fn who_gave_the_rate() {
    let same = ("GAB>CMR", "30000");
    let cross = ("CMR>SEN", "100000");
    for ((lane, sent), evidence, credited, given, source, shown) in [
        (same, Evidence::Response, Some("30000 XAF"), None, "same_currency", Some("1")),
        (same, Evidence::Response, Some("30000 XAF"), Some("1.000"), "same_currency", Some("1")),
        (same, Evidence::Response, Some("29985 XAF"), Some("0.9995"), "response", Some("0.9995")),
        (same, Evidence::Conflict, None, None, "same_currency", Some("1")),
        (same, Evidence::Operator, Some("29985 XAF"), Some("0.9995"), "operator", Some("0.9995")),
        (cross, Evidence::Response, Some("101530 XOF"), Some("1.0150"), "response", Some("1.0150")),
        (cross, Evidence::Response, Some("101530 XOF"), None, "pending", None),
        (cross, Evidence::Response, Some("101530 XOF"), Some("1"), "response", Some("1")),
        (cross, Evidence::Conflict, None, None, "pending", None),
        (cross, Evidence::Balance, None, None, "pending", None),
        (cross, Evidence::Operator, None, None, "pending", None),
        (cross, Evidence::Operator, Some("101530 XOF"), Some("1.0153"), "operator", Some("1.0153")),
    ] {
        let given_facts = facts(sent, credited, given);
        let event =
            if evidence == Evidence::Operator { found("T", given_facts) } else { applied("T", evidence, given_facts) };
        let entry = booked(&after(lane, sent, &[event])).remove(0);
        let case = format!("{lane} {evidence:?} {credited:?} {given:?}");
        assert_eq!(entry.rate_source.map(RateSource::word), Some(source), "{case}");
        assert_eq!(entry.exchange_rate.map(|rate| rate.to_string()).as_deref(), shown, "{case}");
        assert_eq!(entry.evidence, evidence, "{case}");
        let implied = (lane == "GAB>CMR" && credited.is_none()).then(|| amount("30000"));
        assert_eq!(entry.destination_amount, credited.map(|text| money(text).amount).or(implied), "{case}");
    }
}

#[test]
fn a_pending_rate_is_empty_and_completed_by_a_new_entry() {
    let mut finding = facts("100000", Some("101530 XOF"), Some("1.0153"));
    finding.source_reference = Some("TRF-OUT-9".to_owned());
    check(
        &after(
            "CMR>SEN",
            "100000",
            &[applied("T", Evidence::Conflict, facts("100000", None, None)), found("T", finding)],
        ),
        &[
            "entry_id=E-2 kind=transfer policy=consolidate-cemac source_country=CMR source_currency=XAF \
             source_amount=100000 destination_country=SEN destination_currency=XOF rate_source=pending \
             evidence=conflict [wallet:CMR -100000 XAF] [in-transit:XAF 100000 XAF]",
            "entry_id=E-3 kind=correction destination_amount=101530 exchange_rate=1.0153 effective_rate=1.0153 \
             rate_source=operator source_reference=TRF-OUT-9 evidence=operator corrects=E-2 residue=0 XOF \
             [wallet:SEN 101530 XOF] [in-transit:XAF -100000 XAF] [fx-clearing:XAF 100000 XAF] \
             [fx-clearing:XOF -101530 XOF]",
        ],
    );
}

#[test]
fn findings_in_steps_correct_the_same_entry_with_what_changed_only() {
    check(
        &after(
            "CMR>SEN",
            "100000",
            &[
                applied("T", Evidence::Response, facts("100000", Some("101529 XOF"), None)),
                found("T", facts("100000", None, None)),
                found("T", facts("100000", None, Some("1.0153"))),
                found("T", facts("100000", Some("101530 XOF"), Some("1.0153"))),
            ],
        ),
        &[
            "entry_id=E-2 kind=transfer policy=consolidate-cemac source_country=CMR source_currency=XAF \
             source_amount=100000 destination_country=SEN destination_currency=XOF destination_amount=101529 \
             effective_rate=1.01529 rate_source=pending evidence=response [wallet:CMR -100000 XAF] \
             [wallet:SEN 101529 XOF] [fx-clearing:XAF 100000 XAF] [fx-clearing:XOF -101529 XOF]",
            "entry_id=E-4 kind=correction exchange_rate=1.0153 rate_source=operator evidence=operator corrects=E-2 \
             residue=-1 XOF [fx-clearing:XOF -1 XOF] [fx-residue:XOF 1 XOF]",
            "entry_id=E-5 kind=correction destination_amount=101530 effective_rate=1.0153 evidence=operator \
             corrects=E-2 residue=0 XOF [wallet:SEN 1 XOF] [fx-residue:XOF -1 XOF]",
        ],
    );
}

#[test]
fn an_operators_finding_on_an_open_intent_is_a_normal_entry_with_the_amount_found() {
    let needs_operator = Event::NeedsOperator {
        external_id: ExternalId::from_text("T"),
        holds: false,
        amount_is_ours: false,
        detail: String::new(),
    };
    check(
        &after("GAB>CMR", "30000", &[needs_operator, found("T", facts("20000", Some("20000 XAF"), None))]),
        &["entry_id=E-3 kind=transfer policy=consolidate-cemac source_country=GAB source_currency=XAF \
           source_amount=20000 destination_country=CMR destination_currency=XAF destination_amount=20000 \
           exchange_rate=1 effective_rate=1 rate_source=same_currency evidence=operator residue=0 XAF \
           [wallet:CMR 20000 XAF] [wallet:GAB -20000 XAF]"],
    );
}

#[test]
fn what_did_not_move_is_not_booked() {
    let external_id = ExternalId::from_text("T");
    let detail = String::new();
    let by = "Awa".to_owned();
    for event in [
        Event::Rejected { external_id: external_id.clone(), detail: detail.clone() },
        Event::Cancelled { external_id: external_id.clone(), detail: detail.clone() },
        Event::Unknown { external_id: external_id.clone(), detail: detail.clone() },
        Event::NeedsOperator {
            external_id: external_id.clone(),
            holds: true,
            amount_is_ours: true,
            detail: detail.clone(),
        },
        Event::Resolved { external_id: external_id.clone(), by, note: detail, finding: Finding::NotApplied },
        Event::Attempted { external_id, attempt: 1, balance_before: None },
        Event::Alive,
    ] {
        check(&after("GAB>CMR", "30000", &[event]), &[]);
    }
}

#[test]
fn events_that_cannot_follow_are_refused_by_name() {
    let whole = || applied("T", Evidence::Response, facts("30000", Some("30000 XAF"), Some("1")));
    for (events, expected) in [
        (vec![whole()], "journal record 1 says that T moved"),
        (after("GAB>CMR", "30000", &[whole(), whole()]), "journal record 3 says that T moved"),
        (after("GAB>CMR", "30000", &after("GAB>CMR", "30000", &[])), "journal record 2 writes intent T again"),
    ] {
        let mut books = Books::new();
        let failed = (1..).zip(&events).find_map(|(seq, event)| books.apply(seq, at(seq), event).err());
        let text = failed.map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains(expected), "{text:?} lacks {expected:?}");
    }
}

#[test]
fn text_from_outside_is_tamed() {
    let mut given = facts("30000", Some("30000 XAF"), None);
    given.kpay_id = Some("a\u{1b}[2J\nb\u{202e}".to_owned());
    let entry = booked(&after("GAB>CMR", "30000", &[applied("T", Evidence::Response, given)])).remove(0);
    assert_eq!(entry.kpay_id.as_deref(), Some("a\\u{1b}[2J\\u{a}b\\u{202e}"));
}

#[test]
fn effective_rates_are_rounded_half_even_to_ten_decimals() {
    for (sent, credited, expected) in [
        ("3", "1 XOF", Some("0.3333333333")),
        ("3", "2 XOF", Some("0.6666666667")),
        ("100000", "101530 XOF", Some("1.0153")),
        ("20000000000", "1 XOF", None),
        ("20000000000", "3 XOF", Some("0.0000000002")),
        ("20000000000", "5 XOF", Some("0.0000000002")),
        ("100", "0 XOF", None),
    ] {
        let event = applied("T", Evidence::Response, facts(sent, Some(credited), Some("1.5")));
        let entry = booked(&after("CMR>SEN", sent, &[event])).remove(0);
        assert_eq!(entry.effective_rate.map(|rate| rate.to_string()).as_deref(), expected, "{credited} / {sent}");
    }
}

#[test]
fn the_trial_balance_sums_to_zero_and_says_where_everything_is() {
    let mut balance = TrialBalance::new();
    for entry in booked(&seed_day()) {
        balance.add(&entry).unwrap();
    }
    let lines: Vec<String> =
        balance.accounts().iter().map(|line| format!("{} {} {}", line.account, line.balance, line.currency)).collect();
    assert_eq!(
        lines,
        [
            "wallet:CMR -105000 XAF",
            "wallet:COG -15000 XAF",
            "wallet:GAB -30000 XAF",
            "wallet:SEN 152295 XOF",
            "in-transit:XAF 0 XAF",
            "fx-clearing:XAF 150000 XAF",
            "fx-clearing:XOF -152295 XOF",
        ]
    );
    let totals: Vec<String> =
        balance.totals().unwrap().iter().map(|(currency, total)| format!("{currency} {total}")).collect();
    assert_eq!(totals, ["XAF 0", "XOF 0"]);
}

#[test]
fn a_trial_balance_that_does_not_sum_to_zero_is_an_error() {
    let mut entry = booked(&seed_day()).remove(0);
    entry.postings.pop();
    let mut balance = TrialBalance::new();
    balance.add(&entry).unwrap();
    assert!(matches!(balance.totals(), Err(BooksError::Unbalanced { .. })));
}

#[test]
fn rates_are_newest_first_and_pending_ones_are_never_dropped() {
    let mut rates = Rates::new(2);
    let mut events = after("CMR>SEN", "100000", &[applied("T", Evidence::Conflict, facts("100000", None, None))]);
    for id in ["U", "V", "W"] {
        events.push(decided(vec![intent(id, "CMR>SEN", "100", None)]));
        events.push(applied(id, Evidence::Response, facts("100", Some("101 XOF"), Some("1.0150"))));
    }
    let add = |rates: &mut Rates, events: &[Event]| {
        for entry in booked(events) {
            rates.add(&entry);
        }
    };
    let shown = |rates: &Rates| -> Vec<String> {
        rates.newest_first().iter().map(|row| format!("{} {:?}", row.external_id, row.exchange_rate)).collect()
    };
    add(&mut rates, &events);
    assert_eq!(shown(&rates).len(), 3);
    assert_eq!(rates.pending(), 1);
    assert_eq!(shown(&rates)[2], "T None");

    events.push(found("T", facts("100000", Some("101530 XOF"), Some("1.0153"))));
    let mut rates = Rates::new(9);
    add(&mut rates, &events);
    assert_eq!(rates.pending(), 0);
    let oldest = rates.newest_first()[3];
    assert_eq!((oldest.exchange_rate, oldest.corrected_by), (Some(rate("1.0153")), Some(EntryId(9))));
    assert_eq!(oldest.rate_source, Some(RateSource::Operator));
}

fn compared(events: &[Event]) -> Vec<String> {
    let (mut folder, mut wallets) = (Folder::new(), WalletCheck::new());
    for (seq, event) in (1..).zip(events) {
        wallets.observe(at(seq), event);
        if let Some(entry) = folder.apply(seq, at(seq), event).unwrap() {
            wallets.add(&entry).unwrap();
        }
    }
    let shown = |row: &Difference| {
        format!(
            "{} {} +{} -{} = {}, {} seen: {}",
            row.wallet, row.opening, row.own_in, row.own_out, row.expected, row.closing, row.external
        )
    };
    wallets.differences().unwrap().iter().map(shown).collect()
}

#[test]
fn wallets_agree_with_the_books_but_for_what_others_did() {
    assert_eq!(
        compared(&seed_day()),
        [
            "CMR 200000 +45000 -150000 = 95000, 95000 seen: 0",
            "COG 115000 +0 -15000 = 100000, 100000 seen: 0",
            "GAB 330000 +0 -30000 = 300000, 300000 seen: 0",
            "SEN 0 +152295 -0 = 152295, 152295 seen: 0",
        ]
    );
}

#[test]
fn a_fee_that_only_the_balance_shows_is_external_and_moves_outside_the_observations_do_not_count() {
    // C16: the source loses 1 % more than anybody said. T moves before the first observation, V after the last.
    let move_30000 = |id: &str| applied(id, Evidence::Response, facts("30000", Some("30000 XAF"), Some("1")));
    let three = ["T", "U", "V"].map(|id| intent(id, "GAB>CMR", "30000", None));
    let events = [
        decided(three.to_vec()),
        move_30000("T"),
        observed(&[("GAB", "100000")]),
        move_30000("U"),
        observed(&[("GAB", "69700")]),
        move_30000("V"),
    ];
    assert_eq!(compared(&events), ["GAB 100000 +0 -30000 = 70000, 69700 seen: -300"]);
}

/// A move by hand in an empty journal, whose reply was lost: nothing was observed before it, and the balance that it was
/// decided on is the opening.
#[test]
fn what_a_move_was_decided_on_opens_a_wallet() {
    let mut asked = requested(vec![intent("T", "GAB>CMR", "30000", None)]);
    let Event::Requested { balances, .. } = &mut asked else { unreachable!() };
    let Event::Observed { balances: before, .. } = observed(&[("GAB", "100000"), ("CMR", "0")]) else { unreachable!() };
    *balances = before;
    let moved = || observed(&[("GAB", "70000"), ("CMR", "30000")]);
    let told = found("T", facts("30000", Some("30000 XAF"), Some("1")));
    let explained = ["CMR 0 +30000 -0 = 30000, 30000 seen: 0", "GAB 100000 +0 -30000 = 70000, 70000 seen: 0"];
    assert_eq!(compared(&[asked.clone(), moved(), told.clone(), moved()]), explained);
    // Of later ones only what is observed counts: they may be older than what was booked meanwhile.
    assert_eq!(compared(&[asked.clone(), moved(), told, moved(), asked]), explained);
}

#[test]
fn a_credit_that_is_known_later_counts_since_the_money_moved() {
    let lost = applied("T", Evidence::Conflict, facts("100000", None, None));
    let told = || found("T", facts("100000", Some("101530 XOF"), Some("1.0153")));
    let decided = || decided(vec![intent("T", "CMR>SEN", "100000", None)]);
    let empty = || observed(&[("CMR", "100000"), ("SEN", "0")]);
    let moved = || observed(&[("CMR", "0"), ("SEN", "101530")]);
    let explained = ["CMR 100000 +0 -100000 = 0, 0 seen: 0", "SEN 0 +101530 -0 = 101530, 101530 seen: 0"];
    assert_eq!(compared(&[empty(), decided(), lost.clone(), moved(), told()]), explained);
    assert_eq!(compared(&[empty(), decided(), lost.clone(), moved(), told(), moved()]), explained);
    // First seen when it had moved: nothing moved since.
    let still = ["CMR 0 +0 -0 = 0, 0 seen: 0", "SEN 101530 +0 -0 = 101530, 101530 seen: 0"];
    assert_eq!(compared(&[decided(), lost, moved(), told(), moved()]), still);
}
