//! `treasuryd.toml`, the environment and the flags, checked; KPay's keys from their files; policy files from disk.
//!
//! Defaults < file < `TREASURYD__SECTION__KEY` < flags (CONTRACT 3). Every problem is found in one go, each with its
//! place. Nothing here talks to KPay, opens the state or parses a policy; the base URL is checked by the `kpay` room.

mod check;
mod conservation;
mod describe;
mod disk;
mod finding;
mod handover;
mod keys;
mod known;
mod layers;
mod nearest;
mod policy_files;
mod surroundings;
mod toml_file;
mod values;

pub use conservation::{ConservationSettings, FallMode};
pub use describe::describe;
pub use finding::SettingsError;
pub use handover::take_secrets_out_of_the_environment;
pub use keys::{Keys, SigningSecret, read_gateway_secret, read_keys, read_webhook_secret};
pub use policy_files::read_policy_files;
pub use surroundings::Surroundings;

use crate::model::{ApplicationId, Environment};
use crate::plan::Caps;
use crate::policy::Diagnostic;
use chrono::TimeDelta;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The whole configuration, checked. Holds no secret: keys are read apart, by [`read_keys`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The `treasuryd.toml` that was read; `None` where there was none.
    pub file: Option<PathBuf>,
    /// How KPay is talked to.
    pub kpay: KpaySettings,
    /// Where the policies are.
    pub policies: PolicySettings,
    /// The state directory.
    pub state: PathBuf,
    /// Where metrics, health and dashboard are served; always a loopback address. Port 0 takes a free one.
    pub http_listen: SocketAddr,
    /// Whether and where KPay's webhooks come in.
    pub webhooks: WebhookSettings,
    /// The socket of everything that changes something.
    pub control_socket: PathBuf,
    /// The last line of defence at the point of sending.
    pub limits: Caps,
    /// What is done about a wallet that fell by more than our own moves explain.
    pub conservation: ConservationSettings,
    /// How log lines look.
    pub log: LogFormat,
    /// What someone should look at, though it can be used.
    pub warnings: Vec<Diagnostic>,
}

/// `[kpay]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KpaySettings {
    /// As written; not empty, and otherwise unchecked here.
    pub base_url: String,
    /// Whether its name may lead to addresses that are not public.
    pub allow_private_addresses: bool,
    /// Sandbox or production.
    pub environment: Environment,
    /// The file of the API key (`kpay_…`), where one is named.
    pub api_key_file: Option<PathBuf>,
    /// The file of the secret key (`sk_…`), where one is named.
    pub secret_key_file: Option<PathBuf>,
    /// The file of the secret that KPay signs the return from its hosted page with, where one is named.
    pub gateway_secret_file: Option<PathBuf>,
    /// What `/me` must say; `None`: whatever it says.
    pub application_id: Option<ApplicationId>,
    /// At least 1, in any sliding minute.
    pub requests_per_minute: u32,
    /// For how long an unknown outcome is asked again.
    pub resend_for: TimeDelta,
    /// How often balances are read, slot or no slot; 1 s to 1 h.
    pub observe_every: Duration,
    /// For a whole request; 1 s to 2 min.
    pub timeout: Duration,
}

/// `[policies]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicySettings {
    /// A file, or a folder of `*.yaml` / `*.yml`.
    pub path: PathBuf,
    /// Whether a change that loosens a guard waits for `policies accept`.
    pub confirm_loosening: bool,
}

/// `[webhooks]`: off where no address is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookSettings {
    /// Where they come in; always a loopback address, behind a proxy that brings TLS. Port 0 takes a free one.
    pub listen: Option<SocketAddr>,
    /// The file of the secret that KPay signs with, where one is named.
    pub secret_file: Option<PathBuf>,
}

/// `[log]`: how log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The word of the configuration.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// Reads and checks the configuration: the file (`config_flag`, else searched for), the environment and `overrides`,
/// flags as `("http.listen", "127.0.0.1:0")`.
///
/// No file at all is no error where none was named; then everything has its default.
///
/// # Errors
/// [`SettingsError`] with every problem of all layers.
pub fn load(
    config_flag: Option<&Path>,
    overrides: &[(String, String)],
    surroundings: &Surroundings,
) -> Result<Settings, SettingsError> {
    let file = surroundings.find_file(config_flag)?;
    let text = match &file {
        Some(path) => Some(toml_file::read(path, &surroundings.shown(path))?),
        None => None,
    };
    load_text(file.zip(text), overrides, surroundings)
}

/// Where the policies are by file and environment, also where something else in these is wrong: so that one look finds the
/// mistakes of both. `None` where that much cannot be told.
#[must_use]
pub fn policies_path(config_flag: Option<&Path>, surroundings: &Surroundings) -> Option<PathBuf> {
    let file = surroundings.find_file(config_flag).ok()?;
    let text = match &file {
        Some(path) => Some(toml_file::read(path, &surroundings.shown(path)).ok()?),
        None => None,
    };
    let (file, merged, findings) = layered(file.zip(text), &[], surroundings).ok()?;
    check::policies_path(file.as_deref(), &merged, surroundings, findings)
}

/// [`load`] with the text of the file in hand.
fn load_text(
    file: Option<(PathBuf, String)>,
    overrides: &[(String, String)],
    surroundings: &Surroundings,
) -> Result<Settings, SettingsError> {
    let (file, merged, findings) = layered(file, overrides, surroundings)?;
    check::check(file, &merged, surroundings, findings)
}

/// All layers as one, with what was wrong in their form.
fn layered(
    file: Option<(PathBuf, String)>,
    overrides: &[(String, String)],
    surroundings: &Surroundings,
) -> Result<(Option<PathBuf>, layers::Merged, finding::Findings), SettingsError> {
    let (in_file, mut findings) = match &file {
        Some((path, text)) => toml_file::parse(&surroundings.shown(path), text),
        None => (layers::Layer::named("file"), finding::Findings::default()),
    };
    let file = file.map(|(path, _)| path);
    let in_environment = layers::from_environment(surroundings, &mut findings);
    let in_flags = layers::from_flags(overrides, &mut findings);
    let defaults = surroundings.defaults(file.as_deref());
    let merged = layers::merge(&defaults, &in_file, &in_environment, &in_flags, &mut findings);
    // A file that is no TOML at all sets nothing; what would follow from that is no finding of its own.
    if findings.has("toml-syntax") {
        return Err(findings.into_error());
    }
    Ok((file, merged, findings))
}

#[cfg(any(test, fuzzing))]
pub mod soundness;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;
