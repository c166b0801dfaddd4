//! Whether a policy's slot is up for decision, and for which of its lanes: schedule, holidays, active dates, cut-off,
//! `catch_up`, and what is decided already.

use super::refusal::Refusal;
use super::{Inputs, Reason};
use crate::model::{End, Lane, Slot};
use crate::planted::{self, Mistake};
use crate::policy::Policy;
use crate::slot::Latest;
use chrono::{NaiveDate, TimeDelta};

/// One policy's turn at one instant.
pub(super) struct Turn<'t, 'a> {
    inputs: &'t Inputs<'a>,
    policy: &'t Policy,
    latest: Latest,
    /// For people: when it fires next.
    next: String,
}

impl<'t, 'a> Turn<'t, 'a> {
    pub(super) fn new(inputs: &'t Inputs<'a>, policy: &'t Policy) -> Self {
        let latest = policy.schedule.latest(inputs.now);
        let next = next_slot(policy, policy.schedule.next(inputs.now));
        Self { inputs, policy, latest, next }
    }

    /// The latest instant of the schedule, a holiday's too.
    pub(super) fn slot(&self) -> Option<Slot> {
        match self.latest {
            Latest::Slot(slot) | Latest::Holiday(slot) | Latest::Inactive(slot) => Some(slot),
            Latest::None => None,
        }
    }

    /// Why nothing of this policy moves whatever its slot: it is switched off or paused.
    pub(super) fn silenced(&self) -> Option<Refusal> {
        let (name, standing) = (&self.policy.name, self.inputs.standing);
        if !self.policy.enabled {
            return Some(Refusal::new(
                Reason::Disabled,
                format!("policy `{name}` is switched off (`enabled: false`)"),
                format!("`enabled: true` is set and {}", self.next),
            ));
        }
        let (what, command) = if standing.paused_all && !planted::is(Mistake::DecidedInAPause) {
            ("everything is".to_owned(), "treasuryd resume".to_owned())
        } else if standing.paused.contains(name) {
            (format!("policy `{name}` is"), format!("treasuryd resume {name}"))
        } else {
            return None;
        };
        let remedy = format!("`{command}` ends the pause and {}", self.next);
        Some(Refusal::new(Reason::Paused, format!("{what} paused by an operator"), remedy))
    }

    /// The slot that is up for a lane, or why none is. A lane that another policy moved for this very slot is closed
    /// too, but the slot is up ([`Reason::was_not_up`]).
    pub(super) fn slot_for(&self, lane: Lane, in_force: impl Fn(&str) -> bool) -> Result<Slot, Refusal> {
        let slot = match self.latest {
            Latest::None => {
                return Err(self.because(lane, Reason::NotDue, "the schedule had no slot in the last eight years"));
            }
            Latest::Holiday(slot) => {
                let date = self.policy.schedule.local_date(slot);
                return Err(self.because(lane, Reason::Holiday, format!("{date} is a holiday of the policy")));
            }
            Latest::Inactive(slot) => return Err(self.because(lane, Reason::Inactive, self.outside(slot))),
            Latest::Slot(slot) => slot,
        };
        let closed = self
            .decided_by_policy(slot, lane)
            .or_else(|| self.rests(slot, lane))
            .or_else(|| self.older_than_decision_on(slot, lane))
            .or_else(|| self.too_old(slot, lane))
            .or_else(|| self.decided_on_lane(slot, lane, in_force));
        closed.map_or(Ok(slot), Err)
    }

    fn decided_by_policy(&self, slot: Slot, lane: Lane) -> Option<Refusal> {
        let decided = self.inputs.standing.decided.get(&self.policy.name)?;
        if slot == decided.slot && !decided.left_open.contains(&lane) {
            return Some(self.because(lane, Reason::AlreadyDone, format!("slot {slot} is decided already")));
        }
        let detail = || format!("slot {slot} is older than {}, the last one this policy decided", decided.slot);
        (slot < decided.slot).then(|| self.because(lane, Reason::Missed, detail()))
    }

    fn older_than_decision_on(&self, slot: Slot, lane: Lane) -> Option<Refusal> {
        let last = self.inputs.standing.lanes.get(&lane)?;
        let detail = || format!("slot {slot} is older than {}, the last one decided on {lane}", last.slot);
        (slot < last.slot).then(|| self.because(lane, Reason::Missed, detail()))
    }

    /// A holiday at either end of the lane.
    fn rests(&self, slot: Slot, lane: Lane) -> Option<Refusal> {
        let date = self.policy.schedule.local_date(slot);
        let end = [lane.from.into(), lane.to].into_iter().find(|end| is_closed(self.policy, *end, date))?;
        Some(self.because(lane, Reason::Holiday, format!("{date} is a holiday in {end}, so {lane} rests")))
    }

    /// Older than `catch_up`, or after the cut-off of its day: whichever came first is named.
    fn too_old(&self, slot: Slot, lane: Lane) -> Option<Refusal> {
        let (now, schedule, limit) = (self.inputs.now, &self.policy.schedule, self.policy.catch_up);
        let deadline = slot.instant() + limit;
        if let Some(closes) = schedule.closes_at(slot).filter(|closes| *closes < deadline) {
            let (date, time) = (schedule.local_date(slot), closes.with_timezone(&schedule.zone()).format("%H:%M"));
            let detail =
                || format!("slot {slot} could be decided until {time} on {date} (`not_after`), and it is later");
            return (now > closes).then(|| self.because(lane, Reason::Missed, detail()));
        }
        let detail = || format!("slot {slot} is {} old, `catch_up` allows {}", span(now - slot.instant()), span(limit));
        (now > deadline).then(|| self.because(lane, Reason::Missed, detail()))
    }

    /// Why an instant of the schedule is no slot although it is no holiday.
    fn outside(&self, slot: Slot) -> String {
        let schedule = &self.policy.schedule;
        let (window, date) = (schedule.window(), schedule.local_date(slot));
        match (window.from.filter(|from| date < *from), window.until.filter(|until| date > *until), window.not_after) {
            (Some(from), _, _) => format!("{date} is before the policy's first active date, {from}"),
            (_, Some(until), _) => format!("{date} is after the policy's last active date, {until}"),
            (_, _, Some(time)) => {
                let local = slot.instant().with_timezone(&schedule.zone()).format("%H:%M");
                format!("{local} on {date} is later in the day than {} (`not_after`)", time.format("%H:%M"))
            }
            (_, _, None) => format!("{date} is outside the policy's active dates"),
        }
    }

    fn decided_on_lane(&self, slot: Slot, lane: Lane, in_force: impl Fn(&str) -> bool) -> Option<Refusal> {
        let last = self.inputs.standing.lanes.get(&lane).filter(|last| last.slot == slot)?;
        let another = last.policy != self.policy.name && in_force(&last.policy);
        match (another, last.moved) {
            (true, true) => {
                let detail = format!("policy `{}` moved money over {lane} for slot {slot}", last.policy);
                Some(self.because(lane, Reason::LaneTaken, detail))
            }
            // It found nothing to move there; this policy may.
            (true, false) => None,
            // This policy under this or another name: no second decision.
            (false, _) => Some(self.because(
                lane,
                Reason::AlreadyDone,
                format!("slot {slot} is decided for {lane} already, by policy `{}`", last.policy),
            )),
        }
    }

    fn because(&self, lane: Lane, reason: Reason, detail: impl Into<String>) -> Refusal {
        if self.policy.closed.is_empty() {
            return Refusal::new(reason, detail, self.next.clone());
        }
        let open = |date| ![lane.from.into(), lane.to].into_iter().any(|end| is_closed(self.policy, end, date));
        let next = self.policy.schedule.next_on(self.inputs.now, open);
        Refusal::new(reason, detail, next_slot(self.policy, next))
    }
}

/// Whether a date is a holiday in the country of a lane's end, for lanes from it and to it.
fn is_closed(policy: &Policy, end: End, date: NaiveDate) -> bool {
    policy.closed.get(&end.country).is_some_and(|dates| dates.contains(&date))
}

/// What must come for the policy to be decided again.
fn next_slot(policy: &Policy, next: Option<Slot>) -> String {
    match (next, policy.schedule.window().until) {
        (Some(slot), _) => format!("the next slot, {slot}, comes"),
        (None, Some(until)) => format!("`active` is extended: no slot is left until {until}"),
        (None, None) => "the schedule gets a slot within the next eight years".to_owned(),
    }
}

/// `6h`, `1h 30min`, `45s`.
fn span(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let parts = [(seconds / 3_600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let shown: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}
