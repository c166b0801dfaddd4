//! The faults stop: everything comes to rest within bounded steps, and then the books are closed and looked at.

use super::doors::Drive;
use super::stage::FaultsAt;
use super::world::{What, World};
use chrono::TimeDelta;
use treasuryd::intent::{Outcome, Tracked};
use treasuryd::journal::Store;

/// In so many of a thousand there is somebody who still approves and refuses when the faults have stopped.
const ATTENDED: usize = 300;

impl World {
    pub(super) fn calm(&mut self) {
        {
            let mut stage = self.stage();
            (stage.faults_at, stage.aim) = (FaultsAt::default(), None);
            let (now, step) = (stage.now, stage.step);
            for post in &mut stage.posts {
                post.is_clear &= post.ahead == TimeDelta::zero();
                post.set_clock(now, TimeDelta::zero(), step);
            }
        }
        // Whoever asked for a move by hand waits no longer; the move goes on.
        for machine in 0..self.machines.len() {
            let tasks = &mut self.machines[machine].tasks;
            let many = tasks.len();
            tasks.retain(|(what, _)| *what != What::Ask);
            if tasks.len() < many {
                // What was read for them may have been compared with nothing.
                self.stage().posts[machine].watch.forget();
            }
            self.write(machine);
            // Nor does anybody hear that what they asked for could not be written: the next record would end the process.
            let engine = self.machines[machine].engine.as_ref();
            if engine.is_some_and(|engine| engine.store().refusal().is_some()) {
                self.down(machine);
            }
        }
        let is_attended = self.stage().chance.hits(ATTENDED);
        for round in 0..400 {
            for machine in 0..self.machines.len() {
                if self.machines[machine].engine.is_none() && self.stage().beside(machine).is_none() {
                    self.boot(machine);
                }
                let Some(engine) = self.machines[machine].engine.clone() else { continue };
                if !self.machines[machine].is_ready {
                    continue;
                }
                if round < 8 && engine.is_paused() {
                    self.begin(machine, &engine, What::Resume);
                }
                if round < 3 && self.stage().is_any_frozen(machine) {
                    // Money that came from nowhere is gone again, and somebody looks.
                    self.stage().take_back(machine);
                    self.begin(machine, &engine, What::Observe);
                }
                if round < 6 && is_attended {
                    self.say(machine);
                    self.release(machine);
                }
                // A set that waits, with none in force, keeps everything waiting.
                self.accept(machine);
                self.begin(machine, &engine, What::WorkOff);
            }
            let records = self.stage().tally.records;
            if !self.until_idle() {
                return;
            }
            let in_hand = self.stage().books.in_hand();
            for (id, status) in in_hand {
                let next = if status == "PENDING" { "PROCESSING" } else { "COMPLETED" };
                self.stage().books.progress(&id, next);
            }
            if self.is_at_rest() {
                return (0..self.machines.len()).for_each(|machine| self.stage().on_rest(machine));
            }
            let next = self.machines.iter().filter_map(|machine| machine.engine.as_ref()?.next_work_at()).min();
            let mut stage = self.stage();
            let pause = next.map_or(TimeDelta::zero(), |next| next - stage.now);
            // What waits for the part before it is due all along.
            let least = TimeDelta::seconds(if stage.tally.records == records { 300 } else { 2 });
            stage.now += pause.clamp(least, TimeDelta::minutes(10));
        }
        let open: Vec<String> = self.open_intents();
        let engines = self.machines.iter().filter_map(|machine| machine.engine.as_ref());
        let said: Vec<String> = engines.flat_map(|engine| engine.problems().into_iter().rev().take(3)).collect();
        self.stage().violation(format!("I18: still open long after the faults stopped: {open:?} ({said:?})"));
    }

    pub(super) fn until_idle(&mut self) -> bool {
        for _ in 0..5_000 {
            self.stage().step += 1;
            if !self.progress(false) {
                return self.stage().violations.is_empty();
            }
            if !self.stage().violations.is_empty() {
                return false;
            }
        }
        self.stage().violation("I18, I19: it never comes to rest");
        false
    }

    fn open_intents(&self) -> Vec<String> {
        let now = self.stage().now;
        let engines = self.machines.iter().filter_map(|machine| machine.engine.as_ref());
        let open = engines.flat_map(|engine| {
            engine.store().with_state(|state| {
                // What a clock that was years ahead made wait for approval is a person's until then.
                let is_far = |tracked: &Tracked| tracked.intent.expires_at - now > TimeDelta::days(30);
                let waits = |tracked: &&Tracked| match tracked.outcome {
                    Outcome::Applied | Outcome::NeedsOperator => false,
                    Outcome::AwaitingApproval => !is_far(tracked),
                    _ => true,
                };
                let open = state.open.values().filter(waits);
                let told = |tracked: &Tracked| {
                    let (id, first) = (&tracked.intent.external_id, tracked.first_attempt_at);
                    format!(
                        "{id} {:?}, {} attempts since {first:?}: {}",
                        tracked.outcome, tracked.attempts, tracked.detail
                    )
                };
                open.map(told).collect::<Vec<_>>()
            })
        });
        open.collect()
    }

    fn is_at_rest(&self) -> bool {
        let is_up = |machine: usize| self.machines[machine].is_ready || self.stage().beside(machine).is_some();
        (0..self.machines.len()).all(is_up) && self.stage().flights.is_empty() && self.open_intents().is_empty()
    }

    /// Recovery arrives at the present that was lived, and nothing that moved is forgotten.
    pub(super) fn last_audit(&mut self) {
        for machine in 0..self.machines.len() {
            let Some(engine) = self.machines[machine].engine.clone() else { continue };
            let lived = engine.store().with_state(Clone::clone);
            drop(engine);
            let objection = {
                let stage = self.stage();
                stage.disks[stage.posts[machine].disk].model.objection(&lived)
            };
            if let Some(objection) = objection {
                self.stage().violation(objection);
            }
            self.down(machine);
            match Store::on_platter(Box::new(Drive(self.machines[machine].door.clone()))) {
                Ok((store, ..)) if store.with_state(|state| *state == lived) => {}
                Ok(_) => self.stage().violation("I21: recovery gives another state than was lived"),
                Err(error) => self.stage().violation(format!("I16: {error}")),
            }
            let mut stage = self.stage();
            let lineage = stage.lineage(machine);
            let model = &stage.disks[lineage.0].model;
            let lost = stage.books.ids.iter().filter(|(_, taken)| taken.by.contains(&lineage)).find(|(id, taken)| {
                let word = model.intents.get(*id).map(|story| story.word.as_str());
                match word {
                    Some("applied" | "needs_operator") => false,
                    Some("returned") => !taken.is_returned(),
                    Some("resolved") => taken.is_returned() == model.intents[id.as_str()].is_found,
                    _ => true,
                }
            });
            let lost = lost.map(|(id, taken)| {
                format!("I8, I21: {id} moved {} at KPay, and the journal has no word of it", taken.amount)
            });
            let flaw = stage.disks[lineage.0].ledger.flaw(model, &stage.books, lineage);
            for broken in lost.into_iter().chain(flaw) {
                stage.violation(broken);
            }
        }
    }
}
