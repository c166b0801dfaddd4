//! The replay: every decision of the journal made again from what it was made from – the state before it, the reading,
//! the rates, the caps, the clock and the policies then in force – and compared lane by lane with what was recorded.

use crate::intent::{Event, IllegalEvent, LaneVerdict, PlannedWith, State, lane_verdicts};
use crate::model::{ExternalId, Intent, Lane, Reason, Slot, Snapshot, Timestamp};
use crate::money::{Amount, Money, Rate};
use crate::plan::{Inputs, Plan, plan};
use crate::policy::{PolicySet, SourceFile, parse};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What a replay came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// How many decisions were made again.
    pub decisions: usize,
    /// How many of them came out exactly as recorded.
    pub exact: usize,
    /// Decisions that cannot be made again, by why.
    pub cannot: BTreeMap<String, usize>,
    /// Every difference.
    pub differences: Vec<NotExact>,
}

/// A lane that was decided otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotExact {
    /// The number of the record.
    pub seq: u64,
    /// The policy.
    pub policy: String,
    /// The slot as recorded, or as decided again where there is no record of it.
    pub slot: Slot,
    /// The lane, `GAB>CMR`; a beneficiary's number masked.
    pub lane: String,
    /// What was recorded.
    pub recorded: String,
    /// What comes of it now.
    pub replayed: String,
}

/// One transfer of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    id: Option<ExternalId>,
    amount: Amount,
    rate: Option<Rate>,
    waits: bool,
}

/// What a lane got.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Answer {
    reason: Option<Reason>,
    parts: Vec<Part>,
}

type Answers = BTreeMap<Lane, Answer>;

/// The plan that the decisions at hand are compared with.
struct Group {
    key: (Timestamp, Timestamp, Timestamp, String, Option<String>),
    seq: u64,
    /// By policy: slot and lanes. `Err`: why it cannot be made again.
    made: Result<BTreeMap<String, (Slot, Answers)>, String>,
    seen: BTreeSet<String>,
}

/// Takes the journal's records one by one, from its first.
#[derive(Default)]
pub struct Replay {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    state: State,
    /// By hash. `Err`: why they are not known.
    sets: BTreeMap<String, Result<PolicySet, String>>,
    group: Option<Group>,
    out: Replayed,
}

impl Replay {
    /// Compares the decisions recorded from an instant on, and before another.
    #[must_use]
    pub fn new(from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        Self { from, to, ..Self::default() }
    }

    /// Policy files that the journal may not have the text of.
    pub fn knows(&mut self, files: &[SourceFile]) {
        let hash = crate::policy::hash(files);
        let parsed = parse(files).map(|parsed| parsed.set);
        let set = parsed.map_err(|_| "its policies are refused by this version".to_owned());
        self.sets.entry(hash).or_insert(set);
    }

    /// Takes one record.
    ///
    /// # Errors
    /// [`IllegalEvent`] where it cannot follow what was before it.
    pub fn take(&mut self, seq: u64, at: Timestamp, event: &Event) -> Result<(), IllegalEvent> {
        match event {
            Event::PoliciesInForce { files, .. } => {
                self.end_group();
                if !files.is_empty() {
                    let source = |file: &crate::intent::PolicyText| SourceFile {
                        path: file.name.clone(),
                        text: file.text.clone(),
                    };
                    self.knows(&files.iter().map(source).collect::<Vec<_>>());
                }
            }
            Event::Decided { .. } if self.is_inside(at) => self.decided(seq, event),
            _ => self.end_group(),
        }
        self.state.apply(at, event).map(drop)
    }

    /// What it came to.
    #[must_use]
    pub fn finish(mut self) -> Replayed {
        self.end_group();
        self.out
    }

    fn is_inside(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    fn decided(&mut self, seq: u64, event: &Event) {
        let Event::Decided { policy, slot, lanes, intents, planned_with, .. } = event else { return };
        let Some(with) = planned_with else {
            self.end_group();
            self.cannot("recorded by a version that did not record what it was made from");
            return;
        };
        let key = key(event, with);
        let belongs =
            self.group.as_ref().is_some_and(|group| Some(&group.key) == key.as_ref() && !group.seen.contains(policy));
        if let (false, Some(key)) = (belongs, key) {
            self.end_group();
            let made = self.again(event, with);
            self.group = Some(Group { key, seq, made, seen: BTreeSet::new() });
        }
        let Some(group) = &mut self.group else { return };
        group.seen.insert(policy.clone());
        match &group.made {
            Err(why) => {
                let why = why.clone();
                self.cannot(&why);
            }
            Ok(made) => {
                let nothing = (*slot, Answers::new());
                let (again_slot, again) = made.get(policy).unwrap_or(&nothing);
                let found = compare((seq, policy, *slot), &recorded(lanes, intents), *again_slot, again);
                self.out.decisions += 1;
                self.out.exact += usize::from(found.is_empty());
                self.out.differences.extend(found);
            }
        }
    }

    fn cannot(&mut self, why: &str) {
        *self.out.cannot.entry(why.to_owned()).or_default() += 1;
    }

    /// The plan again, on the state before it.
    fn again(&self, event: &Event, with: &PlannedWith) -> Result<BTreeMap<String, (Slot, Answers)>, String> {
        let Event::Decided { decided_for, policy_hash, taken_at, balances, .. } = event else {
            return Err(String::new());
        };
        let unknown = || Err("the texts of its policies are not in the journal".to_owned());
        let policies = self.sets.get(policy_hash).map_or_else(unknown, |set| set.as_ref().map_err(Clone::clone))?;
        let identity = self.state.identity.as_ref().ok_or("the journal does not say whose it is")?;
        let snapshot = Snapshot::from_rows(*taken_at, balances).ok_or("a wallet stands twice in its reading")?;
        let snapshot = Snapshot { problems: with.problems.clone(), ..snapshot };
        let made = plan(&Inputs {
            policies,
            snapshot: &snapshot,
            standing: &self.state.standing,
            caps: &with.caps,
            rates: &with.rates(),
            availability: &with.availability,
            identity: Some(identity),
            environment: identity.environment,
            now: *decided_for,
            clock: with.clock,
            only: with.only.as_deref(),
        });
        Ok(answers(policies, &made))
    }

    /// A policy that comes up again and of which nothing was recorded is a difference too.
    fn end_group(&mut self) {
        let Some(group) = self.group.take() else { return };
        let Ok(made) = group.made else { return };
        for (policy, (slot, lanes)) in made.into_iter().filter(|(policy, _)| !group.seen.contains(policy)) {
            self.out.differences.extend(compare((group.seq, &policy, slot), &Answers::new(), slot, &lanes));
        }
    }
}

fn key(event: &Event, with: &PlannedWith) -> Option<(Timestamp, Timestamp, Timestamp, String, Option<String>)> {
    let Event::Decided { decided_for, policy_hash, taken_at, .. } = event else { return None };
    Some((with.clock, *decided_for, *taken_at, policy_hash.clone(), with.only.clone()))
}

/// What a plan decides, by policy.
fn answers(policies: &PolicySet, made: &Plan) -> BTreeMap<String, (Slot, Answers)> {
    let mut all = BTreeMap::new();
    for planned in made.policies.iter().filter(|planned| planned.due) {
        let (Some(slot), Some(policy)) = (planned.slot, policies.get(&planned.policy)) else { continue };
        let mut lanes = verdicts(&lane_verdicts(policy, planned));
        for transfer in &planned.transfers {
            lanes.entry(transfer.lane()).or_default().parts.push(Part {
                id: transfer.external_id.clone(),
                amount: transfer.amount,
                rate: transfer.expected_rate,
                waits: transfer.needs_approval,
            });
        }
        all.insert(policy.name.clone(), (slot, lanes));
    }
    all
}

fn recorded(lanes: &[LaneVerdict], intents: &[Intent]) -> Answers {
    let mut answers = verdicts(lanes);
    for intent in intents {
        answers.entry(intent.lane).or_default().parts.push(Part {
            id: Some(intent.external_id.clone()),
            amount: intent.amount,
            rate: intent.indicative_rate,
            waits: intent.approval.is_some(),
        });
    }
    answers
}

fn verdicts(lanes: &[LaneVerdict]) -> Answers {
    lanes.iter().map(|verdict| (verdict.lane, Answer { reason: verdict.reason, parts: Vec::new() })).collect()
}

fn compare(
    (seq, policy, slot): (u64, &str, Slot),
    recorded: &Answers,
    again_slot: Slot,
    again: &Answers,
) -> Vec<NotExact> {
    let lanes: BTreeSet<&Lane> = recorded.keys().chain(again.keys()).collect();
    let other_slot = slot != again_slot;
    let differs = lanes.into_iter().filter(|lane| other_slot || recorded.get(lane) != again.get(lane));
    let row = |lane: &Lane| NotExact {
        seq,
        policy: policy.to_owned(),
        slot,
        lane: lane.masked(),
        recorded: shown(*lane, recorded.get(lane)),
        replayed: shown(*lane, again.get(lane))
            + &if other_slot { format!(" for slot {again_slot}") } else { String::new() },
    };
    differs.map(row).collect()
}

/// `moves 200 000 XAF`, `below_trigger`, `not decided`.
fn shown(lane: Lane, answer: Option<&Answer>) -> String {
    let Some(answer) = answer else { return "not decided".to_owned() };
    if let Some(reason) = answer.reason {
        return reason.word().to_owned();
    }
    let part = |part: &Part| {
        let amount = Money { amount: part.amount, currency: lane.from.currency };
        let rate =
            part.rate.filter(|_| lane.crosses_currencies()).map(|rate| format!(" at {rate}")).unwrap_or_default();
        let id = part.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
        let waits = if part.waits { ", waits for approval" } else { "" };
        format!("{amount}{rate}{id}{waits}")
    };
    format!("moves {}", answer.parts.iter().map(part).collect::<Vec<_>>().join(" + "))
}
