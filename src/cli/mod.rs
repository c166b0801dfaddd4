//! The command line: one file per command. Data on stdout, talk on stderr.

pub mod check;
pub mod schema;
pub mod test_policies;
