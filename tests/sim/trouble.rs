//! What is done to the machines, and by whom: crashes, disks, clocks, people, others who spend.

use super::auditor::Journal;
use super::books::OF_OTHERS;
use super::doors::{pay_in, spend};
use super::stage::Disk;
use super::tally::Fault;
use super::world::{What, World};
use chrono::TimeDelta;

const TROUBLES: [Fault; 31] = [
    Fault::Crash,
    Fault::Crash,
    Fault::Crash,
    Fault::BitFlip,
    Fault::Wiped,
    Fault::Restored,
    Fault::Restored,
    Fault::SecondMachine,
    Fault::SameState,
    Fault::ClockStep,
    Fault::ClockStep,
    Fault::PolicyEdit,
    Fault::PolicyEdit,
    Fault::Pause,
    Fault::Pause,
    Fault::Spent,
    Fault::PaidIn,
    Fault::Released,
    Fault::Released,
    Fault::Forgotten,
    Fault::PayoutFails,
    Fault::PayoutFails,
    Fault::Hint,
    Fault::Asked,
    Fault::Asked,
    Fault::Said,
    Fault::Said,
    Fault::Said,
    Fault::Found,
    Fault::Accepted,
    Fault::BitFlip,
];

/// By how many seconds a clock is set wrong.
const STEPS: [i64; 9] = [0, 0, 3, -3, 240, -240, 3_600, -86_400, 315_360_000];

impl World {
    pub(super) fn trouble(&mut self, machine: usize) {
        let trouble = {
            let mut stage = self.stage();
            // A frozen wallet is what people look at.
            let looks = stage.is_any_frozen(machine) && stage.chance.hits(500);
            if looks { stage.chance.pick(&[Fault::Released, Fault::Spent]) } else { stage.chance.pick(&TROUBLES) }
        };
        self.inflict(machine, trouble);
    }

    pub(super) fn inflict(&mut self, machine: usize, trouble: Fault) {
        match trouble {
            Fault::Crash if self.machines[machine].engine.is_some() => {
                self.stage().fault(machine, trouble);
                self.down(machine);
            }
            Fault::BitFlip => self.flip(machine),
            Fault::Wiped => {
                self.stage().fault(machine, trouble);
                self.replace(machine, Disk::default());
            }
            Fault::Restored => self.back_up_or_restore(machine),
            Fault::SecondMachine => self.second(machine),
            Fault::SameState => self.same_state(machine),
            Fault::ClockStep => {
                let mut stage = self.stage();
                stage.fault(machine, trouble);
                let (seconds, now, step) = (stage.chance.pick(&STEPS), stage.now, stage.step);
                let post = &mut stage.posts[machine];
                post.set_clock(now, TimeDelta::seconds(seconds), step);
                (post.is_clear, post.is_timed) = (false, false);
            }
            Fault::PolicyEdit => self.edit(machine),
            Fault::Pause => {
                let Some(engine) = self.machines[machine].engine.clone() else { return };
                if self.machines[machine].is_ready {
                    self.stage().fault(machine, trouble);
                    let what = if engine.is_paused() { What::Resume } else { What::Pause };
                    self.begin(machine, &engine, what);
                }
            }
            Fault::Spent => {
                let mut stage = self.stage();
                stage.fault(machine, trouble);
                if !stage.take_back(machine) {
                    spend(&mut stage);
                }
            }
            Fault::PaidIn => {
                self.stage().fault(machine, trouble);
                pay_in(&mut self.stage());
            }
            Fault::Released => self.release(machine),
            Fault::Forgotten => {
                let mut stage = self.stage();
                if stage.books.forget() {
                    stage.fault(machine, trouble);
                }
            }
            Fault::PayoutFails => self.payouts_go_on(machine),
            Fault::Asked => self.ask(machine),
            Fault::Said => self.say(machine),
            Fault::Found => self.find_out(machine),
            Fault::Accepted => self.accept(machine),
            Fault::Hint => self.hint(machine),
            // The doors' own.
            _ => {}
        }
    }

    fn flip(&mut self, machine: usize) {
        let disk = self.stage().posts[machine].disk;
        if self.stage().disks[disk].flipped.is_some() {
            return;
        }
        // What a running process has read is not read again: it is found at the next start.
        self.down_on(disk);
        let mut stage = self.stage();
        let promised: Vec<_> = stage.disks[disk].acked.iter().map(|(name, len)| (name.clone(), *len)).collect();
        let Some((segment, len)) = promised.into_iter().find(|(_, len)| *len > 0) else { return };
        let (at, mask) = (stage.chance.below(len), 1 << stage.chance.below(8));
        stage.fault(machine, Fault::BitFlip);
        stage.disks[disk].segments.get_mut(&segment).unwrap()[at] ^= mask;
        stage.disks[disk].flipped = Some((segment, at, mask));
    }

    /// Another state in the place of this one.
    fn replace(&mut self, machine: usize, mut with: Disk) {
        let disk = self.stage().posts[machine].disk;
        self.down_on(disk);
        let mut stage = self.stage();
        with.life = stage.disks[disk].life + 1;
        with.is_copy = !with.segments.is_empty();
        with.acked = with.segments.iter().map(|(name, bytes)| (name.clone(), bytes.len())).collect();
        match Journal::read(&with.whole()) {
            Ok(model) => with.model = model,
            Err(broken) => stage.violation(broken),
        }
        with.model.note_copy();
        stage.disks[disk] = with;
    }

    fn back_up_or_restore(&mut self, machine: usize) {
        if let Some(segments) = self.machines[machine].backup.take() {
            self.stage().fault(machine, Fault::Restored);
            return self.replace(machine, Disk { segments, ..Disk::default() });
        }
        let copy = {
            let stage = self.stage();
            let disk = &stage.disks[stage.posts[machine].disk];
            if disk.flipped.is_some() {
                return;
            }
            let whole = |(name, bytes): (&String, &Vec<u8>)| {
                let acked = disk.acked.get(name).copied().unwrap_or(0);
                (name.clone(), bytes[..acked].to_vec())
            };
            disk.segments.iter().map(whole).collect()
        };
        self.machines[machine].backup = Some(copy);
    }

    /// The processes on a state end.
    fn down_on(&mut self, disk: usize) {
        for machine in 0..self.machines.len() {
            if self.stage().posts[machine].disk == disk {
                self.down(machine);
            }
        }
    }

    /// A machine that is to run on the very state of another: a second unit, a shared disk.
    fn same_state(&mut self, machine: usize) {
        if self.machines.len() > 1 {
            return;
        }
        let (disk, rules) = {
            let mut stage = self.stage();
            stage.fault(machine, Fault::SameState);
            (stage.posts[machine].disk, stage.posts[machine].rules.1)
        };
        self.new_machine(disk, rules);
    }

    /// A clone of the machine, or one with an empty state; or the second one goes on where it was.
    fn second(&mut self, machine: usize) {
        let is_flipped = {
            let stage = self.stage();
            stage.disks[stage.posts[machine].disk].flipped.is_some()
        };
        if self.machines.len() > 1 || is_flipped {
            return;
        }
        let rules = {
            let mut stage = self.stage();
            stage.fault(machine, Fault::SecondMachine);
            let is_clone = stage.chance.hits(500);
            let disk = &stage.disks[stage.posts[machine].disk];
            let mut other = Disk::default();
            if is_clone {
                for (name, bytes) in &disk.segments {
                    let acked = disk.acked.get(name).copied().unwrap_or(0);
                    other.segments.insert(name.clone(), bytes[..acked].to_vec());
                    other.acked.insert(name.clone(), acked);
                }
            }
            other.is_copy = !other.segments.is_empty();
            other.model = Journal::read(&other.whole()).unwrap();
            other.model.note_copy();
            stage.disks.push(other);
            stage.posts[machine].rules.1
        };
        self.new_machine(1, rules);
    }

    fn edit(&mut self, machine: usize) {
        let Some(engine) = self.machines[machine].engine.clone() else { return };
        let is_under_way = self.machines[machine].tasks.iter().any(|(what, _)| *what == What::Adopt);
        if is_under_way || !self.machines[machine].is_ready {
            return;
        }
        {
            let mut stage = self.stage();
            stage.fault(machine, Fault::PolicyEdit);
            let rules = stage.rules.len();
            let rules = stage.chance.below(rules);
            let post = &mut stage.posts[machine];
            post.rules.1 = rules;
        }
        self.begin(machine, &engine, What::Adopt);
    }

    pub(super) fn payouts_go_on(&mut self, machine: usize) {
        let mut stage = self.stage();
        let in_hand = stage.books.in_hand();
        if in_hand.is_empty() {
            return;
        }
        let (id, _) = stage.chance.pick(&in_hand.iter().collect::<Vec<_>>()).clone();
        let status = stage.chance.pick(&["PROCESSING", "COMPLETED", "COMPLETED", "FAILED", "CANCELLED"]);
        if matches!(status, "FAILED" | "CANCELLED") {
            stage.fault(machine, Fault::PayoutFails);
        }
        stage.books.progress(&id, status);
    }

    /// A webhook, real or forged.
    fn hint(&mut self, machine: usize) {
        let Some(engine) = self.machines[machine].engine.clone() else { return };
        let (about, kpay_id) = {
            let mut stage = self.stage();
            let known: Vec<_> = stage.books.ids.iter().map(|(id, taken)| (id.clone(), taken.kpay_id.clone())).collect();
            // Whoever forges one names what has no answer yet, whether KPay knows it or not.
            let doubtful = stage.payouts_in_doubt(machine);
            let is_forged = !doubtful.is_empty() && stage.chance.hits(700);
            if known.is_empty() && !is_forged {
                return;
            }
            stage.fault(machine, Fault::Hint);
            let mut any = |among: usize| stage.chance.below(among);
            let about =
                if is_forged { doubtful[any(doubtful.len())].clone() } else { known[any(known.len())].0.clone() };
            let is_of_others = is_forged && (known.is_empty() || any(2) == 0);
            (about, if is_of_others { OF_OTHERS.to_owned() } else { known[any(known.len())].1.clone() })
        };
        self.stage().tell(machine, format_args!("a webhook says that {about} is {kpay_id}"));
        engine.hint(Some(&kpay_id), &about);
    }
}
