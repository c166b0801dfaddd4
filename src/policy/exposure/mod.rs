//! The worst case: the most that can leave each wallet and pass each lane, in one transfer, one slot and one day, under
//! a set of policies – whatever the balances do. Computed from the policies alone; reserves, floors and triggers bound
//! nothing, because balances may be anything.
//!
//! - A slot is one instant. A lane moves at most once in it, whatever the number of policies, and the lanes of a policy
//!   share its `max_per_slot` in each currency. Policies are taken to fire together, even where they never do.
//! - A day is all slots of one local date, each policy's by its own zone, as `max_per_day` counts. A policy has the
//!   number of slots of its busiest day.
//! - What sends nothing (`shadow`, `enabled: false`, a schedule without slots) is left out.
//!
//! Manual moves and the configuration's own caps (`[limits]`) are deliberately absent.

mod bound;
mod ceiling;
mod lane;

pub use bound::{Bound, BoundingLimit};
pub use ceiling::{Ceiling, CeilingError, over_ceiling};

use super::{Policy, PolicySet};
use crate::model::{Destination, Lane, WalletId};
use crate::money::{Amount, Country, Currency};
use bound::Most;
use lane::Worst;
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// The worst case of a set of policies, serialized exactly as `exposure --json` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exposure {
    /// One entry for every wallet that can lose money, by country.
    pub wallets: Vec<WalletExposure>,
    /// One entry for every lane that can be used, by wallet and destination.
    pub lanes: Vec<LaneExposure>,
}

/// The most that can leave a wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WalletExposure {
    /// The wallet.
    pub wallet: Country,
    /// Its currency.
    pub currency: Currency,
    /// How much.
    #[serde(flatten)]
    pub most: Figures,
    /// The policies that take from it, in order.
    pub policies: Vec<String>,
}

/// The most that can pass a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneExposure {
    /// The wallet debited.
    pub from: Country,
    /// The wallet credited.
    pub to: Destination,
    /// The source's currency, which the figures are in.
    pub currency: Currency,
    /// The destination's currency.
    pub credit_currency: Currency,
    /// How much.
    #[serde(flatten)]
    pub most: Figures,
    /// The policies that use it, in order.
    pub policies: Vec<String>,
}

/// The three figures, each with what bounds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// The largest single transfer.
    pub per_transfer: Amount,
    /// The most in one slot.
    pub per_slot: Amount,
    /// The most on one day.
    pub per_day: Amount,
    /// What keeps each figure from being larger.
    pub bounded_by: BoundedBy,
}

/// What bounds the figures: one bound, or one for each part of a sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BoundedBy {
    /// Of the largest transfer.
    #[serde(serialize_with = "as_text")]
    pub per_transfer: BTreeSet<Bound>,
    /// Of the slot.
    #[serde(serialize_with = "as_text")]
    pub per_slot: BTreeSet<Bound>,
    /// Of the day.
    #[serde(serialize_with = "as_text")]
    pub per_day: BTreeSet<Bound>,
}

/// `max_per_day`, `max_per_slot + 99 parts of KPay's largest transfer`.
fn as_text<S: Serializer>(bounds: &BTreeSet<Bound>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&bounds_text(bounds))
}

/// Every bound of a sum, for people.
#[must_use]
pub fn bounds_text(bounds: &BTreeSet<Bound>) -> String {
    bounds.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
}

/// The worst case of a set of policies.
#[must_use]
pub fn exposure(set: &PolicySet) -> Exposure {
    let worst: Vec<(&Policy, BTreeMap<Lane, Worst>)> = set.policies.iter().map(|it| (it, lane::of(it))).collect();
    let lanes: BTreeSet<Lane> = worst.iter().flat_map(|(_, lanes)| lanes.keys().copied()).collect();
    let by_lane: BTreeMap<Lane, Worst> = lanes.iter().map(|lane| (*lane, over_policies(*lane, &worst))).collect();
    let wallets: BTreeSet<WalletId> = lanes.iter().map(|lane| lane.from).collect();
    Exposure {
        wallets: wallets.into_iter().map(|wallet| of_wallet(wallet, &worst, &by_lane)).collect(),
        lanes: by_lane.into_iter().map(|(lane, most)| of_lane(lane, most, &worst)).collect(),
    }
}

/// A lane in all policies: it moves once a slot, but the slots of each policy count for the day.
fn over_policies(lane: Lane, worst: &[(&Policy, BTreeMap<Lane, Worst>)]) -> Worst {
    let mut of_lane = worst.iter().filter_map(|(_, lanes)| lanes.get(&lane)).cloned();
    let first = of_lane.next().unwrap_or_else(Worst::nothing);
    of_lane.fold(first, |all, one| Worst {
        transfer: all.transfer.larger(one.transfer),
        slot: all.slot.larger(one.slot),
        day: all.day.plus(one.day),
    })
}

fn of_wallet(
    wallet: WalletId,
    worst: &[(&Policy, BTreeMap<Lane, Worst>)],
    by_lane: &BTreeMap<Lane, Worst>,
) -> WalletExposure {
    let mut policies = Vec::new();
    let mut all = Worst::nothing();
    for (policy, lanes) in worst {
        let from_here: Vec<&Worst> =
            lanes.iter().filter(|(lane, _)| lane.from == wallet).map(|(_, worst)| worst).collect();
        if from_here.is_empty() {
            continue;
        }
        policies.push(policy.name.clone());
        let shared = lane::shared(policy, wallet.currency, &from_here);
        all = Worst {
            transfer: all.transfer.larger(shared.transfer),
            slot: all.slot.plus(shared.slot),
            day: all.day.plus(shared.day),
        };
    }
    // Two policies on one lane do not both move over it in one slot.
    let once = by_lane.iter().filter(|(lane, _)| lane.from == wallet);
    let once = once.map(|(_, worst)| worst.slot.clone()).fold(Most::nothing(), Most::plus);
    all.slot = all.slot.smaller(once);
    WalletExposure { wallet: wallet.country, currency: wallet.currency, most: all.into_figures(), policies }
}

fn of_lane(lane: Lane, most: Worst, worst: &[(&Policy, BTreeMap<Lane, Worst>)]) -> LaneExposure {
    let on_it = worst.iter().filter(|(_, lanes)| lanes.contains_key(&lane));
    LaneExposure {
        from: lane.from.country,
        to: lane.to.destination(),
        currency: lane.from.currency,
        credit_currency: lane.to.currency,
        most: most.into_figures(),
        policies: on_it.map(|(policy, _)| policy.name.clone()).collect(),
    }
}

#[cfg(test)]
mod tests;
