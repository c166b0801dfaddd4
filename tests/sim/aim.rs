//! Every second world aims at one fault in one state, and is led there: so the rare cells are reached as often as the others.

use super::policies::Rules;
use super::stage::{Stage, Way};
use super::tally::{DISK, Fault, Stage as At};
use super::world::{What, World};
use chrono::TimeDelta;
use treasuryd::model::WalletId;
use treasuryd::money::Country;
use treasuryd::policy::Rule;

/// So many of a thousand worlds aim.
const AIMING: usize = 500;
/// Those that are harder to get to are tried more often.
const PLACES: [At; 10] = [
    At::Empty,
    At::Planned,
    At::Sending,
    At::InHand,
    At::InHand,
    At::Unknown,
    At::NeedsOperator,
    At::NeedsOperator,
    At::NeedsOperator,
    At::Ended,
];
/// So many of a thousand of them aim at a webhook about a payout in doubt.
const FORGING: usize = 40;
/// Steps after which an aim is given up.
const STEPS: usize = 80;

impl World {
    pub(super) fn take_aim(&mut self) {
        let mut stage = self.stage();
        if !stage.chance.hits(AIMING) {
            return;
        }
        let (at, fault) = (stage.chance.pick(&PLACES), stage.chance.pick(&Fault::anywhere()));
        // The one aim that needs a payout without an answer: rarer than others by the policies.
        let (at, fault) = if stage.chance.hits(FORGING) { (At::Unknown, Fault::Hint) } else { (at, fault) };
        stage.aim = Some((at, fault));
        let pays_out = |rules: &Rules| rules.set.policies.iter().any(|policy| matches!(policy.rule, Rule::Payout(_)));
        stage.way = match at {
            At::NeedsOperator if stage.chance.hits(300) => Way::Restored,
            At::Unknown | At::NeedsOperator => Way::Lost,
            _ => Way::Plain,
        };
        // A payout is in KPay's hands for a while, and no 409 tells how it stands.
        let is_in_hand = matches!(at, At::InHand | At::NeedsOperator) && stage.way != Way::Restored;
        // Nor is a webhook about anything else.
        let is_paid_out = is_in_hand || (at, fault) == (At::Unknown, Fault::Hint);
        let payouts = stage.rules.iter().position(pays_out).filter(|_| is_paid_out);
        if let Some(rules) = payouts {
            stage.posts[0].rules = (rules, rules);
            let main = WalletId::of(Country::CMR).unwrap();
            *stage.books.wallets.entry(main).or_default() += 400_000;
        }
    }

    /// A journal that is there before the slot, and a copy of it from before the decision.
    pub(super) fn be_early(&mut self) {
        self.stage().now = "2026-11-24T16:59:00Z".parse().unwrap();
        self.boot(0);
        self.until_idle();
        if let Some(engine) = self.machines[0].engine.clone() {
            self.begin(0, &engine, What::Observe);
        }
        self.until_idle();
        self.inflict(0, Fault::Restored);
        self.stage().now += TimeDelta::seconds(60);
    }

    /// The state from before a decision comes back, after money moved by it. Now and then there is new money by then, so that
    /// the slot is decided with another amount, and the first answer is lost: then the next one may be about either.
    fn forget_the_decision(&mut self) {
        let is_paid_in = {
            let mut stage = self.stage();
            let is_paid_in = stage.chance.hits(500);
            stage.way = if is_paid_in { Way::Lost } else { Way::Plain };
            is_paid_in
        };
        self.inflict(0, Fault::Restored);
        let mut stage = self.stage();
        let source = stage.books.ids.values().next().map(|taken| taken.source);
        if let Some(source) = source.filter(|_| is_paid_in) {
            let amount = 1000 * i64::try_from(150 + stage.chance.below(300)).unwrap();
            stage.books.bring(source, amount);
        }
    }

    /// A disk can fail only under somebody who writes: a pause does, whatever the intents are doing.
    fn write_something(&mut self, fault: Fault) {
        let engine = self.running(0, What::Pause).filter(|_| DISK.contains(&fault));
        if let Some(engine) = engine {
            let what = if engine.is_paused() { What::Resume } else { What::Pause };
            self.begin(0, &engine, what);
        }
    }

    /// Steps towards what is aimed at, until it is done.
    pub(super) fn approach(&mut self) {
        for _ in 0..STEPS {
            let aim = self.stage().aim;
            let Some((at, fault)) = aim.filter(|_| self.stage().violations.is_empty()) else { break };
            let (dice, is_there, is_to_forget) = {
                let mut stage = self.stage();
                stage.step += 1;
                let has_moved = !stage.books.ids.is_empty();
                let is_told_of = (at, fault) != (At::Unknown, Fault::Hint) || !stage.payouts_in_doubt(0).is_empty();
                let is_there = stage.at(0) == at && is_told_of;
                (stage.chance.below(100), is_there, has_moved && stage.way == Way::Restored)
            };
            if is_to_forget {
                self.forget_the_decision();
            }
            if is_there && dice < 40 {
                self.inflict(0, fault);
                self.write_something(fault);
            }
            let engine = self.machines[0].engine.clone();
            let is_planned = !self.stage().disks[0].model.intents.is_empty();
            match engine.filter(|_| is_planned && self.machines[0].is_ready && at != At::Planned) {
                _ if dice < 75 && self.progress(true) => {}
                _ if (75..79).contains(&dice) => self.advance(),
                Some(engine) if dice < 95 => self.begin(0, &engine, What::WorkOff),
                _ => self.start(0),
            }
        }
        self.stage().aim = None;
    }
}

impl Stage {
    /// What happens to a request on the way to what is aimed at.
    pub fn on_the_way(&mut self, machine: usize, id: &str) -> Option<Fault> {
        let (at, _) = self.aim?;
        let model = &self.disks[self.posts[machine].disk].model;
        let is_first = model.intents.get(id).is_some_and(|story| story.attempts == 1);
        match at {
            _ if !is_first || self.way != Way::Lost => None,
            At::Unknown => Some(self.chance.pick(&[Fault::LostBefore, Fault::LostAfter])),
            // Only what KPay knows already is a person's business.
            _ => Some(Fault::LostAfter),
        }
    }
}
