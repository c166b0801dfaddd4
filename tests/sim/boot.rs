//! A process starts on a state: what it finds there, and whether it may.

use super::auditor::Journal;
use super::doors::Drive;
use super::world::{What, World};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::sync::Arc;
use treasuryd::daemon::{DAEMON, Engine, Parts, Rules as Settings};
use treasuryd::intent::RetryRules;
use treasuryd::journal::{Store, StoreError};
use treasuryd::model::Environment;
use treasuryd::plan::Caps;
use treasuryd::settings::FallMode;

impl World {
    pub(super) fn boot(&mut self, machine: usize) {
        let drive = Drive(self.machines[machine].door.clone());
        let disk = self.stage().posts[machine].disk;
        let beside = self.stage().beside(machine);
        let before = beside.map(|_| self.stage().disks[disk].segments.clone());
        let opened = Store::on_platter(Box::new(drive));
        if let (Err(StoreError::Locked { .. }), Some(other), Some(before)) = (&opened, beside, before) {
            return self.stage().on_refused(machine, other, &before);
        }
        let flipped = self.stage().disks[disk].flipped.take();
        let (store, scribe, report) = match (opened, flipped) {
            // Where another process has the state open, whatever this one does now is judged.
            (Ok(opened), None) => opened,
            (Err(StoreError::Locked { .. }), _) => {
                self.stage().violation(format!("I12: machine {machine} is refused, and nobody runs on its state"));
                return;
            }
            (Err(_), Some((segment, at, mask))) => {
                let mut stage = self.stage();
                stage.tally.once("damage was refused");
                // Somebody puts the copy of another disk back.
                stage.disks[disk].segments.get_mut(&segment).unwrap()[at] ^= mask;
                stage.disks[disk].holder = None;
                return;
            }
            (Ok(_), Some((segment, at, mask))) => {
                self.stage().violation(format!("I16: {segment} has byte {at} ^ {mask:#x}, and was opened"));
                return;
            }
            (Err(error), None) => {
                self.stage().violation(format!("I16: an undamaged journal is refused: {error}"));
                return;
            }
        };
        let (rules, confirm_loosening, guard) = {
            self.processes += 1;
            let mut stage = self.stage();
            let has_run_before = stage.posts.iter().any(|post| post.disk == disk && post.process > 0);
            if has_run_before && stage.posts[machine].process == 0 {
                stage.tally.once("a second daemon took over");
            }
            (stage.posts[machine].process, stage.posts[machine].is_up) = (self.processes, true);
            let whole = stage.disks[disk].whole();
            let found = Journal::read(&whole);
            match found {
                Ok(model) if model.records == report.records => {
                    let objection = store.with_state(|state| model.objection(state));
                    stage.disks[disk].model = model;
                    let flaw = stage.disks[disk].ledger.catch_up(&whole).err().map(|flaw| format!("I8, I9: {flaw}"));
                    for broken in objection.into_iter().chain(flaw) {
                        stage.violation(broken);
                    }
                }
                Ok(model) => {
                    stage.violation(format!("I16: {} records are opened, of {}", report.records, model.records));
                }
                Err(broken) => stage.violation(broken),
            }
            stage.posts[machine].is_paused = stage.disks[disk].model.paused;
            let disk = &mut stage.disks[disk];
            disk.acked = disk.segments.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect();
            stage.settle_rules(machine);
            let rules = stage.posts[machine].rules.1;
            let set = stage.rules[rules].set.clone();
            // Somebody changes the configuration now and then, and what is frozen stays so.
            let mut guard = stage.guard;
            if guard.mode == FallMode::Freeze && stage.chance.hits(100) {
                guard.mode = stage.chance.pick(&[FallMode::Warn, FallMode::Off]);
            }
            guard.rise = guard.rise.filter(|_| !stage.chance.hits(100));
            stage.posts[machine].watch.guard = guard;
            (set, stage.confirms, guard)
        };
        let door = Arc::new(self.machines[machine].door.clone());
        let parts = Parts {
            clock: door.clone(),
            bank: door,
            store: Arc::new(store),
            metrics: self.metrics.clone(),
            rules: Settings {
                environment: Environment::Sandbox,
                caps: Caps {
                    max_transfers_per_hour: u32::try_from(self.stage().per_hour).unwrap(),
                    max_per_day: BTreeMap::new(),
                },
                retry: RetryRules { resend_for: TimeDelta::hours(6) },
                confirm_loosening,
                conservation: guard.settings(),
            },
            ahead: TimeDelta::zero(),
        };
        let engine = Arc::new(Engine::new(parts, Some(rules)));
        let begin = engine.clone();
        let machine = &mut self.machines[machine];
        (machine.engine, machine.scribe) = (Some(engine), Some(scribe));
        machine.tasks.push((What::Begin, Box::pin(async move { begin.begin(DAEMON).await })));
    }
}
