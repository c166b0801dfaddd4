//! Everything a plan is made from. Nothing else goes in: the same inputs give the same plan.

use super::{Caps, Standing};
use crate::model::{Availability, Environment, Identity, Snapshot, Timestamp};
use crate::money::{Currency, Rate};
use crate::policy::PolicySet;
use std::collections::BTreeMap;

/// What the planner and the second opinion look at.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// The wallets as read.
    pub snapshot: &'a Snapshot,
    /// What is decided, open, used up or paused.
    pub standing: &'a Standing,
    /// The configuration's last line of defence.
    pub caps: &'a Caps,
    /// KPay's indicative rates, by (source, destination): only fresh and usable ones.
    pub rates: &'a BTreeMap<(Currency, Currency), Rate>,
    /// Which operators take payouts.
    pub availability: &'a Availability,
    /// For the external ids; without it they are null.
    pub identity: Option<&'a Identity>,
    /// Sandbox or production.
    pub environment: Environment,
    /// The instant planned for (`--at`): slots, holidays, `catch_up` and the limit days.
    pub now: Timestamp,
    /// The machine's clock: the sliding hour of `max_transfers_per_hour`.
    pub clock: Timestamp,
    /// Plan this policy alone.
    pub only: Option<&'a str>,
}
