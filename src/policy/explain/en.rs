//! English, as a treasurer reads it aloud.

mod payout;
mod words;

use super::Words;
use super::facts::{Fact, Floor, Part, Topic};
use crate::model::listed;
use crate::model::{End, tame};
use crate::money::Country;
use crate::policy::compared::Compared;
use std::cmp::Ordering;
pub(super) use words::runs;
use words::{active, and, clock, codes, dates_in_words, money, name, names, or, ordinal, pairs_in_words, span};

pub(super) struct English;

impl Words for English {
    fn heading(&self, topic: Topic) -> &'static str {
        match topic {
            Topic::Status => "Status",
            Topic::When => "When",
            Topic::What => "What it does",
            Topic::Limits => "Limits",
            Topic::Exchange => "Currencies",
            Topic::Approval => "Approval",
            Topic::Order => "Order",
            Topic::Never => "What it never does",
        }
    }

    fn sentence(&self, fact: &Fact<'_>) -> String {
        match fact {
            Fact::Off => "Switched off: it does not run until somebody switches it on. Then:".to_owned(),
            Fact::Live => "Live: its transfers are real.".to_owned(),
            Fact::Shadow => "On trial, in shadow: it reports what it would send, and sends nothing.".to_owned(),
            Fact::Canary { share, max } => {
                let most = match max.as_slice() {
                    [] => String::new(),
                    max => format!(", and at most {} from one wallet to another in one run", or(max)),
                };
                format!(
                    "On trial, as a canary: it decides as if it were live, then sends {share} of each amount{most}."
                )
            }
            Fact::Runs(schedule) => format!("Runs {}, {}.", runs(schedule), clock(schedule.zone())),
            Fact::NoRunOn(dates) => format!("Does not run on {}.", dates_in_words(dates)),
            Fact::ClosedFor { countries, dates } => {
                format!("Moves nothing from or to {} on {}.", names(countries, "or"), dates_in_words(dates))
            }
            Fact::Active { from, until } => active(*from, *until),
            Fact::NotAfter(time) => {
                format!(
                    "After {} of that day nothing is decided, and nothing is sent for the first time.",
                    time.format("%H:%M")
                )
            }
            Fact::CatchUp(limit) => {
                format!("A run that is missed is made up for within {}; after that it is left out.", span(*limit))
            }
            Fact::MinTransfer(least) => format!("Amounts under {} are not sent.", or(least)),
            Fact::MaxTransfer(most) => {
                format!("One transfer is at most {}; a larger amount is sent in parts.", or(most))
            }
            Fact::PerRun(most) => format!("At most {} leave in one run, all wallets together.", and(most)),
            Fact::PerDay(most) => format!("At most {} leave on one day, all wallets together.", and(most)),
            Fact::RoundDown(step) => format!("Amounts are rounded down to a multiple of {}; the rest stays.", or(step)),
            Fact::NoLimitPerRun(currencies) => {
                format!("There is no limit on what leaves in one run in {}.", codes(currencies, "or"))
            }
            Fact::NoLimitPerDay(currencies) => {
                format!("There is no limit on what leaves on one day in {}.", codes(currencies, "or"))
            }
            Fact::Priority(number) => {
                format!("Where several policies are due at once, the lower number goes first; this one has {number}.")
            }
            what => what_it_does(what)
                .or_else(|| exchange(what))
                .or_else(|| approval(what))
                .or_else(|| never(what))
                .unwrap_or_default(),
        }
    }

    fn of_payout(&self, fact: &Fact<'_>) -> Option<String> {
        payout::sentence(fact)
    }

    fn floors_heading(&self) -> &'static str {
        "Reserves, for every policy and for whatever is sent by hand"
    }

    fn floor(&self, floor: &Floor) -> String {
        let (country, amount) = (name(floor.wallet), money(floor.amount, floor.wallet));
        let Some((days, zone)) = floor.during else { return format!("{country} always keeps at least {amount}.") };
        let (from, until) = (ordinal(days.from()), ordinal(days.until()));
        let days = match days.from().cmp(&days.until()) {
            Ordering::Equal => format!("on the {from} of each month"),
            Ordering::Less => format!("from the {from} to the {until} of each month"),
            Ordering::Greater => format!("from the {from} of each month to the {until} of the next"),
        };
        format!("{country} keeps at least {amount} {days}, {}.", clock(zone))
    }

    fn footer(&self, hash: &str) -> String {
        format!("Made from the policies with the hash {hash}.")
    }
}

fn what_it_does(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::Sweep { into, portion } => {
            let into = name(*into);
            match portion {
                Part::All => {
                    format!("Sends to {into} everything over what stays, from these wallets in this order:")
                }
                Part::Share(share) => format!(
                    "Sends to {into} {share} of everything over what stays, rounded down, from these wallets in this order:"
                ),
                Part::Fixed(amounts) => format!(
                    "Sends to {into} exactly {} from each of these wallets, or nothing from one that has less than that \
                     over what stays, in this order:",
                    or(amounts)
                ),
            }
        }
        Fact::SweepSource { wallet, above, keep } => {
            let stays = if keep.is_positive() {
                format!("{} stay there", money(*keep, *wallet))
            } else {
                "nothing has to stay there".to_owned()
            };
            format!("{}, when it holds more than {}; {stays}.", name(*wallet), money(*above, *wallet))
        }
        Fact::TopUp { wallet, below, to } => format!(
            "When {} holds less than {}, what is on its way there included, it is filled up to {} from these wallets in \
             this order:",
            name(*wallet),
            money(*below, *wallet),
            money(*to, *wallet)
        ),
        Fact::TopUpSource { wallet, keep } if keep.is_positive() => {
            format!("{}, which keeps {}.", name(*wallet), money(*keep, *wallet))
        }
        Fact::TopUpSource { wallet, .. } => format!("{}, which keeps its reserve and nothing more.", name(*wallet)),
        Fact::TopUpShort => {
            "Where they have too little together, what they have is sent, and what is missing is reported.".to_owned()
        }
        Fact::Payout { source, to, name: called, part } => {
            let receiver = called.map_or_else(|| to.to_string(), |called| format!("{called} ({to})"));
            let of = |amount| money(amount, source.wallet);
            format!(
                "When {} holds more than {}, pays what is over {} out to {receiver}, in parts of at most {}. KPay \
                 takes its fee out of each part, so that less arrives.",
                name(source.wallet),
                of(source.above),
                of(source.keep),
                of(*part)
            )
        }
        Fact::Rebalance { base } => {
            format!("Keeps these wallets at these shares of what they hold together, counted in {base}:")
        }
        Fact::Weight { wallet, share } => format!("{}: {share}", name(*wallet)),
        Fact::Tolerance(points) => {
            let points = points.percent();
            let plural = if points == rust_decimal::Decimal::ONE { "" } else { "s" };
            format!(
                "When a share is off by more than {points} point{plural}, money moves back to these shares in as few \
                 transfers as possible."
            )
        }
        _ => return None,
    })
}

fn exchange(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::OneCurrency(currency) => format!("The money stays in {currency}."),
        Fact::Changes(pairs) => {
            format!(
                "The money changes its currency on the way, at KPay's rate of that moment: {}.",
                pairs_in_words(pairs)
            )
        }
        Fact::ChangeForbidden(pairs) => {
            format!("Nothing moves where money would change its currency: {}.", pairs_in_words(pairs))
        }
        Fact::AnyRate => "KPay's rate is not compared with anything: any rate is accepted.".to_owned(),
        Fact::Spread { most, pair: (from, to), against } => {
            let rate = format!("KPay's rate from {from} to {to}");
            let off = format!("Nothing is sent while {rate} is more than {most} off");
            match against {
                Compared::Peg => format!("{off} the euro's peg (1 {from} = 1 {to})."),
                Compared::Written(rate) => format!("{off} the rate written here (1 {from} = {rate} {to})."),
                Compared::WrittenInverse(rate) => format!("{off} the rate written here (1 {to} = {rate} {from})."),
                Compared::Last => {
                    format!("{off} the one it last applied; as long as there is none, nothing is sent.")
                }
                Compared::Nothing => format!("There is nothing to compare {rate} with, so nothing is sent."),
            }
        }
        _ => return None,
    })
}

fn approval(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::Approval { above, approvers, from } => {
            let who = waits_for(*approvers, from);
            format!("More than {} from one wallet to another in one run waits until {who}.", or(above))
        }
        Fact::ApprovedWithin(limit) => {
            format!("What is not approved within {} of the run is cancelled.", span(*limit))
        }
        Fact::NoApproval(currencies) => format!("No amount in {} needs approval.", codes(currencies, "or")),
        _ => return None,
    })
}

/// Who has to approve.
fn waits_for(approvers: u8, from: &[String]) -> String {
    let from: Vec<String> = from.iter().map(|name| tame(name, 60)).collect();
    match (from.len(), approvers) {
        (0, 1) => "one person has approved".to_owned(),
        (0, many) => format!("{many} different people have approved"),
        (1, _) => format!("{} has approved", from[0]),
        (2, 2) => format!("{} have both approved", listed(&from, "and")),
        (all, many) if all == usize::from(many) => format!("{} have all approved", listed(&from, "and")),
        (_, 1) => format!("{} has approved", listed(&from, "or")),
        (_, many) => format!("{many} of {} have approved", listed(&from, "and")),
    }
}

fn never(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::NeverElsewhere(ends) if ends.iter().any(|end| end.payee.is_some()) => {
            let paid: Vec<String> = ends.iter().map(End::to_string).collect();
            format!("It never sends money to anybody but {}.", listed(&paid, "or"))
        }
        Fact::NeverElsewhere(wallets) => {
            let countries: Vec<Country> = wallets.iter().map(|wallet| wallet.country).collect();
            format!("It never sends money anywhere but to {}.", names(&countries, "or"))
        }
        Fact::NeverBelow(kept) => {
            let kept: Vec<String> = kept
                .iter()
                .map(|(wallet, keep)| format!("{} below {}", name(*wallet), money(*keep, *wallet)))
                .collect();
            format!("It never takes {}.", listed(&kept, "or"))
        }
        Fact::NeverBelowReserve => "It never takes a wallet below its reserve.".to_owned(),
        Fact::NeverChanges => "It never changes money from one currency into another.".to_owned(),
        Fact::NeverOnItsWay => "It never spends money that is still on its way.".to_owned(),
        Fact::NeverTwice => "It never makes the same transfer twice.".to_owned(),
        Fact::NeverSends => "As long as this stands, it never sends anything.".to_owned(),
        _ => return None,
    })
}
