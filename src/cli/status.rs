//! `status`: balances, next slots, open intents, last errors.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{Request, Response};
use crate::daemon::doors::{Clock, SystemClock};
use crate::daemon::view::{FallView, StatusView, TransferView};
use crate::daemon::{Held, Judged, Loaded, judge, status_of};
use crate::journal::ReadOnly;
use crate::model::Slot;
use crate::settings::Settings;
use std::collections::BTreeMap;
use std::path::Path;

/// Why nothing is ready where nobody answers.
const NOT_RUNNING: &str = "the daemon is not running";

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub struct Args {
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
    let (view, running) = match context::call(&settings, &Request::Status)? {
        Some(Response::Status(view)) => (*view, true),
        Some(_) => return Err(context::odd_answer()),
        None => (from_disk(&settings)?, false),
    };
    if args.json {
        output::json(&view)?;
    } else {
        output::line(&render(&view, running))?;
    }
    Ok(Exit::Done)
}

/// Without a daemon: what the journal says, read beside whoever holds the state.
fn from_disk(settings: &Settings) -> Result<StatusView, CliError> {
    let policies = match crate::daemon::load(&settings.policies.path) {
        Loaded::Good { set, .. } => Some(set),
        Loaded::Bad(_) | Loaded::Gone(_) => None,
    };
    let now = SystemClock.now();
    let read = context::read_only(settings)?;
    let nothing = crate::intent::State::default();
    let state = read.as_ref().map_or(&nothing, ReadOnly::state);
    let judged = match &policies {
        Some(on_disk) if settings.policies.confirm_loosening => {
            judge(&settings.state, state.policy_hash.as_deref(), on_disk)?
        }
        _ => Judged::Passes,
    };
    let (policies, held) = match judged {
        Judged::Passes => (policies, None),
        Judged::Waits(held, before) => (before, Some(held)),
    };
    let (release_by, nothing) = (&settings.conservation.release_by, BTreeMap::new());
    let read_at = state.last_observed;
    let mut view = status_of(state, policies.as_deref(), &state.balances, read_at, now, &nothing, release_by);
    view.held_policies = held.as_ref().map(Held::view);
    view.environment = settings.kpay.environment.to_string();
    view.not_ready_because = vec![NOT_RUNNING.to_owned()];
    if policies.is_none() {
        view.not_ready_because.push("the policies cannot be loaded; see `treasuryd check`".to_owned());
    }
    view.journal_records = read.as_ref().map_or(0, ReadOnly::records);
    if let Some(read) = &read {
        let finished = read.history(Some(50))?.into_iter().filter(|tracked| !tracked.outcome.is_open()).take(10);
        view.last_transfers = finished.map(|tracked| TransferView::from(&tracked)).collect();
    }
    Ok(view)
}

/// How many movements without a rate are listed.
const RATES_SHOWN: usize = 20;

fn render(view: &StatusView, running: bool) -> String {
    let mut out = Vec::new();
    let state = match (running, view.ready) {
        (false, _) => "not running",
        (true, true) => "ready",
        (true, false) => "running, not ready",
    };
    let application = view.application_id.as_deref();
    let application =
        application.map_or_else(|| "application not known yet".to_owned(), |id| format!("application {id}"));
    out.push(format!("treasuryd {}: {state}", view.version));
    out.push(format!("{}, {application}", view.environment));
    let known = |why: &&String| running || why.as_str() != NOT_RUNNING;
    out.extend(view.not_ready_because.iter().filter(known).map(|why| format!("  {why}")));
    if view.paused {
        out.push("PAUSED: nothing is sent until `treasuryd resume`".to_owned());
    }
    out.extend(view.frozen.iter().map(|frozen| format!("FROZEN: {}", frozen.sentence)));
    out.extend(view.under_floor.iter().map(|under| format!("UNDER ITS FLOOR: {}", under.sentence)));
    out.push(balances(view));
    out.push(policies(view));
    let (without_rate, open): (Vec<_>, Vec<_>) = view.open.iter().cloned().partition(|one| one.state == "applied");
    out.push(format!("\nopen transfers: {}", open.len()));
    if !open.is_empty() {
        out.push(super::transfers::list_table(&open));
    }
    out.extend(rates_to_give(&without_rate));
    if let Some(held) = &view.held_policies {
        out.push("\npolicies on disk that wait, because they loosen what is in force".to_owned());
        out.extend(held.loosens.iter().map(|text| format!("  {text}")));
        out.push(format!("  `treasuryd policies accept {} --by NAME` puts them in force", held.hash));
    }
    if !view.approvals.is_empty() {
        out.push("\nwaiting for approval; `treasuryd approve ID --by NAME`, or `reject`".to_owned());
        for approval in &view.approvals {
            out.push(format!("  {}", approval.external_id));
            out.push(format!("    {}", super::transfers::approval_line(approval)));
        }
    }
    if !view.falls.is_empty() {
        out.push("\nmoney that nobody here moved".to_owned());
        out.extend(view.falls.iter().take(5).map(fall_line));
    }
    out.extend(view.copied_at.map(|at| {
        format!(
            "\nthis state was copied, put back or moved here, as seen at {}: a 409 about a slot until then calls a person, \
             unless the source fell by exactly our amount",
            at.format("%Y-%m-%d %H:%M:%S UTC")
        )
    }));
    if !view.last_errors.is_empty() {
        out.push("\nlast problems".to_owned());
        let lines = view.last_errors.iter().take(5);
        out.extend(lines.map(|error| format!("  {} {}", error.at.format("%Y-%m-%d %H:%M:%S"), error.what)));
    }
    out.join("\n")
}

/// Movements that are over, but for the books: whoever keeps them enters what KPay shows.
fn rates_to_give(transfers: &[TransferView]) -> Vec<String> {
    if transfers.is_empty() {
        return Vec::new();
    }
    let head = format!(
        "\nrates that nobody gave: {} (the money moved, the reply was lost); look each up at KPay, then `treasuryd transfers \
         resolve ID --applied --rate R --credited X --by NAME --note TEXT`",
        transfers.len()
    );
    let shown = transfers.get(..RATES_SHOWN).unwrap_or(transfers);
    let more = transfers.len() - shown.len();
    let rest = (more > 0).then(|| format!("and {more} more: `treasuryd ledger rates` shows all of them"));
    [head, super::transfers::list_table(shown)].into_iter().chain(rest).collect()
}

fn fall_line(fall: &FallView) -> String {
    let FallView { wallet, currency, .. } = fall;
    let froze = if fall.froze { "; frozen" } else { "" };
    format!(
        "  {} {wallet} fell by {} {currency} more than our own moves explain, to {} {currency}{froze}",
        fall.at.format("%Y-%m-%d %H:%M:%S"),
        fall.unexplained.grouped(),
        fall.after.grouped()
    )
}

fn balances(view: &StatusView) -> String {
    let Some(read_at) = view.balances_read_at else {
        return "\nbalances: not read yet".to_owned();
    };
    let rows: Vec<Vec<String>> = view
        .balances
        .iter()
        .map(|row| {
            vec![
                row.wallet.to_string(),
                row.available.grouped(),
                row.currency.to_string(),
                row.held.grouped(),
                row.reserve.grouped(),
            ]
        })
        .collect();
    let table = output::table(&["wallet", "available", "currency", "held", "reserve"], &rows, &[1, 3, 4]);
    format!("\nbalances, read {}\n{table}", read_at.format("%Y-%m-%d %H:%M:%S UTC"))
}

fn policies(view: &StatusView) -> String {
    if view.policies.is_empty() {
        return "\npolicies: none in force; see `treasuryd check`".to_owned();
    }
    let rows: Vec<Vec<String>> = view
        .policies
        .iter()
        .map(|policy| {
            let flags = [(!policy.enabled).then_some("disabled"), policy.paused.then_some("paused")];
            let flags: Vec<&str> = [policy.mode.as_str()].into_iter().chain(flags.into_iter().flatten()).collect();
            let shown = |slot: Option<Slot>| slot.map_or_else(|| "none".to_owned(), |slot| slot.to_string());
            vec![policy.name.clone(), flags.join(", "), shown(policy.next_slot), shown(policy.last_slot)]
        })
        .collect();
    format!("\n{}", output::table(&["policy", "mode", "next slot", "last slot"], &rows, &[]))
}
