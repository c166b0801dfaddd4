//! `approve` and `reject`: maker and checker.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{Request, Response};
use crate::daemon::ApprovalRequest;
use std::path::Path;

/// Arguments of `approve` and `reject`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The external id; any part of its lane and slot
    id: String,
    /// Your name
    #[arg(long, value_name = "NAME")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: String,
}

/// Runs either command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: Args, approve: bool) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    let Args { id, by, note } = args;
    let wish = ApprovalRequest { external_id: id, approve, by, note };
    match context::ask(&settings, Request::Approve { wish })? {
        Response::Done(text) => output::line(&text)?,
        _ => return Err(context::odd_answer()),
    }
    Ok(Exit::Done)
}
