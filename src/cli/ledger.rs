//! `treasuryd ledger`.
