//! The command line: one file per command. Data on stdout, talk on stderr.

pub mod sandbox;
