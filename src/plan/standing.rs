//! What the journal says that constrains planning: decided slots, open intents, limits used, pauses. Plain data, kept
//! up to date by the `intent` room's fold over the journal's events.

use super::Frozen;
use crate::model::{ExternalId, Intent, Lane, Slot, Timestamp, WalletId};
use crate::money::{Amount, Currency, Rate};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Everything already decided, open, used up or paused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The kill switch for everything.
    pub paused_all: bool,
    /// Paused policies, by name.
    pub paused: BTreeSet<String>,
    /// The last slot decided, by policy.
    pub decided: BTreeMap<String, Decided>,
    /// The last slot decided, by lane.
    #[serde(with = "pairs")]
    pub lanes: BTreeMap<Lane, LaneDecision>,
    /// Open intents that hold their lane and funds.
    pub holds: BTreeMap<String, Hold>,
    /// What each policy has moved or means to move, by local day of the slot.
    #[serde(with = "pairs")]
    pub day_used: BTreeMap<DayKey, Amount>,
    /// What each policy has moved or means to move for its last slot decided, and for each that an intent is open for.
    #[serde(with = "pairs", default)]
    pub slot_used: BTreeMap<SlotKey, Amount>,
    /// What all moves together have used of the configuration's daily caps, by the UTC day of the first attempt and
    /// currency.
    #[serde(with = "pairs")]
    pub cap_day_used: BTreeMap<(NaiveDate, Currency), Amount>,
    /// When the first attempts of the last hour were made, oldest first.
    pub first_attempts: VecDeque<Timestamp>,
    /// The last applied move out of each wallet.
    #[serde(with = "pairs")]
    pub outflows: BTreeMap<WalletId, LastOutflow>,
    /// When the last move of ours into each wallet was known to be applied: an older reading does not show it yet.
    #[serde(with = "pairs", default)]
    pub inflows: BTreeMap<WalletId, Timestamp>,
    /// Wallets that nothing new may leave until a person releases them.
    #[serde(with = "pairs", default)]
    pub frozen: BTreeMap<WalletId, Frozen>,
    /// Those of them that no record freezes: a reading that was only looked at would.
    #[serde(skip)]
    pub foreseen: BTreeSet<WalletId>,
    /// The last applied rate of each pair of currencies.
    #[serde(with = "pairs")]
    pub rates: BTreeMap<(Currency, Currency), AppliedRate>,
}

/// A policy's last decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// For this slot.
    pub slot: Slot,
    /// Lanes the slot is still open for, because the world could not be read.
    pub left_open: BTreeSet<Lane>,
}

/// A lane's last decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneDecision {
    /// For this slot.
    pub slot: Slot,
    /// By this policy.
    pub policy: String,
    /// Whether an intent was written.
    pub moved: bool,
}

/// An open intent that holds its lane and its amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Its id.
    pub external_id: ExternalId,
    /// Its lane.
    pub lane: Lane,
    /// What it may still take from the source.
    pub amount: Amount,
    /// What is expected to arrive, in the destination's currency: on its way in, not there yet. `None` where no rate is
    /// known.
    #[serde(default)]
    pub arriving: Option<Amount>,
    /// Its outcome so far, a word of CONTRACT 1.
    pub outcome: String,
    /// Whether the configuration's caps have counted it.
    pub counted: bool,
}

/// `max_per_day` counts by policy, source currency and local day of the slot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DayKey {
    /// The policy's name.
    pub policy: String,
    /// The source's currency.
    pub currency: Currency,
    /// The local day of the slot.
    pub day: NaiveDate,
}

/// What a policy moves for one slot, by source currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SlotKey {
    /// The policy's name.
    pub policy: String,
    /// The slot.
    pub slot: Slot,
    /// The source's currency.
    pub currency: Currency,
}

/// Enough of the last applied move out of a wallet to recognise a reading that does not show it yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastOutflow {
    /// The source's available balance read before the move.
    pub before: Amount,
    /// When the move was known to be applied.
    pub applied_at: Timestamp,
}

/// A rate KPay really applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRate {
    /// The rate.
    pub rate: Rate,
    /// When.
    pub at: Timestamp,
}

/// The configuration's last line of defence (`[limits]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// First attempts in any sliding hour.
    pub max_transfers_per_hour: u32,
    /// Sum of first attempts a UTC day, by source currency; a currency without an entry has no cap. It is the day of
    /// the attempt: what was decided on Monday and is sent on Tuesday, after an approval, is Tuesday's.
    pub max_per_day: BTreeMap<Currency, Amount>,
}

impl Hold {
    /// Whether it may have reached KPay: until it is settled, nobody knows whether the balances show it already.
    #[must_use]
    pub fn is_attempted(&self) -> bool {
        !matches!(self.outcome.as_str(), "planned" | "awaiting_approval")
    }

    /// Whether people have to agree to it first, so that it is not sent by itself.
    #[must_use]
    pub fn awaits_approval(&self) -> bool {
        self.outcome == "awaiting_approval"
    }
}

impl Intent {
    /// Where `max_per_day` counts it; `None` for a manual move.
    #[must_use]
    pub fn day_key(&self) -> Option<DayKey> {
        let policy = self.origin.policy()?.to_owned();
        Some(DayKey { policy, currency: self.currency(), day: self.limit_day })
    }
}

impl Intent {
    /// Where its slot's use is counted; `None` for a manual move.
    #[must_use]
    pub fn slot_key(&self) -> Option<SlotKey> {
        let policy = self.origin.policy()?.to_owned();
        Some(SlotKey { policy, slot: self.slot?, currency: self.currency() })
    }
}

impl Standing {
    /// What open intents may still take from a wallet.
    ///
    /// # Errors
    /// [`crate::money::MoneyError`] where the sum has no room.
    pub fn held_from(&self, wallet: WalletId) -> Result<Amount, crate::money::MoneyError> {
        let from_here = self.holds.values().filter(|hold| hold.lane.from == wallet);
        from_here.map(|hold| hold.amount).try_fold(Amount::ZERO, Amount::checked_add)
    }

    /// Records what a policy decided for a slot: each lane with the reason why it got nothing, `None` where it moved.
    pub fn note_decision(
        &mut self,
        policy: &str,
        slot: Slot,
        lanes: impl IntoIterator<Item = (Lane, Option<crate::model::Reason>)>,
    ) {
        let mut left_open = BTreeSet::new();
        for (lane, reason) in lanes {
            if reason.is_some_and(crate::model::Reason::leaves_slot_open) {
                left_open.insert(lane);
                continue;
            }
            let decision = LaneDecision { slot, policy: policy.to_owned(), moved: reason.is_none() };
            let earlier = self.lanes.get(&lane);
            // A lane that moved for a slot stays moved, whatever a second policy finds there.
            if earlier.is_none_or(|earlier| earlier.slot < slot || (earlier.slot == slot && !earlier.moved)) {
                self.lanes.insert(lane, decision);
            }
        }
        self.decided.insert(policy.to_owned(), Decided { slot, left_open });
    }

    /// Why nothing new may leave a wallet; `None` where it is not frozen.
    #[must_use]
    pub fn why_frozen(&self, wallet: WalletId) -> Option<String> {
        let is_foreseen = self.foreseen.contains(&wallet);
        let sentence = |frozen: &Frozen| if is_foreseen { frozen.foreseen(wallet) } else { frozen.sentence(wallet) };
        self.frozen.get(&wallet).map(sentence)
    }

    /// The intent that holds a lane.
    #[must_use]
    pub fn hold_on(&self, lane: Lane) -> Option<&Hold> {
        self.holds.values().find(|hold| hold.lane == lane)
    }
}

/// Maps whose keys are no strings, as a list of pairs.
pub(crate) mod pairs {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
