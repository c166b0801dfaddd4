//! `transfers list|show|resolve`.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{Request, Response};
use crate::daemon::FindingRequest;
use crate::daemon::view::{ApprovalView, TransferView};
use crate::model::{Destination, End, WalletId};
use crate::money::{Amount, Money, Rate};
use crate::policy::read_amount;
use std::io::{IsTerminal, Write};
use std::path::Path;

/// Sub-commands of `transfers`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// All transfers, oldest first
    List {
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// One transfer and its history
    Show {
        /// The external id
        id: String,
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Record what an operator found at KPay
    Resolve(Resolve),
}

/// Arguments of `transfers resolve`.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("finding").required(true)))]
pub struct Resolve {
    /// The external id
    id: String,
    /// The money moved
    #[arg(long, group = "finding")]
    applied: bool,
    /// The money did not move
    #[arg(long, group = "finding")]
    not_applied: bool,
    /// How much left the source, in its currency
    #[arg(long, requires = "applied", conflicts_with = "not_applied", value_parser = figure, allow_hyphen_values = true)]
    amount: Option<Amount>,
    /// The rate KPay applied, digit for digit
    #[arg(long, requires_all = ["applied", "credited"], conflicts_with = "not_applied", allow_hyphen_values = true)]
    rate: Option<Rate>,
    /// What arrived, in the destination's currency
    #[arg(long, requires = "applied", conflicts_with = "not_applied", value_parser = figure, allow_hyphen_values = true)]
    credited: Option<Amount>,
    /// What KPay kept of a payout, in the source's currency
    #[arg(long, requires = "applied", conflicts_with = "not_applied", value_parser = figure, allow_hyphen_values = true)]
    fee: Option<Amount>,
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
                if let Some(approval) = &story.approval {
                    output::line(&format!("  {}", approval_line(approval)))?;
                }
                if let Some(fx) = &story.fx {
                    let over = if fx.over_max_spread { "; over the policy's max_spread" } else { "" };
                    output::line(&format!("  rate: {}{over}", fx.sentence))?;
                }
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

/// `approval: 1 of 2 for 6 000 000 XAF (awa 2026-11-24 18:05:11), from awa, brice; until 2026-11-25 00:00:00 UTC`.
pub fn approval_line(approval: &ApprovalView) -> String {
    let given = approval.approved_by.iter().map(|it| format!("{} {}", it.by, it.at.format("%Y-%m-%d %H:%M:%S")));
    let given: Vec<String> = given.collect();
    let by = if given.is_empty() { String::new() } else { format!(" ({})", given.join(", ")) };
    let from = if approval.from.is_empty() { String::new() } else { format!(", from {}", approval.from.join(", ")) };
    format!(
        "approval: {} of {} for {} {}{by}{from}; until {}",
        approval.approved_by.len(),
        approval.needed,
        approval.amount.grouped(),
        approval.currency,
        approval.until.format("%Y-%m-%d %H:%M:%S UTC")
    )
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
        fee: args.fee,
        reference: args.reference,
        by,
        note,
    })
}

/// An amount as it may be written everywhere, `250_000` too. Whose currency it is in is said by what it stands for.
fn figure(text: &str) -> Result<Amount, String> {
    let written = read_amount(text).map_err(|error| format!("{error}; {}", error.hint()))?;
    match written.currency {
        None => Ok(written.amount),
        Some(currency) => Err(format!("the currency is known; leave {currency} out")),
    }
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

/// Transfers as a table for people, narrow enough for a terminal of 80 columns; what arrived, and what there is to say,
/// on lines of their own below each.
#[must_use]
pub fn list_table(transfers: &[TransferView]) -> String {
    let rows: Vec<Vec<String>> = transfers
        .iter()
        .map(|transfer| {
            vec![
                transfer.external_id.clone(),
                lane(transfer),
                format!("{} {}", transfer.amount.grouped(), transfer.currency),
                transfer.state.clone(),
            ]
        })
        .collect();
    let table = output::table(&["external id", "lane", "amount", "state"], &rows, &[2]);
    let mut lines = table.lines();
    let mut out: Vec<String> = lines.next().map(ToOwned::to_owned).into_iter().collect();
    for (line, transfer) in lines.zip(transfers) {
        out.push(line.to_owned());
        out.extend(arrival(transfer).into_iter().map(|text| format!("    {text}")));
        if !transfer.detail.is_empty() {
            out.push(format!("    {}", transfer.detail));
        }
    }
    out.join("\n")
}

/// Of a payout as in its id, `CMR>PAY`: who receives it has a line of their own.
fn lane(transfer: &TransferView) -> String {
    match transfer.to {
        Destination::Wallet(into) => format!("{}>{into}", transfer.from),
        Destination::Payee(_) => format!("{}>PAY", transfer.from),
    }
}

/// Who receives a payout, and what KPay keeps of it.
fn payout(transfer: &TransferView) -> Vec<String> {
    let is_in_hand = transfer.state == "sending" && transfer.kpay_id.is_some();
    let stands = if is_in_hand { ", in KPay's hands" } else { "" };
    let arrives = transfer.credited.zip(transfer.credited_currency);
    let figures = transfer.fee.zip(arrives).map(|(fee, (amount, currency))| {
        let fee = Money { amount: fee, currency: transfer.currency };
        let rate = transfer.exchange_rate.filter(|_| currency != transfer.currency);
        let rate = rate.map(|rate| format!(" at {rate}")).unwrap_or_default();
        let word = if transfer.state == "applied" { "arrived" } else { "to arrive" };
        format!("fee {fee}, {} {word}{rate}", Money { amount, currency })
    });
    std::iter::once(format!("to {}{stands}", transfer.to)).chain(figures).collect()
}

/// What arrived, where that is not simply what was sent; of a payout, who receives it and what is left for them. Of what is
/// applied and in the books only in part, that it is.
fn arrival(transfer: &TransferView) -> Vec<String> {
    let lacks = transfer.credited.is_none() || transfer.exchange_rate.is_none();
    let pending = (transfer.state == "applied" && lacks && crosses_currencies(transfer))
        .then(|| "its rate is pending".to_owned());
    arrived(transfer).into_iter().chain(pending).collect()
}

fn crosses_currencies(transfer: &TransferView) -> bool {
    let from = WalletId { country: transfer.from, currency: transfer.currency };
    let arrives_in = match transfer.to {
        Destination::Wallet(country) => country.currency(),
        Destination::Payee(payee) => Some(End::payee(payee, from).currency),
    };
    arrives_in.is_some_and(|currency| currency != transfer.currency)
}

fn arrived(transfer: &TransferView) -> Vec<String> {
    if let Destination::Payee(_) = transfer.to {
        return payout(transfer);
    }
    let Some((amount, currency)) = transfer.credited.zip(transfer.credited_currency) else { return Vec::new() };
    if (amount, currency) == (transfer.amount, transfer.currency) {
        return Vec::new();
    }
    let rate = transfer.exchange_rate.map(|rate| format!(" at {rate}")).unwrap_or_default();
    vec![format!("{} {currency} arrived{rate}", amount.grouped())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::view::sample::{amount, applied};

    #[test]
    fn a_payout_is_told_in_eighty_columns() {
        let check = |state: &str, kpay_id: Option<&str>, credited: Option<(&str, &str)>, expected: &[&str]| {
            let transfer = TransferView {
                external_id: "TRD-261124170000-CMRPAY-01-JS7G03CB".to_owned(),
                kind: "payout".to_owned(),
                from: crate::money::Country::CMR,
                to: "MTN_MOMO_CIV:2250503456789".parse().unwrap(),
                amount: amount("50000"),
                state: state.to_owned(),
                kpay_id: kpay_id.map(str::to_owned),
                exchange_rate: credited.map(|_| "1.0150".parse().unwrap()),
                credited: credited.map(|(figure, _)| amount(figure)),
                credited_currency: credited.map(|(_, currency)| currency.parse().unwrap()),
                fee: credited.map(|_| amount("2500")),
                ..applied()
            };
            let table = list_table(&[transfer]);
            let head = format!("TRD-261124170000-CMRPAY-01-JS7G03CB  CMR>PAY  50 000 XAF  {state}");
            let lines: Vec<&str> = table.lines().skip(1).map(str::trim).collect();
            assert_eq!(lines, [&[head.as_str()], expected].concat());
            assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        };
        let to = "to MTN_MOMO_CIV:2250503456789";
        check("planned", None, None, &[to]);
        check("sending", None, None, &[to]);
        let in_hand = format!("{to}, in KPay's hands");
        let seeds = Some(("48211.75", "XOF"));
        check("sending", Some("wdr_1"), seeds, &[&in_hand, "fee 2 500 XAF, 48 211.75 XOF to arrive at 1.0150"]);
        check("applied", Some("wdr_1"), seeds, &[to, "fee 2 500 XAF, 48 211.75 XOF arrived at 1.0150"]);
        check("applied", Some("wdr_1"), Some(("47500", "XAF")), &[to, "fee 2 500 XAF, 47 500 XAF arrived"]);
        check("awaiting_approval", None, None, &[to]);
        check("rejected", Some("wdr_1"), None, &[to]);
    }
}
