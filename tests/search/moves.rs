//! Every move that the daemons, the bank, the network and people can make, played on the real functions of `intent`.

use super::bank::{Answer, Request};
use super::judge;
use super::setting::{POLICY, Planted, Setting, TICKS_A_SLOT};
use super::world::{Disk, Work, World, number_of, units};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use treasuryd::intent::{
    AppliedFacts, ConflictEvidence, CopySign, Event, Finding, Gate, GateInputs, LaneVerdict, Outcome, Reply, Tracked,
    check_gate, conflict_verdict, next_ask_at, verdict,
};
use treasuryd::kpay::transfer_body;
use treasuryd::model::{ExternalId, Intent, Kind, Origin, Slot};
use treasuryd::money::{Amount, Money, Rate};
use treasuryd::plan::Reason;

/// How often each `sometimes` property was seen.
pub type Seen = BTreeMap<&'static str, usize>;

/// The first number is the daemon, the second the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    HalfAnHourPasses,
    Decide(usize),
    Attempt(usize, u8),
    NothingLeaves(usize),
    Arrives(usize),
    IsRefused(usize),
    IsLostBefore(usize),
    IsLate(usize),
    LateArrives(usize),
    ReplyComes(usize),
    ConflictComesButNoReading(usize),
    ReplyIsLost(usize),
    Crash(usize),
    Wipe(usize),
    Restore(usize),
    GiveUp(usize, u8),
    OperatorLooks(usize, u8),
    BankForgets(usize),
}

impl Move {
    /// All moves that could be possible; [`play`] says which are.
    pub fn all(setting: &Setting, world: &World) -> Vec<Self> {
        let mut moves = vec![Self::HalfAnHourPasses];
        for daemon in 0..setting.daemons {
            match world.daemons[daemon].work {
                Work::Nothing => {
                    moves.push(Self::Decide(daemon));
                    for slot in world.daemons[daemon].disk.open_slots() {
                        moves.extend([
                            Self::Attempt(daemon, slot),
                            Self::GiveUp(daemon, slot),
                            Self::OperatorLooks(daemon, slot),
                        ]);
                    }
                }
                Work::Recorded(_) => moves.extend([
                    Self::NothingLeaves(daemon),
                    Self::Arrives(daemon),
                    Self::IsRefused(daemon),
                    Self::IsLostBefore(daemon),
                    Self::IsLate(daemon),
                    Self::Crash(daemon),
                ]),
                Work::Answered(_, answer) => {
                    moves.extend([Self::ReplyComes(daemon), Self::ReplyIsLost(daemon), Self::Crash(daemon)]);
                    if answer == Answer::Conflict {
                        moves.push(Self::ConflictComesButNoReading(daemon));
                    }
                }
            }
            moves.extend([Self::Wipe(daemon), Self::Restore(daemon)]);
        }
        moves.extend((0..world.bank.in_the_air.len()).map(Self::LateArrives));
        moves.extend((0..world.bank.entries.len()).map(Self::BankForgets));
        moves
    }
}

/// One position after a move; `None` where the move is not possible or changes nothing.
pub fn play(setting: &Setting, world: &World, step: Move, seen: &mut Seen) -> Result<Option<World>, String> {
    let mut table = Table { setting, world: world.clone(), seen };
    Ok(table.play(step)?.then_some(table.world))
}

/// Takes one of a bounded number of faults.
fn take(left: &mut u8) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}

pub struct Table<'a> {
    pub setting: &'a Setting,
    pub world: World,
    pub seen: &'a mut Seen,
}

impl Table<'_> {
    fn play(&mut self, step: Move) -> Result<bool, String> {
        let left = &mut self.world.left;
        match step {
            Move::HalfAnHourPasses => self.pass_half_an_hour(),
            Move::Decide(daemon) => self.decide(daemon),
            Move::Attempt(daemon, slot) => self.attempt(daemon, slot),
            Move::NothingLeaves(daemon) => Ok(take(&mut left.not_sent) && self.reply(daemon, &not_sent(), true)?),
            Move::Arrives(daemon) => self.arrive(daemon),
            Move::IsRefused(daemon) => {
                let Work::Recorded(slot) = self.world.daemons[daemon].work else { return Ok(false) };
                self.world.daemons[daemon].work = Work::Answered(slot, Answer::Refused);
                Ok(take(&mut self.world.left.refused))
            }
            Move::IsLostBefore(daemon) | Move::ReplyIsLost(daemon) => {
                Ok(take(&mut left.lost) && self.reply(daemon, &lost(), true)?)
            }
            Move::IsLate(daemon) => {
                if !take(&mut left.late) {
                    return Ok(false);
                }
                let Some(request) = self.request(daemon) else { return Ok(false) };
                self.world.bank.in_the_air.push(request);
                self.reply(daemon, &lost(), true)
            }
            Move::LateArrives(number) => {
                let request = self.world.bank.in_the_air.remove(number);
                let answer = self.world.bank.receive(&request, self.world.tick)?;
                self.note(match answer {
                    Answer::Applied => "a late request is applied",
                    Answer::Conflict => "a late request finds its resend before it",
                    Answer::Refused => "a late request is refused",
                });
                Ok(true)
            }
            Move::ReplyComes(daemon) => self.answer(daemon, true),
            Move::ConflictComesButNoReading(daemon) => Ok(take(&mut left.lost) && self.answer(daemon, false)?),
            Move::Crash(daemon) => {
                if !take(&mut left.crashes) {
                    return Ok(false);
                }
                self.note("the process ends with an attempt under way");
                self.restart(daemon).map(|()| true)
            }
            Move::Wipe(daemon) => {
                if !take(&mut left.wipes) {
                    return Ok(false);
                }
                let it = &mut self.world.daemons[daemon];
                (it.disk, it.work) = (Disk::new(self.setting, self.world.tick), Work::Nothing);
                (it.is_wiped, it.backup) = (true, None);
                Ok(true)
            }
            Move::Restore(daemon) => self.restore(daemon),
            Move::GiveUp(daemon, slot) => self.give_up(daemon, slot),
            Move::OperatorLooks(daemon, slot) => self.look(daemon, slot),
            Move::BankForgets(number) => {
                let tick = self.world.tick;
                let entry = &mut self.world.bank.entries[number];
                let may = entry.remembered && tick.saturating_sub(entry.tick) >= self.setting.horizon;
                if !may || !take(&mut self.world.left.forgotten) {
                    return Ok(false);
                }
                self.world.bank.entries[number].remembered = false;
                self.note("the bank forgets an id");
                Ok(true)
            }
        }
    }

    pub fn note(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    /// A request is over long before: who waits gets a reply or gives up first.
    fn pass_half_an_hour(&mut self) -> Result<bool, String> {
        let busy = self.world.daemons.iter().any(|daemon| daemon.work != Work::Nothing);
        if busy || self.world.tick == self.setting.last_tick {
            return Ok(false);
        }
        for daemon in &mut self.world.daemons {
            daemon.backup = (self.world.left.restores > 0).then(|| daemon.disk.clone());
        }
        self.world.tick += 1;
        self.world.bank.balance += Setting::deposit(self.world.tick);
        let now = Setting::instant(self.world.tick);
        let balances = self.setting.snapshot(self.world.bank.balance, now).rows();
        for daemon in 0..self.world.daemons.len() {
            self.record(daemon, &Event::Observed { taken_at: now, balances: balances.clone() })?;
        }
        Ok(true)
    }

    fn decide(&mut self, daemon: usize) -> Result<bool, String> {
        let (setting, now) = (self.setting, Setting::instant(self.world.tick));
        let disk = &self.world.daemons[daemon].disk;
        let number = self.world.tick / TICKS_A_SLOT;
        if number >= setting.slots {
            return Ok(false);
        }
        let now_slot = Setting::slot(number);
        let decided = disk.state.standing.decided.get(POLICY);
        if decided.is_some_and(|decided| decided.slot == now_slot && decided.left_open.is_empty()) {
            return Ok(false);
        }
        let snapshot = setting.snapshot(self.world.bank.balance, now);
        let planned = setting.plan(&disk.state.standing, &snapshot, now);
        let (true, Some(slot)) = (planned.due, planned.slot) else { return Ok(false) };
        let amount = planned.transfers.first().map(|transfer| transfer.amount);
        let reason = planned.skipped.first().map(|skip| skip.reason);
        let verdict =
            LaneVerdict { lane: setting.lane, reason: reason.filter(|_| amount.is_none()), detail: String::new() };
        match verdict.reason {
            None => self.note("a slot moves money"),
            Some(Reason::LaneOpen) => self.note("a slot is closed by an open intent"),
            Some(_) => self.note("a slot is closed by another reason"),
        }
        let disk = &self.world.daemons[daemon].disk;
        let intents = amount.map(|amount| intent(setting, disk, slot, amount, self.world.bank.balance));
        let decided = Event::Decided {
            policy: POLICY.to_owned(),
            slot,
            decided_for: now,
            policy_hash: String::new(),
            taken_at: now,
            balances: snapshot.rows(),
            lanes: vec![verdict],
            intents: intents.into_iter().collect(),
            planned_with: None,
        };
        self.record(daemon, &decided)?;
        Ok(true)
    }

    fn attempt(&mut self, daemon: usize, slot: u8) -> Result<bool, String> {
        let (setting, now) = (self.setting, Setting::instant(self.world.tick));
        let disk = &self.world.daemons[daemon].disk;
        let Some(tracked) = disk.tracked(slot).cloned() else { return Ok(false) };
        // A tick is longer than the longest pause.
        let within = now + chrono::TimeDelta::minutes(29);
        let is_due = next_ask_at(&tracked, within).is_some_and(|at| at <= within);
        if !is_due || setting.retry.is_over(&tracked, now) {
            return Ok(false);
        }
        let mut balance_before = None;
        if tracked.outcome == Outcome::Planned {
            let on_old_balance = setting.planted == Some(Planted::FloorOnTheOldBalance);
            let balance = if on_old_balance { units(tracked.intent.balance_seen) } else { self.world.bank.balance };
            let inputs = GateInputs {
                state: &disk.state,
                snapshot: &setting.snapshot(balance, now),
                policies: Some(&setting.policies),
                rates: &setting.rates,
                caps: &setting.caps,
                now,
                clock: now,
            };
            match check_gate(&tracked, &inputs) {
                Gate::Wait(_) => return Ok(false),
                Gate::Cancel(detail) => {
                    self.note("the gate cancels");
                    let external_id = tracked.intent.external_id.clone();
                    self.record(daemon, &Event::Cancelled { external_id, detail })?;
                    return Ok(true);
                }
                Gate::Send(before) => balance_before = Some(before),
            }
        }
        let external_id = tracked.intent.external_id.clone();
        let attempt = tracked.attempts + 1;
        let event = Event::Attempted { external_id, attempt, balance_before };
        self.record(daemon, &event)?;
        self.world.daemons[daemon].work = Work::Recorded(slot);
        let mut hasher = DefaultHasher::new();
        self.body(&tracked).hash(&mut hasher);
        judge::attempted(self, daemon, slot, &tracked, hasher.finish())?;
        Ok(true)
    }

    /// The bytes that leave.
    fn body(&self, tracked: &Tracked) -> String {
        let renewed = self.setting.planted == Some(Planted::NewBytesWhenAskedAgain) && tracked.may_have_arrived;
        let again = if renewed { " again" } else { "" };
        format!("{}{again}", tracked.intent.body)
    }

    fn request(&self, daemon: usize) -> Option<Request> {
        let Work::Recorded(slot) = self.world.daemons[daemon].work else { return None };
        let tracked = self.world.daemons[daemon].disk.tracked(slot)?;
        let (id, amount) = (tracked.intent.external_id.to_string(), units(tracked.intent.amount));
        Some(Request { id, slot, amount })
    }

    fn arrive(&mut self, daemon: usize) -> Result<bool, String> {
        let Some(request) = self.request(daemon) else { return Ok(false) };
        let answer = self.world.bank.receive(&request, self.world.tick)?;
        let was_lost = self.world.daemons[daemon].disk.stories[usize::from(request.slot)].lost;
        if was_lost && answer == Answer::Applied {
            self.note("a resend is applied");
        }
        self.world.daemons[daemon].work = Work::Answered(request.slot, answer);
        Ok(true)
    }

    /// The bank's answer reaches the daemon.
    fn answer(&mut self, daemon: usize, can_read: bool) -> Result<bool, String> {
        let Work::Answered(slot, answer) = self.world.daemons[daemon].work else { return Ok(false) };
        let Some(sending) = self.world.daemons[daemon].disk.tracked(slot).cloned() else {
            return Ok(false);
        };
        let reply = match answer {
            Answer::Applied => Reply::Applied(facts(&sending.intent, sending.intent.amount)),
            Answer::Conflict => Reply::Conflict { detail: String::new() },
            Answer::Refused => Reply::Refused { detail: String::new() },
        };
        if answer != Answer::Conflict {
            return self.reply(daemon, &reply, can_read);
        }
        let is_read = sending.may_have_arrived && !self.journal_proves(daemon, &sending);
        if !can_read && !is_read {
            return Ok(false);
        }
        self.reply(daemon, &reply, can_read && is_read)
    }

    fn journal_proves(&self, daemon: usize, sending: &Tracked) -> bool {
        self.world.daemons[daemon].disk.state.journal_proves(&sending.intent)
    }

    fn reply(&mut self, daemon: usize, reply: &Reply, can_read: bool) -> Result<bool, String> {
        let slot = match self.world.daemons[daemon].work {
            Work::Nothing => return Ok(false),
            Work::Recorded(slot) | Work::Answered(slot, _) => slot,
        };
        let Some(sending) = self.world.daemons[daemon].disk.tracked(slot).cloned() else {
            return Err("an attempt is under way for an intent that is not open".to_owned());
        };
        let events = self.verdict(&sending, reply).unwrap_or_else(|| {
            let balance_after = can_read.then(|| Amount::whole(self.world.bank.balance));
            let journal_proves = self.journal_proves(daemon, &sending);
            vec![conflict_verdict(&sending, "409", ConflictEvidence { balance_after, journal_proves })]
        });
        for event in &events {
            judge::settled(self, daemon, slot, &sending, event)?;
            self.record(daemon, event)?;
        }
        self.world.daemons[daemon].work = Work::Nothing;
        judge::after_reply(self, daemon, slot, reply);
        Ok(true)
    }

    /// The program's verdict, or that of a daemon with a mistake.
    fn verdict(&self, sending: &Tracked, reply: &Reply) -> Option<Vec<Event>> {
        let external_id = sending.intent.external_id.clone();
        let detail = String::new();
        match (self.setting.planted, reply) {
            (Some(Planted::ServerErrorIsFailure), Reply::Lost { .. })
            | (Some(Planted::RefusalAlwaysEnds), Reply::Refused { .. }) => {
                Some(vec![Event::Rejected { external_id, detail }])
            }
            (Some(Planted::ConflictIsSuccess), Reply::Conflict { .. }) => {
                let facts = facts(&sending.intent, sending.intent.amount);
                let evidence = treasuryd::intent::Evidence::Conflict;
                Some(vec![Event::Applied { external_id, evidence, facts }])
            }
            _ => verdict(sending, reply),
        }
    }

    /// What was under way has no answer any more.
    fn restart(&mut self, daemon: usize) -> Result<(), String> {
        let started = Event::Started { version: String::new(), command: "run".to_owned() };
        self.record(daemon, &started)?;
        self.world.daemons[daemon].work = Work::Nothing;
        let open = self.world.daemons[daemon].disk.state.open.values();
        let cut_short: Vec<Tracked> = open.filter(|tracked| tracked.outcome == Outcome::Sending).cloned().collect();
        for tracked in cut_short {
            let external_id = tracked.intent.external_id.clone();
            self.record(daemon, &Event::Unknown { external_id, detail: String::new() })?;
            let slot = number_of(&tracked);
            self.world.daemons[daemon].disk.stories[usize::from(slot)].lost = true;
        }
        Ok(())
    }

    fn restore(&mut self, daemon: usize) -> Result<bool, String> {
        let it = &mut self.world.daemons[daemon];
        let Some(backup) = it.backup.take() else { return Ok(false) };
        if !take(&mut self.world.left.restores) {
            return Ok(false);
        }
        (it.disk, it.work, it.is_wiped) = (backup, Work::Nothing, true);
        if self.world.left.restores == 0 {
            self.world.daemons.iter_mut().for_each(|daemon| daemon.backup = None);
        }
        let since = self.world.tick / TICKS_A_SLOT;
        let stories = &mut self.world.daemons[daemon].disk.stories;
        stories.iter_mut().take(usize::from(since) + 1).for_each(|story| story.is_copied = true);
        if self.setting.planted != Some(Planted::CopyIsNotNoticed) {
            self.record(daemon, &Event::Copied { sign: CopySign::AnotherFile })?;
        }
        self.restart(daemon).map(|()| true)
    }

    fn give_up(&mut self, daemon: usize, slot: u8) -> Result<bool, String> {
        let Some(tracked) = self.world.daemons[daemon].disk.tracked(slot) else { return Ok(false) };
        if !self.setting.retry.is_over(tracked, Setting::instant(self.world.tick)) {
            return Ok(false);
        }
        let external_id = tracked.intent.external_id.clone();
        let detail = String::new();
        self.note("asked for long enough: needs_operator");
        self.record(daemon, &Event::NeedsOperator { external_id, holds: true, amount_is_ours: true, detail })?;
        Ok(true)
    }

    /// A person looks at the bank's own books, once nothing for the slot is on its way.
    fn look(&mut self, daemon: usize, slot: u8) -> Result<bool, String> {
        let disk = &self.world.daemons[daemon].disk;
        let Some(tracked) = disk.tracked(slot) else { return Ok(false) };
        let in_the_air = self.world.bank.in_the_air.iter().any(|request| request.slot == slot);
        if tracked.outcome != Outcome::NeedsOperator || in_the_air {
            return Ok(false);
        }
        let (found, external_id) = (self.world.bank.amount_of(slot), tracked.intent.external_id.clone());
        let finding = match found {
            Some(amount) => Finding::Applied(facts(&tracked.intent, Amount::whole(amount))),
            None => Finding::NotApplied,
        };
        self.note(if found.is_some() { "a person finds that it moved" } else { "a person finds that it did not" });
        let event = Event::Resolved { external_id, by: "awa".to_owned(), note: String::new(), finding };
        self.record(daemon, &event)?;
        Ok(true)
    }

    /// Through the real fold, and then the rules that hold for every state.
    fn record(&mut self, daemon: usize, event: &Event) -> Result<(), String> {
        let tick = self.world.tick;
        let disk = &mut self.world.daemons[daemon].disk;
        disk.records |= 1 << tick;
        let state = Arc::make_mut(&mut disk.state);
        state.apply(Setting::instant(tick), event).map_err(|error| format!("illegal: {error}"))?;
        if let Event::Decided { intents, slot, .. } = event
            && let Some(number) = (0..self.setting.slots).find(|number| Setting::slot(*number) == *slot)
            && !intents.is_empty()
        {
            disk.stories[usize::from(number)].journal_before = disk.was_there_before(number);
        }
        judge::holds(&disk.state)
    }
}

fn intent(setting: &Setting, disk: &Disk, slot: Slot, amount: Amount, balance: i64) -> Intent {
    let number = (0..setting.slots).find(|number| Setting::slot(*number) == slot).unwrap();
    let mut external_id = setting.ids[usize::from(number)].clone();
    if setting.planted == Some(Planted::AmountInTheId) {
        external_id = ExternalId::from_text(&format!("{external_id}-{amount:?}"));
    }
    Intent {
        body: transfer_body(&setting.identity, setting.lane, amount, &external_id, "treasuryd consolidate"),
        external_id,
        kind: Kind::Transfer,
        origin: Origin::Policy(POLICY.to_owned()),
        slot: Some(slot),
        lane: setting.lane,
        amount,
        part: 1,
        parts: 1,
        policy_hash: String::new(),
        floor: Amount::whole(super::setting::KEEP),
        balance_seen: Amount::whole(balance),
        indicative_rate: Some(Rate::ONE),
        expires_at: slot.instant() + chrono::TimeDelta::hours(1),
        limit_day: slot.instant().date_naive(),
        cap_day: slot.instant().date_naive(),
        journal_before_slot: disk.state.was_active_before(slot),
        approval: None,
        fx: None,
    }
}

fn facts(intent: &Intent, amount: Amount) -> AppliedFacts {
    AppliedFacts {
        amount,
        kpay_id: None,
        source_reference: None,
        destination_reference: None,
        exchange_rate: Some(Rate::ONE),
        credited: Some(Money { amount, currency: intent.lane.to.currency }),
        fee: None,
    }
}

fn lost() -> Reply {
    Reply::Lost { detail: String::new() }
}

fn not_sent() -> Reply {
    Reply::NotSent { detail: String::new() }
}
