//! `transfers list|show|resolve`.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{Request, Response};
use crate::daemon::FindingRequest;
use crate::daemon::view::TransferView;
use crate::money::{Amount, Rate};
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Sub-commands of `transfers`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// All transfers, oldest first
    List {
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// One transfer and its history
    Show {
        /// The external id
        id: String,
        /// For programs
        #[arg(long)]
        json: bool,
    },
    /// Record what an operator found at KPay
    Resolve(Resolve),
}

/// Arguments of `transfers resolve`.
#[derive(Debug, clap::Args)]
pub struct Resolve {
    /// The external id
    id: String,
    /// The money moved
    #[arg(long, conflicts_with = "not_applied", required_unless_present = "not_applied")]
    applied: bool,
    /// The money did not move
    #[arg(long)]
    not_applied: bool,
    /// How much left the source, in its currency
    #[arg(long, requires = "applied", conflicts_with = "not_applied", allow_hyphen_values = true)]
    amount: Option<Amount>,
    /// The rate KPay applied, digit for digit
    #[arg(long, requires_all = ["applied", "credited"], conflicts_with = "not_applied", allow_hyphen_values = true)]
    rate: Option<Rate>,
    /// What arrived, in the destination's currency
    #[arg(long, requires_all = ["applied", "rate"], conflicts_with = "not_applied", allow_hyphen_values = true)]
    credited: Option<Amount>,
    /// KPay's reference
    #[arg(long, requires = "applied", conflicts_with = "not_applied")]
    reference: Option<String>,
    /// Who looked
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// What they saw
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, command: Command) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    match command {
        Command::List { json } => {
            let transfers = super::context::transfers(&settings)?;
            if json {
                output::json(&transfers)?;
            } else if transfers.is_empty() {
                output::line("no transfers yet")?;
            } else {
                output::line(&list_table(&transfers))?;
            }
        }
        Command::Show { id, json } => {
            let story = super::context::story(&settings, &id)?;
            if json {
                output::json(&story)?;
            } else {
                output::line(&list_table(std::slice::from_ref(&story.transfer)))?;
                for line in &story.history {
                    output::line(&format!(
                        "  {}  #{}  {}  {}",
                        line.at.format("%Y-%m-%d %H:%M:%S%.3f"),
                        line.seq,
                        line.event,
                        line.detail
                    ))?;
                }
            }
        }
        Command::Resolve(args) => {
            let finding = finding(args)?;
            match context::ask(&settings, Request::Resolve { finding })? {
                Response::Done(text) => output::line(&text)?,
                _ => return Err(context::odd_answer()),
            }
        }
    }
    Ok(Exit::Done)
}

fn finding(args: Resolve) -> Result<FindingRequest, CliError> {
    let by = said_or_asked(args.by, "--by", "your name")?;
    let note = said_or_asked(args.note, "--note", "what you saw at KPay")?;
    Ok(FindingRequest {
        external_id: args.id,
        applied: args.applied,
        amount: args.amount,
        rate: args.rate,
        credited: args.credited,
        reference: args.reference,
        by,
        note,
    })
}

/// A value from the command line, else from the person at the terminal; never guessed.
fn said_or_asked(said: Option<String>, flag: &str, what: &str) -> Result<String, CliError> {
    let missing = || CliError::new(Exit::Usage, format!("{flag} is needed: {what}"));
    let text = match said {
        Some(text) => text,
        None if std::io::stdin().is_terminal() => {
            eprint!("{what}: ");
            std::io::stderr().flush()?;
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            line
        }
        None => return Err(missing()),
    };
    let text = text.trim();
    if text.is_empty() { Err(missing()) } else { Ok(text.to_owned()) }
}

/// Transfers as a table for people.
#[must_use]
pub fn list_table(transfers: &[TransferView]) -> String {
    let rows: Vec<Vec<String>> = transfers
        .iter()
        .map(|transfer| {
            let credited = match (transfer.credited, transfer.credited_currency) {
                (Some(amount), Some(currency)) => format!("{} {currency}", amount.grouped()),
                _ => String::new(),
            };
            vec![
                transfer.external_id.clone(),
                format!("{}>{}", transfer.from, transfer.to),
                format!("{} {}", transfer.amount.grouped(), transfer.currency),
                transfer.state.clone(),
                credited,
                transfer.exchange_rate.map(|rate| rate.to_string()).unwrap_or_default(),
                transfer.detail.clone(),
            ]
        })
        .collect();
    output::table(&["external id", "lane", "amount", "state", "credited", "rate", "detail"], &rows, &[2, 4])
}
