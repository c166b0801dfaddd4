//! How long a plan takes, and how that grows with wallets and policies: `cargo bench --bench plan`.
//!
//! A plan must be linear in wallets + policies, so ten times as much of both must take about ten times as long.
//! Each figure is the fastest of several runs (other work on the machine only ever adds); ratios are against the first
//! row of that size.

use chrono::DateTime;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::{Duration, Instant};
use treasuryd::model::{Environment, Identity, Reading, Snapshot, Timestamp, WalletId};
use treasuryd::money::{Amount, Country, Currency, Rate};
use treasuryd::plan::{Caps, Inputs, Plan, Standing, plan, second_opinion};
use treasuryd::policy::{Fx, Policy, PolicySet, Portion, Rule, Source, Sweep};
use treasuryd::slot::Schedule;

const RUNS: usize = 25;

/// Everything a plan of this size is made from.
struct World {
    set: PolicySet,
    snapshot: Snapshot,
    identity: Identity,
    rates: BTreeMap<(Currency, Currency), Rate>,
    now: Timestamp,
}

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` only asks whether it runs.
    let quick = std::env::args().any(|argument| argument == "--test");
    let scale = if quick { 100 } else { 1 };
    println!(
        "plan: fastest of {RUNS} runs{}",
        if quick { ", everything below a hundredth of the size named" } else { "" }
    );
    let small = World::synthetic(10, 20)?;
    row("10 wallets x 20 policies", &small, None);

    let base = World::synthetic(10_000 / scale, 100 / scale)?;
    let reference = row("10,000 wallets x 100 policies", &base, None);
    for (name, wallets, policies) in [
        ("100,000 wallets x 100 policies", 100_000, 100),
        ("10,000 wallets x 1,000 policies", 10_000, 1_000),
        ("100,000 wallets x 1,000 policies", 100_000, 1_000),
    ] {
        row(name, &World::synthetic(wallets / scale, policies / scale)?, Some(reference));
    }

    println!("with the second opinion, over KPay's ten countries");
    let ten = World::known(10_000 / scale, 100 / scale)?;
    let reference = opinion_row("10,000 wallets x 100 policies", &ten, None)?;
    let hundred = World::known(100_000 / scale, 1_000 / scale)?;
    opinion_row("100,000 wallets x 1,000 policies", &hundred, Some(reference))?;
    Ok(())
}

fn row(name: &str, world: &World, reference: Option<Duration>) -> Duration {
    let made = world.plan();
    let moving: usize = made.policies.iter().map(|policy| policy.transfers.len()).sum();
    let took = fastest(|| world.plan());
    println!("  {name:<34} {:>10.1?}{}  {moving} transfers", took, ratio(took, reference));
    took
}

fn opinion_row(name: &str, world: &World, reference: Option<Duration>) -> Result<Duration, Box<dyn Error>> {
    let made = world.plan();
    let standing = Standing::default();
    let caps = caps();
    let inputs = world.inputs(&standing, &caps);
    second_opinion(&made, &inputs).map_err(|objections| format!("{objections:?}"))?;
    let took = fastest(|| second_opinion(&made, &inputs));
    println!("  {name:<34} {:>10.1?}{}", took, ratio(took, reference));
    Ok(took)
}

fn ratio(took: Duration, reference: Option<Duration>) -> String {
    let Some(reference) = reference else { return String::new() };
    let tenths = took.as_micros() * 10 / reference.as_micros().max(1);
    format!("  x{}.{}", tenths / 10, tenths % 10)
}

fn fastest<T>(mut work: impl FnMut() -> T) -> Duration {
    let time = |_| {
        let start = Instant::now();
        std::hint::black_box(work());
        start.elapsed()
    };
    (0..RUNS).map(time).min().unwrap_or_default()
}

fn caps() -> Caps {
    Caps { max_transfers_per_hour: u32::MAX, max_per_day: BTreeMap::new() }
}

impl World {
    /// Wallets of made-up countries; each policy sweeps three of them into a fourth, and each of those moves.
    fn synthetic(wallets: usize, policies: usize) -> Result<Self, Box<dyn Error>> {
        let all: Vec<WalletId> = codes().take(wallets).collect();
        let pick = |index: usize| all[index % all.len()];
        let lanes = |index: usize| {
            let first = index * 7;
            ([pick(first), pick(first + 1), pick(first + 2)], pick(first + 3))
        };
        Self::new(&all, policies, lanes)
    }

    /// As many wallets, but policies between KPay's own ten: most find their lanes taken.
    fn known(wallets: usize, policies: usize) -> Result<Self, Box<dyn Error>> {
        let known: Vec<WalletId> = Country::ALL.iter().filter_map(|country| WalletId::of(*country)).collect();
        let all: Vec<WalletId> = known.iter().copied().chain(codes()).take(wallets.max(known.len())).collect();
        let pick = |index: usize| known[index % known.len()];
        let lanes = |index: usize| {
            let step = 1 + index / 10 % 3;
            ([pick(index + step), pick(index + step + 3), pick(index + step + 6)], pick(index))
        };
        Self::new(&all, policies, lanes)
    }

    fn new(
        wallets: &[WalletId],
        policies: usize,
        lanes: impl Fn(usize) -> ([WalletId; 3], WalletId),
    ) -> Result<Self, Box<dyn Error>> {
        let now: Timestamp = DateTime::parse_from_rfc3339("2026-11-24T17:00:05Z")?.to_utc();
        let reading = Reading { available: Amount::whole(330_000), balance: None };
        let readings = wallets.iter().map(|wallet| (*wallet, reading)).collect();
        let pairs = Currency::ALL.iter().flat_map(|from| Currency::ALL.map(|to| ((*from, to), Rate::ONE)));
        let made: Result<Vec<Policy>, Box<dyn Error>> =
            (0..policies).map(|index| policy(index, lanes(index))).collect();
        Ok(Self {
            set: PolicySet { policies: made?, ..PolicySet::default() },
            snapshot: Snapshot { taken_at: now, readings, problems: Vec::new() },
            identity: Identity {
                environment: Environment::Sandbox,
                application_id: "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse()?,
            },
            rates: pairs.collect(),
            now,
        })
    }

    fn inputs<'a>(&'a self, standing: &'a Standing, caps: &'a Caps) -> Inputs<'a> {
        Inputs {
            availability: treasuryd::model::Availability::unasked(),
            policies: &self.set,
            snapshot: &self.snapshot,
            standing,
            caps,
            rates: &self.rates,
            identity: Some(&self.identity),
            environment: Environment::Sandbox,
            now: self.now,
            clock: self.now,
            only: None,
        }
    }

    fn plan(&self) -> Plan {
        plan(&self.inputs(&Standing::default(), &caps()))
    }
}

fn policy(index: usize, (sources, into): ([WalletId; 3], WalletId)) -> Result<Policy, Box<dyn Error>> {
    let source = |wallet| Source { wallet, above: Amount::whole(100), keep: Amount::whole(100) };
    let schedule = Schedule::new("0 18 * * MON-FRI", chrono_tz::Africa::Douala, BTreeSet::new())?;
    let rule = Rule::Sweep(Sweep { sources: sources.map(source).to_vec(), into, portion: Portion::Surplus });
    let fx = Fx { allow: true, ..Fx::default() };
    Ok(Policy { fx, ..Policy::bare(&format!("policy-{index:04}"), schedule, rule) })
}

/// `AAA` to `ZZZ` in each of KPay's currencies.
fn codes() -> impl Iterator<Item = WalletId> {
    let letters = || b'A'..=b'Z';
    let codes =
        letters().flat_map(move |one| letters().flat_map(move |two| letters().map(move |three| [one, two, three])));
    let countries = codes.filter_map(|code| std::str::from_utf8(&code).ok()?.parse::<Country>().ok());
    let foreign = countries.filter(|country| !Country::ALL.contains(country));
    foreign.flat_map(|country| Currency::ALL.map(|currency| WalletId { country, currency }))
}
