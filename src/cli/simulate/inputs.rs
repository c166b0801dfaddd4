//! Where the history comes from: a CSV file, a made-up one, or the journal, which is replayed on the way.

use super::progress::Progress;
use super::{Args, shown};
use crate::cli::context;
use crate::cli::exit::{CliError, Exit};
use crate::daemon::doors::{Clock, SystemClock};
use crate::intent::Event;
use crate::journal;
use crate::policy::PolicySet;
use crate::settings::Settings;
use crate::simulate::{History, Recorder, Replay, Replayed, generate, read_csv};
use std::path::Path;
use std::sync::Arc;

pub(super) struct Found {
    pub(super) source: String,
    pub(super) history: History,
    pub(super) replayed: Option<Replayed>,
}

pub(super) fn read(
    settings: &Settings,
    args: &Args,
    sets: &[(String, Arc<PolicySet>)],
    progress: &mut Progress,
) -> Result<Found, CliError> {
    if let Some(file) = &args.history {
        return recorded(file, args);
    }
    if let Some(spec) = &args.generate {
        let history = of_readings(&generate(spec))?;
        let history = history.ok_or_else(|| usage("nothing is made up in no days"))?;
        return Ok(Found { source: format!("made up, seed {}", spec.seed), history, replayed: None });
    }
    if args.since.is_none() && args.from.is_none() && args.to.is_none() {
        let text =
            "simulate what? Name a history: --history FILE, --generate SPEC, or --since 90d for the journal's own";
        return Err(usage(text));
    }
    own_journal(settings, args, sets, progress)
}

fn recorded(file: &Path, args: &Args) -> Result<Found, CliError> {
    let name = shown(file);
    let bytes = std::fs::read(file).map_err(|error| usage(format!("the history {name} cannot be read: {error}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| usage(format!("{name}: byte {} is not UTF-8", error.utf8_error().valid_up_to())))?;
    let mut readings = read_csv(&text).map_err(|error| usage(format!("{name}:{error}")))?;
    readings.retain(|it| args.from.is_none_or(|from| it.at >= from) && args.to.is_none_or(|to| it.at < to));
    let history = of_readings(&readings)?.ok_or_else(|| usage(format!("{name} has no reading in that time")))?;
    Ok(Found { source: name, history, replayed: None })
}

fn of_readings(readings: &[crate::simulate::Observation]) -> Result<Option<History>, CliError> {
    History::of_readings(readings).map_err(|error| usage(format!("the history cannot be used: {error}")))
}

fn own_journal(
    settings: &Settings,
    args: &Args,
    sets: &[(String, Arc<PolicySet>)],
    progress: &mut Progress,
) -> Result<Found, CliError> {
    let failed = |text: String| CliError::new(Exit::Failed, text);
    let from = args.since.map(|since| SystemClock.now() - since).or(args.from);
    let name = shown(&settings.state);
    if !settings.state.exists() {
        return Err(failed(format!("there is no journal at {name} yet: nothing to replay")));
    }
    let mut recorder = Recorder::new(from, args.to);
    let mut replay = Replay::new(from, args.to);
    for (_, set) in sets {
        replay.knows(&set.files);
    }
    let mut read = 0;
    for record in journal::records(&settings.state)? {
        let record = record?;
        if let Event::Opened { identity, .. } = &record.event {
            context::belongs(settings, identity)?;
        }
        let taken = recorder.take(record.at, &record.event);
        taken.map_err(|error| failed(format!("record {}: {error}", record.seq)))?;
        replay
            .take(record.seq, record.at, &record.event)
            .map_err(|error| failed(format!("record {}: {error}; see `treasuryd journal verify`", record.seq)))?;
        read += 1;
        progress.tell("reading the journal", read, 0);
    }
    let replayed = replay.finish();
    let history =
        recorder.history().ok_or_else(|| failed(format!("the journal at {name} has no balances of that time")))?;
    Ok(Found { source: format!("the journal at {name}"), history, replayed: Some(replayed) })
}

fn usage(text: impl std::fmt::Display) -> CliError {
    CliError::new(Exit::Usage, text)
}
