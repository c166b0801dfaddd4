//! `run`: the daemon. The state's lock comes before any port; bad configuration ends it before both.

use super::context;
use super::exit::{CliError, Exit};
use crate::control;
use crate::daemon::metrics::Metrics;
use crate::daemon::view::StatusView;
use crate::daemon::{Engine, EngineError, RunRules, Wakers, doors::BankError, run as run_tasks};
use crate::http::{self, StatusSource};
use crate::schedule::Heartbeat;
use crate::settings::Settings;
use chrono::TimeDelta;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};

/// Beside the time-out of a request, how long a transfer under way is waited for at the end.
const DRAIN_MARGIN: Duration = Duration::from_secs(3);
/// A heartbeat older than this is no sign of life for systemd.
const HEARTBEAT_STALE: Duration = Duration::from_secs(10);
/// How often systemd hears from us.
const FEED_EVERY: Duration = Duration::from_secs(5);

/// Runs the daemon until SIGTERM or SIGINT.
///
/// # Errors
/// Exit codes of CONTRACT 2.
pub fn run(config: Option<&Path>) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    context::start_logging(settings.log.format, "info");
    let (policies, warnings) = context::policies(&settings)?;
    for warning in warnings {
        tracing::warn!(%warning, "policies");
    }
    let metrics = context::metrics()?;
    let bank = Arc::new(context::bank(&settings, &policies, &metrics)?);
    let engine = context::engine(&settings, Some(policies), bank, metrics.clone(), TimeDelta::zero())?;
    let result = context::runtime()?.block_on(serve(&settings, &engine, &metrics));
    engine.store().close();
    result?;
    tracing::info!("stopped");
    Ok(Exit::Done)
}

async fn serve(settings: &Settings, engine: &Arc<Engine>, metrics: &Arc<Metrics>) -> Result<(), CliError> {
    let control = control::bind(&settings.control_socket).map_err(|error| CliError::new(Exit::Failed, error))?;
    let listener = TcpListener::bind(settings.http_listen).await.map_err(|error| {
        let text = format!("http.listen {} cannot be opened: {error}; choose another port", settings.http_listen);
        CliError::new(Exit::Failed, text)
    })?;
    let address = listener.local_addr()?;
    let (stop, stopped) = watch::channel(false);
    let reload = Arc::new(Notify::new());
    watch_signals(stop.clone(), reload.clone())?;
    let tick = Arc::new(Notify::new());
    let heartbeat = Heartbeat::start(tick.clone()).await.map_err(|error| CliError::new(Exit::Failed, error))?;
    let source: Arc<dyn StatusSource> = Arc::new(Shown(engine.clone()));
    let page = tokio::spawn(http::serve(listener, http::router(source, metrics.clone()), ended(stopped.clone())));
    let commands = tokio::spawn(control::serve(control, engine.clone()));
    tracing::info!(listen = %address, state = %settings.state.display(), "serving");
    start(engine).await?;
    notify(&[sd_notify::NotifyState::Ready]);
    let rules = RunRules {
        policies: settings.policies.path.clone(),
        observe_every: settings.kpay.observe_every,
        drain_for: settings.kpay.timeout + DRAIN_MARGIN,
    };
    let tasks = run_tasks(engine.clone(), rules, Wakers { tick, reload, stop: stopped });
    let result = tokio::select! {
        result = tasks => result,
        never = feed_watchdog(&heartbeat, engine) => match never {},
    };
    notify(&[sd_notify::NotifyState::Stopping]);
    // Whoever still listens for the end hears it, also where a task ended first.
    stop.send_replace(true);
    commands.abort();
    if let Err(error) = heartbeat.shutdown().await {
        tracing::warn!(%error, "the heartbeat");
    }
    // The page ends by itself on the same signal; what is left of it does not hold the daemon.
    let _ = tokio::time::timeout(Duration::from_secs(2), page).await;
    // Nobody listens there any more; a socket that stays is replaced at the next start.
    let _ = std::fs::remove_file(&settings.control_socket);
    result.map_err(CliError::from)
}

/// Reads balances, asks every open intent and evaluates once. KPay being away is no reason not to start; being refused
/// by it, or a foreign state, is.
async fn start(engine: &Arc<Engine>) -> Result<(), CliError> {
    engine.begin("run").await?;
    let first = async {
        engine.observe().await?;
        if let Some(set) = engine.policies() {
            engine.put_in_force(set).await?;
        }
        engine.decide(None).await.map(|_| ())
    };
    match first.await {
        Ok(()) => {}
        Err(EngineError::Bank(BankError::Unavailable(why))) => {
            tracing::warn!(why, "started without KPay; nothing is decided until it answers");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn watch_signals(stop: watch::Sender<bool>, reload: Arc<Notify>) -> Result<(), CliError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                _ = hang_up.recv() => reload.notify_one(),
            }
        }
        tracing::info!("asked to stop; a transfer under way is waited for");
        stop.send_replace(true);
    });
    Ok(())
}

async fn ended(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone: the end as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Tells systemd that we are alive, for as long as the heartbeat beats and the journal can be written.
async fn feed_watchdog(heartbeat: &Heartbeat, engine: &Engine) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(FEED_EVERY).await;
        let stale = heartbeat.last_tick_age() > HEARTBEAT_STALE;
        if stale {
            tracing::warn!("the heartbeat is silent; was the clock set back?");
        }
        if !stale && engine.store().is_read_only().is_none() {
            notify(&[sd_notify::NotifyState::Watchdog]);
        }
    }
}

/// Without systemd this does nothing.
fn notify(states: &[sd_notify::NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// What the dashboard shows.
struct Shown(Arc<Engine>);

impl StatusSource for Shown {
    fn status(&self) -> StatusView {
        self.0.status()
    }

    fn healthy(&self) -> Result<(), String> {
        self.0.store().is_read_only().map_or(Ok(()), Err)
    }
}
