//! `release`: a person looked into a frozen wallet.

use super::context;
use super::exit::{CliError, Exit};
use super::{manual, output};
use crate::control::{Request, Response};
use crate::daemon::ReleaseRequest;
use crate::model::WalletId;
use std::path::Path;

/// Arguments of `release`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The wallet, e.g. GAB
    #[arg(value_parser = manual::wallet)]
    wallet: WalletId,
    /// Your name
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What you found
    #[arg(long, value_name = "TEXT")]
    note: String,
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: Args) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    let Args { wallet, by, note } = args;
    let wish = ReleaseRequest { wallet: wallet.country, by, note };
    match context::ask(&settings, Request::Release { wish })? {
        Response::Done(text) => output::line(&text)?,
        _ => return Err(context::odd_answer()),
    }
    Ok(Exit::Done)
}
