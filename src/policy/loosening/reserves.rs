//! Reserves: lower, gone, or on fewer days of the month.

use super::{Difference, Effect, money};
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::{CalendarReserve, PolicySet};
use crate::slot::MonthDays;
use chrono::NaiveDate;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// What of one wallet's floors another set does not hold.
struct Gap {
    wallet: WalletId,
    was: Amount,
    /// `None`: every day of the month.
    during: Option<MonthDays>,
    /// The days that are short, by the floor that is left on them.
    short: BTreeMap<Amount, Vec<u8>>,
}

pub(super) fn compare(old: &PolicySet, new: &PolicySet) -> Vec<Difference> {
    let looser = gaps(old, new).into_iter().map(|gap| told(Effect::Loosens, gap.lost(new)));
    let tighter = gaps(new, old).into_iter().map(|gap| told(Effect::Tightens, gap.won(old)));
    looser.chain(tighter).collect()
}

fn told(effect: Effect, text: String) -> Difference {
    Difference { policy: None, what: "reserve", effect, text }
}

/// Every floor of `one` that `other` does not hold on some day.
fn gaps(one: &PolicySet, other: &PolicySet) -> Vec<Gap> {
    let always = one.reserves.iter().map(|(wallet, amount)| {
        // A floor of every day may be held by days in any one zone that cover the whole month.
        let zones: BTreeSet<&str> = entries(other, *wallet).map(|it| it.zone.name()).collect();
        let shorts = zones.into_iter().filter_map(|zone| zone.parse().ok());
        let best = shorts.map(|zone| short_days(other, *wallet, *amount, &days(None), Some(zone)));
        let none = short_days(other, *wallet, *amount, &days(None), None);
        let short = best.chain([none]).min_by_key(|short| short.values().map(Vec::len).sum::<usize>());
        Gap { wallet: *wallet, was: *amount, during: None, short: short.unwrap_or_default() }
    });
    let calendar = one.calendar.iter().map(|it| {
        let short = short_days(other, it.wallet, it.amount, &days(Some(it.during)), Some(it.zone));
        Gap { wallet: it.wallet, was: it.amount, during: Some(it.during), short }
    });
    always.chain(calendar).filter(|gap| !gap.short.is_empty()).collect()
}

/// The days on which a set's floor is below `amount`, by that floor.
fn short_days(
    set: &PolicySet,
    wallet: WalletId,
    amount: Amount,
    days: &[u8],
    zone: Option<Tz>,
) -> BTreeMap<Amount, Vec<u8>> {
    let always = set.reserves.get(&wallet).copied().unwrap_or(Amount::ZERO);
    let mut short: BTreeMap<Amount, Vec<u8>> = BTreeMap::new();
    for day in days {
        let holds = entries(set, wallet).filter(|it| Some(it.zone) == zone && covers(it.during, *day));
        let floor = holds.map(|it| it.amount).fold(always, Amount::max);
        if floor < amount {
            short.entry(floor).or_default().push(*day);
        }
    }
    short
}

fn entries(set: &PolicySet, wallet: WalletId) -> impl Iterator<Item = &CalendarReserve> {
    set.calendar.iter().filter(move |it| it.wallet == wallet)
}

fn days(during: Option<MonthDays>) -> Vec<u8> {
    (1..=31).filter(|day| during.is_none_or(|during| covers(during, *day))).collect()
}

/// Whether a day of the month is among these; a month of 31 days has them all.
fn covers(during: MonthDays, day: u8) -> bool {
    NaiveDate::from_ymd_opt(2026, 1, u32::from(day)).is_some_and(|date| during.contains(date))
}

impl Gap {
    /// As the loss of a floor, which `set` does not hold.
    fn lost(&self, set: &PolicySet) -> String {
        let (wallet, was) = (self.wallet, money(self.was, self.wallet.currency));
        let left = self.short.keys().next().copied().unwrap_or(Amount::ZERO);
        let whole = self.short.values().map(Vec::len).sum::<usize>() == days(self.during).len();
        let when = self.when(whole);
        if whole && !left.is_positive() && entries(set, wallet).next().is_none() {
            return format!("the reserve of {wallet}{when} is gone; it was {was}");
        }
        format!("the reserve of {wallet}{when} is {} instead of {was}", money(left, wallet.currency))
    }

    /// As the gain of a floor, which `set` did not hold.
    fn won(&self, set: &PolicySet) -> String {
        let (wallet, is) = (self.wallet, money(self.was, self.wallet.currency));
        let before = self.short.keys().next().copied().unwrap_or(Amount::ZERO);
        let whole = self.short.values().map(Vec::len).sum::<usize>() == days(self.during).len();
        let when = self.when(whole);
        if whole && !before.is_positive() && entries(set, wallet).next().is_none() {
            return format!("{wallet} has a reserve of {is}{when}; it had none");
        }
        format!("the reserve of {wallet}{when} is {is} instead of {}", money(before, wallet.currency))
    }

    /// ` on days 24 to 2 of the month`; nothing where it is every day.
    fn when(&self, whole: bool) -> String {
        let runs = if whole {
            let Some(during) = self.during else { return String::new() };
            vec![(during.from(), during.until())]
        } else {
            let mut days: Vec<u8> = self.short.values().flatten().copied().collect();
            days.sort_unstable();
            runs(&days)
        };
        let plural = if matches!(runs[..], [(first, last)] if first == last) { "" } else { "s" };
        let shown =
            |(first, last): &(u8, u8)| if first == last { first.to_string() } else { format!("{first} to {last}") };
        let runs: Vec<String> = runs.iter().map(shown).collect();
        format!(" on day{plural} {} of the month", runs.join(", "))
    }
}

/// Sorted days as runs, from the first to the last of each.
fn runs(days: &[u8]) -> Vec<(u8, u8)> {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *day => *last = *day,
            _ => runs.push((*day, *day)),
        }
    }
    runs
}
