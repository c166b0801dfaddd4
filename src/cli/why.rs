//! `why`: why nothing moved, or why it did, and what would change that.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use super::plan::{self, Offline};
use crate::control::{Request, Response};
use crate::daemon::{Basis, decisions};
use crate::intent::State;
use crate::model::{Slot, Timestamp, tame};
use crate::money::{Amount, Currency, Money};
use crate::plan::Reason;
use crate::plan::why::{Answer, Decisions, LaneAnswer, Past, Subject, WalletInputs, why};
use crate::policy::{PolicySet, unbroken};
use crate::settings::{Settings, Surroundings};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Arguments of `why`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A wallet, e.g. GAB, or a lane in quotes, e.g. "GAB>CMR"
    #[arg(value_name = "WALLET|LANE")]
    subject: String,
    /// For this instant, e.g. 2026-11-24T17:00:00Z
    #[arg(long, value_name = "RFC3339", value_parser = plan::instant)]
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

/// The widest line for people.
const WIDTH: usize = 100;

/// Runs the command.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "error");
    let (on_disk, _) = context::policies(&settings)?;
    let state = plan::state(&settings)?;
    let (policies, held) = context::in_force(&settings, &on_disk, state.policy_hash.as_deref())?;
    context::known_policy(&policies, args.policy.as_deref())?;
    let subject = known_subject(&policies, args)?;
    if let Some(held) = held {
        output::talk(format_args!("note: answered with the policies last in force; {}", held.sentence()));
    }
    let basis = plan::basis(&settings, &policies, &state, args.at, args.policy.as_deref());
    let answer = match &args.balances {
        Some(file) => offline(&settings, &basis, subject, file)?,
        None => live(&settings, &basis, subject, args)?,
    };
    if args.json {
        output::json(&answer)?;
    } else {
        output::line(&render(&answer, &policies))?;
    }
    Ok(Exit::Done)
}

/// What is asked about, if some policy knows it.
fn known_subject(policies: &PolicySet, args: &Args) -> Result<Subject, CliError> {
    let in_question = policies.policies.iter().filter(|it| args.policy.as_ref().is_none_or(|only| it.name == *only));
    let lanes: Vec<_> = in_question.flat_map(crate::policy::Policy::lanes).collect();
    let shown = tame(&args.subject, 60);
    let subject = Subject::read(&args.subject);
    if let Some(subject) = subject.filter(|subject| lanes.iter().any(|lane| subject.concerns(*lane))) {
        return Ok(subject);
    }
    let there: BTreeSet<String> = match subject {
        Some(Subject::Lane(..)) => lanes.iter().map(ToString::to_string).collect(),
        _ => lanes.iter().flat_map(|lane| [lane.from.to_string(), lane.to.to_string()]).collect(),
    };
    let there = there.into_iter().collect::<Vec<_>>().join(", ");
    let text = match subject {
        None => format!("`{shown}` is neither a wallet (GAB) nor a lane (\"GAB>CMR\"); there are: {there}"),
        Some(_) => format!("no policy has anything to do with {shown}; there are: {there}"),
    };
    Err(CliError::new(Exit::Usage, text))
}

fn live(settings: &Settings, basis: &Basis<'_>, subject: Subject, args: &Args) -> Result<Answer, CliError> {
    let request = Request::Why { subject, at: args.at, policy: args.policy.clone() };
    match context::call(settings, &request)? {
        Some(Response::Why(answer)) => return Ok(*answer),
        Some(_) => return Err(context::odd_answer()),
        None => {}
    }
    let access = context::access(settings, &Surroundings::of_process()?)?;
    let bank = context::bank(access, None, &context::metrics()?)?;
    let decided = decided(settings, basis.state, subject)?;
    Ok(context::runtime()?.block_on(basis.explain(&bank, subject, &decided))?)
}

fn offline(settings: &Settings, basis: &Basis<'_>, subject: Subject, file: &Path) -> Result<Answer, CliError> {
    let Offline { snapshot, rates, identity } = Offline::read(settings, basis, file)?;
    let decided = decided(settings, basis.state, subject)?;
    Ok(why(&basis.inputs(&snapshot, &rates, identity.as_ref()), subject, &decided))
}

fn decided(settings: &Settings, state: &State, subject: Subject) -> Result<Decisions, CliError> {
    if state.standing.decided.is_empty() {
        return Ok(Decisions::new());
    }
    let Some(read) = context::read_only(settings)? else { return Ok(Decisions::new()) };
    Ok(decisions(&settings.state, state, subject, &|id| read.find(id))?)
}

/// The answer for people.
fn render(answer: &Answer, policies: &PolicySet) -> String {
    let instant = |at: Timestamp| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let mut out = vec![format!("at {}, balances read {}", instant(answer.at), instant(answer.read_at))];
    for lane in &answer.lanes {
        let zone = policies.get(&lane.policy).map_or(chrono_tz::UTC, |policy| policy.schedule.zone());
        let local = |at: Timestamp| format!("{} ({zone})", at.with_timezone(&zone).format("%A %-d %B %Y %H:%M"));
        let slot = lane.slot.map_or_else(|| "no slot yet".to_owned(), |slot| local(slot.instant()));
        let due = if lane.due { "to be decided" } else { "not to be decided" };
        out.push(format!("\n{}>{} by {}", lane.from, lane.to, lane.policy));
        let mut say = |head: &str, text: &str| out.extend(wrapped(head, text));
        say("rule", &lane.rule);
        say("slot", &format!("{slot}, {due}"));
        for (head, text) in figures(lane) {
            say(head, &text);
        }
        for transfer in &lane.transfers {
            let amount = Money { amount: transfer.amount, currency: transfer.currency };
            let waits = if transfer.needs_approval { ", once it is approved" } else { "" };
            say("moves", &format!("{amount} now, part {} of {}{waits}", transfer.part, transfer.parts));
        }
        for skip in &lane.skipped {
            say("stays", &format!("{}: {}", skip.reason.word(), skip.detail));
        }
        let is_said = lane.skipped.iter().any(|skip| skip.reason == Reason::WalletFrozen);
        if let Some(frozen) = lane.inputs.from.frozen.as_ref().filter(|_| !is_said) {
            say("frozen", &format!("{frozen}; nothing new leaves it at any slot"));
        }
        if let Some(past) = &lane.decided {
            say("decided", &decided_text(past, lane.slot, lane.inputs.from.currency));
        }
        if let Some(counterfactual) = &lane.counterfactual {
            say("would", &counterfactual.sentence);
        }
        if let Some(what) = &lane.in_the_way {
            say("would", &format!("not move by anything that was tried; what stands in the way: {what}"));
        }
    }
    out.join("\n")
}

/// What the lane's decision rests on.
fn figures(lane: &LaneAnswer) -> Vec<(&'static str, String)> {
    let inputs = &lane.inputs;
    let floor = Money { amount: inputs.floor, currency: inputs.from.currency };
    let floor = match &inputs.floor_by {
        Some(by) => format!("{floor} stay in {} ({by})", lane.from),
        None => format!("nothing has to stay in {}", lane.from),
    };
    let to = inputs.to.as_ref().map_or_else(|| format!("a payout to {}", lane.to), wallet);
    let mut figures = vec![("from", wallet(&inputs.from)), ("to", to), ("floor", floor)];
    if inputs.crosses {
        let rate = inputs.rate.map_or_else(|| "none from KPay".to_owned(), |rate| rate.to_string());
        let reference = inputs.reference.as_ref().map(|it| format!(", compared with {it}")).unwrap_or_default();
        figures.push(("rate", format!("{rate}{reference}")));
    }
    figures.extend(inputs.limits.iter().map(|limit| ("limit", limit.clone())));
    figures
}

fn wallet(wallet: &WalletInputs) -> String {
    let of = |amount: Amount| Money { amount, currency: wallet.currency };
    let shown = match wallet.available {
        Some(available) => format!("{} has {}", wallet.wallet, of(available)),
        None => format!("{} could not be read in {}", wallet.wallet, wallet.currency),
    };
    let held = wallet.held.is_positive().then(|| format!("{} of it held by open transfers", of(wallet.held)));
    let arriving = wallet.arriving.is_positive().then(|| format!("{} on its way in", of(wallet.arriving)));
    [Some(shown), held, arriving].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn decided_text(past: &Past, slot: Option<Slot>, currency: Currency) -> String {
    let at = past.decided_at.format("%Y-%m-%d %H:%M:%S UTC");
    let at = if Some(past.slot) == slot { at.to_string() } else { format!("{at}, for slot {}", past.slot) };
    if let Some(reason) = past.reason {
        return format!("{at}: nothing moved, {}: {}", reason.word(), past.detail);
    }
    let one = |it: &crate::plan::why::PastTransfer| {
        format!("{} ({}, {})", Money { amount: it.amount, currency }, it.outcome, it.external_id)
    };
    format!("{at}: {}", past.transfers.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// A line with its head, broken between words where it is too wide.
fn wrapped(head: &str, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = format!("  {head:<8}");
    let mut is_empty = true;
    for word in unbroken(text) {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, " ".repeat(10)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_broken_between_words() {
        let lines = wrapped("rule", &"GAB sends what is over ".repeat(9));
        assert!(lines.len() == 3 && lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:#?}");
        assert!(lines[0].starts_with("  rule    GAB") && lines[1].starts_with("          "), "{lines:#?}");
        assert_eq!(wrapped("to", "CMR"), ["  to      CMR"]);
        let lines = wrapped("rule", &"it sends 1 000 000 XAF on ".repeat(9));
        assert!(
            lines.iter().all(|line| !line.ends_with(['0', '1']) && !line.trim_start().starts_with("000")),
            "{lines:#?}"
        );
    }
}
