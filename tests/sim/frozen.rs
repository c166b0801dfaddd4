//! What the auditor believes of wallets that lost or gained what nobody explains: which a journal says are frozen, and
//! what KPay's books say that others really did. It shares no code with what compares the readings.

use super::auditor::{Journal, Story, instant, text};
use super::books::Taken;
use super::stage::Stage;
use std::collections::BTreeMap;
use treasuryd::model::{Timestamp, WalletId};
use treasuryd::money::{Amount, Currency};
use treasuryd::settings::{ConservationSettings, FallMode};

/// Who may release a wallet.
pub const RELEASER: &str = "dia";

/// What the configuration of a process says.
#[derive(Debug, Clone, Copy, Default)]
pub struct Guard {
    pub mode: FallMode,
    /// What a wallet may lose in a day.
    pub freeze_above: i64,
    /// How many times what it held a wallet may hold, or how much more.
    pub rise: Option<(i64, i64)>,
}

impl Guard {
    /// As the daemon's configuration has it.
    pub fn settings(self) -> ConservationSettings {
        let each = |amount: i64| [Currency::XAF, Currency::XOF].map(|of| (of, Amount::whole(amount))).into();
        ConservationSettings {
            mode: self.mode,
            freeze_above: each(self.freeze_above),
            rise_times: self.rise.map(|(times, _)| u32::try_from(times).unwrap()),
            rise_above: self.rise.map(|(_, above)| each(above)).unwrap_or_default(),
            release_by: vec![RELEASER.to_owned()],
        }
    }

    /// The most that is believed after so much, beside what our own moves bring.
    fn most_after(self, before: i64) -> Option<i64> {
        self.rise.map(|(times, above)| (before.max(0) * times).max(before + above))
    }
}

/// A wallet that a journal says is frozen.
#[derive(Debug, Clone)]
pub struct Ice {
    since: Timestamp,
    /// The most that is believed, where it rose.
    most: Option<i64>,
}

/// A reading that has to be followed by a word in the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owed {
    Fell,
    Rose,
    CameBack,
}

/// A figure, and whether it is sure that the process has no other to compare with.
#[derive(Debug, Clone, Copy)]
struct Base {
    holds: i64,
    is_believed: bool,
}

/// What the readings of one process show.
#[derive(Debug, Default)]
pub struct Watch {
    pub guard: Guard,
    /// When the newest reading that showed a wallet was asked for, by KPay's time.
    newest: BTreeMap<WalletId, Timestamp>,
    /// What the next figure of each wallet is compared with.
    base: BTreeMap<WalletId, Base>,
    /// What has to be recorded, and the two figures.
    owed: BTreeMap<(Owed, String), (i64, i64)>,
}

impl Watch {
    /// Nobody knows what the next readings are compared with; they are newer than those before all the same.
    pub fn forget(&mut self) {
        self.base.clear();
        self.owed.clear();
    }
}

fn figure(event: &str, name: &str) -> Result<i64, String> {
    let found = text(event, name).and_then(|figure| figure.parse().ok());
    found.ok_or_else(|| format!("I16: no figure `{name}` in {event}"))
}

impl Journal {
    /// Takes in what a record says of a frozen wallet.
    pub(super) fn freeze(&mut self, word: &str, event: &str) -> Result<(), String> {
        if !matches!(word, "fell" | "rose" | "came_back" | "released") {
            return Ok(());
        }
        let wallet = text(event, "country").ok_or("I16: a record without its wallet")?.to_owned();
        let known = self.frozen.get(&wallet).cloned();
        let taken_at = text(event, "taken_at").map(instant).unwrap_or_default();
        match (word, known) {
            ("fell", known) => {
                if event.contains("\"freezes\":true") && known.is_none_or(|ice| ice.most.is_some()) {
                    self.frozen.insert(wallet.clone(), Ice { since: taken_at, most: None });
                }
                let unexplained = figure(event, "unexplained")?;
                let (before, after) = (figure(event, "before")?, figure(event, "after")?);
                if unexplained <= 0 || before - after < unexplained {
                    return Err(format!("I8: {wallet} fell from {before} to {after}, {unexplained} of it unexplained"));
                }
                let lost = self.lost_on(&wallet, taken_at) + unexplained;
                self.lost.insert(wallet, (taken_at.date_naive().to_string(), lost));
            }
            ("rose", None) => {
                let (after, most) = (figure(event, "after")?, figure(event, "most")?);
                if after <= most {
                    return Err(format!("I8: {wallet} rose to {after}, and {most} is believed"));
                }
                self.frozen.insert(wallet, Ice { since: taken_at, most: Some(most) });
            }
            ("came_back", Some(Ice { since, most: Some(_) })) if taken_at > since => {
                self.frozen.remove(&wallet);
            }
            ("released", Some(_)) => {
                self.frozen.remove(&wallet);
                self.lost.remove(&wallet);
            }
            (word, known) => return Err(format!("I8: {wallet} `{word}` at {taken_at}, and it is {known:?}")),
        }
        Ok(())
    }

    /// What a wallet lost so far on the day of an instant.
    fn lost_on(&self, wallet: &str, at: Timestamp) -> i64 {
        let lost = self.lost.get(wallet).filter(|(day, _)| *day == at.date_naive().to_string());
        lost.map_or(0, |(_, lost)| *lost)
    }

    /// What this journal's own moves may have taken out of a wallet, ever.
    fn may_have_left(&self, wallet: &str) -> i64 {
        let ours = self.intents.values().filter(|story| story.source == wallet && story.attempts > 0);
        ours.map(|story| story.amount).sum()
    }

    /// What they may have brought it, ever: a transfer what it takes elsewhere and a hundredth, for the rate; a payout what
    /// comes back.
    fn may_have_come(&self, wallet: &str) -> i64 {
        let into = |story: &&Story| match &story.destination {
            Some(into) => into == wallet,
            None => story.source == wallet,
        };
        let ours = self.intents.values().filter(into).filter(|story| story.attempts > 0);
        ours.map(|story| story.amount + story.amount / 100).sum()
    }
}

impl Stage {
    /// A process was given a reading that it asked for at an instant, by KPay's time.
    pub fn on_reading(&mut self, machine: usize, at: Timestamp, readings: &BTreeMap<WalletId, i64>) {
        let shown: Vec<String> = readings.iter().map(|(wallet, now)| format!("{wallet} {now}")).collect();
        self.tell(machine, format_args!("is shown {}", shown.join(", ")));
        let post = &mut self.posts[machine];
        let (model, watch) = (&self.disks[post.disk].model, &mut post.watch);
        for (wallet, now) in readings {
            // One that comes after a newer one is passed over.
            if watch.newest.get(wallet).is_some_and(|newest| *newest >= at) {
                continue;
            }
            watch.newest.insert(*wallet, at);
            let name = wallet.country.code();
            let ice = model.frozen.get(name);
            if let Some(most) = ice.and_then(|ice| ice.most) {
                watch.base.remove(wallet);
                // The record says by the machine's clock since when.
                let is_later = post.is_clear && ice.is_some_and(|ice| ice.since < at + post.ahead);
                if *now <= most && is_later {
                    watch.owed.insert((Owed::CameBack, name.to_owned()), (most, *now));
                }
                continue;
            }
            let base = watch.base.insert(*wallet, Base { holds: *now, is_believed: true });
            let Some(Base { holds: before, is_believed }) = base.filter(|_| model.records > 0) else { continue };
            if watch.guard.mode != FallMode::Off && before - now > model.may_have_left(name) {
                watch.owed.insert((Owed::Fell, name.to_owned()), (before, *now));
            }
            let Some(most) = watch.guard.most_after(before).filter(|most| now > most) else { continue };
            // Whether our own moves brought it is not for the auditor to say: the lower figure owes less.
            watch.base.insert(*wallet, Base { holds: before, is_believed: false });
            // What is frozen already is not frozen once more.
            if ice.is_none() && is_believed && *now > most + model.may_have_come(name) {
                watch.base.remove(wallet);
                watch.owed.insert((Owed::Rose, name.to_owned()), (before, *now));
            }
        }
    }

    /// A record is about to be taken into the auditor's journal.
    pub fn on_frozen(&mut self, machine: usize, line: &str) {
        let Some((_, event)) = line.split_once("\"event\":{") else { return };
        let (Some(word), Some(wallet)) = (text(event, "type"), text(event, "country")) else { return };
        let broken = match word {
            "fell" => self.on_fall(machine, wallet, event),
            "rose" => self.on_rise(machine, wallet, event),
            "came_back" => {
                self.tally.once("a wallet that rose came back");
                self.settle(machine, &[Owed::CameBack], wallet);
                let most = self.model(machine).frozen.get(wallet).and_then(|ice| ice.most);
                let most = most.map(|most| most + self.model(machine).may_have_come(wallet));
                let after = figure(event, "after").ok();
                (after > most).then(|| format!("I8: {wallet} is believed again at {after:?}, of {most:?}"))
            }
            "released" => {
                self.tally.once("a wallet was released");
                self.settle(machine, &[Owed::CameBack, Owed::Rose], wallet);
                let by = text(event, "by").unwrap_or_default();
                let is_asked = self.posts[machine].releasing.as_deref() == Some(wallet);
                (!is_asked || by != RELEASER)
                    .then(|| format!("I8: {wallet} is released by {by}, who did not or may not"))
            }
            _ => None,
        };
        if let Some(broken) = broken {
            self.violation(broken);
        }
    }

    fn model(&self, machine: usize) -> &Journal {
        &self.disks[self.posts[machine].disk].model
    }

    /// What was owed about a wallet is written.
    fn settle(&mut self, machine: usize, owed: &[Owed], wallet: &str) {
        self.posts[machine].watch.owed.retain(|(what, of), _| !owed.contains(what) || of != wallet);
    }

    fn on_fall(&mut self, machine: usize, wallet: &str, event: &str) -> Option<String> {
        self.settle(machine, &[Owed::Fell, Owed::CameBack], wallet);
        let (guard, model) = (self.posts[machine].watch.guard, self.model(machine));
        let unexplained = figure(event, "unexplained").ok()?;
        let taken_at = text(event, "taken_at").map(instant)?;
        let is_over = model.lost_on(wallet, taken_at) + unexplained > guard.freeze_above;
        let was_frozen = model.frozen.get(wallet).is_some_and(|ice| ice.most.is_none());
        let freezes = guard.mode == FallMode::Freeze && (is_over || was_frozen);
        if freezes != event.contains("\"freezes\":true") || guard.mode == FallMode::Off {
            return Some(format!("I8: {wallet} lost {unexplained} under {guard:?}: {event}"));
        }
        if freezes {
            self.tally.once("a wallet was frozen by a fall");
        }
        let taken = self.taken_by_others(machine, wallet);
        (unexplained > taken && !self.has_lagged())
            .then(|| format!("I8: {wallet} is said to have lost {unexplained}, and others took {taken} of it: {event}"))
    }

    fn on_rise(&mut self, machine: usize, wallet: &str, event: &str) -> Option<String> {
        self.settle(machine, &[Owed::Rose], wallet);
        self.posts[machine].watch.base.retain(|of, _| of.country.code() != wallet);
        self.tally.once("a wallet was frozen by a rise");
        let (before, most) = (figure(event, "before").ok()?, figure(event, "most").ok()?);
        let guard = self.posts[machine].watch.guard;
        if guard.most_after(before) != Some(most) {
            return Some(format!("I8: {wallet} may rise to {most} by its record, under {guard:?}: {event}"));
        }
        let brought = self.brought_by_others(machine, wallet);
        (brought <= most - before && !self.has_lagged())
            .then(|| format!("I8: {wallet} is said to have risen too far, and others brought it {brought}: {event}"))
    }

    /// Whether KPay ever showed a figure from before: nobody can tell such a one from a new one.
    fn has_lagged(&self) -> bool {
        self.tally.faults.contains_key(&super::tally::Fault::StaleBalance)
    }

    /// What a move of this machine's journal is known to take, or nothing where the journal has none: its own request moved it,
    /// or it has an answer. Another state may move another amount under the same id, and while ours is under way.
    fn ours(&self, machine: usize, id: &str, taken: &Taken) -> i64 {
        let moved_it = taken.by.contains(&self.lineage(machine));
        // What a person found not to have moved, and moved later, was another's request.
        let is_ended = |story: &Story| story.word == "resolved" && !story.is_found;
        let is_known = |story: &Story| moved_it || (story.has_an_answer() && !is_ended(story));
        let is_ours = |story: &&Story| story.is_ours() && is_known(story);
        self.model(machine).intents.get(id).filter(is_ours).map_or(0, |story| story.amount)
    }

    /// What left a wallet, ever, beyond the moves of this machine's journal.
    fn taken_by_others(&self, machine: usize, wallet: &str) -> i64 {
        let moved = self.books.ids.iter().filter(|(_, taken)| taken.source.country.code() == wallet);
        let foreign = moved.map(|(id, taken)| (taken.amount - self.ours(machine, id, taken)).max(0));
        foreign.sum::<i64>() + self.books.others(wallet).took
    }

    /// What came into a wallet, ever, beyond them; with a hundredth of all, for rates that are not known yet.
    fn brought_by_others(&self, machine: usize, wallet: &str) -> i64 {
        let came = self.books.ids.iter().filter_map(|(id, taken)| {
            let back = taken.is_returned().then_some((taken.source, taken.amount));
            let (_, came) = taken.credited().or(back).filter(|(into, _)| into.country.code() == wallet)?;
            Some((came - self.ours(machine, id, taken)).max(0) + came / 100)
        });
        came.sum::<i64>() + self.books.others(wallet).brought
    }

    /// Once everything is at rest: each reading that had to be followed by a word was. Where KPay showed old figures too, nobody
    /// can tell which of two readings is the newer one, and none is owed a word.
    pub fn on_rest(&mut self, machine: usize) {
        let owed = std::mem::take(&mut self.posts[machine].watch.owed);
        if self.has_lagged() {
            return;
        }
        for ((what, wallet), (before, now)) in owed {
            // A move of ours that was recorded while the reading was under way explains it too.
            let (model, most) = (self.model(machine), self.posts[machine].watch.guard.most_after(before));
            let is_explained = match what {
                Owed::Fell => before - now <= model.may_have_left(&wallet),
                Owed::Rose => most.is_none_or(|most| now <= most + model.may_have_come(&wallet)),
                Owed::CameBack => false,
            };
            if is_explained {
                continue;
            }
            self.violation(format!("I8: {wallet} went from {before} to {now}, and no record says that it {what:?}"));
        }
    }

    pub fn is_any_frozen(&self, machine: usize) -> bool {
        !self.model(machine).frozen.is_empty()
    }

    /// Whoever lured takes the money back again; false where nobody did.
    pub fn take_back(&mut self, machine: usize) -> bool {
        let rose = self.model(machine).frozen.iter().find_map(|(wallet, ice)| Some((wallet.clone(), ice.most?)));
        let Some((name, most)) = rose.filter(|_| self.chance.hits(700)) else { return false };
        let found = self.books.wallets.iter().find(|(wallet, _)| wallet.country.code() == name);
        let Some((wallet, holds)) = found.map(|(wallet, holds)| (*wallet, *holds)) else { return false };
        self.books.take_away(wallet, (holds - most).max(0));
        true
    }

    /// Something is about to leave a wallet for the first time.
    pub fn on_leaving(&mut self, machine: usize, id: &str, source: &str) {
        let is_being_released = self.posts[machine].releasing.as_deref() == Some(source);
        if self.model(machine).frozen.contains_key(source) && !is_being_released {
            self.violation(format!("I8: {id} leaves {source} for the first time, and it is frozen"));
        }
    }
}
