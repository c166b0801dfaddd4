//! When a policy runs, before and after: schedule, active dates, cut-off, holidays, how late it makes up for a run.

use super::{Effect, Sheet, common_lanes, falling, rising};
use crate::model::Lane;
use crate::policy::Policy;
use crate::slot::Schedule;
use chrono::{DateTime, NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

/// The year that is counted begins at 2026-01-01T00:00:00Z, whatever the date is: the same two sets are always judged alike.
const YEAR_START_SECONDS: i64 = 1_767_225_600;

pub(super) fn compare(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = &new.name;
    let (was, is) = (&old.schedule, &new.schedule);
    if was.text() != is.text() {
        let text = format!("{name} runs by `{}` instead of `{}`", is.text(), was.text());
        let (before, now) = (Frequency::of(was), Frequency::of(is));
        let effect = if now.is_within(before) { Effect::Neutral } else { Effect::Loosens };
        sheet.tell(effect, "schedule", text);
    }
    if was.zone() != is.zone() {
        let text = format!("{name} goes by the clock of {} instead of {}", is.zone(), was.zone());
        // A cut-off is a time of that clock.
        let has_cut_off = was.window().not_after.is_some() || is.window().not_after.is_some();
        let more = !Frequency::of(is).is_within(Frequency::of(was));
        let effect = if has_cut_off || more { Effect::Loosens } else { Effect::Neutral };
        sheet.tell(effect, "timezone", text);
    }
    window(sheet, old, new);
    holidays(sheet, old, new);
    if let Some(effect) = rising(old.catch_up, new.catch_up) {
        let (is, was) = (span(new.catch_up), span(old.catch_up));
        sheet.tell(effect, "catch-up", format!("{name} makes up for a slot missed by {is} instead of {was}"));
    }
}

/// How often a schedule runs: over a year from a fixed date, and on its busiest local day.
#[derive(Clone, Copy)]
struct Frequency {
    year: usize,
    busiest_day: usize,
}

/// No more slots than this are counted, about 54 a day: of two schedules with so many nobody knows which has more.
const MOST_COUNTED: usize = 20_000;

impl Frequency {
    /// Holidays, active dates and the cut-off are told for themselves, so they are left out.
    fn of(schedule: &Schedule) -> Self {
        let nothing = Self { year: 0, busiest_day: 0 };
        let Ok(bare) = Schedule::new(schedule.text(), schedule.zone(), BTreeSet::new()) else { return nothing };
        let Some(start) = DateTime::from_timestamp(YEAR_START_SECONDS, 0) else { return nothing };
        let end = start + TimeDelta::days(366);
        let slots = std::iter::successors(bare.next(start), |slot| bare.next(slot.instant()));
        let mut found = nothing;
        let mut today = (NaiveDate::MIN, 0);
        for slot in slots.take_while(|slot| slot.instant() < end).take(MOST_COUNTED) {
            let day = bare.local_date(slot);
            today = if today.0 == day { (day, today.1 + 1) } else { (day, 1) };
            found.year += 1;
            found.busiest_day = found.busiest_day.max(today.1);
        }
        found
    }

    /// Whether it is surely not more often.
    fn is_within(self, before: Self) -> bool {
        self.year < MOST_COUNTED && self.year <= before.year && self.busiest_day <= before.busiest_day
    }
}

fn window(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = &new.name;
    let (was, is) = (old.schedule.window(), new.schedule.window());
    let told = match (was.not_after, is.not_after) {
        (Some(was), Some(is)) => rising(was, is).map(|effect| {
            let text = format!("{name} may send until {} instead of {}", is.format("%H:%M"), was.format("%H:%M"));
            (effect, text)
        }),
        (Some(was), None) => {
            Some((Effect::Loosens, format!("{name} may send until the day ends instead of {}", was.format("%H:%M"))))
        }
        (None, Some(is)) => {
            Some((Effect::Tightens, format!("{name} may send until {} instead of the day's end", is.format("%H:%M"))))
        }
        (None, None) => None,
    };
    if let Some((effect, text)) = told {
        sheet.tell(effect, "not-after", text);
    }
    let from = |date: Option<NaiveDate>| date.unwrap_or(NaiveDate::MIN);
    if let Some(effect) = falling(from(was.from), from(is.from)) {
        let text = match (was.from, is.from) {
            (Some(was), Some(is)) => format!("{name} runs from {is} on instead of {was}"),
            (Some(was), None) => format!("{name} runs without a first day; it was {was}"),
            (None, is) => format!("{name} runs from {} on; it had no first day", from(is)),
        };
        sheet.tell(effect, "active", text);
    }
    let until = |date: Option<NaiveDate>| date.unwrap_or(NaiveDate::MAX);
    if let Some(effect) = rising(until(was.until), until(is.until)) {
        let text = match (was.until, is.until) {
            (Some(was), Some(is)) => format!("{name} runs until {is} instead of {was}"),
            (Some(was), None) => format!("{name} runs without a last day; it was {was}"),
            (None, is) => format!("{name} runs until {}; it had no last day", until(is)),
        };
        sheet.tell(effect, "active", text);
    }
}

/// Dates on which a lane stands still, wherever that is written: for the policy, or for one of its countries.
fn holidays(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = new.name.clone();
    let lanes = common_lanes(old, new);
    for (effect, verb, one, other) in
        [(Effect::Loosens, "runs", old, new), (Effect::Tightens, "does not run", new, old)]
    {
        let mut by_date: BTreeMap<NaiveDate, Vec<Lane>> = BTreeMap::new();
        for lane in &lanes {
            for date in still(one, *lane).difference(&still(other, *lane)) {
                by_date.entry(*date).or_default().push(*lane);
            }
        }
        let mut by_lanes: BTreeMap<Vec<Lane>, Vec<String>> = BTreeMap::new();
        for (date, on) in by_date {
            by_lanes.entry(on).or_default().push(date.to_string());
        }
        for (on, dates) in by_lanes {
            let everywhere = on.len() == lanes.len();
            let on: Vec<String> = on.iter().map(ToString::to_string).collect();
            let over = if everywhere { String::new() } else { format!(" over {}", on.join(", ")) };
            let text = format!("{name} {verb}{over} on {}", dates.join(", "));
            let was = if effect == Effect::Loosens { "it stood still" } else { "it did" };
            sheet.tell(effect, "holidays", format!("{text}; {was}"));
        }
    }
}

fn still(policy: &Policy, lane: Lane) -> BTreeSet<NaiveDate> {
    let countries = [lane.from.country, lane.to.country];
    let closed = countries.iter().filter_map(|country| policy.closed.get(country)).flatten();
    closed.chain(policy.schedule.holidays()).copied().collect()
}

/// `6h`, `1h 30min`.
pub(super) fn span(time: TimeDelta) -> String {
    let minutes = time.num_minutes().max(0);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes}min"),
        (hours, 0) => format!("{hours}h"),
        (hours, minutes) => format!("{hours}h {minutes}min"),
    }
}
