//! `pause` and `resume`: the kill switch.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{Request, Response};
use std::path::Path;

/// Arguments of `pause` and `resume`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// One policy [default: everything]
    policy: Option<String>,
    /// Who does it
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Runs either command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: Args, pause: bool) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    let Args { policy, by } = args;
    let request = if pause { Request::Pause { policy, by } } else { Request::Resume { policy, by } };
    match context::ask(&settings, request)? {
        Response::Done(text) => output::line(&text)?,
        _ => return Err(context::odd_answer()),
    }
    Ok(Exit::Done)
}
