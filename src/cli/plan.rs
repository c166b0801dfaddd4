//! `plan`: what would happen now, and why not.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{Request, Response};
use crate::daemon::doors::{Clock, SystemClock};
use crate::daemon::view::{FrozenView, HeldView};
use crate::daemon::{Basis, Held};
use crate::intent::{State, plainly, signed};
use crate::model::{Availability, BalanceRow, Identity, Kind, Snapshot, Timestamp, share_of_the_fee, tame};
use crate::money::{Currency, Money, Rate};
use crate::plan::{Plan, PlannedTransfer, Reason, basis_points, peg};
use crate::policy::PolicySet;
use crate::settings::{Settings, Surroundings};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For this instant, e.g. 2026-11-24T17:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = instant)]
    at: Option<Timestamp>,
    /// Only this policy
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// Offline, on the `balances` of `plan --json`
    #[arg(long, value_name = "FILE")]
    balances: Option<PathBuf>,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Reads an instant.
///
/// # Errors
/// A sentence for the command line.
pub fn instant(text: &str) -> Result<Timestamp, String> {
    chrono::DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.to_utc())
        .map_err(|_| "not an instant; write it like 2026-11-24T17:00:00Z".to_owned())
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    let (on_disk, _) = context::policies(&settings)?;
    let Made { plan, held, frozen } = match by_daemon(&settings, args)? {
        Some(made) => made,
        None => here(&settings, &on_disk, args)?,
    };
    for frozen in frozen.iter().filter(|frozen| !names(&plan, frozen)) {
        output::talk(format_args!("note: {}", frozen.sentence));
    }
    if let Some(held) = held {
        output::talk(format_args!("note: planned with the policies last in force; {}", held.sentence()));
    }
    if args.json {
        output::json(&plan)?;
    } else {
        output::line(&render(&plan))?;
    }
    Ok(Exit::Done)
}

/// A plan, and what is to be told beside it.
struct Made {
    plan: Plan,
    /// Policies that wait for a person.
    held: Option<HeldView>,
    /// Wallets that a record freezes.
    frozen: Vec<FrozenView>,
}

/// Whether a plan itself says that a wallet is frozen.
fn names(plan: &Plan, frozen: &FrozenView) -> bool {
    let mut skipped = plan.policies.iter().flat_map(|policy| &policy.skipped);
    skipped.any(|skip| skip.from == frozen.wallet && skip.reason == Reason::WalletFrozen)
}

/// The running daemon's plan with its policies; `None` where there is none, or the balances are a file's.
fn by_daemon(settings: &Settings, args: &Args) -> Result<Option<Made>, CliError> {
    if args.balances.is_some() {
        return Ok(None);
    }
    let Some(Response::Status(view)) = context::call(settings, &Request::Status)? else { return Ok(None) };
    let names = view.policies.iter().map(|policy| policy.name.as_str());
    context::known_name(names, args.policy.as_deref())?;
    let request = Request::Plan { at: args.at, policy: args.policy.clone() };
    match context::call(settings, &request)? {
        Some(Response::Plan(plan)) => Ok(Some(Made { plan, held: view.held_policies, frozen: view.frozen })),
        Some(_) => Err(context::odd_answer()),
        None => Ok(None),
    }
}

/// The plan without a daemon: on the journal as it is, with live balances or those of a file.
fn here(settings: &Settings, on_disk: &Arc<PolicySet>, args: &Args) -> Result<Made, CliError> {
    let state = state(settings)?;
    let (policies, held) = context::in_force(settings, on_disk, state.policy_hash.as_deref())?;
    context::known_policy(&policies, args.policy.as_deref())?;
    let basis = basis(settings, &policies, &state, args.at, args.policy.as_deref());
    let plan = match &args.balances {
        Some(file) => {
            let Offline { snapshot, rates, identity } = Offline::read(settings, &basis, file)?;
            basis.plan(&snapshot, &rates, identity.as_ref())
        }
        None => live(settings, &basis)?,
    };
    let release_by = &settings.conservation.release_by;
    let frozen = state.standing.frozen.iter().map(|(wallet, frozen)| FrozenView::of(*wallet, frozen, release_by));
    Ok(Made { plan, held: held.as_ref().map(Held::view), frozen: frozen.collect() })
}

fn live(settings: &Settings, basis: &Basis<'_>) -> Result<Plan, CliError> {
    let access = context::access(settings, &Surroundings::of_process()?)?;
    let bank = context::bank(access, None, &context::metrics()?)?;
    let plan = context::runtime()?.block_on(basis.preview(&bank))?;
    Ok(plan)
}

/// A reading and rates from a file, as if KPay had given them just now.
pub struct Offline {
    /// The balances.
    pub snapshot: Snapshot,
    /// The rates.
    pub rates: BTreeMap<(Currency, Currency), Rate>,
    /// For the external ids, where it is known.
    pub identity: Option<Identity>,
}

impl Offline {
    /// Reads a file for `--balances`.
    ///
    /// # Errors
    /// Wrong usage (2) with the place in the file.
    pub fn read(settings: &Settings, basis: &Basis<'_>, file: &Path) -> Result<Self, CliError> {
        let given = read_balances(file)?;
        let snapshot = Snapshot::from_rows(basis.clock, &given.balances)
            .ok_or_else(|| CliError::new(Exit::Usage, format!("{}: a wallet stands there twice", file.display())))?;
        let rates = given.rates.iter().map(|row| ((row.from, row.to), row.rate)).collect();
        let environment = settings.kpay.environment;
        let configured = settings.kpay.application_id.clone();
        let configured = configured.map(|application_id| Identity { environment, application_id });
        Ok(Self { snapshot, rates, identity: configured.or_else(|| basis.state.identity.clone()) })
    }
}

/// What a plan is made from, beside the world.
pub fn basis<'a>(
    settings: &'a Settings,
    policies: &'a PolicySet,
    state: &'a State,
    at: Option<Timestamp>,
    only: Option<&'a str>,
) -> Basis<'a> {
    let clock = SystemClock.now();
    Basis {
        state,
        policies,
        caps: &settings.limits,
        environment: settings.kpay.environment,
        now: at.unwrap_or(clock),
        clock,
        availability: Availability::unasked(),
        only,
        conservation: &settings.conservation,
        before: None,
    }
}

/// The state as it is, without opening it for writing; nothing where there is none yet.
///
/// # Errors
/// 77 where it cannot be read.
pub fn state(settings: &Settings) -> Result<State, CliError> {
    Ok(context::read_only(settings)?.map_or_else(State::default, |read| read.state().clone()))
}

/// A file for `--balances`: the array alone, or an object with `balances` (as `plan --json` prints it) and, for lanes
/// across currencies, `rates`.
#[derive(Debug, Deserialize)]
struct Given {
    balances: Vec<BalanceRow>,
    #[serde(default)]
    rates: Vec<RateRow>,
}

#[derive(Debug, Deserialize)]
struct RateRow {
    from: Currency,
    to: Currency,
    rate: Rate,
}

const LIKE_AN_ARRAY: &str = r#"[{"wallet":"GAB","currency":"XAF","available":"330000"}]"#;

fn like_an_object() -> String {
    format!(r#"{{"balances":{LIKE_AN_ARRAY},"rates":[{{"from":"XAF","to":"XOF","rate":"1.0153"}}]}}"#)
}

fn read_balances(file: &Path) -> Result<Given, CliError> {
    let name = tame(&file.display().to_string(), 200);
    let text = std::fs::read_to_string(file)
        .map_err(|error| CliError::new(Exit::Usage, format!("the balances file {name} cannot be read: {error}")))?;
    let is_array = text.trim_start().starts_with('[');
    let example = if is_array { LIKE_AN_ARRAY.to_owned() } else { like_an_object() };
    let wrong = |error: serde_json::Error| {
        let what = tame(without_place(&error.to_string()), 200);
        let (line, column) = (error.line(), error.column());
        CliError::new(Exit::Usage, format!("{name}:{line}:{column}: {what}; write it like {example}"))
    };
    if is_array {
        let balances = serde_json::from_str(&text).map_err(wrong)?;
        return Ok(Given { balances, rates: Vec::new() });
    }
    serde_json::from_str(&text).map_err(wrong)
}

/// What is wrong, without serde's own line and column.
fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(what, _)| what)
}

/// What should arrive, where that is not simply what is sent: across currencies, and of a payout after KPay's fee.
fn expected(transfer: &PlannedTransfer) -> Option<String> {
    let arrives = Money { amount: transfer.expected_credit?, currency: transfer.credit_currency };
    let about = if transfer.currency == transfer.credit_currency { "" } else { "about " };
    match transfer.kind {
        Kind::Transfer if about.is_empty() => None,
        Kind::Transfer => Some(format!("about {arrives} arrive{}", off_the_peg(transfer))),
        Kind::Payout => {
            let fee = transfer.amount.checked_mul(share_of_the_fee(transfer.kind)).ok()?;
            let fee = Money { amount: fee, currency: transfer.currency };
            Some(format!("{about}{arrives} should arrive, after KPay's fee of {fee}{}", off_the_peg(transfer)))
        }
    }
}

/// What a rate between two currencies of one peg costs: between XAF and XOF, any but 1.
fn off_the_peg(transfer: &PlannedTransfer) -> String {
    let pegged = peg((transfer.currency, transfer.credit_currency)).zip(transfer.expected_rate);
    let points = pegged.and_then(|(pegged, rate)| basis_points(plainly(pegged), rate));
    let Some(points) = points.filter(|points| !points.is_zero()) else { return String::new() };
    format!(" ({} bp against the peg to the euro)", signed(points))
}

/// The plan for people.
fn render(plan: &Plan) -> String {
    let mut out = format!("at {} in the {}\n", plan.at.format("%Y-%m-%d %H:%M:%S UTC"), plan.environment);
    for policy in &plan.policies {
        let slot = policy.slot.map_or_else(|| "no slot yet".to_owned(), |slot| format!("slot {slot}"));
        let due = if policy.due { "due" } else { "not due" };
        let _ = writeln!(out, "\n{} ({slot}, {due})", policy.policy);
        for transfer in &policy.transfers {
            let part = if transfer.parts > 1 {
                format!(" part {} of {}", transfer.part, transfer.parts)
            } else {
                String::new()
            };
            let arrives = expected(transfer).map(|text| format!("\n           {text}")).unwrap_or_default();
            let waits = if transfer.needs_approval { "\n           waits for approval" } else { "" };
            let id = transfer.external_id.as_ref().map(ToString::to_string).unwrap_or_default();
            let amount = transfer.amount.grouped();
            let (from, to, currency) = (transfer.from, transfer.to, transfer.currency);
            // A beneficiary's number takes the id's place on a line of 80 columns.
            let gap = if transfer.kind == Kind::Payout && !id.is_empty() { "\n           " } else { "  " };
            // Writing to a string cannot fail.
            let _ = writeln!(out, "  {from}>{to}  {amount} {currency}{part}{gap}{id}{arrives}{waits}");
        }
        for skip in &policy.skipped {
            // A lane may move in part: then the reason is about the rest of its amount.
            let moves_too = policy.transfers.iter().any(|it| (it.from, it.to) == (skip.from, skip.to));
            let (what, if_more) = if moves_too { ("no more", "more moves if") } else { ("nothing", "moves if") };
            let _ = writeln!(out, "  {}>{}  {what}: {} – {}", skip.from, skip.to, skip.reason.word(), skip.detail);
            if !skip.would_move_if.is_empty() {
                let _ = writeln!(out, "           {if_more} {}", skip.would_move_if);
            }
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Amount;

    #[test]
    fn what_should_arrive_is_told_where_it_is_not_what_is_sent() {
        let at =
            |rate: Option<&str>, to: &str, credited: Option<&str>, credit_currency: Currency, says: Option<&str>| {
                let to: crate::model::Destination = to.parse().unwrap();
                let kind =
                    if matches!(to, crate::model::Destination::Payee(_)) { Kind::Payout } else { Kind::Transfer };
                let transfer = PlannedTransfer {
                    external_id: None,
                    kind,
                    from: crate::money::Country::CMR,
                    to,
                    amount: Amount::whole(50_000),
                    currency: Currency::XAF,
                    part: 1,
                    parts: 1,
                    expected_rate: rate.map(|rate| rate.parse().unwrap()),
                    expected_credit: credited.map(|credited| credited.parse().unwrap()),
                    credit_currency,
                    needs_approval: false,
                };
                assert_eq!(expected(&transfer).as_deref(), says, "{to}");
            };
        let check = |to: &str, credited, currency, says: Option<&str>| at(None, to, credited, currency, says);
        check("GAB", Some("50000"), Currency::XAF, None);
        at(Some("1"), "GAB", Some("50000"), Currency::XAF, None);
        for (rate, credit, says) in [
            ("1", "50000", "about 50 000 XOF arrive"),
            ("1.0153", "50765", "about 50 765 XOF arrive (+153 bp against the peg to the euro)"),
            ("0.98", "49000", "about 49 000 XOF arrive (-200 bp against the peg to the euro)"),
        ] {
            at(Some(rate), "SEN", Some(credit), Currency::XOF, Some(says));
        }
        at(Some("0.2215"), "KEN", Some("11075"), Currency::KES, Some("about 11 075 KES arrive"));
        check("SEN", Some("50765"), Currency::XOF, Some("about 50 765 XOF arrive"));
        let fee = "after KPay's fee of 2 500 XAF";
        let home = format!("47 500 XAF should arrive, {fee}");
        check("MTN_MOMO_CMR:237653456789", Some("47500"), Currency::XAF, Some(&home));
        let abroad = format!("about 48 212.5 XOF should arrive, {fee}");
        check("MTN_MOMO_CIV:2250503456789", Some("48212.5"), Currency::XOF, Some(&abroad));
        check("MTN_MOMO_CIV:2250503456789", None, Currency::XOF, None);
    }
}
