//! `treasuryd.toml`, the environment and the flags, checked; KPay's keys from their files; policy files from disk.
