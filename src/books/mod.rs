//! The books: one entry per applied movement, made from the journal's events.
