//! `simulate`: a history run against one or two policy sets, and the journal's own decisions made again. Sends nothing,
//! writes nothing but the report that is asked for.

mod chart;
mod html;
mod inputs;
pub(super) mod progress;
mod table;

use super::exit::{CliError, Exit};
use super::ledger::when;
use super::{context, output};
use crate::model::{Timestamp, tame};
use crate::money::{Currency, Rate};
use crate::policy::PolicySet;
use crate::settings::Settings;
use crate::simulate::{
    BELOW, Difference, FEES, Figures, History, IDLE, Replayed, Setting, Spec, Trace, differences, simulate,
};
use chrono::TimeDelta;
use progress::Progress;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Arguments of `simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
One history: --history, --generate, or the daemon's own journal (--since, --from,
--to). With the journal, its decisions are first made again from what they were
made from; exit 1 where one comes out otherwise. Then the history is run against
the policies. The form of the CSV and what is measured: docs/simulate.md.

--generate days=365,seed=7,wallets=GAB:300000+CMR:0,daily=50000")]
pub struct Args {
    /// Recorded balances: CSV `at,country,currency,available`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["generate", "since"])]
    history: Option<PathBuf>,
    /// A made-up history; the same SPEC always gives the same
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["since", "from", "to"])]
    generate: Option<Spec>,
    /// The journal's last 90d (or 36h, 4w)
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with = "from")]
    since: Option<TimeDelta>,
    /// From this day or instant on
    #[arg(long, value_name = "WHEN", value_parser = when::parse_from)]
    from: Option<Timestamp>,
    /// Up to this day (included) or instant
    #[arg(long, value_name = "WHEN", value_parser = when::parse_to)]
    to: Option<Timestamp>,
    /// These policies instead of those of the configuration
    #[arg(long, value_name = "PATH")]
    policies: Option<PathBuf>,
    /// A second policy set, side by side
    #[arg(long, value_name = "PATH")]
    against: Option<PathBuf>,
    /// KPay's rate where the history has none, e.g. XAF/XOF=1.0153; once for each pair
    #[arg(long, value_name = "PAIR=RATE", value_parser = rate)]
    rate: Vec<((Currency, Currency), Rate)>,
    /// A report with charts, as one HTML file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// One policy set over the history.
struct Run {
    /// Where the policies came from.
    name: String,
    trace: Trace,
}

/// Everything that is shown.
struct Report {
    source: String,
    history: History,
    replayed: Option<Replayed>,
    runs: Vec<Run>,
    differences: Vec<Difference>,
}

/// Runs the command.
///
/// # Errors
/// 2 for a history that cannot be read, 78 for bad configuration or policies.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    let own = args.policies.clone().unwrap_or_else(|| settings.policies.path.clone());
    let mut sets = vec![(shown(&own), policies(&own)?)];
    if let Some(path) = &args.against {
        sets.push((shown(path), policies(path)?));
    }
    let rates: BTreeMap<(Currency, Currency), Rate> = args.rate.iter().copied().collect();
    let mut progress = Progress::new();
    let found = inputs::read(&settings, args, &sets, &mut progress)?;
    let mut runs = Vec::new();
    for (name, set) in &sets {
        let trace = one(&settings, &found.history, set, &rates, &mut progress)?;
        runs.push(Run { name: name.clone(), trace });
    }
    progress.end();
    let differences = match runs.as_slice() {
        [first, second] => differences(&first.trace.figures, &second.trace.figures),
        _ => Vec::new(),
    };
    let report = Report { source: found.source, history: found.history, replayed: found.replayed, runs, differences };
    if let Some(file) = &args.html {
        let written = html::render(&report).and_then(|text| std::fs::write(file, text));
        written.map_err(|error| CliError::new(Exit::Failed, format!("{}: {error}", shown(file))))?;
    }
    if args.json {
        output::json(&json(&report))?;
    } else {
        output::line(&table::render(&report))?;
    }
    let is_exact = report.replayed.is_none_or(|replayed| replayed.differences.is_empty());
    Ok(if is_exact { Exit::Done } else { Exit::Failed })
}

fn one(
    settings: &Settings,
    history: &History,
    policies: &PolicySet,
    rates: &BTreeMap<(Currency, Currency), Rate>,
    progress: &mut Progress,
) -> Result<Trace, CliError> {
    let setting = Setting { policies, caps: &settings.limits, environment: settings.kpay.environment, rates };
    let all = history.changes.len();
    simulate(history, setting, |done| progress.tell("simulating", done, all))
        .map_err(|error| CliError::new(Exit::Failed, format!("the simulation cannot go on: {error}")))
}

fn policies(path: &Path) -> Result<Arc<PolicySet>, CliError> {
    context::policies_at(path).map(|(set, _)| set)
}

fn shown(path: &Path) -> String {
    tame(&path.display().to_string(), 200)
}

#[derive(Serialize)]
struct Shown<'a> {
    source: &'a str,
    from: Timestamp,
    to: Timestamp,
    fee: &'static str,
    idle: &'static str,
    below_floor: &'static str,
    replay: Option<&'a Replayed>,
    runs: Vec<ShownRun<'a>>,
    differences: &'a [Difference],
}

#[derive(Serialize)]
struct ShownRun<'a> {
    policies: &'a str,
    #[serde(flatten)]
    figures: &'a Figures,
}

fn json(report: &Report) -> Shown<'_> {
    Shown {
        source: &report.source,
        from: report.history.start,
        to: report.history.end,
        fee: FEES,
        idle: IDLE,
        below_floor: BELOW,
        replay: report.replayed.as_ref(),
        runs: report.runs.iter().map(|run| ShownRun { policies: &run.name, figures: &run.trace.figures }).collect(),
        differences: &report.differences,
    }
}

/// `90d`, `36h`, `4w`.
fn span(text: &str) -> Result<TimeDelta, String> {
    let wrong = || "not a span of time; write it like 90d, 36h or 4w".to_owned();
    let (number, hours) = [("d", 24), ("h", 1), ("w", 168)]
        .into_iter()
        .find_map(|(unit, hours)| text.strip_suffix(unit).map(|number| (number, hours)))
        .ok_or_else(wrong)?;
    let number: u16 = number.parse().map_err(|_| wrong())?;
    if number == 0 { Err(wrong()) } else { Ok(TimeDelta::hours(i64::from(number) * hours)) }
}

/// `XAF/XOF=1.0153`.
fn rate(text: &str) -> Result<((Currency, Currency), Rate), String> {
    let read = || {
        let (pair, rate) = text.split_once('=')?;
        let (from, to) = pair.split_once('/')?;
        let known = |code: &str| code.parse::<Currency>().ok().filter(|it| Currency::ALL.contains(it));
        Some(((known(from)?, known(to)?), rate.parse::<Rate>().ok()?)).filter(|((from, to), _)| from != to)
    };
    read().ok_or_else(|| "not a rate; write it like XAF/XOF=1.0153, what one XAF brings in XOF".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_rates_are_read_or_refused() {
        let hours = |text| span(text).ok().map(|span| span.num_hours());
        assert_eq!((hours("90d"), hours("36h"), hours("4w")), (Some(2160), Some(36), Some(672)));
        for wrong in ["", "90", "d", "-1d", "0d", "1.5h", "90 d", "99999d", "1m"] {
            assert_eq!(hours(wrong), None, "{wrong:?}");
        }
        assert_eq!(rate("XAF/XOF=1.0153").unwrap().1.to_string(), "1.0153");
        for wrong in ["", "XAF/XOF", "XAF=1", "XAF/XAF=1", "XAF/EUR=1", "XAF/XOF=0", "XAF/XOF=1e2"] {
            assert!(rate(wrong).is_err(), "{wrong:?}");
        }
    }
}
