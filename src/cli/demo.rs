//! `demo`: sandbox, example policies, daemon and dashboard in one process, on the seed's scenarios. Reads nothing from
//! the working directory, takes free ports, keeps its state in a temporary directory.

pub(super) mod audit;
mod story;

use super::context;
use super::exit::{CliError, Exit};
use super::output;
use super::serve::{Ears, serve};
use crate::daemon::Engine;
use crate::model::Environment;
use crate::money::{Amount, Country};
use crate::sandbox::{Handle, Running, Sandbox, SandboxSettings, parse_duration};
use crate::settings::{self, LogFormat, Settings, Surroundings};
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End after so long, e.g. 30s; exit 0 if the books agree
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    run_for: Option<Duration>,
}

/// The policies of the demo, as finance would write them.
const POLICIES: &str = include_str!("demo/policies.yaml");

/// Opening balances: over the policies' floors by the seed's figures, so that the first slot moves 30,000 and 15,000
/// into Cameroon, then 100,000 go to Senegal, and 10,000 of what arrives there pay a rent.
const OPENING: [(Country, i64); 4] =
    [(Country::CMR, 355_000), (Country::GAB, 130_000), (Country::COG, 65_000), (Country::SEN, 20_000)];

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

/// Runs the demo until Ctrl-C, or for as long as was asked.
///
/// # Errors
/// 1 where no transfer was applied or the books differ from the sandbox's.
pub fn run(args: &Args) -> Result<Exit, CliError> {
    context::start_logging(LogFormat::Text, "error");
    let folder = tempfile::Builder::new().prefix("treasuryd-demo-").tempdir()?;
    let result = context::runtime()?.block_on(play(args, folder.path()));
    folder.close()?;
    result
}

async fn play(args: &Args, folder: &Path) -> Result<Exit, CliError> {
    let sandbox = start_sandbox().await?;
    let settings = write_files(folder, &sandbox)?;
    let (policies, _) = context::policies(&settings)?;
    let metrics = context::metrics()?;
    let access = context::access(&settings, &surroundings(folder))?;
    let store = context::store(&settings)?;
    let bank = Arc::new(context::bank(access, Some(&settings.state), &metrics)?);
    let engine = context::engine(&settings, Some(policies), bank, store, metrics.clone(), TimeDelta::zero());
    let ears = Ears::of_signals()?;
    let stop = ears.stop.clone();
    let storyteller = tokio::spawn(story::tell(engine.clone(), sandbox.handle(), stop.subscribe()));
    if let Some(run_for) = args.run_for {
        tokio::spawn(end_after(run_for, stop));
    }
    let base_url = sandbox.base_url();
    let opened = |address: SocketAddr| welcome(address, &base_url, args.run_for);
    let served = serve(&settings, &engine, &metrics, ears, opened).await;
    // The storyteller ends on the same signal; what it could not tell any more is in the summary.
    let _ = storyteller.await;
    served?;
    let verdict = closing(&engine, &sandbox.handle(), &settings);
    engine.store().close();
    sandbox.shutdown().await;
    verdict
}

async fn start_sandbox() -> Result<Running, CliError> {
    let wallets = OPENING.iter().map(|(country, amount)| (*country, Amount::whole(*amount))).collect();
    let settings = SandboxSettings { wallets, ..SandboxSettings::default() };
    Sandbox::start(settings, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(|error| CliError::new(Exit::Failed, error))
}

async fn end_after(run_for: Duration, stop: watch::Sender<bool>) {
    tokio::time::sleep(run_for).await;
    stop.send_replace(true);
}

/// Nothing of the process's own surroundings.
fn surroundings(folder: &Path) -> Surroundings {
    Surroundings::new(BTreeMap::new(), folder.to_owned()).with_system_folder(folder.to_owned())
}

/// The same files a merchant would write, in a temporary folder.
fn write_files(folder: &Path, sandbox: &Running) -> Result<Settings, CliError> {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text);
    write("policies.yaml", POLICIES)?;
    write("api-key", "kpay_test_demo")?;
    write("secret-key", "sk_test_demo")?;
    for key in ["api-key", "secret-key"] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(folder.join(key), mode)?;
    }
    write(
        "treasuryd.toml",
        &format!(
            "[kpay]\nbase_url = \"{}\"\napi_key_file = \"api-key\"\nsecret_key_file = \"secret-key\"\n\
             observe_every = \"5s\"\n[policies]\npath = \"policies.yaml\"\n[state]\npath = \"state\"\n\
             [http]\nlisten = \"127.0.0.1:0\"\n[control]\nsocket = \"control.sock\"\n",
            sandbox.base_url()
        ),
    )?;
    Ok(settings::load(Some(&folder.join("treasuryd.toml")), &[], &surroundings(folder))?)
}

fn welcome(page: SocketAddr, sandbox: &str, run_for: Option<Duration>) {
    let end = run_for.map_or_else(|| "Ctrl-C ends it".to_owned(), |time| format!("ends after {} s", time.as_secs()));
    let lines = [
        format!("treasuryd demo – virtual money only; {end}"),
        String::new(),
        format!("  page     http://{page}/"),
        format!("  metrics  http://{page}/metrics"),
        format!("  sandbox  {sandbox}"),
        String::new(),
        "  policies  consolidate-cemac: Gabon and Congo into Cameroon".to_owned(),
        "            fund-senegal: Cameroon into Senegal, XAF to XOF".to_owned(),
        "            rent-dakar: Senegal pays a landlord by mobile money".to_owned(),
        String::new(),
    ];
    // A terminal that is gone is no reason to end.
    let _ = output::line(&lines.join("\n"));
}

/// The summary, and whether the books agree.
fn closing(engine: &Engine, sandbox: &Handle, settings: &Settings) -> Result<Exit, CliError> {
    let audit = audit::compare(&settings.state, sandbox)?;
    let identity = engine.store().identity();
    let is_sandbox = identity.is_some_and(|identity| identity.environment == Environment::Sandbox);
    output::line(&audit.summary())?;
    if audit.applied == 0 {
        return Err(CliError::new(Exit::Failed, "no transfer was applied; give it more time with --for"));
    }
    if !audit.differences.is_empty() || !is_sandbox {
        return Err(CliError::new(Exit::Failed, "the books do not agree with the sandbox's"));
    }
    Ok(Exit::Done)
}
