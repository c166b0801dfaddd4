//! What the doors, the world and the auditor share: KPay's time, its books, requests in the air, disks, counts.

use super::auditor::{Journal, Lineage, Said, Story, text};
use super::books::{Books, units};
use super::chance::Chance;
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
}

impl Post {
    /// When its clock said a time, while this process ran; the first time, where a clock that was set said it twice.
    fn when(&self, said: Timestamp) -> Timestamp {
        let mut since = Timestamp::MIN_UTC;
        for (until, ahead) in self.was_ahead.iter().filter(|_| !self.is_clear) {
            let at = said - *ahead;
            if (since..=*until).contains(&at) {
                return at;
            }
            since = *until;
        }
        said - self.ahead
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
    closed: BTreeSet<(String, Lineage)>,
    pub violations: Vec<String>,
    /// Whether policies that loosen a guard wait for a person.
    pub confirms: bool,
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

    /// Bytes of an attempt are about to leave.
    pub fn on_send(&mut self, machine: usize, intent: &Intent) {
        let id = intent.external_id.as_str().to_owned();
        self.tally.sends += 1;
        self.tell(machine, format_args!("{id} leaves"));
        self.note(id.as_bytes());
        let (disk, process) = (self.posts[machine].disk, self.posts[machine].process);
        let amount = units(intent.amount.decimal());
        if self.calls.iter().any(|call| call.id == id && call.process == process && !call.is_over) {
            self.violation(format!("I4: two attempts of {id} at once"));
        }
        if !(100..=10_000_000).contains(&amount) || intent.lane.to == intent.lane.from {
            self.violation(format!("I7: {amount} over {}", intent.lane));
        }
        if self.posts[machine].is_paused {
            self.violation(format!("I11: {id} leaves while everything is paused"));
        }
        let escaped = serde_json::to_string(&intent.body).unwrap();
        let Some(story) = self.disks[disk].model.intents.get_mut(&id) else {
            self.violation(format!("I2: {id} leaves, and no intent is durable"));
            return;
        };
        story.sent += 1;
        let (was_in_hand, expires_at, gated_at) = (story.in_hand, story.expires_at, story.gated_at.clone());
        let (sent, attempts, word) = (story.sent, story.attempts, story.word.clone());
        let is_same = story.body == escaped[1..escaped.len() - 1] && story.amount == amount;
        if sent > attempts || word != "attempted" {
            self.violation(format!("I2: {id} leaves {sent} times, {attempts} attempts are durable, it is `{word}`"));
        }
        if !is_same {
            self.violation(format!("I4: {id} leaves with other bytes than the journal has"));
        }
        if was_in_hand {
            self.violation(format!("I4: {id} leaves again, and KPay had it in hand"));
        }
        let gated_at = gated_at.and_then(|at| at.parse::<Timestamp>().ok());
        if attempts == 1 && expires_at.zip(gated_at).is_some_and(|(end, at)| at - end > TimeDelta::seconds(1)) {
            self.violation(format!(
                "I17: {id} leaves for the first time at {gated_at:?}, and could until {expires_at:?}"
            ));
        }
        if let Some(before) = self.disks[disk].model.part_before(&id) {
            self.violation(format!("I4: {id} leaves, and {before}… before it is not applied"));
        }
        if attempts == 1 {
            self.on_first(machine, intent, amount, &id);
        }
    }

    fn on_first(&mut self, machine: usize, intent: &Intent, amount: i64, id: &str) {
        let now = self.now;
        let source = intent.lane.from.country.code();
        let post = &self.posts[machine];
        let gated_at = self.disks[post.disk].model.intents.get(id).and_then(|story| story.gated_at.as_deref());
        let gated_at: Option<Timestamp> = gated_at.and_then(|at| at.parse().ok()).map(|at| post.when(at));
        let passed = |at: &Timestamp| *at <= now && now - *at < TimeDelta::hours(12);
        let Some(gated_at) = gated_at.filter(passed) else { return };
        let touched = post.touched.get(&intent.lane.from);
        let is_fresh = |at: &Timestamp| {
            let age = gated_at - *at;
            age >= TimeDelta::milliseconds(-2)
                && age <= TimeDelta::milliseconds(10_100)
                && touched.is_none_or(|last| at > last)
        };
        // With a clock that was set meanwhile only the daemon itself knows how old it took a reading to be.
        let fresh = post.reads.iter().filter(|(at, _)| !post.is_clear || is_fresh(at));
        let Some(read) = fresh.filter_map(|(_, read)| read.get(&intent.lane.from)).copied().max() else {
            if !post.is_clear {
                return;
            }
            let reads: Vec<_> = post.reads.iter().map(|(at, _)| *at).collect();
            let what = format!(
                "I6, I14: {id}, recorded at {gated_at}, leaves, and {source} was read at {reads:?}, last moved at {touched:?}"
            );
            self.violation(what);
            return;
        };
        // What people ask for keeps to the reserves alone, and there are none.
        let is_a_policys = intent.origin.policy().is_some();
        let floor = |rules: usize| {
            let floors = self.rules[rules].floors.iter();
            floors.filter(|(country, _)| *country == source).map(|(_, floor)| *floor).next()
        };
        let before = post.ruled.iter().filter(|(until, _)| *until >= gated_at).map(|(_, rules)| *rules);
        let in_force: Vec<usize> = before.chain([post.rules.0, post.rules.1]).collect();
        if is_a_policys && in_force.iter().all(|rules| floor(*rules).is_none()) {
            self.violation(format!("I13: {id} leaves {source}, and no policy in force takes from it"));
            return;
        }
        let floor = in_force.iter().map(|rules| floor(*rules).filter(|_| is_a_policys).unwrap_or(0)).min().unwrap_or(0);
        let in_doubt = self.disks[post.disk].model.in_doubt(source, id);
        if read - amount - in_doubt < floor {
            self.violation(format!(
                "I6: {id} takes {amount} from {source} with {read}, {in_doubt} in doubt and a floor of {floor}"
            ));
        }
        let most: Vec<Option<i64>> = in_force.iter().map(|rules| self.rules[*rules].per_day).collect();
        let most = if most.contains(&None) { None } else { most.into_iter().flatten().max() };
        let day = format!("{} {:?}", intent.limit_day, intent.origin.policy());
        let disk = self.posts[machine].disk;
        let is_timed = self.posts.iter().all(|post| post.disk != disk || post.is_timed);
        let disk = &mut self.disks[disk];
        disk.firsts.push((gated_at, amount, day.clone(), id.to_owned()));
        let stories = &disk.model.intents;
        let is_off = |id: &String| stories.get(id).is_some_and(Story::has_not_moved);
        let of_day = disk.firsts.iter().filter(|(_, _, of, id)| *of == day && !is_off(id));
        let of_day: i64 = of_day.map(|(_, amount, ..)| amount).sum();
        // What leaves long after its record may be the last to leave and not the last of its hour.
        let is_within = |at: &Timestamp, end: &Timestamp| *at <= *end && *end - *at < TimeDelta::minutes(59);
        let ends = disk.firsts.iter().map(|(at, ..)| at).filter(|end| is_within(&gated_at, end));
        let in_hour =
            ends.map(|end| disk.firsts.iter().filter(|(at, ..)| is_within(at, end)).count()).max().unwrap_or(0);
        if is_timed && in_hour > self.per_hour {
            self.violation(format!("I11: {in_hour} first attempts in an hour"));
        }
        if most.is_some_and(|most| is_a_policys && of_day > most) {
            self.violation(format!("I11: {of_day} in a day, of {most:?}"));
        }
    }

    /// Bytes became durable.
    pub fn on_durable(&mut self, machine: usize, bytes: &[u8]) {
        self.note(bytes);
        let disk = self.posts[machine].disk;
        let lines = std::str::from_utf8(bytes).unwrap().to_owned();
        for line in lines.lines() {
            self.tally.records += 1;
            self.tell(machine, format_args!("durable: {line}"));
            if line.contains("\"type\":\"decided\"") {
                self.on_decision(machine, line);
            }
            if line.contains("\"type\":\"copied\"") {
                self.disks[disk].is_copy = false;
                self.tally.once("a copy was known as one");
            }
            if line.contains("\"type\":\"policies_in_force\"") {
                self.on_policies(machine, line);
            }
            let said = match self.disks[disk].model.take(line) {
                Ok(said) => said,
                Err(broken) => {
                    self.violation(broken);
                    None
                }
            };
            if let Some(said) = said {
                self.on_said(machine, &said);
            }
        }
    }

    /// Which of the policies a hash is of.
    fn rules_of(&self, hash: Option<&str>) -> Option<usize> {
        self.rules.iter().position(|rules| Some(rules.set.hash.as_str()) == hash)
    }

    fn on_policies(&mut self, machine: usize, line: &str) {
        let model = &self.disks[self.posts[machine].disk].model;
        let (before, after) = (self.rules_of(model.in_force.as_deref()), self.rules_of(text(line, "hash")));
        let is_accepted = model.accepted.as_deref() == text(line, "hash");
        let Some(after) = after else { return self.violation("I13: policies that nobody wrote are in force") };
        let is_looser = before.is_some_and(|before| self.rules[before].is_loosened_by(&self.rules[after]));
        if self.confirms && is_looser && is_accepted {
            self.tally.once("looser policies were accepted");
        }
        if self.confirms && is_looser && !is_accepted {
            self.violation("I13: looser policies come into force, and nobody accepted them");
        }
        if self.confirms {
            let (now, post) = (self.now, &mut self.posts[machine]);
            post.ruled.push((now, post.rules.0));
            post.rules.0 = after;
        }
    }

    /// What is in force once a set was taken up: that set, unless it waits for a person.
    pub fn settle_rules(&mut self, machine: usize) {
        let waits = self.disks[self.posts[machine].disk].model.in_force.as_deref().filter(|_| self.confirms);
        let in_force = self.rules_of(waits);
        let (now, post) = (self.now, &mut self.posts[machine]);
        post.ruled.push((now, post.rules.0));
        post.rules.0 = in_force.unwrap_or(post.rules.1);
    }

    fn on_decision(&mut self, machine: usize, line: &str) {
        let post = &self.posts[machine];
        let hash = text(line, "policy_hash").unwrap_or_default();
        let in_force = [post.rules.0, post.rules.1].map(|rules| self.rules[rules].set.hash.clone());
        let ahead = post.ahead;
        let is_far = post.ahead.abs() > TimeDelta::seconds(330);
        let knew = post.deciding_since.is_some_and(|since| post.ahead_since < since);
        if !in_force.iter().any(|known| known == hash) {
            self.violation(format!("I13: decided by policies {hash}, and in force is {}", in_force[0]));
        }
        let recorded = self.disks[self.posts[machine].disk].model.in_force.as_deref();
        if recorded != Some(hash) {
            self.violation(format!("I13: decided by policies {hash}, and {recorded:?} are in force by the journal"));
        }
        if is_far && knew {
            self.violation(format!("I17: decided with a clock that is {ahead} off"));
        }
    }

    fn on_said(&mut self, machine: usize, said: &Said<'_>) {
        let lineage = self.lineage(machine);
        let id = said.id.to_owned();
        let known = self.books.ids.get(&id);
        let is_ours = known.is_some_and(|known| known.by.contains(&lineage));
        let broken = match said.word {
            "rejected" | "cancelled" | "declined" => {
                self.closed.insert((id.clone(), lineage));
                is_ours.then(|| format!("I3: {id} is `{}`, and its money moved", said.word))
            }
            "resolved" if !self.disks[lineage.0].model.intents[&id].is_found => {
                self.closed.insert((id.clone(), lineage));
                let stands = known.is_some_and(|known| is_ours && !known.is_returned());
                stands.then(|| format!("I3: {id} is found not to have moved, and it had"))
            }
            "returned" => match known {
                Some(known) if known.is_returned() => None,
                other => Some(format!("I3: {id} is `returned`, and KPay has {:?}", other.map(|it| it.status))),
            },
            "applied" if text(said.line, "evidence") == Some("conflict") && !self.is_proven(machine, &id) => {
                Some(format!("I5: {id} is booked by a 409 that does not prove our amount"))
            }
            "applied" => match known {
                None => Some(format!("I5: {id} is `applied`, and KPay never moved it")),
                // Another state's request under the same id: a 409 can prove no amount of it (CONTRACT 5).
                Some(known) if !is_ours && !self.is_one_at_a_time(machine, &id, &known.by) => None,
                Some(known) => {
                    let amount = text(said.line, "amount").and_then(|amount| amount.parse::<i64>().ok());
                    let rate = text(said.line, "exchange_rate").map(str::to_owned);
                    let rate_is_wrong = rate.is_some_and(|rate| rate.parse() != Ok(known.rate));
                    if amount != Some(known.amount) {
                        Some(format!("I5: {id} is booked with {amount:?}, and KPay moved {}", known.amount))
                    } else if known.status != "COMPLETED" {
                        Some(format!("I5: {id} is `applied`, and KPay says {}", known.status))
                    } else if rate_is_wrong {
                        Some(format!("I9: {id} is booked at another rate than {}", known.rate))
                    } else {
                        None
                    }
                }
            },
            _ => None,
        };
        let once = match (said.word, text(said.line, "evidence")) {
            ("applied", Some("response")) => Some("applied by KPay's reply"),
            ("applied", Some("conflict")) => Some("applied by a 409"),
            ("applied", Some("status")) => Some("applied by KPay's word on a payout"),
            ("rejected", _) => Some("rejected"),
            ("returned", _) => Some("returned"),
            ("cancelled", _) => Some("cancelled"),
            ("unknown", _) => Some("unknown"),
            ("needs_operator", _) => Some("needs_operator"),
            ("declined", _) => Some("declined"),
            ("resolved", _) => Some("resolved"),
            _ => None,
        };
        if let Some(once) = once {
            self.tally.once(once);
        }
        let story = &self.disks[lineage.0].model.intents[&id];
        if said.word == "applied" && story.approvers > 0 {
            self.tally.once("applied after approvals");
        }
        if said.word == "applied" && story.is_by_hand {
            self.tally.once("applied by hand");
        }
        if said.word == "applied" && id.contains("-03-") {
            self.tally.once("three parts in order");
        }
        if let Some(broken) = broken {
            self.violation(broken);
        }
    }

    /// Whether a 409 proves that an attempt of this journal's moved its amount: one may have arrived, and the journal was
    /// here before the slot, or the source fell by exactly that.
    fn is_proven(&self, machine: usize, id: &str) -> bool {
        let post = &self.posts[machine];
        let Some(story) = self.disks[post.disk].model.intents.get(id) else { return false };
        let fell = |read: i64| story.balance_before.map(|before| before - read) == Some(story.amount);
        let mut reads = post.reads.iter().flat_map(|(_, wallets)| wallets);
        let has_fallen = reads.any(|(wallet, read)| wallet.country.code() == story.source && fell(*read));
        story.doubted && (story.was_here || has_fallen)
    }

    /// Whether a journal's own records prove what moved, and it never ran beside another one: wiped, copied or put back,
    /// it books no other amount than KPay moved. Not where a clock was set, so that a slot came before its time.
    fn is_one_at_a_time(&self, machine: usize, id: &str, by: &[Lineage]) -> bool {
        let post = &self.posts[machine];
        let was_here = self.disks[post.disk].model.intents.get(id).is_some_and(|story| story.was_here);
        was_here && post.is_timed && by.iter().all(|(disk, _)| *disk == post.disk)
    }

    /// Money moved at KPay.
    pub fn on_moved(&mut self, id: &str, by: Lineage) {
        if self.closed.contains(&(id.to_owned(), by)) {
            self.violation(format!("I3: {id} moves after it was closed"));
        }
    }
}
