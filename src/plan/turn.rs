//! Whether a policy's slot is up for decision, and for which of its lanes: schedule, `catch_up`, and what is decided
//! already.

use super::refusal::Refusal;
use super::{Inputs, Reason};
use crate::model::{Lane, Slot};
use crate::policy::Policy;
use crate::slot::Latest;
use chrono::TimeDelta;

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
        let next = match policy.schedule.next(inputs.now) {
            Some(slot) => format!("the next slot, {slot}, comes"),
            None => "the schedule gets a slot within the next eight years".to_owned(),
        };
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
        let (what, command) = if standing.paused_all {
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
                return Err(self.because(Reason::NotDue, "the schedule had no slot in the last eight years"));
            }
            Latest::Holiday(slot) => {
                let date = self.policy.schedule.local_date(slot);
                return Err(self.because(Reason::Holiday, format!("{date} is a holiday of the policy")));
            }
            Latest::Inactive(slot) => {
                let date = self.policy.schedule.local_date(slot);
                return Err(self.because(Reason::Inactive, format!("{date} is outside the policy's active dates")));
            }
            Latest::Slot(slot) => slot,
        };
        let closed = self
            .decided_by_policy(slot, lane)
            .or_else(|| self.older_than_decision_on(slot, lane))
            .or_else(|| self.too_old(slot))
            .or_else(|| self.decided_on_lane(slot, lane, in_force));
        closed.map_or(Ok(slot), Err)
    }

    fn decided_by_policy(&self, slot: Slot, lane: Lane) -> Option<Refusal> {
        let decided = self.inputs.standing.decided.get(&self.policy.name)?;
        if slot == decided.slot && !decided.left_open.contains(&lane) {
            return Some(self.because(Reason::AlreadyDone, format!("slot {slot} is decided already")));
        }
        let detail = || format!("slot {slot} is older than {}, the last one this policy decided", decided.slot);
        (slot < decided.slot).then(|| self.because(Reason::Missed, detail()))
    }

    fn older_than_decision_on(&self, slot: Slot, lane: Lane) -> Option<Refusal> {
        let last = self.inputs.standing.lanes.get(&lane)?;
        let detail = || format!("slot {slot} is older than {}, the last one decided on {lane}", last.slot);
        (slot < last.slot).then(|| self.because(Reason::Missed, detail()))
    }

    fn too_old(&self, slot: Slot) -> Option<Refusal> {
        let (age, limit) = (self.inputs.now - slot.instant(), self.policy.catch_up);
        let detail = || format!("slot {slot} is {} old, `catch_up` allows {}", span(age), span(limit));
        (age > limit).then(|| self.because(Reason::Missed, detail()))
    }

    fn decided_on_lane(&self, slot: Slot, lane: Lane, in_force: impl Fn(&str) -> bool) -> Option<Refusal> {
        let last = self.inputs.standing.lanes.get(&lane).filter(|last| last.slot == slot)?;
        let another = last.policy != self.policy.name && in_force(&last.policy);
        match (another, last.moved) {
            (true, true) => {
                let detail = format!("policy `{}` moved money over {lane} for slot {slot}", last.policy);
                Some(self.because(Reason::LaneTaken, detail))
            }
            // It found nothing to move there; this policy may.
            (true, false) => None,
            // This policy under this or another name: no second decision.
            (false, _) => Some(self.because(
                Reason::AlreadyDone,
                format!("slot {slot} is decided for {lane} already, by policy `{}`", last.policy),
            )),
        }
    }

    fn because(&self, reason: Reason, detail: impl Into<String>) -> Refusal {
        Refusal::new(reason, detail, self.next.clone())
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
