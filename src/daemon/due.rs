//! What is due, for which intent, and when: one look at the state for all of them. A source that rests because the world
//! could not be read sends nothing; how a withdrawal stands is asked on its own time all the same.

use super::carry_out::LONGEST_REST;
use super::engine::Engine;
use super::follow::{Polled, question_at};
use crate::intent::{Outcome, Tracked, next_ask_at};
use crate::model::{ExternalId, Timestamp, WalletId};
use crate::policy::PolicySet;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When something is to be done about an intent: one of the two at least.
#[derive(Debug, Clone, Copy)]
pub(super) struct Due {
    /// An attempt, or the end of a wait.
    pub(super) step: Option<Timestamp>,
    /// A question to KPay how its withdrawal stands.
    pub(super) question: Option<Timestamp>,
}

/// What is remembered of attempts and questions, taken out before the state is looked at: the two are never locked
/// together.
struct Memory {
    policies: Option<Arc<PolicySet>>,
    asked: BTreeSet<ExternalId>,
    polled: BTreeMap<ExternalId, Polled>,
    hints: BTreeMap<ExternalId, Timestamp>,
    rests: BTreeMap<WalletId, Timestamp>,
    busy: BTreeSet<WalletId>,
}

impl Memory {
    fn rest(&self, source: WalletId, now: Timestamp) -> Option<Timestamp> {
        self.rests.get(&source).copied().filter(|rest| is_running(*rest, now))
    }
}

/// Whether a rest goes on. One begun by a clock that was ahead does not: none is that long.
fn is_running(rest: Timestamp, now: Timestamp) -> bool {
    rest > now && rest - now <= LONGEST_REST
}

impl Engine {
    /// The earliest instant at which something could be due; `None` where nothing is open for us to do.
    #[must_use]
    pub fn next_work_at(&self) -> Option<Timestamp> {
        let now = self.clock.now();
        let next = self.look_at_open(now, |tracked, due, memory| {
            let rest = memory.rest(tracked.intent.lane.from, now);
            let step = due.step.map(|at| rest.map_or(at, |rest| rest.max(at)));
            step.into_iter().chain(due.question).min()
        });
        next.into_iter().min()
    }

    /// What may be attempted or asked about, and when. What was not attempted since the start is due at once: `run` and
    /// `once` ask every open intent.
    pub(super) fn asks(&self, now: Timestamp) -> Vec<(Tracked, Timestamp)> {
        self.look_at_open(now, |tracked, due, _| {
            due.step.into_iter().chain(due.question).min().map(|at| (tracked.clone(), at))
        })
    }

    /// Sources that nobody works on and for which something is due now.
    #[must_use]
    pub fn sources_with_work(&self) -> BTreeSet<WalletId> {
        let now = self.clock.now();
        let sources = self.look_at_open(now, |tracked, due, memory| {
            let source = tracked.intent.lane.from;
            let may_step = memory.rest(source, now).is_none() && due.step.is_some_and(|at| at <= now);
            let is_due = may_step || due.question.is_some_and(|at| at <= now);
            (is_due && !memory.busy.contains(&source)).then_some(source)
        });
        sources.into_iter().collect()
    }

    /// What is due now for a source, in the order in which it is done.
    pub(super) fn due_of(&self, source: WalletId, now: Timestamp) -> Vec<(ExternalId, Due)> {
        let mut found = self.look_at_open(now, |tracked, due, _| {
            let intent = &tracked.intent;
            let is_due = due.step.into_iter().chain(due.question).any(|at| at <= now);
            let rank = match tracked.outcome {
                Outcome::AwaitingApproval => 0,
                Outcome::Sending | Outcome::NeedsOperator => 1,
                Outcome::Unknown => 2,
                _ => 3,
            };
            let order = (rank, intent.slot, intent.lane, intent.part);
            (intent.lane.from == source && is_due).then(|| (order, intent.external_id.clone(), due))
        });
        found.sort_by_key(|(order, _, _)| *order);
        found.into_iter().map(|(_, external_id, due)| (external_id, due)).collect()
    }

    /// Whether a source is left alone for a while.
    pub(super) fn is_resting(&self, source: WalletId, now: Timestamp) -> bool {
        self.world().rests.get(&source).is_some_and(|(rest, _)| is_running(*rest, now))
    }

    /// Shows every open intent about which there is something to do, now or later.
    fn look_at_open<T>(&self, now: Timestamp, mut take: impl FnMut(&Tracked, Due, &Memory) -> Option<T>) -> Vec<T> {
        let memory = self.memory();
        let due = |tracked: &Tracked| {
            let id = &tracked.intent.external_id;
            let was_asked = memory.asked.contains(id);
            let question =
                question_at(tracked, memory.polled.get(id).copied(), memory.hints.get(id).copied(), was_asked, now);
            let as_it_says = tracked.waits_under().is_some() || was_asked;
            let next = next_ask_at(tracked, now)
                .or_else(|| self.wait_ends_at(tracked, memory.policies.as_deref(), now))
                .map(|at| if as_it_says { at } else { at.min(now) });
            (next.is_some() || question.is_some()).then_some(Due { step: next, question })
        };
        self.store.with_state(|state| {
            let open = state.open.values();
            open.filter_map(|tracked| take(tracked, due(tracked)?, &memory)).collect()
        })
    }

    fn memory(&self) -> Memory {
        let world = self.world();
        Memory {
            policies: world.policies.clone(),
            asked: world.asked.clone(),
            polled: world.polled.clone(),
            hints: world.hints.iter().map(|(id, hint)| (id.clone(), hint.at)).collect(),
            rests: world.rests.iter().map(|(source, (rest, _))| (*source, *rest)).collect(),
            busy: world.busy.clone(),
        }
    }
}
