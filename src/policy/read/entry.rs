//! One entry of `policies`.

use super::calendar::{Closed, Rest};
use super::payees::Book;
use super::rule::RuleDraft;
use super::tree::{Node, Value};
use super::walk::Fields;
use super::{cases, fx, limits, rule, trust};
use crate::model::Lane;
use crate::policy::findings::{Findings, Place};
use crate::policy::keys::POLICY;
use crate::policy::{Mode, Policy};
use crate::slot::{Schedule, Window};
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

const DEFAULT_PRIORITY: i64 = 100;
const DEFAULT_CATCH_UP: TimeDelta = TimeDelta::hours(6);
const CATCH_UP_SECONDS: RangeInclusive<i64> = 1..=24 * 60 * 60;
const CATCH_UP_HINT: &str = "from 1s to 24h; the default is 6h";

/// A policy as far as it could be read.
#[derive(Debug)]
pub struct PolicyDraft {
    pub name: Option<(String, Place)>,
    pub lanes: Vec<(Lane, Place)>,
    /// Where its keys stand.
    pub places: Places,
    /// `None` where something in it is wrong.
    pub policy: Option<Policy>,
}

/// Where the keys of a policy stand, by their path: `schedule`, `limits.max_per_day`, `sweep.above`.
#[derive(Debug)]
pub struct Places {
    /// Where the policy begins.
    start: Place,
    keys: BTreeMap<String, Place>,
}

impl Places {
    fn of(node: &Node) -> Self {
        let mut keys = BTreeMap::new();
        gather(node, "", &mut keys);
        Self { start: node.place, keys }
    }

    /// Where a key stands; where the policy begins if it is not there.
    pub fn key(&self, path: &str) -> Place {
        self.keys.get(path).copied().unwrap_or(self.start)
    }
}

/// Keys of maps inside maps; what stands in lists has places of its own.
fn gather(node: &Node, above: &str, keys: &mut BTreeMap<String, Place>) {
    let Value::Map(entries) = &node.value else { return };
    for entry in entries {
        let path = if above.is_empty() { entry.key.clone() } else { format!("{above}.{}", entry.key) };
        gather(&entry.node, &path, keys);
        keys.insert(path, entry.place);
    }
}

pub fn read(findings: &mut Findings, node: &Node, zone: Tz, book: &Book) -> Option<PolicyDraft> {
    let fields = findings.fields(node, &POLICY)?;
    let name = fields.get("name").and_then(|field| Some((findings.name(field)?, field.node.place)));
    let description = fields.get("description").and_then(|field| findings.line(field)).unwrap_or_default();
    let holidays = fields.get("holidays").map(|field| findings.holidays(field)).unwrap_or_default();
    let schedule = schedule(findings, &fields, zone, holidays.of_all);
    let drawn = rule::read(findings, &fields, book);
    let closed = closed(findings, holidays.by_country, &drawn);
    let fx = fx::read(findings, &fields, &drawn.lanes);
    let limits = fields.get("limits").map(|field| limits::read(findings, field, &drawn.lanes)).unwrap_or_default();
    let mode = fields.get("mode").map_or(Some(Mode::default()), |field| findings.mode(field));
    let canary = trust::canary(findings, &fields, mode, &drawn.lanes);
    let approval = fields.get("approval").map(|field| trust::approval(findings, field, &drawn.lanes));
    let enabled = fields.get("enabled").map_or(Some(true), |field| findings.flag(field));
    let priority = fields.get("priority").map_or(Some(DEFAULT_PRIORITY), |field| findings.priority(field));
    let catch_up = fields
        .get("catch_up")
        .map_or(Some(DEFAULT_CATCH_UP), |field| findings.duration(field, CATCH_UP_SECONDS, CATCH_UP_HINT));
    let lanes = drawn.lanes_complete.then_some(drawn.lanes.as_slice());
    let tests = fields
        .get("tests")
        .map(|field| cases::read(findings, field, zone, &cases::Known { lanes, book }))
        .unwrap_or_default();

    let file = findings.file().to_owned();
    let whole = || {
        let (name, name_at) = name.clone()?;
        Some(Policy {
            name,
            description,
            file,
            line: name_at.line,
            schedule: schedule?,
            rule: drawn.rule?,
            limits,
            fx: fx?,
            approval: approval.flatten(),
            mode: mode?,
            canary,
            enabled: enabled?,
            priority: priority?,
            catch_up: catch_up?,
            closed,
            tests,
        })
    };
    let policy = whole();
    let places = Places::of(node);
    Some(PolicyDraft { name, lanes: drawn.lanes, places, policy })
}

/// When the policy fires. What is wrong with the days does not hide what is wrong with the schedule.
fn schedule(findings: &mut Findings, fields: &Fields<'_>, zone: Tz, holidays: BTreeSet<NaiveDate>) -> Option<Schedule> {
    let (from, until) = fields.get("active").map(|field| findings.active(field)).unwrap_or_default();
    let not_after = fields.get("not_after").and_then(|field| findings.time_of_day(field));
    let field = fields.get("schedule")?;
    let text = findings.text(field.node, "`schedule`")?.trim();
    match Schedule::new(text, zone, holidays) {
        Ok(schedule) => Some(schedule.with_window(Window { from, until, not_after })),
        Err(error) => {
            let hint = "cron, minute hour day month weekday: \"0 18 * * MON-FRI\"; or words: daily at 18:00";
            findings.error(field.node.place, "bad-schedule", crate::model::tame(&error.to_string(), 200), hint);
            None
        }
    }
}

/// The days on which lanes of single countries rest; each should be one that the policy touches.
fn closed(findings: &mut Findings, by_country: Vec<Rest>, drawn: &RuleDraft) -> Closed {
    for (country, place, _) in &by_country {
        let touches = |(lane, _): &(Lane, Place)| [lane.from.country, lane.to.country].contains(country);
        if drawn.lanes_complete && !drawn.lanes.iter().any(touches) {
            let message = format!("no lane of this policy goes from or to {country}, so its holidays change nothing");
            findings.warning(*place, "holiday-unused", message, "take it out, or name a country of the policy");
        }
    }
    by_country.into_iter().map(|(country, _, dates)| (country, dates)).collect()
}
