//! `treasuryd exposure`: the most that each wallet and lane can lose under these policies, whatever the balances do, and
//! which limit keeps it there. Also the ceiling of `check --max-exposure`.

use super::exit::{CliError, Exit};
use super::{context, output};
use crate::model::tame;
use crate::money::{Amount, Currency, Money};
use crate::policy::{
    Bound, Ceiling, Diagnostic, Exposure, Figures, PolicySet, Severity, bounds_text, exposure, over_ceiling,
};
use std::collections::BTreeSet;
use std::path::Path;

/// Arguments of `exposure`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A slot is one run of a policy; a day is a local day of the policy's time zone.
Triggers, floors and reserves bound nothing here: balances may be anything.
The JSON is what `check --max-exposure FILE` compares with, once signed off.")]
pub struct Args {
    /// This policy alone
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,
    /// JSON, for programs and for signing off
    #[arg(long)]
    json: bool,
}

/// Runs `exposure`.
///
/// # Errors
/// 78 where configuration or policies are wrong, 2 for a policy that there is not.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    let (policies, _) = context::policies(&settings)?;
    context::known_policy(&policies, args.policy.as_deref())?;
    let mut set = PolicySet::clone(&policies);
    set.policies.retain(|policy| args.policy.as_ref().is_none_or(|name| policy.name == *name));
    let exposure = exposure(&set);
    if args.json {
        output::json(&exposure)?;
    } else {
        output::line(&render(&exposure))?;
    }
    Ok(Exit::Done)
}

/// Findings of `check --max-exposure FILE`: what is over the ceiling, or what is wrong with the file.
///
/// # Errors
/// 77 where the file may not be read, 2 where there is none.
pub fn against_ceiling(set: &PolicySet, file: &Path) -> Result<Vec<Diagnostic>, CliError> {
    let shown = tame(&file.display().to_string(), 300);
    let text = std::fs::read_to_string(file).map_err(|error| {
        let exit = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Exit::Refused,
            std::io::ErrorKind::InvalidData => Exit::BadConfig,
            _ => Exit::Usage,
        };
        CliError::new(exit, format!("the ceiling {shown} cannot be read: {error}"))
    })?;
    Ok(match Ceiling::read(&text) {
        Ok(ceiling) => over_ceiling(set, &exposure(set), &ceiling),
        Err(error) => vec![Diagnostic {
            file: shown,
            line: error.line,
            column: error.column,
            severity: Severity::Error,
            code: "bad-ceiling",
            message: format!("this is no signed-off exposure: {}", error.what),
            hint: "write it with `treasuryd exposure --json`, and have that file signed off".to_owned(),
        }],
    })
}

/// How wide the last column may be, so that the table fits 100 columns.
const LAST_COLUMN: usize = 46;

/// Wallet by wallet, its lanes under it.
fn render(exposure: &Exposure) -> String {
    if exposure.wallets.is_empty() {
        return "No policy sends anything: each one is in shadow, switched off, or never fires.".to_owned();
    }
    let mut rows = Vec::new();
    for wallet in &exposure.wallets {
        let lanes: Vec<_> = exposure
            .lanes
            .iter()
            .filter(|lane| (lane.from, lane.currency) == (wallet.wallet, wallet.currency))
            .collect();
        rows.extend(rows_of(&format!("{} in all", wallet.wallet), wallet.currency, &wallet.most));
        for lane in lanes {
            rows.extend(rows_of(&format!("  {}>{}", lane.from, lane.to), lane.currency, &lane.most));
        }
    }
    output::table(&["wallet, lane", "per", "at most", "bounded by"], &rows, &[2])
}

fn rows_of(what: &str, currency: Currency, most: &Figures) -> Vec<Vec<String>> {
    let by = &most.bounded_by;
    let figures: [(&str, Amount, &BTreeSet<Bound>); 3] = [
        ("transfer", most.per_transfer, &by.per_transfer),
        ("slot", most.per_slot, &by.per_slot),
        ("day", most.per_day, &by.per_day),
    ];
    let mut rows = Vec::new();
    for (index, (span, amount, by)) in figures.into_iter().enumerate() {
        let what = if index == 0 { what } else { "" };
        let mut lines = wrapped(&bounds_text(by)).into_iter();
        let first = lines.next().unwrap_or_default();
        let amount = Money { amount, currency }.to_string();
        rows.push(vec![what.to_owned(), span.to_owned(), amount, first]);
        rows.extend(lines.map(|line| vec![String::new(), String::new(), String::new(), line]));
    }
    rows
}

/// A text in lines that fit the last column, broken between words.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LAST_COLUMN => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{SourceFile, parse};

    fn set() -> PolicySet {
        let text = "version: 1\npolicies:\n  - name: a\n    schedule: \"*/5 * * * *\"\n    \
            sweep: { from: [GAB], into: CMR, above: 10_000 }\n    limits: { max_per_day: 2_000_000_000 }\n  \
            - name: b\n    schedule: \"0 18 * * *\"\n    sweep: { from: [GAB], into: COG, above: 10_000 }\n    \
            limits: { max_per_slot: 5_000 }\n";
        parse(&[SourceFile { path: "a.yaml".into(), text: text.into() }]).unwrap().set
    }

    #[test]
    fn the_table_tells_what_bounds_each_figure_and_fits_100_columns() {
        let table = render(&exposure(&set()));
        let expected = "\
wallet, lane  per                 at most  bounded by
GAB in all    transfer     10 000 000 XAF  KPay's largest transfer
              slot        990 005 000 XAF  max_per_slot + 99 parts of KPay's largest
                                           transfer
              day       2 000 005 000 XAF  max_per_day + max_per_slot
  GAB>CMR     transfer     10 000 000 XAF  KPay's largest transfer
              slot        990 000 000 XAF  99 parts of KPay's largest transfer
              day       2 000 000 000 XAF  max_per_day
  GAB>COG     transfer          5 000 XAF  max_per_slot
              slot              5 000 XAF  max_per_slot
              day               5 000 XAF  max_per_slot";
        assert_eq!(table, expected);
        let widest = "  GAB>CMR     transfer  1 000 000 000 000 000 XAF  ".len() + LAST_COLUMN;
        assert!(widest <= 100, "{widest}");
    }

    #[test]
    fn a_set_that_sends_nothing_says_so() {
        let mut set = set();
        set.policies.iter_mut().for_each(|policy| policy.enabled = false);
        assert!(render(&exposure(&set)).starts_with("No policy sends anything"));
    }
}
