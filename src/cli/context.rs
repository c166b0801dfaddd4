//! What most commands need first: settings, policies, keys, KPay, the state.

use super::exit::{CliError, Exit};
use super::output;
use crate::control::{self, Asked, CallError, Request, Response, TransferStory};
use crate::daemon::doors::{Bank, BankError, Leave, MaySend, SystemClock};
use crate::daemon::metrics::Metrics;
use crate::daemon::view::TransferView;
use crate::daemon::{Counted, Engine, Held, Judged, KpayBank, Loaded, Parts, Rules};
use crate::hooks;
use crate::intent::{Outcome, Reply, RetryRules, Withdrawal};
use crate::journal::{ReadOnly, Store};
use crate::kpay;
use crate::model::{Availability, ExternalId, Identity, Intent, Kind, Snapshot, Timestamp};
use crate::money::{Country, Currency, Rate};
use crate::policy::{Diagnostic, PolicySet};
use crate::settings::{self, LogFormat, Settings, Surroundings};
use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// Loads the settings.
///
/// # Errors
/// 78 with every mistake, or 77 for a file that may not be read.
pub fn settings(config: Option<&Path>) -> Result<Settings, CliError> {
    let settings = settings::load(config, &[], &Surroundings::of_process()?)?;
    for warning in &settings.warnings {
        output::talk(warning);
    }
    Ok(settings)
}

/// What libraries say of themselves that helps nobody: the scheduler greets with "Uninited".
const HUSHED: &str = "tokio_cron_scheduler=warn";

/// Logs to standard error; the level by `TREASURYD_LOG`, a `tracing` filter.
pub fn start_logging(format: LogFormat, default: &str) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TREASURYD_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(format!("{default},{HUSHED}")));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A log that cannot be written is no reason to stop; telling it on the same standard error would be a panic.
    let builder = builder.log_internal_errors(false);
    // A second start in one process (tests) keeps the first.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
}

/// The policies, all valid.
///
/// # Errors
/// 78 with every mistake.
pub fn policies(settings: &Settings) -> Result<(Arc<PolicySet>, Vec<Diagnostic>), CliError> {
    policies_at(&settings.policies.path)
}

/// The policies of a file or folder, all valid.
///
/// # Errors
/// 78 with every mistake.
pub fn policies_at(path: &Path) -> Result<(Arc<PolicySet>, Vec<Diagnostic>), CliError> {
    match crate::daemon::load(path) {
        Loaded::Good { set, warnings } => Ok((set, warnings)),
        Loaded::Bad(diagnostics) | Loaded::Gone(diagnostics) => Err(CliError::bad_policies(&diagnostics)),
    }
}

/// The policies to work with where no daemon runs: those on disk, or, where they loosen a guard and that has to be
/// confirmed, those last in force by the journal, whose hash is `last`, beside the ones that wait.
///
/// # Errors
/// 77 where the journal cannot be read, and where policies wait and those before them are not known any more.
pub fn in_force(
    settings: &Settings,
    on_disk: &Arc<PolicySet>,
    last: Option<&str>,
) -> Result<(Arc<PolicySet>, Option<Held>), CliError> {
    if !settings.policies.confirm_loosening {
        return Ok((on_disk.clone(), None));
    }
    match crate::daemon::judge(&settings.state, last, on_disk)? {
        Judged::Passes => Ok((on_disk.clone(), None)),
        Judged::Waits(held, Some(before)) => Ok((before, Some(held))),
        Judged::Waits(held, None) => Err(CliError::new(Exit::Refused, held.sentence())),
    }
}

/// A policy name given on the command line must be in force.
///
/// # Errors
/// 2, with the names there are.
pub fn known_policy(policies: &PolicySet, name: Option<&str>) -> Result<(), CliError> {
    known_name(policies.policies.iter().map(|policy| policy.name.as_str()), name)
}

/// [`known_policy`] for the names alone.
///
/// # Errors
/// As [`known_policy`].
pub fn known_name<'a>(names: impl Iterator<Item = &'a str>, name: Option<&str>) -> Result<(), CliError> {
    let names: Vec<&str> = names.collect();
    let Some(name) = name.filter(|name| !names.contains(name)) else { return Ok(()) };
    let shown = crate::model::tame(name, 60);
    Err(CliError::new(Exit::Usage, format!("there is no policy `{shown}`; there are: {}", names.join(", "))))
}

/// Address and keys of KPay, checked before anything is opened.
///
/// # Errors
/// 78 for a bad URL or missing keys, 77 for keys of the other environment.
pub fn access(settings: &Settings, surroundings: &Surroundings) -> Result<kpay::ClientSettings, CliError> {
    let base_url = kpay::BaseUrl::parse(&settings.kpay.base_url)
        .map_err(|error| CliError::new(Exit::BadConfig, format!("kpay.base_url: {error}")))?;
    let found = settings::read_keys(settings, surroundings)?;
    for warning in &found.warnings {
        output::talk(warning);
    }
    let keys = kpay_keys(&found).map_err(|error| CliError::new(Exit::BadConfig, error))?;
    let environment = settings.kpay.environment;
    if keys.environment() != environment {
        let text = format!(
            "the keys are {} keys, but kpay.environment is {environment}: nothing was sent; put the keys of the right \
             environment in place, or change kpay.environment",
            keys.environment()
        );
        return Err(CliError::new(Exit::Refused, text));
    }
    Ok(kpay::ClientSettings {
        base_url,
        allow_private_addresses: settings.kpay.allow_private_addresses,
        environment,
        keys,
        key_source: Some(key_source(settings, surroundings)),
        application_id: settings.kpay.application_id.clone(),
        requests_per_minute: settings.kpay.requests_per_minute,
        timeout: settings.kpay.timeout,
        budget_file: None,
        patience: None,
    })
}

fn kpay_keys(found: &settings::Keys) -> Result<kpay::Keys, kpay::KeyError> {
    kpay::Keys::new(found.api.expose_secret().to_owned(), found.secret.expose_secret().to_owned())
}

/// The keys as they are by now where they were found.
fn key_source(settings: &Settings, surroundings: &Surroundings) -> kpay::KeySource {
    let (settings, surroundings) = (settings.clone(), surroundings.clone());
    kpay::KeySource::new(move || {
        let found = settings::read_keys(&settings, &surroundings).map_err(|error| error.to_string())?;
        kpay_keys(&found).map_err(|error| error.to_string())
    })
}

/// The secret of KPay's webhooks; `None` where they do not come in.
///
/// # Errors
/// 78 where `webhooks.listen` is set and there is no secret, or none that can be used.
pub fn webhook_secret(settings: &Settings, surroundings: &Surroundings) -> Result<Option<hooks::Secret>, CliError> {
    let Some(found) = settings::read_webhook_secret(settings, surroundings)? else { return Ok(None) };
    for warning in &found.warnings {
        output::talk(warning);
    }
    Ok(Some(hooks::Secret::new(found.secret)))
}

/// The secret that KPay signs the return from its hosted page with.
///
/// # Errors
/// 78 where there is none, or none that can be used.
pub fn gateway_secret(settings: &Settings, surroundings: &Surroundings) -> Result<hooks::Secret, CliError> {
    let found = settings::read_gateway_secret(settings, surroundings)?;
    for warning in &found.warnings {
        output::talk(warning);
    }
    Ok(hooks::Secret::new(found.secret))
}

/// KPay. The request budget is kept in the state, over restarts, by commands that hold the state.
///
/// # Errors
/// 77 where KPay may not be asked, 78 where the client cannot be made.
pub fn bank(
    access: kpay::ClientSettings,
    budget_in: Option<&Path>,
    metrics: &Arc<Metrics>,
) -> Result<KpayBank, CliError> {
    let access = kpay::ClientSettings { budget_file: budget_in.map(|state| state.join("requests")), ..access };
    let client = kpay::Client::new(access, Arc::new(Counted(metrics.clone())))
        .map_err(|error| CliError::new(if error.is_refused() { Exit::Refused } else { Exit::BadConfig }, error))?;
    Ok(KpayBank::new(client))
}

/// Counters of this process.
///
/// # Errors
/// 1 where they cannot be registered.
pub fn metrics() -> Result<Arc<Metrics>, CliError> {
    Metrics::new().map(Arc::new).map_err(|error| CliError::new(Exit::Failed, error))
}

/// Rules for the engine from the settings.
#[must_use]
pub fn rules(settings: &Settings) -> Rules {
    Rules {
        environment: settings.kpay.environment,
        caps: settings.limits.clone(),
        retry: RetryRules { resend_for: settings.kpay.resend_for },
        confirm_loosening: settings.policies.confirm_loosening,
        conservation: settings.conservation.clone(),
    }
}

/// The state, locked for us.
///
/// # Errors
/// 77 where it may not or cannot be opened.
pub fn store(settings: &Settings) -> Result<Arc<Store>, CliError> {
    let (store, report) = Store::open(&settings.state)?;
    if let Some(torn) = &report.torn {
        output::talk(format_args!(
            "treasuryd: the last write to {} was cut short, and its {} bytes were removed; they were never acted on",
            torn.segment, torn.bytes
        ));
    }
    if let Some(seen) = report.index_had_seen {
        output::talk(format_args!(
            "treasuryd: warning: the index had seen {seen} records, more than the journal holds: an older journal was \
             restored, or the disk lost what it had promised to keep; compare with KPay before you trust open transfers"
        ));
    }
    if let Some(sign) = report.copied {
        output::talk(format_args!(
            "treasuryd: warning: this state was copied, put back or moved here ({}): what happened since it was copied is not \
             in it, and a 409 about a slot until now is not settled by its records",
            sign.sentence()
        ));
    }
    owned(settings, &store)?;
    Ok(Arc::new(store))
}

/// The journal of one environment or application is never continued in another, whoever asks and whether or not KPay
/// is asked: nothing is recorded in it.
fn owned(settings: &Settings, store: &Store) -> Result<(), CliError> {
    let known = store.with_state(|state| state.identity.clone());
    known.map_or(Ok(()), |known| belongs(settings, &known))
}

/// The journal beside whoever holds it; `None` where there is no state yet. Figures of one environment are never shown as
/// another's.
///
/// # Errors
/// 77 where it is damaged, may not be read, or is of another environment or application than the configuration says.
pub fn read_only(settings: &Settings) -> Result<Option<ReadOnly>, CliError> {
    if !settings.state.exists() {
        return Ok(None);
    }
    let read = ReadOnly::open(&settings.state)?;
    read.state().identity.as_ref().map_or(Ok(()), |known| belongs(settings, known))?;
    Ok(Some(read))
}

/// Whether the journal that begins with this is the configuration's.
///
/// # Errors
/// 77 where it is another's.
pub fn belongs(settings: &Settings, known: &Identity) -> Result<(), CliError> {
    let environment = settings.kpay.environment;
    let named = settings.kpay.application_id.as_ref();
    if known.is_of(environment, named) {
        return Ok(());
    }
    let application = named.unwrap_or(&known.application_id);
    let text = format!(
        "the journal belongs to {} application {}, but the configuration says {environment} application {application}; \
         use another state.path, or the configuration the journal belongs to",
        known.environment, known.application_id
    );
    Err(CliError::new(Exit::Refused, text))
}

/// An engine on the state, with a bank.
#[must_use]
pub fn engine(
    settings: &Settings,
    policies: Option<Arc<PolicySet>>,
    bank: Arc<dyn Bank>,
    store: Arc<Store>,
    metrics: Arc<Metrics>,
    ahead: TimeDelta,
) -> Arc<Engine> {
    let parts = Parts { clock: Arc::new(SystemClock), bank, store, metrics, rules: rules(settings), ahead };
    Arc::new(Engine::new(parts, policies))
}

/// A runtime for commands that wait for something.
///
/// # Errors
/// 1 where the system gives no threads.
pub fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(CliError::from)
}

/// All transfers, oldest first: from the daemon, or, where it is down, from the journal, read beside whoever holds it.
///
/// # Errors
/// 77 where the state is damaged or may not be read.
pub fn transfers(settings: &Settings) -> Result<Vec<TransferView>, CliError> {
    match call(settings, &Request::Transfers)? {
        Some(Response::Transfers(transfers)) => Ok(transfers),
        Some(_) => Err(odd_answer()),
        None => {
            let Some(read) = read_only(settings)? else { return Ok(Vec::new()) };
            let mut history = read.history(None)?;
            history.reverse();
            Ok(history.iter().map(TransferView::from).collect())
        }
    }
}

/// One transfer with its history, from the daemon or from the journal.
///
/// # Errors
/// 1 where there is no such transfer; 77 as for [`transfers`].
pub fn story(settings: &Settings, external_id: &str) -> Result<TransferStory, CliError> {
    match call(settings, &Request::Transfer { external_id: external_id.to_owned() })? {
        Some(Response::Transfer(story)) => return Ok(*story),
        Some(_) => return Err(odd_answer()),
        None => {}
    }
    let id = ExternalId::from_text(external_id);
    let found = read_only(settings)?.map_or(Ok(None), |read| read.find(&id))?;
    let Some(tracked) = found else { return Err(no_transfer(external_id)) };
    Ok(control::story_of(&settings.state, &tracked)?)
}

/// The journal knows nothing by this id.
pub fn no_transfer(external_id: &str) -> CliError {
    let shown = crate::model::tame(external_id, 60);
    CliError::new(Exit::Failed, format!("there is no transfer {shown}; see `treasuryd transfers list`"))
}

/// The daemon's answer; `None` where no daemon runs.
///
/// # Errors
/// As it says; 77 where it works for another environment or application than the configuration says.
pub fn call(settings: &Settings, request: &Request) -> Result<Option<Response>, CliError> {
    let asked = Asked {
        environment: settings.kpay.environment,
        application_id: settings.kpay.application_id.clone(),
        request: request.clone(),
    };
    match control::call(&settings.control_socket, &asked) {
        Ok(Response::Failed { exit, message }) => Err(CliError::new(Exit::of_code(exit), message)),
        Ok(response) => Ok(Some(response)),
        Err(CallError::NobodyThere) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Asks the daemon, or, where it is down, does the same on the state itself.
///
/// # Errors
/// As the request says; 77 where the state is another process's.
pub fn ask(settings: &Settings, request: Request) -> Result<Response, CliError> {
    if let Some(response) = call(settings, &request)? {
        return Ok(response);
    }
    let policies = match crate::daemon::load(&settings.policies.path) {
        Loaded::Good { set, .. } => Some(set),
        Loaded::Bad(_) | Loaded::Gone(_) => None,
    };
    let metrics = metrics()?;
    let store = store(settings)?;
    // Only an empty journal makes KPay necessary: its first record says whose money it is.
    let reached =
        access(settings, &Surroundings::of_process()?).and_then(|access| bank(access, Some(&settings.state), &metrics));
    let bank: Arc<dyn Bank> = match reached {
        Ok(bank) => Arc::new(bank),
        Err(error) => Arc::new(NoBank(error.message)),
    };
    let engine = engine(settings, policies, bank, store, metrics, TimeDelta::zero());
    let response = runtime()?.block_on(async {
        // What waits is known once the set on disk is compared with the journal.
        if matches!(request, Request::AcceptPolicies { .. }) {
            engine.take_up_policies().await?;
        }
        if let Request::Resolve { finding } = &request {
            let found = engine.store().find(&ExternalId::from_text(&finding.external_id))?;
            if found.is_some_and(|found| found.outcome == Outcome::Sending) {
                // An attempt that a crash cut short is an open question now, and a person may answer it.
                engine.begin("resolve").await?;
            }
        }
        Ok::<_, CliError>(control::handle(&engine, request).await)
    })?;
    engine.store().close();
    match response {
        Response::Failed { exit, message } => Err(CliError::new(Exit::of_code(exit), message)),
        other => Ok(other),
    }
}

/// What was not done, as an error of the command's.
pub fn failed(response: &Response) -> CliError {
    match response {
        Response::Failed { exit, message } => CliError::new(Exit::of_code(*exit), message),
        _ => odd_answer(),
    }
}

/// The answer was of another kind than the question: daemon and command are of different versions.
#[must_use]
pub fn odd_answer() -> CliError {
    CliError::new(Exit::Failed, "the daemon answered something else; is it another version? restart it")
}

/// No bank: KPay cannot be asked, and most commands on the state need not.
struct NoBank(String);

impl NoBank {
    fn fail<T: Send + 'static>(&self) -> BoxFuture<'_, Result<T, BankError>> {
        let error = BankError::Refused(self.0.clone());
        Box::pin(async { Err(error) })
    }
}

impl Bank for NoBank {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, BankError>> {
        self.fail()
    }
    fn wallets<'a>(&'a self, _: Timestamp, _: &'a BTreeSet<Country>) -> BoxFuture<'a, Result<Snapshot, BankError>> {
        self.fail()
    }
    fn rate(&self, _: Currency, _: Currency) -> BoxFuture<'_, Result<Rate, BankError>> {
        self.fail()
    }
    fn leave_to_send(&self, _: Kind) -> BoxFuture<'_, Result<Leave, BankError>> {
        self.fail()
    }
    fn withdrawal<'a>(&'a self, _: &'a Intent, _: &'a str) -> BoxFuture<'a, Result<Withdrawal, BankError>> {
        self.fail()
    }
    fn availability(&self) -> BoxFuture<'_, Result<Availability, BankError>> {
        self.fail()
    }
    fn transfer<'a>(&'a self, _: Leave, _: &'a Intent, _: &'a MaySend<'a>) -> BoxFuture<'a, Reply> {
        Box::pin(async { Reply::NotSent { detail: self.0.clone() } })
    }
}
