//! `once`: every due slot evaluated once, carried out, what is open asked about, and out again.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::daemon::doors::{Clock, SystemClock};
use crate::daemon::view::TransferView;
use crate::daemon::{Engine, PATIENCE, once};
use crate::kpay::ClientSettings;
use crate::model::{Environment, Timestamp};
use crate::policy::PolicySet;
use crate::settings::Surroundings;
use chrono::TimeDelta;
use std::path::Path;
use std::sync::Arc;

/// Arguments of `once`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For this instant, e.g. 2026-11-24T17:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = super::plan::instant)]
    at: Option<Timestamp>,
    /// Only this policy
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    // What went wrong is the last sentence, not a log line before it as well.
    context::start_logging(settings.log, "error");
    let (on_disk, warnings) = context::policies(&settings)?;
    for warning in &warnings {
        output::talk(warning);
    }
    let metrics = context::metrics()?;
    let access = context::access(&settings, &Surroundings::of_process()?)?;
    let access = ClientSettings { patience: Some(PATIENCE), ..access };
    let store = context::store(&settings)?;
    let last = store.with_state(|state| state.policy_hash.clone());
    // What is said of policies here is about those that will be worked with.
    let (policies, _) = context::in_force(&settings, &on_disk, last.as_deref())?;
    context::known_policy(&policies, args.policy.as_deref())?;
    if settings.kpay.environment == Environment::Production {
        near_enough(&policies, args.policy.as_deref(), ahead_by(args.at))?;
    }
    let bank = Arc::new(context::bank(access, Some(&settings.state), &metrics)?);
    let engine = context::engine(&settings, Some(on_disk), bank, store, metrics, ahead_by(args.at));
    let report = context::runtime()?.block_on(async {
        engine.begin("once").await?;
        once(&engine, args.policy.as_deref()).await
    });
    let touched = touched(&engine);
    engine.store().close();
    let report = report?;
    let touched = touched?;
    // Where KPay was away, "nothing moved" would be half an answer; the error has the whole one.
    if args.json || report.trouble.is_none() || !touched.is_empty() {
        show(&touched, args.json)?;
    }
    if let Some(trouble) = report.trouble {
        return Err(trouble.into());
    }
    let mut problems = engine.problems();
    // The last one is part of the last sentence, where there is one to say.
    let last = if report.planned > 0 { problems.pop() } else { None };
    for problem in problems {
        output::talk(format_args!("note: {problem}"));
    }
    if engine.is_paused() {
        output::talk("everything is paused: nothing is sent until `treasuryd resume --by NAME`");
    }
    let mut open = Vec::new();
    if report.unsettled > 0 {
        open.push(format!(
            "{} transfer(s) are unsettled; nobody knows yet whether their money moved, or a person must look: \
             `treasuryd transfers list`",
            report.unsettled
        ));
    }
    if report.in_hand > 0 {
        open.push(format!(
            "{} payout(s) are in KPay's hands and not over: the daemon, or `treasuryd once` again, asks how they end",
            report.in_hand
        ));
    }
    if !open.is_empty() {
        return Err(CliError::new(Exit::Unsettled, open.join("; ")));
    }
    if report.planned > 0 {
        let why = last.map_or_else(String::new, |last| format!(": {last}"));
        let text = format!("{} transfer(s) are still planned, not sent{why}", report.planned);
        return Err(CliError::new(Exit::Unsettled, text));
    }
    Ok(Exit::Done)
}

/// How far the instant asked for is from the clock's.
fn ahead_by(at: Option<Timestamp>) -> TimeDelta {
    at.map_or(TimeDelta::zero(), |at| at - SystemClock.now())
}

/// In production `--at` stays near the machine's clock.
fn near_enough(policies: &PolicySet, only: Option<&str>, ahead: TimeDelta) -> Result<(), CliError> {
    let asked = policies.policies.iter().filter(|policy| only.is_none_or(|name| *name == policy.name));
    let catch_up = asked.map(|policy| policy.catch_up).min().unwrap_or(TimeDelta::zero());
    if ahead.abs() <= catch_up {
        return Ok(());
    }
    let text = "in production --at may not be further from the machine's clock than catch_up: money would move for a \
                slot that is not now";
    Err(CliError::new(Exit::Refused, text))
}

/// Intents that something happened to.
fn touched(engine: &Engine) -> Result<Vec<TransferView>, CliError> {
    let found: Result<Vec<_>, _> = engine.changed().iter().map(|id| engine.store().find(id)).collect();
    Ok(found?.iter().flatten().map(TransferView::from).collect())
}

fn show(touched: &[TransferView], json: bool) -> Result<(), CliError> {
    if json {
        return output::json(&touched);
    }
    if touched.is_empty() {
        return output::line("nothing moved; `treasuryd plan` says why for each lane");
    }
    output::line(&super::transfers::list_table(touched))
}
