//! The journal: append-only, hash-chained, synced records – the truth – and its derived index in sled.
//!
//! A state directory holds `lock` (dies with its holder), `journal/2026-11.jsonl` (a segment a month, by the UTC time of
//! the record), `index/` (sled's files and `state.json`; rebuilt whenever it is missing, behind or damaged; deleting it
//! changes nothing), `policies/in-force.json` (a copy of what the journal says, with the same freedom) and `first-segment`
//! (by which a copy of the whole is known).
//!
//! Reading order: `frame` (one line, pure) → `segment` (files) → `chunks`, `scan` (many lines) → `home` (directory and
//! lock) → `origin` (is it a copy?) → `writer` (the one thread that writes and syncs) → `lookup`, `index`, `checkpoint` (finding intents again) →
//! `recovery` → `store` (the door for the daemon) → `platter` (the same without a disk of the machine's) → `in_force` →
//! `read_only` (the door for everybody else) → `backup`.
//!
//! Deliberately absent: repair of damage, rewriting or deleting records, a second try after a failed sync, and any clock
//! for what is recorded (instants come in as parameters; only the pace of checkpoints is timed).

mod background;
mod backup;
mod checkpoint;
mod chunks;
mod error;
mod frame;
mod hash;
mod home;
mod in_force;
mod index;
mod lookup;
mod origin;
mod platter;
mod read_only;
mod records;
mod recovery;
mod scan;
mod segment;
mod shared;
mod store;
mod writer;

#[cfg(test)]
mod tests;

pub use backup::{Backup, Checked, Comparison, back_up, check_copy};
pub use error::{Damage, StoreError};
pub use frame::{Flaw, Framed, Head, LONGEST_LINE, Record, Scanned, VERSION, encode, event_json, read_event, scan};
pub use hash::Hash;
pub use in_force::{MOST_TEXT_BYTES, policy_texts};
pub use platter::{Platter, Scribe};
pub use read_only::{ReadOnly, VerifyReport, verify};
pub use records::{Records, records};
pub use recovery::{IndexFate, OpenReport, Torn};
pub use store::Store;
pub use writer::{Disk, Door};
