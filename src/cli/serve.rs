//! The daemon's ports and tasks put together: what `run` and `demo` share.

use super::exit::{CliError, Exit};
use crate::control;
use crate::daemon::metrics::Metrics;
use crate::daemon::view::StatusView;
use crate::daemon::{
    DAEMON, Engine, EngineError, RunRules, Wakers,
    doors::{BankError, SystemClock},
    run as run_tasks,
};
use crate::hooks::{self, Hints};
use crate::http::{self, StatusSource};
use crate::schedule::Heartbeat;
use crate::settings::Settings;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};

/// Beside the time-out of a request, how long a transfer under way is waited for at the end.
const DRAIN_MARGIN: Duration = Duration::from_secs(3);
/// However long a request may take, systemd waits only so long for the end (`TimeoutStopSec`).
const LONGEST_DRAIN: Duration = Duration::from_secs(40);
/// A heartbeat older than this is no sign of life for systemd.
const HEARTBEAT_STALE: Duration = Duration::from_secs(10);
/// How often systemd hears from us.
const FEED_EVERY: Duration = Duration::from_secs(5);

/// What a daemon listens to beside its ports.
pub struct Ears {
    /// Turns true when it is to end.
    pub stop: watch::Sender<bool>,
    /// Notified when the policies are to be read again.
    pub reload: Arc<Notify>,
    /// What KPay signs its webhooks with, where they come in.
    pub webhooks: Option<hooks::Secret>,
}

impl Ears {
    /// SIGTERM and SIGINT end it, SIGHUP reloads.
    ///
    /// # Errors
    /// Where the system takes no handler.
    pub fn of_signals() -> Result<Self, CliError> {
        let ears = Self { stop: watch::channel(false).0, reload: Arc::new(Notify::new()), webhooks: None };
        watch_signals(ears.stop.clone(), ears.reload.clone())?;
        Ok(ears)
    }
}

/// Serves until the ears say stop. `opened` hears the address of the page once the ports are open.
///
/// # Errors
/// 1 where a port cannot be had; 77 where KPay or the state refuses us; whatever ends a task.
pub async fn serve(
    settings: &Settings,
    engine: &Arc<Engine>,
    metrics: &Arc<Metrics>,
    ears: Ears,
    opened: impl FnOnce(SocketAddr),
) -> Result<(), CliError> {
    let control = control::bind(&settings.control_socket).map_err(|error| CliError::new(Exit::Failed, error))?;
    let Ears { stop, reload, webhooks } = ears;
    let listener = bind("http.listen", settings.http_listen).await?;
    let webhooks = match settings.webhooks.listen.zip(webhooks) {
        Some((address, secret)) => Some((bind("webhooks.listen", address).await?, secret)),
        None => None,
    };
    let address = listener.local_addr()?;
    let stopped = stop.subscribe();
    opened(address);
    if let Some((listener, _)) = &webhooks {
        tracing::info!(address = %listener.local_addr()?, "listening for webhooks");
    }
    let tick = Arc::new(Notify::new());
    let heartbeat = Heartbeat::start(tick.clone()).await.map_err(|error| CliError::new(Exit::Failed, error))?;
    let source: Arc<dyn StatusSource> = Arc::new(Shown(engine.clone()));
    let page = tokio::spawn(http::serve(listener, http::router(source, metrics.clone()), ended(stopped.clone())));
    let commands = tokio::spawn(control::serve(control, engine.clone()));
    engine.begin(DAEMON).await?;
    let webhooks = webhooks.map(|(listener, secret)| {
        let (hints, clock) = (Arc::new(Listening(engine.clone())), Arc::new(SystemClock));
        let parts = hooks::Parts { secret, hints, clock, metrics: metrics.clone() };
        tokio::spawn(hooks::serve(listener, parts, ended(stopped.clone())))
    });
    // Ready for systemd means: the state is ours, the ports are open, a pause is heard. Whether KPay answers is what
    // `/readyz` says; under a small request budget the first reading alone can take minutes.
    notify(&[sd_notify::NotifyState::Ready]);
    let rules = RunRules {
        policies: settings.policies.path.clone(),
        observe_every: settings.kpay.observe_every,
        drain_for: (settings.kpay.timeout + DRAIN_MARGIN).min(LONGEST_DRAIN),
    };
    let mut stopped_early = stopped.clone();
    let work = async {
        tokio::select! {
            started = start(engine) => started?,
            _ = stopped_early.wait_for(|stopped| *stopped) => return Ok(()),
        }
        let wakers = Wakers { tick, reload, stop: stopped };
        run_tasks(engine.clone(), rules, wakers).await.map_err(CliError::from)
    };
    let result = tokio::select! {
        result = work => result,
        never = feed_watchdog(&heartbeat, engine) => match never {},
    };
    notify(&[sd_notify::NotifyState::Stopping]);
    // Whoever still listens for the end hears it, also where a task ended first.
    stop.send_replace(true);
    commands.abort();
    if let Err(error) = heartbeat.shutdown().await {
        tracing::warn!(%error, "the heartbeat");
    }
    // Page and webhooks end by themselves on the same signal; what is left of them does not hold the daemon.
    let _ = tokio::time::timeout(Duration::from_secs(2), page).await;
    if let Some(webhooks) = webhooks {
        let _ = tokio::time::timeout(Duration::from_secs(2), webhooks).await;
    }
    // Nobody listens there any more; a socket that stays is replaced at the next start.
    let _ = std::fs::remove_file(&settings.control_socket);
    result
}

async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, CliError> {
    TcpListener::bind(address).await.map_err(|error| {
        CliError::new(Exit::Failed, format!("{setting} {address} cannot be opened: {error}; choose another port"))
    })
}

/// Reads balances, asks every open intent and evaluates once. KPay being away is no reason not to start; being refused
/// by it, or a foreign state, is.
async fn start(engine: &Arc<Engine>) -> Result<(), CliError> {
    let first = async {
        engine.observe().await?;
        engine.decide(None).await.map(|_| ())
    };
    match first.await {
        Ok(()) => {}
        Err(EngineError::Bank(BankError::Unavailable(why) | BankError::UsedUp(why))) => {
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

/// Hears of KPay's webhooks.
struct Listening(Arc<Engine>);

impl Hints for Listening {
    fn hint(&self, kpay_id: Option<String>, external_id: String) {
        self.0.hint(kpay_id.as_deref(), &external_id);
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
