//! The words of English sentences: schedules, dates, spans of time, countries, money, lists.

use crate::model::{WalletId, listed};
use crate::money::{Amount, Country, Currency, Money};
use crate::policy::explain::place;
use crate::slot::{PlainSchedule, Schedule, Unit};
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Weekday};
use chrono_tz::Tz;

/// `Monday to Friday at 18:00`.
pub(in crate::policy::explain) fn runs(schedule: &Schedule) -> String {
    match schedule.plain() {
        None => format!("by the schedule `{}`", schedule.text()),
        Some(PlainSchedule::Daily { times }) => format!("every day at {}", times_in_words(&times)),
        Some(PlainSchedule::Every { count: 1, unit }) => format!("every {}", unit_name(unit)),
        Some(PlainSchedule::Every { count, unit }) => format!("every {count} {}s", unit_name(unit)),
        Some(PlainSchedule::Weekdays { days, times }) => {
            format!("{} at {}", weekdays(&days), times_in_words(&times))
        }
        Some(PlainSchedule::MonthDays { days, last, times }) => {
            let mut days: Vec<String> = days.into_iter().map(ordinal).collect();
            if last {
                days.push("last day".to_owned());
            }
            format!("on the {} of each month at {}", listed(&days, "and"), times_in_words(&times))
        }
    }
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Second => "second",
        Unit::Minute => "minute",
        Unit::Hour => "hour",
    }
}

fn weekdays(days: &[Weekday]) -> String {
    let names: Vec<String> = days.iter().map(|day| weekday(*day).to_owned()).collect();
    let consecutive = days.windows(2).all(|pair| pair[0].succ() == pair[1]);
    match names.as_slice() {
        [only] => format!("every {only}"),
        [first, _, .., last] if consecutive => format!("{first} to {last}"),
        names => format!("every {}", listed(names, "and")),
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

fn times_in_words(times: &[NaiveTime]) -> String {
    listed(&times.iter().map(|time| time.format("%H:%M").to_string()).collect::<Vec<_>>(), "and")
}

pub(super) fn active(from: Option<NaiveDate>, until: Option<NaiveDate>) -> String {
    match (from, until) {
        (Some(from), Some(until)) => format!("Only from {} to {}, both included.", date(from), date(until)),
        (Some(from), None) => format!("Only from {} on.", date(from)),
        (None, Some(until)) => format!("Only until {}, that day included.", date(until)),
        (None, None) => String::new(),
    }
}

/// `Douala time (Africa/Douala)`.
pub(super) fn clock(zone: Tz) -> String {
    if zone == Tz::UTC { "UTC".to_owned() } else { format!("{} time ({})", place(zone), zone.name()) }
}

pub(super) fn name(wallet: WalletId) -> String {
    wallet.country.name().to_owned()
}

pub(super) fn names(countries: &[Country], and: &str) -> String {
    listed(&countries.iter().map(|country| country.name().to_owned()).collect::<Vec<_>>(), and)
}

pub(super) fn money(amount: Amount, wallet: WalletId) -> String {
    Money { amount, currency: wallet.currency }.to_string()
}

pub(super) fn and(amounts: &[Money]) -> String {
    listed(&amounts.iter().map(ToString::to_string).collect::<Vec<_>>(), "and")
}

pub(super) fn or(amounts: &[Money]) -> String {
    listed(&amounts.iter().map(ToString::to_string).collect::<Vec<_>>(), "or")
}

pub(super) fn codes(currencies: &[Currency], and: &str) -> String {
    listed(&currencies.iter().map(ToString::to_string).collect::<Vec<_>>(), and)
}

pub(super) fn pairs_in_words(pairs: &[(Currency, Currency)]) -> String {
    listed(&pairs.iter().map(|(from, to)| format!("{from} into {to}")).collect::<Vec<_>>(), "and")
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn date(date: NaiveDate) -> String {
    let month = usize::try_from(date.month0()).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
    format!("{} {month} {}", date.day(), date.year())
}

pub(super) fn dates_in_words(dates: &[NaiveDate]) -> String {
    listed(&dates.iter().map(|it| date(*it)).collect::<Vec<_>>(), "and")
}

pub(super) fn ordinal(day: u8) -> String {
    let ending = match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{day}{ending}")
}

/// `1 hour 30 minutes`.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let parts = [(seconds / 3_600, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second")];
    let counted = |(count, unit): (i64, &str)| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    let parts: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(counted).collect();
    if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(" ") }
}
