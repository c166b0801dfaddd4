//! `payout`: a withdrawal that a person asks for, to an operator's customer or through KPay's hosted page. Everything
//! after the arguments is `transfer`'s. And `payout verify-return`, for what comes back from that page.

use super::exit::{CliError, Exit};
use super::manual::{self, How};
use super::verify_return;
use crate::daemon::{MoveRequest, WayBack};
use crate::model::{Beneficiary, Lane, Payee, Phone, Provider};
use std::path::Path;

/// Arguments of `payout`.
#[derive(Debug, clap::Args)]
// Not `args_conflicts_with_subcommands`: `-c FILE` before the subcommand would be in conflict with it.
#[command(subcommand_negates_reqs = true)]
pub struct Args {
    #[command(flatten)]
    pay: Option<Pay>,
    // Beside the others and not in them: the parser takes no group for given that has another one in it.
    #[command(flatten)]
    how: Option<How>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Check the address that KPay's hosted page led back to, and ask KPay
    VerifyReturn(verify_return::Args),
}

/// Arguments of the payout itself.
#[derive(Debug, clap::Args)]
struct Pay {
    /// The wallet that is debited, e.g. CMR; it may be of another country than the operator
    from: String,
    /// How much leaves FROM, KPay's fee included: `50000`, `50_000`, `"50 000 XAF"`
    #[arg(allow_hyphen_values = true)]
    amount: String,
    /// The beneficiary's operator, e.g. `MTN_MOMO_CMR`
    #[arg(long, value_name = "CODE", requires = "phone", required_unless_present = "gateway")]
    provider: Option<String>,
    /// The beneficiary's number: digits, with the country's code, no `+`
    #[arg(long, value_name = "NUMBER", requires = "provider")]
    phone: Option<String>,
    /// Let the beneficiary fill in KPay's hosted page, whose address is printed
    #[arg(long, conflicts_with_all = ["provider", "phone"])]
    gateway: bool,
    /// Where the page leads afterwards; an https address
    #[arg(long, value_name = "URL", requires = "gateway")]
    return_url: Option<String>,
    /// Where it leads when they give up; an https address
    #[arg(long, value_name = "URL", requires = "gateway")]
    cancel_url: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    match (&args.command, args.pay.as_ref().zip(args.how.as_ref())) {
        (Some(Command::VerifyReturn(_)), _) if args.pay.is_some() || args.how.is_some() => {
            Err(CliError::new(Exit::Usage, "payout verify-return takes an address, and nothing of what pays out"))
        }
        (Some(Command::VerifyReturn(args)), _) => verify_return::run(config, args),
        (None, Some((pay, how))) => manual::carry(config, wish(pay, how)?, how),
        // The parser asks for one of both.
        (None, None) => Err(CliError::new(Exit::Usage, "which wallet, and how much? see `treasuryd payout --help`")),
    }
}

/// What the arguments ask for, checked as far as that goes without KPay and the state.
fn wish(args: &Pay, how: &How) -> Result<MoveRequest, CliError> {
    let usage = |text: String| CliError::new(Exit::Usage, text);
    let from = manual::wallet(&args.from).map_err(usage)?;
    let payee = payee(args).map_err(usage)?;
    let way_back =
        args.return_url.clone().map(|return_url| WayBack { return_url, cancel_url: args.cancel_url.clone() });
    manual::asked(Lane::payout(from, payee), &args.amount, way_back, how)
}

fn payee(args: &Pay) -> Result<Payee, String> {
    let (Some(provider), Some(phone)) = (&args.provider, &args.phone) else { return Ok(Payee::Gateway) };
    let provider: Provider = provider.parse().map_err(|error: crate::model::PayeeError| error.to_string())?;
    let phone: Phone = phone.parse().map_err(|error: crate::model::PayeeError| error.to_string())?;
    let who = Beneficiary::new(provider, phone).map_err(|error| error.to_string())?;
    Ok(Payee::Phone(who))
}
