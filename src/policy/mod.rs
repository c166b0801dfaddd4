//! Policies: YAML text in, checked policies and diagnostics out.
//!
//! Reads no file itself: callers pass `(path, text)` pairs. Everything that leaves this room is already valid.
//!
//! In reading order: `read::tree` (YAML with places), `keys` (the language, one table), `read` (tree to policies, every
//! mistake pushed to `findings`), `read::set` (what only shows over all files), `lint` (what is readable and still
//! dangerous or odd), `schema` (the same table for editors), `exposure` (the worst case), `loosening` (two sets side by
//! side), `explain` (sentences for sign-off).

mod amount;
mod checked;
mod codes;
mod compared;
mod diagnostic;
mod explain;
mod exposure;
mod findings;
mod keys;
mod lint;
mod loosening;
mod read;
mod schema;
#[cfg(any(test, fuzzing))]
pub mod soundness;
mod source;
mod suggest;

pub use amount::{AmountError, WrittenAmount, read_amount};
pub use checked::{
    Approval, CalendarReserve, Canary, ExpectedMove, ExpectedReason, Fx, FxReference, Limits, Mode, Payout, Policy,
    PolicySet, PolicyTest, Portion, Rebalance, Rule, Source, Sweep, TopUp, TopUpSource,
};
pub use codes::CODES;
pub use diagnostic::{Diagnostic, Severity};
pub use explain::{Explained, Explanation, Language, Paragraph, explain, schedule_in_words, unbroken};
pub use exposure::{
    Bound, BoundedBy, BoundingLimit, Ceiling, CeilingError, Exposure, Figures, LaneExposure, WalletExposure,
    bounds_text, exposure, over_ceiling,
};
pub use loosening::{Difference, Effect, Loosening, differences, loosenings};
pub use read::{Parsed, parse};
pub use schema::schema;
pub use source::{LARGEST_FILE_BYTES, SourceFile, hash};
