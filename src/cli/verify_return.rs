//! `payout verify-return`: whether an address is KPay's own return from its hosted page, and what KPay itself says of that
//! payout. The address is shown nowhere: not in an error, not in the log.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{self, Request, Response};
use crate::daemon::confirm;
use crate::daemon::doors::{Clock, SystemClock};
use crate::hooks::{ReturnError, Returned, Unchecked};
use crate::intent::{Withdrawal, WithdrawalStatus};
use crate::model::{ExternalId, Timestamp};
use crate::settings::{Settings, Surroundings};
use serde::Serialize;
use std::path::Path;

/// Arguments of `payout verify-return`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The whole address that the page led back to, in quotes
    #[arg(value_name = "URL")]
    url: String,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    let unchecked = Unchecked::read(&args.url).map_err(|error| refused(&error))?;
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    let secret = context::gateway_secret(&settings, &Surroundings::of_process()?)?;
    let returned = unchecked.checked(&secret, SystemClock.now()).map_err(|error| refused(&error))?;
    let said = asked(&settings, &returned.external_id).map_err(|error| {
        CliError::new(error.exit, format!("KPay signed this address, but that alone proves nothing: {}", error.message))
    })?;
    let contradiction = contradiction(&returned, &said);
    let shown = Shown::new(&returned, &said, contradiction.is_none());
    if args.json {
        output::json(&shown)?;
    } else {
        output::line(&shown.lines())?;
    }
    match contradiction {
        Some(text) => Err(CliError::new(Exit::Refused, text)),
        None => Ok(Exit::Done),
    }
}

fn refused(error: &ReturnError) -> CliError {
    let exit = if matches!(error, ReturnError::Malformed(_)) { Exit::Usage } else { Exit::Refused };
    CliError::new(exit, error)
}

/// KPay's own word: through the daemon, or, where it is down, asked here on the journal as it is.
fn asked(settings: &Settings, external_id: &str) -> Result<Withdrawal, CliError> {
    match context::call(settings, &Request::Confirm { external_id: external_id.to_owned() })? {
        Some(Response::Withdrawal(said)) => return Ok(*said),
        Some(_) => return Err(context::odd_answer()),
        None => {}
    }
    let id = ExternalId::from_text(external_id);
    let found = context::read_only(settings)?.map_or(Ok(None), |read| read.find(&id))?;
    let Some(tracked) = found else { return Err(context::no_transfer(external_id)) };
    let access = context::access(settings, &Surroundings::of_process()?)?;
    let bank = context::bank(access, None, &context::metrics()?)?;
    let said = context::runtime()?.block_on(confirm(&bank, &tracked));
    said.map_err(|error| context::failed(&control::wish_failed(&error)))
}

/// What KPay says otherwise. A withdrawal goes on after its page was left, so only an end that KPay does not confirm is a
/// contradiction.
fn contradiction(returned: &Returned, said: &Withdrawal) -> Option<String> {
    let counts = "only KPay's own answer counts";
    if let Some(strange) = &said.strange {
        return Some(format!("KPay's answer is not about what was asked for: {strange}; look it up at KPay"));
    }
    let reference = said.facts.source_reference.as_deref();
    if let Some(reference) = reference.filter(|reference| *reference != returned.reference) {
        return Some(format!("the address says reference {}, but KPay says {reference}: {counts}", returned.reference));
    }
    let status = WithdrawalStatus::from(returned.status.clone());
    (status.is_final() && status != said.status)
        .then(|| format!("the address says {status}, but KPay says {}: {counts}", said.status))
}

/// Both words, side by side.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    external_id: &'a str,
    /// What the address says.
    address: Address<'a>,
    /// What KPay says.
    kpay: Kpay<'a>,
    /// Whether the second confirms the first.
    agrees: bool,
}

#[derive(Debug, Serialize)]
struct Address<'a> {
    status: &'a str,
    reference: &'a str,
    signed_at: Timestamp,
}

#[derive(Debug, Serialize)]
struct Kpay<'a> {
    id: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    failure: &'a str,
}

impl<'a> Shown<'a> {
    fn new(returned: &'a Returned, said: &'a Withdrawal, agrees: bool) -> Self {
        let address = Address { status: &returned.status, reference: &returned.reference, signed_at: returned.at };
        let kpay = Kpay {
            id: &said.kpay_id,
            status: said.status.word(),
            reference: said.facts.source_reference.as_deref(),
            failure: &said.failure,
        };
        Self { external_id: &returned.external_id, address, kpay, agrees }
    }

    fn lines(&self) -> String {
        let (address, kpay) = (&self.address, &self.kpay);
        let signed_at = address.signed_at.format("%Y-%m-%dT%H:%M:%SZ");
        let failure = if kpay.failure.is_empty() { String::new() } else { format!("  {}", kpay.failure) };
        format!(
            "{}\nthe address says  {}  {}  signed at {signed_at}\nKPay says         {}  {}{failure}",
            self.external_id,
            address.status,
            address.reference,
            kpay.status,
            kpay.reference.unwrap_or(kpay.id),
        )
    }
}
