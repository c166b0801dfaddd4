//! One position of the search: two daemons with the real state, the bank, the clock, and what may still go wrong.

use super::bank::{Answer, Bank};
use super::setting::{Bounds, OPENING, Setting, TICKS_A_SLOT};
use std::sync::Arc;
use treasuryd::intent::{Event, State, Tracked};
use treasuryd::money::Amount;

/// What a daemon's one worker is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    Nothing,
    /// The attempt is recorded; its bytes have not left.
    Recorded(u8),
    /// The bank has seen it.
    Answered(u8, Answer),
}

/// Our own book on one intent of one state, kept apart from the program's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Story {
    /// The bytes of the first attempt, told apart by their hash.
    pub bytes: Option<u64>,
    /// Whether an attempt before the present one got no answer.
    pub lost: bool,
    /// The bank's balance when the first attempt was recorded that may have arrived.
    pub before: Option<i64>,
    /// Whether the journal had a record from the hour before the slot when it was decided.
    pub journal_before: bool,
    /// Whether this disk was put back at or after the slot.
    pub is_copied: bool,
}

/// What a copy of a state directory brings back.
#[derive(Debug, Clone)]
pub struct Disk {
    pub state: Arc<State>,
    pub stories: Vec<Story>,
    /// The ticks with a record, as bits.
    pub records: u16,
}

#[derive(Debug, Clone)]
pub struct Daemon {
    pub disk: Disk,
    pub work: Work,
    pub is_wiped: bool,
    pub backup: Option<Disk>,
}

#[derive(Debug, Clone)]
pub struct World {
    pub tick: u8,
    pub bank: Bank,
    pub daemons: Vec<Daemon>,
    pub left: Bounds,
}

impl World {
    pub fn new(setting: &Setting) -> Self {
        let daemon = Daemon { disk: Disk::new(setting, 0), work: Work::Nothing, is_wiped: false, backup: None };
        Self {
            tick: 0,
            bank: Bank { balance: OPENING, entries: Vec::new(), in_the_air: Vec::new() },
            daemons: vec![daemon; setting.daemons],
            left: setting.bounds,
        }
    }

    /// All that decides how it goes on. Words for people, counts of attempts, and times within a tick are left out:
    /// nothing is decided by them here.
    pub fn key(&self, setting: &Setting) -> Box<[u8]> {
        let mut known = Known(Vec::with_capacity(160));
        known.byte(self.tick.into());
        let Bounds { lost, late, not_sent, refused, crashes, wipes, restores, forgotten } = self.left;
        known.0.extend([lost, late, not_sent, refused, crashes, wipes, restores, forgotten]);
        // What the bank did for a slot matters as long as somebody may still ask for it.
        let disks = || self.daemons.iter().flat_map(|daemon| [Some(&daemon.disk), daemon.backup.as_ref()]).flatten();
        let is_live = |slot: u8| {
            slot >= self.tick / TICKS_A_SLOT
                || disks().any(|disk| disk.tracked(slot).is_some())
                || self.bank.in_the_air.iter().any(|request| request.slot == slot)
        };
        self.bank.write_key(setting.horizon != u8::MAX, is_live, &mut known);
        // Which of two is which makes no difference.
        let mut daemons: Vec<Vec<u8>> = self.daemons.iter().map(|daemon| daemon.known(setting, self.tick).0).collect();
        daemons.sort_unstable();
        known.0.extend(daemons.concat());
        known.0.into_boxed_slice()
    }
}

impl Daemon {
    fn known(&self, setting: &Setting, tick: u8) -> Known {
        let mut known = Known(Vec::with_capacity(80));
        known.byte(match self.work {
            Work::Nothing => 0,
            Work::Recorded(slot) => 1 + usize::from(slot),
            Work::Answered(slot, answer) => 16 + usize::from(slot) * 4 + answer as usize,
        });
        known.byte(self.is_wiped.into());
        self.disk.write_key(setting, tick, &mut known);
        if let Some(backup) = &self.backup {
            backup.write_key(setting, tick, &mut known);
        }
        known
    }
}

impl Disk {
    /// An empty journal, claimed at a tick.
    pub fn new(setting: &Setting, tick: u8) -> Self {
        let mut state = State::default();
        let opened = Event::Opened { identity: setting.identity.clone(), version: String::new() };
        state.apply(Setting::instant(tick), &opened).unwrap();
        Self { state: Arc::new(state), stories: vec![Story::default(); setting.slots.into()], records: 1 << tick }
    }

    pub fn tracked(&self, slot: u8) -> Option<&Tracked> {
        self.state.open.values().find(|tracked| number_of(tracked) == slot)
    }

    pub fn open_slots(&self) -> impl Iterator<Item = u8> {
        self.state.open.values().map(number_of)
    }

    /// CONTRACT's hour before a slot, by our own book.
    pub fn was_there_before(&self, slot: u8) -> bool {
        let at = slot * TICKS_A_SLOT;
        (at.saturating_sub(TICKS_A_SLOT)..at).any(|tick| self.records & (1 << tick) != 0)
    }

    /// By the program's own word.
    fn is_copied_after(&self, slot: u8) -> bool {
        self.state.copied_at.is_some_and(|at| at >= Setting::slot(slot).instant())
    }

    fn write_key(&self, setting: &Setting, tick: u8, known: &mut Known) {
        let now = Setting::slot(tick / TICKS_A_SLOT);
        // What was there before a slot that may yet be decided.
        for number in tick / TICKS_A_SLOT..setting.slots {
            let active = self.state.was_active_before(Setting::slot(number));
            let story = self.stories[usize::from(number)];
            let bits = [active, self.was_there_before(number), story.is_copied, self.is_copied_after(number)];
            known.byte(bits.iter().fold(0, |bits, bit| bits * 2 + usize::from(*bit)));
        }
        known.byte(self.state.open.len());
        for tracked in self.state.open.values() {
            let story = self.stories[usize::from(number_of(tracked))];
            let flags = [
                self.state.journal_proves(&tracked.intent),
                tracked.may_have_arrived,
                tracked.holds,
                tracked.amount_is_ours,
                tracked.intent.journal_before_slot,
                tracked.attempts == 0,
            ];
            let bits = [story.lost, story.journal_before, story.is_copied];
            known.byte(bits.iter().fold(0, |bits, bit| bits * 2 + usize::from(*bit)));
            known.number(story.bytes.map_or(0, |bytes| i64::try_from(bytes >> 8).unwrap_or_default()));
            known.number(story.before.unwrap_or(-1));
            known.byte(flags.iter().fold(0, |bits, flag| bits * 2 + usize::from(*flag)));
            known.byte(tracked.outcome as usize);
            known.time(tracked.intent.slot.map(treasuryd::model::Slot::instant));
            known.number(units(tracked.intent.amount));
            known.number(tracked.balance_before.map_or(-1, units));
            known.time(tracked.first_attempt_at);
        }
        let standing = &self.state.standing;
        // Slots before the one of now are all alike: none of them is decided any more.
        for decided in standing.decided.values().filter(|decided| decided.slot == now) {
            known.byte(decided.left_open.len());
        }
        known.byte(255);
        for last in standing.lanes.values().filter(|last| last.slot == now) {
            known.byte(last.moved.into());
        }
        known.byte(255);
        for outflow in standing.outflows.values() {
            known.number(units(outflow.before));
            known.time(Some(outflow.applied_at));
        }
    }
}

/// A position, written down.
pub struct Known(Vec<u8>);

impl Known {
    pub fn byte(&mut self, value: usize) {
        self.0.push(u8::try_from(value).unwrap());
    }

    pub fn number(&mut self, value: i64) {
        self.0.extend(value.to_be_bytes());
    }

    /// To the minute: events of one tick have one time.
    fn time(&mut self, at: Option<treasuryd::model::Timestamp>) {
        let minutes = at.map_or(-1, |at| (at - Setting::instant(0)).num_seconds().div_euclid(60));
        self.0.extend(i16::try_from(minutes).unwrap().to_be_bytes());
    }
}

/// Which of the search's slots an intent is for.
pub fn number_of(tracked: &Tracked) -> u8 {
    let since = tracked.intent.slot.unwrap().instant() - Setting::slot(0).instant();
    u8::try_from(since.num_minutes() / 30).unwrap() / TICKS_A_SLOT
}

pub fn units(amount: Amount) -> i64 {
    i64::try_from(amount.decimal()).unwrap()
}
