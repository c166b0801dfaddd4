//! `run`: the daemon. The state's lock comes before any port; bad configuration ends it before both.

use super::context;
use super::exit::{CliError, Exit};
use super::serve::{Ears, serve};
use crate::settings::Surroundings;
use chrono::TimeDelta;
use std::path::Path;
use std::sync::Arc;

/// Runs the daemon until SIGTERM or SIGINT.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log, "info");
    let (policies, warnings) = context::policies(&settings)?;
    for warning in warnings {
        tracing::warn!(%warning, "policies");
    }
    let metrics = context::metrics()?;
    let surroundings = Surroundings::of_process()?;
    let access = context::access(&settings, &surroundings)?;
    let webhooks = context::webhook_secret(&settings, &surroundings)?;
    let store = context::store(&settings)?;
    let bank = Arc::new(context::bank(access, Some(&settings.state), &metrics)?);
    let engine = context::engine(&settings, Some(policies), bank, store, metrics.clone(), TimeDelta::zero());
    let result = context::runtime()?.block_on(async {
        let ears = Ears { webhooks, ..Ears::of_signals()? };
        serve(&settings, &engine, &metrics, ears, |address| tracing::info!(%address, "serving")).await
    });
    engine.store().close();
    result?;
    tracing::info!("stopped");
    Ok(Exit::Done)
}
