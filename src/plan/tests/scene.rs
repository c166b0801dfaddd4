//! Scenes: a world in a few words.
//!
//! `S` is the slot (18:00 in Douala), `S+1d`, `S-90s` are instants beside it; "now" is `S+5s` unless `at` says another.

#![allow(clippy::panic, reason = "a scene that cannot be read fails its test")]

use super::rules::policy;
use crate::model::{
    Availability, Environment, ExternalId, Identity, Lane, Reading, Slot, Snapshot, Timestamp, WalletId, WalletProblem,
};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::{
    AppliedRate, Caps, DayKey, Decided, Frozen, Hold, Inputs, LaneDecision, LastOutflow, Plan, PolicyPlan, Standing,
    lane_amounts, plan, second_opinion,
};
use crate::policy::{CalendarReserve, PolicySet};
use crate::slot::MonthDays;
use chrono::{DateTime, TimeDelta};
use std::collections::BTreeMap;

pub(super) struct Scene {
    pub(super) set: PolicySet,
    pub(super) snapshot: Snapshot,
    pub(super) standing: Standing,
    pub(super) caps: Caps,
    pub(super) availability: Availability,
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
            availability: Availability::default(),
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
            ["reserve", word, "during", days] => {
                let (from, until) = days.split_once("..").unwrap();
                let during = MonthDays::new(from.parse().unwrap(), until.parse().unwrap()).unwrap();
                let (name, amount) = pair(word);
                let zone = chrono_tz::Africa::Douala;
                self.set.calendar.push(CalendarReserve { wallet: wallet(name), amount, during, zone });
            }
            ["reserve", word] => drop(self.set.reserves.insert(wallet(pair(word).0), pair(word).1)),
            ["policy", name, rest @ ..] => self.set.policies.push(policy(name, rest)),
            ["cap", word] => match word.strip_prefix("hour=") {
                Some(count) => self.caps.max_transfers_per_hour = count.parse().unwrap(),
                None => drop(self.caps.max_per_day.insert(pair(word).0.parse().unwrap(), pair(word).1)),
            },
            ["operator", provider, status] => {
                let status = serde_json::from_str(&format!("\"{status}\"")).unwrap();
                self.availability.payouts.insert(provider.parse().unwrap(), status);
            }
            ["unread", why @ ..] => self.availability.unread = Some(why.join(" ")),
            ["rate", word] => {
                let (pair, rate) = priced(word);
                self.rates.insert(pair, rate);
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
            ["hold", word, outcome, brings @ ..] => {
                let (on, amount) = pair(word);
                // As much arrives as leaves, where nothing else is said; `?` where nobody knows.
                let arriving = brings.first().map_or(Some(amount), |brings| brings.parse().ok());
                let id = format!("TRD-HOLD-{}", standing.holds.len());
                let external_id = ExternalId::from_text(&id);
                standing.holds.insert(
                    id,
                    Hold {
                        external_id,
                        lane: lane(on),
                        amount,
                        arriving,
                        outcome: (*outcome).to_owned(),
                        counted: !["planned", "awaiting_approval"].contains(outcome),
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
            ["frozen", word, at] => {
                let (name, unexplained) = pair(word);
                let after = Amount::whole(380_000);
                let before = after.checked_add(unexplained).unwrap();
                standing
                    .frozen
                    .insert(wallet(name), Frozen { since: instant(at), before, after, unexplained, most: None });
            }
            ["inflow", name, at] => drop(standing.inflows.insert(wallet(name), instant(at))),
            ["applied", word] => {
                let (pair, rate) = priced(word);
                standing.rates.insert(pair, AppliedRate { rate, at: instant("S-1d") });
            }
            other => panic!("no such line in a scene: {other:?}"),
        }
    }

    pub(super) fn inputs(&self) -> Inputs<'_> {
        Inputs {
            availability: &self.availability,
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

/// `XAF/XOF=1.0153`.
fn priced(word: &str) -> ((Currency, Currency), Rate) {
    let (pair, rate) = word.split_once('=').unwrap();
    let (from, to) = pair.split_once('/').unwrap();
    ((from.parse().unwrap(), to.parse().unwrap()), rate.parse().unwrap())
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
    match to.parse() {
        Ok(payee) => Lane::payout(wallet(from), payee),
        Err(_) => Lane::between(wallet(from), wallet(to)),
    }
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
