//! What the doors, the world and the auditor share: KPay's time, its books, requests in the air, disks, counts.

use super::auditor::{Journal, Lineage};
use super::books::Books;
use super::chance::Chance;
use super::frozen::{Guard, Watch};
use super::ledger::Ledger;
use super::policies::Rules;
use super::tally::{Fault, Stage as At, Tally};
use chrono::TimeDelta;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use treasuryd::intent::Reply;
use treasuryd::model::{Intent, Timestamp, WalletId};

/// A state directory.
#[derive(Default)]
pub struct Disk {
    pub segments: BTreeMap<String, Vec<u8>>,
    /// What was promised to be durable, by segment.
    pub acked: BTreeMap<String, usize>,
    pub life: u32,
    /// Copied here, and no record says so yet.
    pub is_copy: bool,
    pub model: Journal,
    pub ledger: Ledger,
    /// The machine whose process has the lock.
    pub holder: Option<usize>,
    /// The bit that was flipped: segment, byte, mask.
    pub flipped: Option<(String, usize, u8)>,
    /// First attempts of this state: when they were recorded, how much, of which policy's day, and their ids.
    pub firsts: Vec<(Timestamp, i64, String, String)>,
}

impl Disk {
    pub fn whole(&self) -> Vec<u8> {
        self.segments.values().map(Vec::as_slice).collect::<Vec<_>>().concat()
    }
}

/// What becomes of a request's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Told,
    Instead(Fault),
}

/// A request on its way to KPay.
pub struct Flight {
    pub call: usize,
    pub intent: Intent,
    pub by: Lineage,
    pub fate: Fate,
    /// Not delivered before.
    pub not_before: Timestamp,
    pub times: u32,
}

/// A request that a process waits for.
pub struct Call {
    pub id: String,
    pub process: u64,
    pub reply: Option<Reply>,
    pub is_over: bool,
}

/// A machine, as far as the doors have to know it.
#[allow(clippy::struct_excessive_bools, reason = "facts that have nothing to do with one another")]
pub struct Post {
    pub disk: usize,
    /// By how much its clock is ahead.
    pub ahead: TimeDelta,
    pub ahead_since: u64,
    /// By how much it was ahead before, and until when.
    pub was_ahead: Vec<(Timestamp, TimeDelta)>,
    /// The step at which its last decision began.
    pub deciding_since: Option<u64>,
    /// The process that runs on it.
    pub process: u64,
    /// In force, and about to be.
    pub rules: (usize, usize),
    /// What was in force before, and until when.
    pub ruled: Vec<(Timestamp, usize)>,
    pub is_paused: bool,
    /// The readings that this process was given: of when, and what.
    pub reads: Vec<(Timestamp, BTreeMap<WalletId, i64>)>,
    /// When this process last had an answer to an attempt out of a wallet.
    pub touched: BTreeMap<WalletId, Timestamp>,
    /// Whether its process has its state open.
    pub is_up: bool,
    /// Whether its clock was never set: then its hours are KPay's.
    pub is_timed: bool,
    /// Whether its clock was never set while this process ran.
    pub is_clear: bool,
    /// Power went while it wrote.
    pub is_cut: bool,
    /// What its readings show of what nobody explains.
    pub watch: Watch,
    /// The wallet that a person who may is releasing.
    pub releasing: Option<String>,
}

impl Post {
    /// When its clock said a time: at more instants than one, where it was set back while this process ran.
    pub fn when(&self, said: Timestamp) -> Vec<Timestamp> {
        let mut since = Timestamp::MIN_UTC;
        let mut found = Vec::new();
        for (until, ahead) in self.was_ahead.iter().filter(|_| !self.is_clear) {
            let at = said - *ahead;
            if (since..=*until).contains(&at) {
                found.push(at);
            }
            since = *until;
        }
        found.extend(Some(said - self.ahead).filter(|at| self.is_clear || *at >= since));
        found
    }

    /// Its clock is set.
    pub fn set_clock(&mut self, now: Timestamp, ahead: TimeDelta, step: u64) {
        self.was_ahead.push((now, self.ahead));
        (self.ahead, self.ahead_since) = (ahead, step);
    }
}

/// The most first attempts in any hour that the configuration allows, by the seed.
const PER_HOUR: [usize; 4] = [8, 1, 8, 2];

/// What leads to where a fault is aimed at, beside the daemon's own doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Plain,
    /// The answers to first attempts are lost.
    Lost,
    /// The state from before the decision is put back as soon as money moved: it is told by a 409.
    Restored,
}

/// Faults in a thousand, by what they hit; all zero when they stop.
#[derive(Debug, Default, Clone, Copy)]
pub struct FaultsAt {
    pub disk: usize,
    pub send: usize,
    pub read: usize,
}

pub struct Stage {
    pub chance: Chance,
    pub now: Timestamp,
    pub step: u64,
    pub books: Books,
    pub flights: Vec<Flight>,
    pub calls: Vec<Call>,
    pub disks: Vec<Disk>,
    pub posts: Vec<Post>,
    pub rules: Arc<Vec<Rules>>,
    pub tally: Tally,
    pub trace: u64,
    pub faults_at: FaultsAt,
    /// Where the first machine's intents shall stand when something goes wrong for the first time, and what: the rare
    /// cells are reached as often as the others. Gone once it did.
    pub aim: Option<(At, Fault)>,
    pub way: Way,
    pub per_hour: usize,
    /// Ended by a lineage: money must not move by it any more.
    pub closed: BTreeSet<(String, Lineage)>,
    pub violations: Vec<String>,
    /// Whether policies that loosen a guard wait for a person.
    pub confirms: bool,
    /// What is done about what nobody explains.
    pub guard: Guard,
    /// Whether what happens is printed.
    pub tells: bool,
}

impl Stage {
    pub fn new(seed: u64, now: Timestamp, books: Books, rules: Arc<Vec<Rules>>) -> Self {
        Self {
            chance: Chance::new(seed),
            now,
            step: 0,
            books,
            flights: Vec::new(),
            calls: Vec::new(),
            disks: Vec::new(),
            posts: Vec::new(),
            rules,
            tally: Tally::default(),
            trace: 0xcbf2_9ce4_8422_2325,
            faults_at: FaultsAt::default(),
            aim: None,
            way: Way::Plain,
            per_hour: PER_HOUR[usize::try_from(seed % 4).unwrap()],
            closed: BTreeSet::new(),
            violations: Vec::new(),
            confirms: false,
            guard: Guard::default(),
            tells: false,
        }
    }

    /// Prints what happened, for a person who looks at one seed.
    pub fn tell(&self, machine: usize, what: impl std::fmt::Display) {
        if self.tells {
            println!("{:>5} {} machine {machine}: {what}", self.step, self.now.format("%d %H:%M:%S%.3f"));
        }
    }

    /// Takes a word into the trace.
    pub fn note(&mut self, what: &[u8]) {
        let mut take = |word: u64| self.trace = (self.trace.rotate_left(23) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let (words, rest) = what.as_chunks();
        for word in words {
            take(u64::from_le_bytes(*word));
        }
        for byte in rest {
            take(u64::from(*byte));
        }
    }

    pub fn violation(&mut self, what: impl Into<String>) {
        self.violations.push(format!("step {}: {}", self.step, what.into()));
    }

    /// The machine beside this one whose process has the same state open.
    pub fn beside(&self, machine: usize) -> Option<usize> {
        let disk = self.posts[machine].disk;
        (0..self.posts.len())
            .find(|other| *other != machine && self.posts[*other].disk == disk && self.posts[*other].is_up)
    }

    /// Whatever a process does to its state or asks KPay, no other has that state open meanwhile.
    pub fn alone(&mut self, machine: usize, what: &str) {
        if let Some(other) = self.beside(machine) {
            self.violation(format!("I12: machine {machine} {what}, and machine {other} runs on the same state"));
        }
    }

    /// A start on a state that another process has open was refused: nothing of the state is other than before.
    pub fn on_refused(&mut self, machine: usize, other: usize, before: &BTreeMap<String, Vec<u8>>) {
        self.tell(machine, format_args!("is refused, machine {other} has the state"));
        self.note(b"refused");
        self.tally.once("a second daemon was refused");
        let disk = &self.disks[self.posts[machine].disk];
        if disk.segments != *before || disk.holder != Some(other) {
            self.violation(format!("I12: machine {machine} was refused, and the state of machine {other} is another"));
        }
    }

    pub fn lineage(&self, machine: usize) -> Lineage {
        let disk = self.posts[machine].disk;
        (disk, self.disks[disk].life)
    }

    /// Where the intents of a machine's journal stand.
    pub fn at(&self, machine: usize) -> At {
        let model = &self.disks[self.posts[machine].disk].model;
        let stage = |story: &super::auditor::Story| match story.word.as_str() {
            "decided" | "not_sent" | "approved" => At::Planned,
            "attempted" => At::Sending,
            "accepted" | "followed" => At::InHand,
            "unknown" => At::Unknown,
            "needs_operator" => At::NeedsOperator,
            _ => At::Ended,
        };
        let open = model.intents.values().filter(|story| story.is_open()).map(stage).max();
        open.unwrap_or(if model.intents.is_empty() { At::Empty } else { At::Ended })
    }

    /// Payouts of a machine's journal that have no answer yet.
    pub fn payouts_in_doubt(&self, machine: usize) -> Vec<String> {
        let stories = self.disks[self.posts[machine].disk].model.intents.iter();
        let doubtful = stories.filter(|(_, story)| story.is_payout() && story.word == "unknown");
        doubtful.map(|(id, _)| id.clone()).collect()
    }

    /// Whether a fault is what is aimed at, and this is the moment.
    pub fn is_aimed_at(&self, machine: usize, fault: Fault) -> bool {
        self.aim.is_some_and(|(at, aimed)| machine == 0 && aimed == fault && self.at(machine) == at)
    }

    pub fn fault(&mut self, machine: usize, fault: Fault) {
        let at = self.at(machine);
        self.tell(machine, format_args!("{fault:?}"));
        self.tally.fault(at, fault);
        if self.aim == Some((at, fault)) {
            self.aim = None;
        }
        self.note(format!("{fault:?}").as_bytes());
    }
}
