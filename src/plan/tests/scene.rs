//! Scenes: a world in a few words.
//!
//! `S` is the slot (18:00 in Douala), `S+1d`, `S-90s` are instants beside it; "now" is `S+5s` unless `at` says another.

#![allow(clippy::panic, reason = "a scene that cannot be read fails its test")]

use crate::model::{
    Environment, ExternalId, Identity, Lane, Reading, Slot, Snapshot, Timestamp, WalletId, WalletProblem,
};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::{
    Caps, DayKey, Decided, Hold, Inputs, LaneDecision, LastOutflow, Plan, PolicyPlan, Standing, lane_amounts, plan,
    second_opinion,
};
use crate::policy::{Fx, Limits, Mode, Policy, PolicySet, Portion, Rule, Source, Sweep};
use crate::slot::{Schedule, Window};
use chrono::{DateTime, NaiveDate, TimeDelta};
use std::collections::{BTreeMap, BTreeSet};

pub(super) struct Scene {
    pub(super) set: PolicySet,
    pub(super) snapshot: Snapshot,
    pub(super) standing: Standing,
    pub(super) caps: Caps,
    pub(super) rates: BTreeMap<(Currency, Currency), Rate>,
    pub(super) identity: Option<Identity>,
    pub(super) now: Timestamp,
    pub(super) clock: Timestamp,
    pub(super) only: Option<String>,
}

impl Scene {
    pub(super) fn read(text: &str) -> Self {
        let now = instant("S+5s");
        let mut scene = Self {
            set: PolicySet::default(),
            snapshot: Snapshot { taken_at: now, readings: BTreeMap::new(), problems: Vec::new() },
            standing: Standing::default(),
            caps: Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() },
            rates: BTreeMap::new(),
            identity: Some(Identity {
                environment: Environment::Sandbox,
                application_id: "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap(),
            }),
            now,
            clock: now,
            only: None,
        };
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            scene.add(line);
        }
        scene.set.policies.sort_by_key(|policy| (policy.priority, policy.name.clone()));
        scene
    }

    /// One more line.
    pub(super) fn add(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.line(&words);
    }

    fn line(&mut self, words: &[&str]) {
        match words {
            ["at", at] => (self.now, self.clock, self.snapshot.taken_at) = (instant(at), instant(at), instant(at)),
            ["taken", at] => self.snapshot.taken_at = instant(at),
            ["clock", at] => self.clock = instant(at),
            ["only", name] => self.only = Some((*name).to_owned()),
            ["noid"] => self.identity = None,
            ["pause"] => self.standing.paused_all = true,
            ["pause", name] => drop(self.standing.paused.insert((*name).to_owned())),
            ["wallets", rest @ ..] => {
                for (name, available) in rest.iter().map(|word| pair(word)) {
                    self.snapshot.readings.insert(wallet(name), Reading { available, balance: None });
                }
            }
            ["problem", country, what @ ..] => {
                let country: Country = country.parse().unwrap();
                self.snapshot.problems.push(WalletProblem { country: Some(country), what: what.join(" ") });
            }
            ["reserve", word] => drop(self.set.reserves.insert(wallet(pair(word).0), pair(word).1)),
            ["policy", name, rest @ ..] => self.set.policies.push(policy(name, rest)),
            ["cap", word] => match word.strip_prefix("hour=") {
                Some(count) => self.caps.max_transfers_per_hour = count.parse().unwrap(),
                None => drop(self.caps.max_per_day.insert(pair(word).0.parse().unwrap(), pair(word).1)),
            },
            ["rate", word] => {
                let ((from, to), rate) =
                    word.split_once('=').map(|(pair, rate)| (pair.split_once('/').unwrap(), rate)).unwrap();
                self.rates.insert((from.parse().unwrap(), to.parse().unwrap()), rate.parse().unwrap());
            }
            _ => self.standing_line(words),
        }
    }

    fn standing_line(&mut self, words: &[&str]) {
        let standing = &mut self.standing;
        match words {
            ["decided", name, at, open @ ..] => {
                let left_open = open.iter().skip(1).map(|word| lane(word)).collect();
                standing.decided.insert((*name).to_owned(), Decided { slot: slot(at), left_open });
            }
            ["lane", on, at, name, found] => {
                let decision = LaneDecision { slot: slot(at), policy: (*name).to_owned(), moved: *found == "moved" };
                standing.lanes.insert(lane(on), decision);
            }
            ["hold", word, outcome] => {
                let (on, amount) = pair(word);
                let id = format!("TRD-HOLD-{}", standing.holds.len());
                let external_id = ExternalId::from_text(&id);
                standing.holds.insert(
                    id,
                    Hold {
                        external_id,
                        lane: lane(on),
                        amount,
                        arriving: Some(amount),
                        outcome: (*outcome).to_owned(),
                        counted: *outcome != "planned",
                    },
                );
            }
            ["used", name, currency, day, amount] => {
                let key = DayKey {
                    policy: (*name).to_owned(),
                    currency: currency.parse().unwrap(),
                    day: day.parse().unwrap(),
                };
                standing.day_used.insert(key, amount.parse().unwrap());
            }
            ["capused", currency, day, amount] => {
                let key = (day.parse().unwrap(), currency.parse().unwrap());
                standing.cap_day_used.insert(key, amount.parse().unwrap());
            }
            ["attempts", count, at] => {
                standing.first_attempts.extend(std::iter::repeat_n(instant(at), count.parse().unwrap()));
            }
            ["outflow", word, at] => {
                let (name, before) = pair(word);
                standing.outflows.insert(wallet(name), LastOutflow { before, applied_at: instant(at) });
            }
            other => panic!("no such line in a scene: {other:?}"),
        }
    }

    pub(super) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            policies: &self.set,
            snapshot: &self.snapshot,
            standing: &self.standing,
            caps: &self.caps,
            rates: &self.rates,
            identity: self.identity.as_ref(),
            environment: Environment::Sandbox,
            now: self.now,
            clock: self.clock,
            only: self.only.as_deref(),
        }
    }

    pub(super) fn plan(&self) -> Plan {
        plan(&self.inputs())
    }

    /// What holds for every plan: the second opinion has nothing against it, every skip says why in one line, and no
    /// wallet gives more than was read.
    #[track_caller]
    pub(super) fn assert_sound(&self, plan: &Plan) {
        assert_eq!(second_opinion(plan, &self.inputs()), Ok(()));
        for skip in plan.policies.iter().flat_map(|policy| &policy.skipped) {
            for text in [&skip.detail, &skip.would_move_if] {
                assert!(text.len() > 10 && !text.contains('\n') && !text.ends_with('.'), "{skip:?}");
            }
        }
        let mut left: BTreeMap<WalletId, Amount> =
            self.snapshot.readings.iter().map(|(wallet, reading)| (*wallet, reading.available)).collect();
        let sent = plan.policies.iter().flat_map(|policy| &policy.transfers);
        for (source, amount) in sent.map(|transfer| (transfer.lane().from, transfer.amount)) {
            let rest = left[&source].checked_sub(amount).unwrap();
            assert!(!rest.is_negative(), "{source} gives more than it has");
            left.insert(source, rest);
        }
    }
}

/// A line a policy: its lanes in order, with the parts' amounts or the reason.
pub(super) fn shown(plan: &Plan) -> Vec<String> {
    plan.policies.iter().map(shown_policy).collect()
}

fn shown_policy(policy: &PolicyPlan) -> String {
    let parts = |lane: Lane| {
        let of_lane = policy.transfers.iter().filter(|transfer| transfer.lane() == lane);
        let amounts: Vec<String> = of_lane.map(|transfer| transfer.amount.to_string()).collect();
        // Many equal parts are shown as a count.
        if amounts.len() > 4 { format!("{}x{}", amounts.len(), amounts[0]) } else { amounts.join("+") }
    };
    let moved = lane_amounts(policy).into_iter().map(|(lane, _)| format!("{lane} {}", parts(lane)));
    let skipped = policy.skipped.iter().map(|skip| format!("{}>{} {}", skip.from, skip.to, skip.reason.word()));
    let items: Vec<String> = moved.chain(skipped).collect();
    let due = if policy.due { "due" } else { "idle" };
    format!("{} {due}: {}", policy.policy, items.join("; "))
}

/// `GAB:above:keep … >CMR`, flags and `key=value`.
pub(super) fn policy(name: &str, words: &[&str]) -> Policy {
    let mut sources = Vec::new();
    let (mut into, mut limits, mut holidays) = (None, Limits::default(), BTreeSet::new());
    let (mut mode, mut enabled, mut fx, mut priority) = (Mode::Live, true, Fx::default(), 100);
    let (mut cron, mut catch_up) = ("0 18 * * *".to_owned(), TimeDelta::hours(6));
    let (mut window, mut closed) = (Window::default(), BTreeMap::<Country, BTreeSet<NaiveDate>>::new());
    for word in words {
        let figures: Vec<&str> = word.split(':').collect();
        match (figures.as_slice(), word.split_once('=')) {
            ([source, above, keep], _) => {
                let (above, keep) = (above.parse().unwrap(), keep.parse().unwrap());
                sources.push(Source { wallet: wallet(source), above, keep });
            }
            (_, Some(("prio", value))) => priority = value.parse().unwrap(),
            (_, Some(("cron", value))) => cron = value.replace('_', " "),
            (_, Some(("catch", value))) => catch_up = TimeDelta::minutes(value.parse().unwrap()),
            (_, Some(("from", value))) => window.from = Some(value.parse().unwrap()),
            (_, Some(("until", value))) => window.until = Some(value.parse().unwrap()),
            // `16.30`: a colon would make it a source.
            (_, Some(("after", value))) => window.not_after = Some(value.replace('.', ":").parse().unwrap()),
            (_, Some(("closed", value))) => {
                let (country, date) = value.split_once('@').unwrap();
                closed.entry(country.parse().unwrap()).or_default().insert(date.parse().unwrap());
            }
            (_, Some(("holiday", value))) => drop(holidays.insert(value.parse().unwrap())),
            (_, Some((key, value))) => {
                let currency = sources[0].wallet.currency;
                limit(&mut limits, key).insert(currency, value.parse().unwrap());
            }
            (["shadow"], _) => mode = Mode::Shadow,
            (["off"], _) => enabled = false,
            (["fx"], _) => fx.allow = true,
            _ => into = Some(wallet(word.strip_prefix('>').unwrap())),
        }
    }
    let schedule = Schedule::new(&cron, chrono_tz::Africa::Douala, holidays).unwrap().with_window(window);
    let rule = Rule::Sweep(Sweep { sources, into: into.unwrap(), portion: Portion::Surplus });
    Policy { limits, fx, mode, enabled, priority, catch_up, closed, ..Policy::bare(name, schedule, rule) }
}

fn limit<'l>(limits: &'l mut Limits, key: &str) -> &'l mut BTreeMap<Currency, Amount> {
    match key {
        "min" => &mut limits.min_transfer,
        "max" => &mut limits.max_transfer,
        "slot" => &mut limits.max_per_slot,
        "day" => &mut limits.max_per_day,
        "round" => &mut limits.round_down_to,
        other => panic!("no such limit: {other}"),
    }
}

fn pair(word: &str) -> (&str, Amount) {
    let (name, amount) = word.split_once('=').unwrap();
    (name, amount.parse().unwrap())
}

/// `GAB`, or `GAB/XOF` for another currency than its own.
pub(super) fn wallet(word: &str) -> WalletId {
    let (country, currency) =
        word.split_once('/').map_or((word, None), |(country, currency)| (country, Some(currency)));
    let country: Country = country.parse().unwrap();
    match currency {
        Some(currency) => WalletId { country, currency: currency.parse().unwrap() },
        None => WalletId::of(country).unwrap(),
    }
}

pub(super) fn lane(word: &str) -> Lane {
    let (from, to) = word.split_once('>').unwrap();
    Lane { from: wallet(from), to: wallet(to) }
}

pub(super) fn slot(word: &str) -> Slot {
    Slot::at(instant(word))
}

pub(super) fn instant(word: &str) -> Timestamp {
    let base = DateTime::parse_from_rfc3339("2026-11-24T17:00:00Z").unwrap().to_utc();
    let shift = word.strip_prefix('S').unwrap();
    if shift.is_empty() {
        return base;
    }
    let (count, unit) = shift.split_at(shift.len() - 1);
    let count: i64 = count.parse().unwrap();
    base + match unit {
        "s" => TimeDelta::seconds(count),
        "h" => TimeDelta::hours(count),
        "d" => TimeDelta::days(count),
        other => panic!("no such unit: {other}"),
    }
}
