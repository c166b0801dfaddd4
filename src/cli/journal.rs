//! `journal verify`: checks every record and the chain; prints the head hash.

use super::context;
use super::exit::{CliError, Exit};
use super::verify::verify;
use std::path::Path;

/// Sub-commands of `journal`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check every record and the chain; print the head hash
    Verify {
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// 77 for damage or a state that may not be read.
pub fn run(config: Option<&Path>, command: &Command) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    let Command::Verify { json } = command;
    let code = verify(&settings.state, *json, &mut std::io::stdout().lock(), &mut std::io::stderr().lock())?;
    Ok(Exit::of_code(code))
}
