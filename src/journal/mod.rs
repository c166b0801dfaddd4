//! The journal: append-only, hash-chained, synced records; and its derived index in sled.
