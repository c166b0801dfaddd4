//! What does not change during a search: policy, identity, clock, bounds, and the mistake that is planted.

use chrono::{TimeDelta, TimeZone, Utc};
use std::collections::BTreeMap;
use treasuryd::intent::RetryRules;
use treasuryd::model::{
    Availability, Environment, ExternalId, IdParts, Identity, Kind, Lane, Moment, Reading, Slot, Snapshot, Timestamp,
    WalletId,
};
use treasuryd::money::{Amount, Country, Currency, Rate};
use treasuryd::plan::{Caps, Inputs, PolicyPlan, Standing, plan};
use treasuryd::policy::{PolicySet, SourceFile, parse};

pub const POLICY: &str = "consolidate";
/// What the policy leaves in the source.
pub const KEEP: i64 = 100_000;
/// What the source holds at the beginning.
pub const OPENING: i64 = 300_000;
/// Ticks of half an hour from one slot to the next.
pub const TICKS_A_SLOT: u8 = 2;

/// How often each fault may come in one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// Requests or replies lost, 5xx, and readings that fail.
    pub lost: u8,
    /// Requests that nobody waits for any more, and that arrive later.
    pub late: u8,
    /// Connections that are not made.
    pub not_sent: u8,
    /// Refusals (400) that have nothing to do with funds.
    pub refused: u8,
    /// Ends of the process while an attempt is under way.
    pub crashes: u8,
    /// States lost as a whole.
    pub wipes: u8,
    /// States put back to what they were half an hour ago.
    pub restores: u8,
    /// Ids that the bank forgets.
    pub forgotten: u8,
}

/// A mistake in the daemon, to see that the search finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Planted {
    ServerErrorIsFailure,
    AmountInTheId,
    ConflictIsSuccess,
    RefusalAlwaysEnds,
    NewBytesWhenAskedAgain,
    FloorOnTheOldBalance,
    CopyIsNotNoticed,
}

pub struct Setting {
    pub daemons: usize,
    pub slots: u8,
    /// The clock stops here.
    pub last_tick: u8,
    pub bounds: Bounds,
    /// Ticks after which the bank may forget an id.
    pub horizon: u8,
    /// Whether a 409 within CONTRACT's rule always proves the right amount: not where two states give two amounts to one id.
    pub one_amount_an_id: bool,
    pub planted: Option<Planted>,
    pub identity: Identity,
    pub lane: Lane,
    pub policies: PolicySet,
    pub retry: RetryRules,
    pub caps: Caps,
    pub rates: BTreeMap<(Currency, Currency), Rate>,
    pub availability: Availability,
    /// One a slot, derived once.
    pub ids: Vec<ExternalId>,
}

impl Setting {
    pub fn new(daemons: usize, slots: u8, bounds: Bounds) -> Self {
        let text = "version: 1\npolicies:\n  - name: consolidate\n    schedule: \"0 * * * *\"\n    catch_up: 1h\n    \
                    sweep: { from: [GAB], into: CMR, above: 100_000 XAF }\n";
        let file = SourceFile { path: "search.yaml".to_owned(), text: text.to_owned() };
        let wallet = |country| WalletId::of(country).unwrap();
        let identity = Identity {
            environment: Environment::Sandbox,
            application_id: "b8aefadd-88b4-561a-8a90-2f9814207bfb".parse().unwrap(),
        };
        Self {
            ids: (0..slots).map(|slot| derived(&identity, slot)).collect(),
            daemons,
            slots,
            last_tick: slots * TICKS_A_SLOT - 1,
            bounds,
            horizon: u8::MAX,
            one_amount_an_id: daemons == 1,
            planted: None,
            identity,
            lane: Lane::between(wallet(Country::GAB), wallet(Country::CMR)),
            policies: parse(&[file]).unwrap().set,
            retry: RetryRules { resend_for: TimeDelta::minutes(45) },
            caps: Caps { max_transfers_per_hour: 1_000, max_per_day: BTreeMap::new() },
            rates: BTreeMap::new(),
            availability: Availability::unasked().clone(),
        }
    }

    pub fn planting(self, planted: Planted) -> Self {
        Self { planted: Some(planted), ..self }
    }

    /// A second after the half hour, so that what is written then is not from before a slot.
    pub fn instant(tick: u8) -> Timestamp {
        Utc.with_ymd_and_hms(2026, 11, 24, 10, 0, 1).unwrap() + TimeDelta::minutes(30) * i32::from(tick)
    }

    pub fn slot(number: u8) -> Slot {
        Slot::at(Self::instant(number * TICKS_A_SLOT) - TimeDelta::seconds(1))
    }

    /// What customers pay into the source at a tick: never the same, so that every reading has its own figure.
    pub fn deposit(tick: u8) -> i64 {
        1_000 << tick
    }

    pub fn snapshot(&self, balance: i64, at: Timestamp) -> Snapshot {
        let reading = |units| Reading { available: Amount::whole(units), balance: None };
        let into = self.lane.to.wallet().unwrap();
        let readings = BTreeMap::from([(self.lane.from, reading(balance)), (into, reading(0))]);
        Snapshot { taken_at: at, readings, problems: Vec::new() }
    }

    /// The real planner's word on the policy.
    pub fn plan(&self, standing: &Standing, snapshot: &Snapshot, now: Timestamp) -> PolicyPlan {
        let made = plan(&Inputs {
            policies: &self.policies,
            snapshot,
            standing,
            caps: &self.caps,
            rates: &self.rates,
            availability: &self.availability,
            identity: None,
            environment: self.identity.environment,
            now,
            clock: now,
            only: None,
        });
        made.policies.into_iter().next().unwrap()
    }
}

fn derived(identity: &Identity, slot: u8) -> ExternalId {
    ExternalId::derive(&IdParts {
        identity,
        kind: Kind::Transfer,
        source: "GAB",
        destination: "CMR",
        moment: Moment::Slot(Setting::slot(slot)),
        part: 1,
    })
}
