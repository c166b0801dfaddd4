//! `state backup` and `state verify`: a copy of the state beside whoever works on it, and the check of one. Neither takes
//! the lock or asks the daemon.

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use crate::daemon::doors::{Clock, SystemClock};
use crate::journal::{Checked, Comparison, back_up, check_copy};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Sub-commands of `state`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Copy the state into a new folder, also while the daemon runs
    Backup {
        /// The folder; it must not exist yet, the one it is in must
        dir: PathBuf,
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Check a copy: every record, the chain, and that nothing is missing
    Verify {
        /// The copy
        dir: PathBuf,
        /// Compare it with the journal of this state directory
        #[arg(long, value_name = "STATE")]
        against: Option<PathBuf>,
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
///
/// # Errors
/// 77 for damage, for what is there already, and for files that may not be read; 1 for a full disk.
pub fn run(config: Option<&Path>, command: &Command) -> Result<Exit, CliError> {
    match command {
        Command::Backup { dir, json } => backup(config, dir, *json),
        Command::Verify { dir, against, json } => verify(dir, against.as_deref(), *json),
    }
}

fn backup(config: Option<&Path>, dir: &Path, as_json: bool) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    let backup = back_up(&settings.state, dir, SystemClock.now())?;
    if as_json {
        output::json(&backup)?;
        return Ok(Exit::Done);
    }
    output::line(&format!(
        "records    {}\nsegments   {}\nhead hash  {}",
        backup.records, backup.segments, backup.head_hash
    ))?;
    output::talk(format_args!("{} is complete and on disk", dir.display()));
    Ok(Exit::Done)
}

fn verify(dir: &Path, against: Option<&Path>, as_json: bool) -> Result<Exit, CliError> {
    let checked = check_copy(dir, against)?;
    if as_json {
        output::json(&as_value(&checked))?;
    } else {
        output::line(&as_text(&checked))?;
    }
    let Some((what, hint)) = complaint(&checked) else { return Ok(Exit::Done) };
    output::talk(format_args!("treasuryd: {what}\n  hint: {hint}"));
    Ok(Exit::Refused)
}

fn as_text(checked: &Checked) -> String {
    let found = &checked.found;
    let mut lines = vec![
        format!("records    {}", found.records),
        format!("segments   {}", found.segments),
        format!("head hash  {}", found.head_hash),
    ];
    if found.torn_tail_bytes > 0 {
        lines.push(format!("torn tail  {} bytes of a write that was cut short", found.torn_tail_bytes));
    }
    lines.push(match &checked.backup {
        Some(backup) => format!("taken at   {}", backup.taken_at.format("%Y-%m-%dT%H:%M:%SZ")),
        None => "taken at   unknown: it was not made by `state backup`, so what is missing at its end cannot be seen"
            .to_owned(),
    });
    lines.extend(checked.comparison.map(|comparison| format!("compared   {}", in_words(comparison))));
    lines.join("\n")
}

fn in_words(comparison: Comparison) -> String {
    match comparison {
        Comparison::Same => "the same as the journal there".to_owned(),
        Comparison::Older { lacks } => format!("older: the journal there goes on for {lacks} records"),
        Comparison::Newer { has_more } => format!("newer: the journal there lacks {has_more} records"),
        Comparison::Parted { at_record } => format!("another story from record {at_record} on"),
    }
}

/// What is wrong, and what to do.
fn complaint(checked: &Checked) -> Option<(String, &'static str)> {
    if let Some(damage) = checked.damage() {
        return Some((format!("the copy is damaged: {damage}"), "use another copy; nothing was changed"));
    }
    if let Some(why) = &checked.broken_promise {
        return Some((format!("the copy is not what was taken: {why}"), "use another copy; nothing was changed"));
    }
    match checked.comparison? {
        Comparison::Newer { has_more } => Some((
            format!("the journal compared with lacks {has_more} records that the copy has"),
            "it was set back or lost its end: stop what runs on it, and find out before anything is sent",
        )),
        Comparison::Parted { at_record } => Some((
            format!("the copy and the journal compared with differ from record {at_record} on"),
            "they are of different states, or one of them went on from an older copy",
        )),
        Comparison::Same | Comparison::Older { .. } => None,
    }
}

fn as_value(checked: &Checked) -> serde_json::Value {
    let found = &checked.found;
    let damage = found.damage.as_ref().map(|damage| {
        json!({ "segment": damage.segment, "line": damage.line, "byte": damage.byte, "what": damage.what.to_string() })
    });
    json!({
        "records": found.records,
        "segments": found.segments,
        "head_hash": found.head_hash.to_string(),
        "torn_tail_bytes": found.torn_tail_bytes,
        "damage": damage,
        "backup": checked.backup,
        "missing": checked.broken_promise,
        "comparison": checked.comparison,
    })
}
