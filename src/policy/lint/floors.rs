//! Floors that contradict each other: a reserve over a rule's trigger, or over the level it fills to.
//!
//! A calendar reserve over `keep` is what calendar reserves are for, and no finding; one over the level of a top-up is,
//! because the wallet then stays below its floor on just those days.

use super::{Report, Reserves, Subject, money};
use crate::policy::findings::Place;
use crate::policy::{Rule, Source, TopUp};

pub(super) fn check<'d>(report: &mut Report<'d>, subject: &Subject<'d>, reserves: &Reserves<'_>) {
    match &subject.policy.rule {
        Rule::Sweep(sweep) => {
            for (source, (_, place)) in sweep.sources.iter().zip(subject.lanes) {
                check_source(report, subject, source, *place, reserves);
            }
        }
        Rule::TopUp(top_up) => check_top_up(report, subject, top_up, reserves),
        Rule::Payout(payout) => {
            for (_, place) in subject.lanes {
                check_source(report, subject, &payout.source, *place, reserves);
            }
        }
        Rule::Rebalance(_) => {}
    }
}

fn check_source<'d>(
    report: &mut Report<'d>,
    subject: &Subject<'d>,
    source: &Source,
    at: Place,
    reserves: &Reserves<'_>,
) {
    let (wallet, currency) = (source.wallet, source.wallet.currency);
    let reserve = reserves.always(wallet);
    // A small `keep` under a reserve for all is an ordinary set-up: the larger of the two stays.
    if reserve <= source.above {
        return;
    }
    let message = format!(
        "the reserve of {wallet} is {}, so the trigger of {} has no effect: nothing moves below the reserve",
        money(reserve, currency),
        money(source.above, currency)
    );
    let hint = "raise `above` to the reserve, or lower the reserve";
    report.warning(subject, at, "reserve-over-keep", message, hint);
}

fn check_top_up<'d>(report: &mut Report<'d>, subject: &Subject<'d>, top_up: &TopUp, reserves: &Reserves<'_>) {
    let (wallet, currency) = (top_up.wallet, top_up.wallet.currency);
    let always = reserves.always(wallet);
    let over = |it: &&crate::policy::CalendarReserve| it.wallet == wallet && it.amount > top_up.to;
    let floor = if always > top_up.to {
        Some((always, String::new()))
    } else {
        reserves.calendar.iter().find(over).map(|it| (it.amount, format!(" on the days \"{}\"", it.during)))
    };
    if let Some((floor, when)) = floor {
        let message = format!(
            "{wallet} is filled to {}, under its own reserve of {}{when}",
            money(top_up.to, currency),
            money(floor, currency)
        );
        let hint = "raise `to` to the reserve, or lower the reserve";
        report.warning(subject, subject.places.key("top_up.to"), "reserve-over-level", message, hint);
    }
    for (source, (_, place)) in top_up.sources.iter().zip(subject.lanes).filter(|(it, _)| it.keep.is_positive()) {
        let (wallet, reserve) = (source.wallet, reserves.always(source.wallet));
        if reserve > source.keep {
            let (keep, reserve) = (money(source.keep, wallet.currency), money(reserve, wallet.currency));
            let message = format!("the reserve of {wallet} is {reserve}, so the {keep} of `keep` has no effect");
            let hint = "what stays is the larger of the two: raise `keep` to the reserve, or take it out";
            report.warning(subject, *place, "reserve-over-keep", message, hint);
        }
    }
}
