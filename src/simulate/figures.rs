//! What a simulation comes to: plain numbers, serialized as `simulate --json` shows them.

use crate::model::{Destination, Reason, Slot, Timestamp};
use crate::money::{Amount, Country, Currency, Rate};
use serde::{Serialize, Serializer};

/// Everything measured of one policy set over one history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// SHA-256 of the policies.
    pub policy_hash: String,
    /// The first instant.
    pub from: Timestamp,
    /// The last.
    pub to: Timestamp,
    /// How many transfers.
    pub moves: usize,
    /// How many of them were above an `approval` (taken as given at once).
    pub needed_approval: usize,
    /// Moves by lane.
    pub by_lane: Vec<LaneMoves>,
    /// Moves by policy.
    pub by_policy: Vec<PolicyMoves>,
    /// What left the sources, by currency.
    pub moved: Vec<Sum>,
    /// What is assumed that KPay kept, by source currency: [`FEES`](super::FEES).
    pub fees: Vec<Sum>,
    /// What of it was paid out to somebody, by source currency; empty where nothing was.
    pub paid_out: Vec<PaidOut>,
    /// What crossing currencies cost against the peg, in the source's currency; below zero where it gained.
    pub fx_cost: Vec<Sum>,
    /// Wallet by wallet.
    pub wallets: Vec<WalletFigures>,
    /// Lanes that got nothing for a slot, or not all, by reason.
    pub skips: Vec<SkipCount>,
    /// Every transfer, in order.
    pub transfers: Vec<Move>,
}

/// A report is passed around: as much of a beneficiary as is in the logs.
fn masked<S: Serializer>(to: &Destination, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to.masked())
}

/// Moves over one lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneMoves {
    /// From.
    pub from: Country,
    /// To; written with a beneficiary's number masked.
    #[serde(serialize_with = "masked")]
    pub to: Destination,
    /// How many transfers.
    pub moves: usize,
    /// How much left the source.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
}

/// Moves of one policy in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyMoves {
    /// Its name.
    pub policy: String,
    /// How many transfers.
    pub moves: usize,
    /// How much left the sources.
    pub amount: Amount,
    /// In this currency.
    pub currency: Currency,
}

/// A sum in one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub currency: Currency,
}

/// All payouts from wallets of one currency, in that currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PaidOut {
    /// Of what.
    pub currency: Currency,
    /// How many.
    pub payouts: usize,
    /// What left the wallets.
    pub gross: Amount,
    /// What KPay keeps of it, assumed.
    pub fee: Amount,
    /// Gross less fee.
    pub net: Amount,
}

/// How often a reason was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SkipCount {
    /// The reason.
    pub reason: Reason,
    /// How often.
    pub count: usize,
}

/// One wallet's figures. `start + flows + moved_in − moved_out = end`, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WalletFigures {
    /// Its country.
    pub wallet: Country,
    /// Its currency.
    pub currency: Currency,
    /// The first reading.
    pub start: Amount,
    /// What came and went from outside.
    pub flows: Amount,
    /// What policies brought.
    pub moved_in: Amount,
    /// What policies took.
    pub moved_out: Amount,
    /// What is there at the end.
    pub end: Amount,
    /// The lowest balance.
    pub lowest: Amount,
    /// The floor at the end of the history; zero where there is none.
    pub floor: Amount,
    /// Time below the floor, in seconds.
    pub seconds_below_floor: i64,
    /// Idle money, rounded down to the currency's unit; `None` for a wallet that no policy sweeps.
    pub idle: Option<Amount>,
}

/// One transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// When.
    pub at: Timestamp,
    /// By which policy.
    pub policy: String,
    /// For which slot.
    pub slot: Slot,
    /// From.
    pub from: Country,
    /// To; written with a beneficiary's number masked.
    #[serde(serialize_with = "masked")]
    pub to: Destination,
    /// What left the source.
    pub amount: Amount,
    /// Its currency.
    pub currency: Currency,
    /// What KPay is assumed to keep of it; zero for a transfer.
    pub fee: Amount,
    /// What arrived, after the fee.
    pub credited: Amount,
    /// Its currency.
    pub credit_currency: Currency,
    /// The rate; `1` within one currency.
    pub rate: Rate,
}
