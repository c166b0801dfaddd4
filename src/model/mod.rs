//! The domain as plain data: wallets, readings, lanes, slots, intents and their external ids. Computes nothing beyond
//! what the data means; knows no policy, no KPay and no disk.

mod availability;
mod end;
mod external_id;
mod identity;
mod intent;
mod payee;
mod person;
mod provider;
mod reason;
mod snapshot;
mod terms;
mod text;
mod transfer_size;
mod wallet;

pub use availability::{Availability, OperatorStatus};
pub use end::{Destination, End};
pub use external_id::{ExternalId, IdParts, Moment};
pub use identity::{ApplicationId, Environment, Identity, IdentityError};
pub use intent::{Intent, Kind, Origin};
pub use payee::{Beneficiary, Payee, PayeeError, Phone, Provider, without_numbers};
pub use person::person_key;
pub use reason::Reason;
pub use snapshot::{BalanceRow, Reading, Snapshot, WalletProblem};
pub use terms::{ApprovalTerms, FxTerms, RateReference, ReferenceKind};
pub use text::{is_plain_id, listed, tame};
pub use transfer_size::{
    MOST_PARTS, largest_of, largest_payout, largest_transfer, left_by_the_fee, share_of_the_fee, smallest_transfer,
};
pub use wallet::{Lane, Slot, WalletId};

/// An instant in UTC.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
