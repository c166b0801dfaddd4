//! The words of French sentences: schedules, dates, spans of time, countries with their articles, figures.

use crate::model::{WalletId, listed};
use crate::money::{Amount, Country, Currency, Money, Percent};
use crate::policy::explain::place;
use crate::slot::{PlainSchedule, Schedule, Unit};
use chrono::{Datelike, NaiveDate, NaiveTime, TimeDelta, Timelike, Weekday};
use chrono_tz::Tz;
use rust_decimal::Decimal;

/// No-break space: before `:`, between a figure and its unit.
pub(super) const NB: char = '\u{a0}';
/// Narrow no-break space: between groups of digits, before `;` and `%`.
pub(super) const NNB: char = '\u{202f}';

/// `du lundi au vendredi à 18 h`.
pub(super) fn runs(schedule: &Schedule) -> String {
    match schedule.plain() {
        None => format!("selon le calendrier `{}`", schedule.text()),
        Some(PlainSchedule::Daily { times }) => format!("tous les jours à {}", times_in_words(&times)),
        Some(PlainSchedule::Every { count: 1, unit }) => format!("toutes les {}s", unit_name(unit)),
        Some(PlainSchedule::Every { count, unit }) => format!("toutes les {count}{NB}{}s", unit_name(unit)),
        Some(PlainSchedule::Weekdays { days, times }) => {
            format!("{} à {}", weekdays(&days), times_in_words(&times))
        }
        Some(PlainSchedule::MonthDays { days, last, times }) => {
            let mut days: Vec<String> = days.into_iter().map(|day| format!("le {}", ordinal(u32::from(day)))).collect();
            if last {
                days.push("le dernier jour".to_owned());
            }
            format!("{} de chaque mois à {}", listed(&days, "et"), times_in_words(&times))
        }
    }
}

/// All of them are feminine.
fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Second => "seconde",
        Unit::Minute => "minute",
        Unit::Hour => "heure",
    }
}

fn weekdays(days: &[Weekday]) -> String {
    let names: Vec<&str> = days.iter().map(|day| weekday(*day)).collect();
    let consecutive = days.windows(2).all(|pair| pair[0].succ() == pair[1]);
    match names.as_slice() {
        [only] => format!("tous les {only}s"),
        [first, _, .., last] if consecutive => format!("du {first} au {last}"),
        names => format!("les {}", listed(&names.iter().map(|name| format!("{name}s")).collect::<Vec<_>>(), "et")),
    }
}

fn weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "lundi",
        Weekday::Tue => "mardi",
        Weekday::Wed => "mercredi",
        Weekday::Thu => "jeudi",
        Weekday::Fri => "vendredi",
        Weekday::Sat => "samedi",
        Weekday::Sun => "dimanche",
    }
}

fn times_in_words(times: &[NaiveTime]) -> String {
    listed(&times.iter().map(|time| hour(*time)).collect::<Vec<_>>(), "et")
}

pub(super) fn active(from: Option<NaiveDate>, until: Option<NaiveDate>) -> String {
    match (from, until) {
        (Some(from), Some(until)) => format!("Seulement du {} au {} inclus.", date(from), date(until)),
        (Some(from), None) => format!("Seulement à partir du {}.", date(from)),
        (None, Some(until)) => format!("Seulement jusqu'au {} inclus.", date(until)),
        (None, None) => String::new(),
    }
}

/// `heure de Douala (Africa/Douala)`.
pub(super) fn clock(zone: Tz) -> String {
    if zone == Tz::UTC {
        return "heure UTC".to_owned();
    }
    let place = place(zone);
    let vowel = place.starts_with(['A', 'E', 'I', 'O', 'U', 'Y']);
    let of = if vowel { "d'" } else { "de " };
    format!("heure {of}{place} ({})", zone.name())
}

/// A country with what its article needs to know.
pub(super) enum Name {
    Masculine(&'static str),
    Feminine(&'static str),
    Elided(&'static str),
    Bare(String),
}

impl Name {
    pub(super) fn of(country: Country) -> Self {
        match country {
            Country::CMR => Self::Masculine("Cameroun"),
            Country::GAB => Self::Masculine("Gabon"),
            Country::COG => Self::Masculine("Congo-Brazzaville"),
            Country::SEN => Self::Masculine("Sénégal"),
            Country::CIV => Self::Feminine("Côte d'Ivoire"),
            Country::BEN => Self::Masculine("Bénin"),
            Country::KEN => Self::Masculine("Kenya"),
            Country::COD => Self::Feminine("RD Congo"),
            Country::UGA => Self::Elided("Ouganda"),
            Country::RWA => Self::Masculine("Rwanda"),
            Country::SLE => Self::Feminine("Sierra Leone"),
            Country::ZMB => Self::Feminine("Zambie"),
            other => Self::Bare(other.code().to_owned()),
        }
    }

    fn bare(&self) -> &str {
        match self {
            Self::Masculine(name) | Self::Feminine(name) | Self::Elided(name) => name,
            Self::Bare(name) => name,
        }
    }

    /// `le Gabon`.
    pub(super) fn le(&self) -> String {
        match self {
            Self::Masculine(name) => format!("le {name}"),
            Self::Feminine(name) => format!("la {name}"),
            Self::Elided(name) => format!("l'{name}"),
            Self::Bare(name) => name.clone(),
        }
    }

    /// `du Gabon`.
    pub(super) fn de(&self) -> String {
        match self {
            Self::Masculine(name) => format!("du {name}"),
            Self::Feminine(name) => format!("de la {name}"),
            Self::Elided(name) => format!("de l'{name}"),
            Self::Bare(name) => format!("de {name}"),
        }
    }
}

pub(super) fn name(wallet: WalletId) -> String {
    Name::of(wallet.country).bare().to_owned()
}

pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

pub(super) fn money(amount: Amount, wallet: WalletId) -> String {
    shown(&Money { amount, currency: wallet.currency })
}

fn shown(money: &Money) -> String {
    format!("{}{NB}{}", decimal(money.amount.decimal()), money.currency)
}

/// `1 250 000,5` with narrow no-break spaces.
pub(super) fn decimal(figure: Decimal) -> String {
    Amount::new(figure).grouped().replace(' ', &NNB.to_string()).replace('.', ",")
}

pub(super) fn percent(share: Percent) -> String {
    format!("{}{NNB}%", decimal(share.percent()))
}

pub(super) fn and(amounts: &[Money]) -> String {
    listed(&amounts.iter().map(shown).collect::<Vec<_>>(), "et")
}

pub(super) fn or(amounts: &[Money]) -> String {
    listed(&amounts.iter().map(shown).collect::<Vec<_>>(), "ou")
}

/// `en XAF ni en XOF`.
pub(super) fn codes(currencies: &[Currency]) -> String {
    listed(&currencies.iter().map(|currency| format!("en {currency}")).collect::<Vec<_>>(), "ni")
}

pub(super) fn pairs_in_words(pairs: &[(Currency, Currency)], and: &str) -> String {
    listed(&pairs.iter().map(|(from, to)| format!("de {from} en {to}")).collect::<Vec<_>>(), and)
}

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// `1er janvier 2027`, `25 décembre 2026`.
fn date(date: NaiveDate) -> String {
    let month = usize::try_from(date.month0()).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
    format!("{}{NB}{month} {}", ordinal(date.day()), date.year())
}

/// `le 25 décembre 2026 et le 1er janvier 2027`.
pub(super) fn dates_in_words(dates: &[NaiveDate]) -> String {
    listed(&dates.iter().map(|it| format!("le {}", date(*it))).collect::<Vec<_>>(), "et")
}

pub(super) fn ordinal(day: u32) -> String {
    if day == 1 { "1er".to_owned() } else { day.to_string() }
}

/// `16 h 30`, `16 h`.
pub(super) fn hour(time: NaiveTime) -> String {
    let (hour, minute) = (time.hour(), time.minute());
    if minute == 0 { format!("{hour}{NB}h") } else { format!("{hour}{NB}h{NB}{minute:02}") }
}

/// `1 heure 30 minutes`.
pub(super) fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let counted = |count: i64, unit: &str| format!("{count}{NB}{unit}{}", if count < 2 { "" } else { "s" });
    let units = [(seconds / 3_600, "heure"), (seconds / 60 % 60, "minute"), (seconds % 60, "seconde")];
    let parts: Vec<String> = units.into_iter().filter(|(n, _)| *n > 0).map(|(n, unit)| counted(n, unit)).collect();
    if parts.is_empty() { counted(0, "seconde") } else { parts.join(" ") }
}
