//! `transfer`, and what `payout` shares with it: a move that a person asks for, through the same guards, journal and
//! books as a policy's.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::control::{self, Request, Response};
use crate::daemon::view::TransferView;
use crate::daemon::{HostedPage, MoveRequest, Moved, WayBack, rehearse};
use crate::model::{Kind, Lane, Timestamp, WalletId, left_by_the_fee, tame};
use crate::money::{Country, Currency};
use crate::policy::read_amount;
use crate::settings::{Settings, Surroundings};
use chrono::TimeDelta;
use serde::Serialize;
use std::io::{IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Arguments of `transfer`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The wallet that is debited, e.g. GAB
    from: String,
    /// The wallet that is credited, e.g. CMR
    to: String,
    /// How much leaves FROM, in its currency: `50000`, `50_000`, `"50 000 XAF"`
    #[arg(allow_hyphen_values = true)]
    amount: String,
    #[command(flatten)]
    how: How,
}

/// What moves by hand have in common.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct How {
    /// A name for this move: the same key never moves money twice
    #[arg(long)]
    pub(super) key: String,
    /// Your name
    #[arg(long, value_name = "NAME")]
    pub(super) by: Option<String>,
    /// Show what would be sent; sends and writes nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Wait for its end, however long it takes; Ctrl-C ends the waiting only
    #[arg(long, conflicts_with = "dry_run")]
    wait: bool,
    /// Do not ask first
    #[arg(long)]
    yes: bool,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    carry(config, wish(args)?, &args.how)
}

/// Asks where somebody is there to ask, has it done, and shows what became of it.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub(super) fn carry(config: Option<&Path>, wish: MoveRequest, how: &How) -> Result<Exit, CliError> {
    if !how.yes && !wish.dry_run && !std::io::stdin().is_terminal() {
        let text =
            "nobody is at a terminal to ask: nothing was sent; add --yes to move the money, or --dry-run to see it";
        return Err(CliError::new(Exit::Usage, text));
    }
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    if !how.yes && !wish.dry_run && !agreed(&settings, &wish)? {
        return Err(CliError::new(Exit::Failed, "not agreed to: nothing was sent"));
    }
    let moved = if wish.dry_run { rehearsed(&settings, &wish)? } else { carried_out(&settings, wish, how.wait)? };
    if how.json {
        output::json(&shown(&moved))?;
    } else {
        output::line(&lines(&moved))?;
    }
    if moved.earlier {
        output::talk("this key was used before, for the same amount: nothing was sent now");
    }
    if how.dry_run {
        output::talk("only shown: nothing was sent or written");
        return Ok(Exit::Done);
    }
    ended(&moved.transfers)
}

/// What the arguments ask for, checked as far as that goes without KPay and the state.
fn wish(args: &Args) -> Result<MoveRequest, CliError> {
    let usage = |text: String| CliError::new(Exit::Usage, text);
    let from = wallet(&args.from).map_err(usage)?;
    let lane = Lane::between(from, wallet(&args.to).map_err(usage)?);
    asked(lane, &args.amount, None, &args.how)
}

/// The wish for a lane, checked.
///
/// # Errors
/// 2, with one sentence.
pub(super) fn asked(lane: Lane, amount: &str, way_back: Option<WayBack>, how: &How) -> Result<MoveRequest, CliError> {
    let usage = |text: String| CliError::new(Exit::Usage, text);
    let written = read_amount(amount).map_err(|error| usage(format!("{error}; {}", error.hint())))?;
    if let Some(currency) = written.currency.filter(|currency| *currency != lane.from.currency) {
        return Err(usage(wrong_currency(lane.from, currency)));
    }
    let (key, by) = (how.key.clone(), how.by.clone());
    let wish = MoveRequest { lane, way_back, amount: written.amount, key, by, dry_run: how.dry_run };
    wish.check().map_err(|error| usage(error.to_string()))?;
    Ok(wish)
}

/// A wallet by its country.
///
/// # Errors
/// One sentence with the countries there are.
pub(super) fn wallet(text: &str) -> Result<WalletId, String> {
    let known = text.parse().ok().filter(|country| Country::ALL.contains(country)).and_then(WalletId::of);
    known.ok_or_else(|| {
        let all: Vec<String> = Country::ALL.iter().map(ToString::to_string).collect();
        format!("`{}` is no country of KPay's wallets; there are {}", tame(text, 40), all.join(", "))
    })
}

fn wrong_currency(from: WalletId, written: Currency) -> String {
    format!("the amount is in {written}, but the {from} wallet is in {}: write it in {}", from.currency, from.currency)
}

/// Shows the person at the terminal what would be sent, and asks.
fn agreed(settings: &Settings, wish: &MoveRequest) -> Result<bool, CliError> {
    let shown = rehearsed(settings, &MoveRequest { dry_run: true, ..wish.clone() })?;
    if shown.earlier {
        // It is only looked up.
        return Ok(true);
    }
    output::talk(format_args!("{}: {}", settings.kpay.environment, question(wish, &shown)));
    eprint!("Send it? Type yes: ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}

fn question(wish: &MoveRequest, shown: &Moved) -> String {
    let lane = wish.lane;
    let amount = format!("{} {}", wish.amount.grouped(), lane.from.currency);
    let mut said = vec![format!("{amount} from {} to {}", lane.from, lane.to)];
    if shown.transfers.len() > 1 {
        said.push(format!("in {} parts", shown.transfers.len()));
    }
    if lane.kind() == Kind::Payout
        && let Ok(net) = wish.amount.checked_mul(left_by_the_fee(lane.kind()))
        && let Ok(fee) = wish.amount.checked_sub(net)
    {
        let currency = lane.from.currency;
        let (fee, net) = (fee.grouped(), net.grouped());
        said.push(format!("KPay's fee is expected to be {fee} {currency}, which leaves {net} {currency}"));
    }
    if let Some(rate) = shown.rate.filter(|_| lane.crosses_currencies()) {
        said.push(format!("KPay's rate is {rate} at the moment, and the one it applies may differ"));
    }
    if shown.transfers.iter().any(|part| part.state == "awaiting_approval") {
        said.push("it waits for approval before it is sent".to_owned());
    }
    said.join("; ")
}

/// What would be sent: by the daemon, or on the journal as it is.
fn rehearsed(settings: &Settings, wish: &MoveRequest) -> Result<Moved, CliError> {
    match context::call(settings, &Request::Move { wish: wish.clone() })? {
        Some(Response::Moved(moved)) => return Ok(moved),
        Some(_) => return Err(context::odd_answer()),
        None => {}
    }
    let (on_disk, _) = context::policies(settings)?;
    let state = super::plan::state(settings)?;
    let (policies, _) = context::in_force(settings, &on_disk, state.policy_hash.as_deref())?;
    let basis = super::plan::basis(settings, &policies, &state, None, None);
    let access = context::access(settings, &Surroundings::of_process()?)?;
    let bank = context::bank(access, None, &context::metrics()?)?;
    let journal = context::read_only(settings)?;
    let find = |id: &_| journal.as_ref().map_or(Ok(None), |journal| journal.find(id));
    let rehearsed = context::runtime()?.block_on(rehearse(&bank, &basis, wish, find));
    rehearsed.map_err(|error| context::failed(&control::wish_failed(&error)))
}

/// Has the daemon do it, or, where it is down, does it on the state itself.
fn carried_out(settings: &Settings, wish: MoveRequest, wait: bool) -> Result<Moved, CliError> {
    let source = wish.lane.from;
    let request = Request::Move { wish };
    let Some(response) = context::call(settings, &request)? else {
        return here(settings, &request, source, wait);
    };
    let first = moved(response)?;
    if !wait {
        return Ok(first);
    }
    context::runtime()?.block_on(followed(first, async || match context::call(settings, &request)? {
        Some(response) => moved(response),
        None => Err(CliError::new(Exit::Unsettled, "the daemon ended meanwhile; the same command asks again")),
    }))
}

/// Asks how a move stands until it can come to no other end without a person, and tells each change.
async fn followed(first: Moved, mut ask: impl AsyncFnMut() -> Result<Moved, CliError>) -> Result<Moved, CliError> {
    let earlier = first.earlier;
    let mut last = first;
    while is_under_way(&last) {
        tokio::time::sleep(LOOKS_EVERY).await;
        let next = ask().await?;
        tell_changes(&last, &next);
        last = next;
    }
    Ok(Moved { earlier, ..last })
}

fn moved(response: Response) -> Result<Moved, CliError> {
    match response {
        Response::Moved(moved) => Ok(moved),
        other => Err(context::failed(&other)),
    }
}

fn here(settings: &Settings, request: &Request, source: WalletId, wait: bool) -> Result<Moved, CliError> {
    let (policies, _) = context::policies(settings)?;
    let metrics = context::metrics()?;
    let access = context::access(settings, &Surroundings::of_process()?)?;
    let store = context::store(settings)?;
    let bank = Arc::new(context::bank(access, Some(&settings.state), &metrics)?);
    let engine = context::engine(settings, Some(policies), bank, store, metrics, TimeDelta::zero());
    let done = context::runtime()?.block_on(async {
        engine.begin("transfer").await?;
        let first = moved(control::handle(&engine, request.clone()).await)?;
        if !wait {
            return Ok(first);
        }
        followed(first, async || {
            engine.work_on(source).await?;
            moved(control::handle(&engine, request.clone()).await)
        })
        .await
    });
    engine.store().close();
    done
}

/// A move that is waited for is looked at this often.
const LOOKS_EVERY: Duration = Duration::from_millis(500);

/// Whether it can still come to its end without a person.
fn is_under_way(moved: &Moved) -> bool {
    let any = |words: &[&str]| moved.transfers.iter().any(|part| words.contains(&part.state.as_str()));
    any(&["planned", "sending", "unknown"]) && !any(&["awaiting_approval", "needs_operator"])
}

/// To standard error: each part whose state is another one.
fn tell_changes(before: &Moved, now: &Moved) {
    for (before, now) in before.transfers.iter().zip(&now.transfers).filter(|(before, now)| before.state != now.state) {
        output::talk(format_args!("{} was {} and is {}", now.external_id, before.state, now.state));
    }
}

/// A part as programs read it, with its hosted page.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    part: &'a TransferView,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gateway_expires_at: Option<Timestamp>,
}

fn shown(moved: &Moved) -> Vec<Shown<'_>> {
    let with_page = |part| {
        let page = page_of(moved, part);
        let gateway_url = page.map(|page| page.url.as_str());
        Shown { part, gateway_url, gateway_expires_at: page.and_then(|page| page.expires_at) }
    };
    moved.transfers.iter().map(with_page).collect()
}

fn page_of<'a>(moved: &'a Moved, part: &TransferView) -> Option<&'a HostedPage> {
    moved.pages.iter().find(|page| page.external_id == part.external_id)
}

/// One line a part: id, lane, amount, state, and what there is to say; then its hosted page.
fn lines(moved: &Moved) -> String {
    let line = |part: &TransferView| {
        let amount = format!("{} {}", part.amount.grouped(), part.currency);
        let mut said = vec![part.external_id.clone(), format!("{}>{}", part.from, part.to), amount, part.state.clone()];
        if let (Some(credited), Some(currency)) = (part.credited, part.credited_currency)
            && (credited, currency) != (part.amount, part.currency)
        {
            let rate = part.exchange_rate.filter(|_| currency != part.currency);
            let rate = rate.map(|rate| format!(" at {rate}")).unwrap_or_default();
            let word = if part.state == "applied" { "arrived" } else { "to arrive" };
            said.push(format!("{} {currency} {word}{rate}", credited.grouped()));
        }
        if !part.detail.is_empty() {
            said.push(part.detail.clone());
        }
        let mut line = said.join("  ");
        if let Some(page) = page_of(moved, part) {
            let until = page.expires_at.map(|at| format!(", until {}", at.format("%Y-%m-%dT%H:%M:%SZ")));
            line = format!("{line}\nthe page to fill in{}: {}", until.unwrap_or_default(), page.url);
        }
        line
    };
    moved.transfers.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn ended(transfers: &[TransferView]) -> Result<Exit, CliError> {
    let any = |words: &[&str]| transfers.iter().any(|part| words.contains(&part.state.as_str()));
    if transfers.iter().any(|part| part.kind == "payout" && part.state == "sending" && part.kpay_id.is_some())
        && !any(&["unknown", "needs_operator"])
    {
        let text = "KPay has it in hand and it is not over; --wait, or the same command later, shows its end";
        return Err(CliError::new(Exit::Unsettled, text));
    }
    if any(&["sending", "unknown", "needs_operator"]) {
        let text = "it is unsettled: nobody knows yet whether its money moved, or a person must look; the same command \
                    shows how it stands, and `treasuryd transfers show ID` its history";
        return Err(CliError::new(Exit::Unsettled, text));
    }
    if any(&["planned"]) {
        let text = "not sent yet; the daemon or the next `treasuryd once` sends it, if it still may";
        return Err(CliError::new(Exit::Unsettled, text));
    }
    if any(&["cancelled"]) && !any(&["rejected"]) {
        return Err(CliError::new(Exit::Refused, "it was cancelled and is not sent any more; see the reason above"));
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Amount;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    /// The wish of a command line, or its error.
    fn read(line: &[&str]) -> Result<MoveRequest, String> {
        let args = Line::try_parse_from([&["transfer"], line].concat()).map_err(|error| error.to_string())?.args;
        wish(&args).map_err(|error| {
            assert_eq!(error.exit, Exit::Usage, "{line:?}");
            error.message
        })
    }

    #[test]
    fn amounts_are_written_as_in_policies() {
        for (text, amount) in [
            ("50000", "50000"),
            ("50_000", "50000"),
            ("50 000 XAF", "50000"),
            ("100", "100"),
            ("990_000_000 XAF", "990000000"),
        ] {
            let wish = read(&["GAB", "CMR", text, "--key", "rent.2026_11-a"]).unwrap();
            assert_eq!(wish.amount, amount.parse::<Amount>().unwrap(), "{text}");
            assert_eq!((wish.lane.to_string().as_str(), wish.key.as_str()), ("GAB>CMR", "rent.2026_11-a"));
        }
        assert_eq!(read(&["KEN", "CMR", "100.50 KES", "--key", "k"]).unwrap().amount, "100.5".parse().unwrap());
    }

    #[test]
    fn each_wrong_input_is_one_sentence_of_its_own() {
        let long = "k".repeat(65);
        let cases: &[(&[&str], &str)] = &[
            (&["USA", "CMR", "500", "--key", "k"], "`USA` is no country of KPay's wallets"),
            (&["GAB", "cmr", "500", "--key", "k"], "`cmr` is no country of KPay's wallets"),
            (&["GAB", "ZMB", "500", "--key", "k"], "`ZMB` is no country of KPay's wallets"),
            (&["GAB", "GAB", "500", "--key", "k"], "GAB is both ends"),
            (&["GAB", "CMR", "0", "--key", "k"], "under KPay's smallest of 100 XAF"),
            (&["GAB", "CMR", "99", "--key", "k"], "99 XAF is under KPay's smallest"),
            (&["GAB", "CMR", "-500", "--key", "k"], "`-500` is negative"),
            (&["GAB", "CMR", "500.5", "--key", "k"], "whole units only of XAF"),
            (&["KEN", "CMR", "500.005", "--key", "k"], "at most 2 decimals of KES"),
            (&["GAB", "CMR", "5e3", "--key", "k"], "exponent"),
            (&["GAB", "CMR", "500 XOF", "--key", "k"], "the GAB wallet is in XAF"),
            (&["GAB", "CMR", "500", "--key", ""], "`` is no key"),
            (&["GAB", "CMR", "500", "--key", "a b"], "`a b` is no key"),
            (&["GAB", "CMR", "500", "--key", "clé"], "is no key"),
            (&["GAB", "CMR", "500", "--key", &long], "is no key"),
            (&["GAB", "CMR", "500"], "--key"),
        ];
        for (line, says) in cases {
            let error = read(line).unwrap_err();
            assert!(error.contains(says), "{line:?}: {error}");
        }
    }
}
