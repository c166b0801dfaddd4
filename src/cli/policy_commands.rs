//! `check`, `test` and `schema`: what finance runs before a change goes live.

use super::exit::{CliError, Exit};
use super::test_policies::{Played, run_tests};
use super::{check, context, exposure, online, output, schema};
use crate::kpay::BaseUrl;
use crate::money::Amount;
use crate::plan::{lane_amounts, plan_for_test};
use crate::policy::{Diagnostic, ExpectedMove, Parsed, Severity, SourceFile, parse};
use crate::settings::{self, Settings, SettingsError, Surroundings};
use std::path::{Path, PathBuf};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// A warning counts as an error
    #[arg(long)]
    deny_warnings: bool,
    /// Also ask KPay: keys, environment, wallets, operators, fees
    #[arg(long)]
    online: bool,
    /// Nothing may exceed this ceiling, signed-off JSON of `exposure --json`
    #[arg(long, value_name = "FILE")]
    max_exposure: Option<PathBuf>,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Arguments of `test`.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Runs `check`.
///
/// # Errors
/// 78 with findings, 77 where a file may not be read or KPay refuses us, 75 where KPay cannot be asked.
pub fn check(config: Option<&Path>, args: &CheckArgs) -> Result<Exit, CliError> {
    let (mut findings, files, good) = findings(config)?;
    if let (Some((_, parsed)), Some(file)) = (&good, &args.max_exposure) {
        findings.extend(exposure::against_ceiling(&parsed.set, file)?);
    }
    let mut told = Ok(Vec::new());
    if let Some((settings, parsed)) = &good
        && args.online
        && check::Tally::of(&findings).is_good(args.deny_warnings)
    {
        told = online::ask(settings, parsed, &mut findings);
    }
    if args.json {
        output::json(&check::render_json(&findings))?;
    } else {
        eprint!("{}", check::render_text(&findings, &files));
    }
    let told = told?;
    let Some((_, parsed)) = good else { return Ok(Exit::BadConfig) };
    if !check::Tally::of(&findings).is_good(args.deny_warnings) {
        return Ok(Exit::BadConfig);
    }
    if !args.json {
        output::line(&check::summary(&parsed, &files))?;
        told.iter().try_for_each(|line| output::line(line))?;
    }
    Ok(Exit::Done)
}

type Found = (Vec<Diagnostic>, Vec<SourceFile>, Option<(Settings, Parsed)>);

/// Every finding of configuration and policies, in the order of the files.
fn findings(config: Option<&Path>) -> Result<Found, CliError> {
    let surroundings = Surroundings::of_process()?;
    let settings = settings::load(config, &[], &surroundings);
    let (mut findings, path) = match &settings {
        Ok(settings) => {
            let bad_base_url = bad_base_url(settings, &surroundings);
            let findings = settings.warnings.iter().cloned().chain(bad_base_url).collect();
            (findings, Some(settings.policies.path.clone()))
        }
        Err(SettingsError::Unusable(list)) => (list.clone(), settings::policies_path(config, &surroundings)),
        Err(SettingsError::Denied(_)) => (Vec::new(), None),
    };
    let settings = match settings {
        Err(denied @ SettingsError::Denied(_)) => return Err(denied.into()),
        settings => settings.ok(),
    };
    let Some(path) = path else { return Ok((findings, Vec::new(), None)) };
    let texts = match settings::read_policy_files(&path) {
        Ok(texts) => texts,
        Err(denied @ SettingsError::Denied(_)) if settings.is_some() => return Err(denied.into()),
        Err(unusable) => {
            // Where the configuration is wrong, that they cannot be read may be its fault alone.
            if settings.is_some() {
                findings.extend(unusable.diagnostics().iter().cloned());
            }
            return Ok((findings, Vec::new(), None));
        }
    };
    let files: Vec<SourceFile> = texts.into_iter().map(|(path, text)| SourceFile { path, text }).collect();
    let good = match parse(&files) {
        Ok(parsed) => {
            findings.extend(parsed.warnings.iter().cloned());
            settings.map(|settings| (settings, parsed))
        }
        Err(errors) => {
            findings.extend(errors);
            None
        }
    };
    Ok((findings, files, good))
}

fn bad_base_url(settings: &Settings, surroundings: &Surroundings) -> Option<Diagnostic> {
    let error = BaseUrl::parse(&settings.kpay.base_url).err()?;
    let in_file = settings.file.as_ref().filter(|_| surroundings.variable("TREASURYD__KPAY__BASE_URL").is_none());
    let text = in_file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let said = |line: &str| {
        let (key, value) = line.split_once('=').filter(|(key, _)| key.trim() == "base_url")?;
        Some(key.len() + 1 + value.len() - value.trim_start().len() + 1)
    };
    let place = text.lines().enumerate().find_map(|(index, line)| Some((index + 1, said(line)?)));
    let (line, column) = place.unwrap_or((0, 0));
    Some(Diagnostic {
        file: in_file.map_or_else(|| "environment".to_owned(), |file| surroundings.shown(file)),
        line,
        column,
        severity: Severity::Error,
        code: "bad-base-url",
        message: format!("kpay.base_url: {error}"),
        hint: "KPay's is https://admin.kpay.site; plain http is for a sandbox on this machine only".to_owned(),
    })
}

/// Runs `test`.
///
/// # Errors
/// 78 where configuration or policies are wrong; exit 1 where a test fails.
pub fn test(config: Option<&Path>, args: &TestArgs) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    let (policies, _) = context::policies(&settings)?;
    let report = run_tests(&policies, |set, policy, test| {
        let planned = plan_for_test(set, policy, test);
        let moves = lane_amounts(&planned).into_iter().map(|(lane, amount)| expected(lane, amount)).collect();
        Played { moves, skipped: planned.skipped }
    })
    .map_err(|error| CliError::new(Exit::Failed, error))?;
    if args.json {
        output::json(&report.render_json())?;
    } else {
        output::line(report.render_text().trim_end())?;
    }
    Ok(if report.failed() == 0 { Exit::Done } else { Exit::Failed })
}

fn expected(lane: crate::model::Lane, amount: Amount) -> ExpectedMove {
    let amount = crate::money::Money { amount, currency: lane.from.currency };
    ExpectedMove { from: lane.from, to: lane.to, amount }
}

/// Runs `schema`.
///
/// # Errors
/// Where standard output is gone.
pub fn schema() -> Result<Exit, CliError> {
    output::line(schema::text().trim_end())?;
    Ok(Exit::Done)
}
