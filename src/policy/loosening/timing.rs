//! When a policy runs, before and after: schedule, active dates, cut-off, holidays, how late it makes up for a run.

use super::{Effect, Sheet, common_lanes, falling, rising};
use crate::model::Lane;
use crate::policy::Policy;
use chrono::{NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn compare(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let name = &new.name;
    let (was, is) = (&old.schedule, &new.schedule);
    if was.text() != is.text() {
        let text = format!("{name} runs by `{}` instead of `{}`", is.text(), was.text());
        // A schedule with more slots a day is told by the worst case, where that rises.
        sheet.tell(Effect::Neutral, "schedule", text);
    }
    if was.zone() != is.zone() {
        let text = format!("{name} goes by the clock of {} instead of {}", is.zone(), was.zone());
        sheet.tell(Effect::Neutral, "timezone", text);
    }
    window(sheet, old, new);
    holidays(sheet, old, new);
    if let Some(effect) = rising(old.catch_up, new.catch_up) {
        let (is, was) = (span(new.catch_up), span(old.catch_up));
        sheet.tell(effect, "catch-up", format!("{name} makes up for a slot missed by {is} instead of {was}"));
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
