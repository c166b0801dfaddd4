//! From a plan to what the journal records of it: one decision a policy, with its intents.

use super::draft::{Draft, Share};
use crate::intent::{Event, LaneVerdict, PlannedWith, State, lane_verdicts, rates_seen};
use crate::model::{ApprovalTerms, ExternalId, Identity, Intent, Lane, Origin, Slot, Timestamp};
use crate::money::Amount;
use crate::plan::{Inputs, PlannedTransfer, PolicyPlan, Reason};
use crate::planted::{self, Mistake};
use crate::policy::{Approval, Policy};
use chrono::TimeDelta;

/// What the decisions of one cycle have in common.
#[derive(Debug, Clone, Copy)]
pub struct Decider<'a> {
    /// Environment and application: part of every id.
    pub identity: &'a Identity,
    /// What was planned from.
    pub inputs: &'a Inputs<'a>,
    /// The state that was planned on.
    pub state: &'a State,
}

impl Decider<'_> {
    /// The record of one policy's decision; `None` where its slot was not up.
    #[must_use]
    pub fn decision(&self, planned: &PolicyPlan) -> Option<Event> {
        let slot = planned.slot.filter(|_| planned.due)?;
        let policy = self.inputs.policies.get(&planned.policy)?;
        let intents: Option<Vec<Intent>> =
            planned.transfers.iter().map(|transfer| self.intent(policy, slot, planned, transfer)).collect();
        let mut intents = intents?;
        let mut lanes = lane_verdicts(policy, planned);
        self.leave_out_what_nobody_can_approve(&mut intents, &mut lanes);
        Some(Event::Decided {
            policy: planned.policy.clone(),
            slot,
            decided_for: self.inputs.now,
            policy_hash: self.inputs.policies.hash.clone(),
            taken_at: self.inputs.snapshot.taken_at,
            balances: self.inputs.snapshot.rows(),
            lanes,
            intents,
            planned_with: Some(Box::new(self.planned_with())),
        })
    }

    /// The time for approvals counts from the slot and may be shorter than `catch_up`: where it is over at the decision
    /// already, the lane's slot is missed.
    fn leave_out_what_nobody_can_approve(&self, intents: &mut Vec<Intent>, lanes: &mut [LaneVerdict]) {
        let is_late = |intent: &Intent| intent.approval.is_some() && self.inputs.now > intent.expires_at;
        for verdict in lanes {
            let Some(late) = intents.iter().find(|intent| intent.lane == verdict.lane && is_late(intent)) else {
                continue;
            };
            verdict.reason = Some(Reason::Missed);
            verdict.detail = format!(
                "it needs approval, and could be approved until {}",
                late.expires_at.format("%Y-%m-%dT%H:%M:%SZ")
            );
        }
        intents.retain(|intent| !is_late(intent));
    }

    fn planned_with(&self) -> PlannedWith {
        PlannedWith {
            clock: self.inputs.clock,
            only: self.inputs.only.map(str::to_owned),
            rates: rates_seen(self.inputs.rates),
            availability: self.inputs.availability.clone(),
            problems: self.inputs.snapshot.problems.clone(),
            caps: self.inputs.caps.clone(),
        }
    }

    fn intent(&self, policy: &Policy, slot: Slot, planned: &PolicyPlan, transfer: &PlannedTransfer) -> Option<Intent> {
        let mut external_id = transfer.external_id.clone()?;
        if planted::is(Mistake::AmountInId) {
            external_id = ExternalId::from_text(&format!("{external_id}-{}", transfer.amount));
        }
        let lane = transfer.lane();
        let wait = policy.approval.as_ref().filter(|_| transfer.needs_approval).and_then(|approval| approval.within);
        let expires_at = deadline(policy, slot, wait.unwrap_or(policy.catch_up));
        let approval = if transfer.needs_approval {
            Some(self.approval_terms(policy.approval.as_ref()?, planned, lane, expires_at)?)
        } else {
            None
        };
        let description = format!("treasuryd {} {slot} part {} of {}", policy.name, transfer.part, transfer.parts);
        let draft = Draft {
            inputs: self.inputs,
            identity: self.identity,
            lane,
            origin: Origin::Policy(policy.name.clone()),
            slot: Some(slot),
            // A policy pays out to an operator's customers only, so that no hosted page needs a way back.
            way_back: None,
            floor: policy.keep(lane.from).max(self.inputs.policies.reserve(lane.from, self.inputs.now)),
            balance_seen: self.inputs.snapshot.available(lane.from)?,
            expires_at,
            limit_day: policy.schedule.local_date(slot),
            journal_before_slot: self.state.was_active_before(slot),
            fx: &policy.fx,
        };
        let PlannedTransfer { amount, part, parts, expected_rate: rate, .. } = *transfer;
        draft.intent(external_id, Share { amount, part, parts, rate, approval }, &description)
    }

    /// The terms of all parts of a lane. Its deadline runs on the machine's clock, whatever instant was decided for.
    fn approval_terms(
        &self,
        approval: &Approval,
        planned: &PolicyPlan,
        lane: Lane,
        expires_at: Timestamp,
    ) -> Option<ApprovalTerms> {
        let parts = planned.transfers.iter().filter(|transfer| transfer.lane() == lane);
        let amount = parts.map(|part| part.amount).try_fold(Amount::ZERO, Amount::checked_add).ok()?;
        Some(ApprovalTerms {
            approvers: approval.approvers,
            from: approval.from.clone(),
            amount,
            until: self.inputs.clock + (expires_at - self.inputs.now),
        })
    }
}

/// The last instant at which a slot's intents may be sent for the first time: the end of the wait that the policy
/// allows, or the cut-off of the slot's day if that comes first.
fn deadline(policy: &Policy, slot: Slot, wait: TimeDelta) -> Timestamp {
    let waited = slot.instant() + wait;
    policy.schedule.closes_at(slot).map_or(waited, |closes| waited.min(closes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Environment, Reading, Snapshot, WalletId};
    use crate::money::{Amount, Country};
    use crate::plan::{Caps, plan};
    use crate::policy::{PolicySet, SourceFile, parse};
    use crate::slot::Window;
    use chrono::{DateTime, NaiveTime};
    use std::collections::BTreeMap;

    const TEXT: &str = "version: 1
timezone: Africa/Douala
policies:
  - name: home
    schedule: \"0 18 * * *\"
    holidays: { GAB: [2026-11-24] }
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 }
";

    fn at(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    /// One turn of the wheel: plans, records what was decided, and says how it looked.
    fn cycle(set: &PolicySet, state: &mut State, now: Timestamp) -> (PolicyPlan, Option<Event>) {
        let identity = Identity {
            environment: Environment::Sandbox,
            application_id: "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap(),
        };
        let reading =
            |country| (WalletId::of(country).unwrap(), Reading { available: Amount::whole(300_000), balance: None });
        let readings = [Country::GAB, Country::COG, Country::CMR].map(reading).into_iter().collect();
        let standing = state.standing.clone();
        let inputs = Inputs {
            availability: crate::model::Availability::unasked(),
            policies: set,
            snapshot: &Snapshot { taken_at: now, readings, problems: Vec::new() },
            standing: &standing,
            caps: &Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() },
            rates: &BTreeMap::new(),
            identity: Some(&identity),
            environment: Environment::Sandbox,
            now,
            clock: now,
            only: None,
        };
        let planned = plan(&inputs).policies.remove(0);
        let event = Decider { identity: &identity, inputs: &inputs, state }.decision(&planned);
        if let Some(event) = &event {
            state.apply(now, event).unwrap();
        }
        (planned, event)
    }

    #[test]
    fn a_lane_at_rest_is_not_recorded_and_its_slot_is_over_for_it_all_the_same() {
        let mut set = parse(&[SourceFile { path: "p/a.yaml".into(), text: TEXT.into() }]).unwrap().set;
        let window = Window { not_after: NaiveTime::from_hms_opt(20, 0, 0), ..Window::default() };
        set.policies[0].schedule = set.policies[0].schedule.clone().with_window(window);
        let mut state = State::default();
        let (_, event) = cycle(&set, &mut state, at("2026-11-24T17:00:05Z"));
        let Some(Event::Decided { lanes, intents, .. }) = event else { panic!("the slot was up for one lane") };
        assert_eq!(lanes.iter().map(|verdict| verdict.lane.to_string()).collect::<Vec<_>>(), ["COG>CMR"]);
        assert_eq!(intents.len(), 1);
        // The cut-off comes before the end of catch_up.
        assert_eq!(intents[0].expires_at, at("2026-11-24T19:00:00Z"));
        for later in ["2026-11-24T17:01:05Z", "2026-11-25T16:59:59Z"] {
            let (planned, event) = cycle(&set, &mut state, at(later));
            assert!(event.is_none() && !planned.due, "{later}");
            let reasons: Vec<&str> = planned.skipped.iter().map(|skip| skip.reason.word()).collect();
            assert_eq!(reasons, ["already_done"; 2], "{later}");
        }
        let (_, event) = cycle(&set, &mut state, at("2026-11-25T17:00:05Z"));
        let Some(Event::Decided { lanes, intents, .. }) = event else { panic!("the next slot is up") };
        let reason =
            |country| lanes.iter().find(|verdict| verdict.lane.from.country == country).map(|verdict| verdict.reason);
        assert_eq!(reason(Country::GAB), Some(None), "the lane that rested moves for the next slot");
        assert_eq!(reason(Country::COG), Some(Some(crate::plan::Reason::LaneOpen)));
        assert_eq!(intents.len(), 1);
    }

    #[test]
    fn a_policy_whose_lanes_all_rest_decides_nothing() {
        let text = TEXT.replace("holidays: { GAB: [2026-11-24] }", "holidays: { CMR: [2026-11-24] }");
        let set = parse(&[SourceFile { path: "p/a.yaml".into(), text }]).unwrap().set;
        let (planned, event) = cycle(&set, &mut State::default(), at("2026-11-24T17:00:05Z"));
        assert!(event.is_none() && !planned.due && planned.skipped.len() == 2, "{planned:?}");
    }

    #[test]
    fn what_nobody_can_approve_in_time_is_missed_and_not_written() {
        let text =
            TEXT.replace("holidays: { GAB: [2026-11-24] }", "approval: { above: 1_000 XAF, approvers: 1, within: 5m }");
        let set = parse(&[SourceFile { path: "p/a.yaml".into(), text }]).unwrap().set;
        for (now, written) in [("2026-11-24T17:05:00Z", 2), ("2026-11-24T17:05:01Z", 0)] {
            let mut state = State::default();
            let (_, event) = cycle(&set, &mut state, at(now));
            let Some(Event::Decided { lanes, intents, .. }) = event else { panic!("the slot was up") };
            assert_eq!(intents.len(), written, "{now}");
            let reason = (written == 0).then_some(Reason::Missed);
            assert!(lanes.len() == 2 && lanes.iter().all(|verdict| verdict.reason == reason), "{lanes:?}");
            let (planned, again) = cycle(&set, &mut state, at("2026-11-24T17:06:00Z"));
            assert!(again.is_none() && !planned.due, "the slot is decided");
        }
    }
}
