//! Merged values → [`Settings`]: every rule of CONTRACT 3 that one value or two together can break.

use super::finding::{Findings, Place, SettingsError};
use super::layers::{Merged, Raw, named};
use super::surroundings::Surroundings;
use super::values::{self, Complaint, complaint};
use super::{
    ConservationSettings, FallMode, KpaySettings, LogFormat, PolicySettings, Settings, WebhookSettings, known,
};
use crate::model::{ApplicationId, Environment, tame};
use crate::money::{Amount, Currency};
use crate::plan::Caps;
use chrono::TimeDelta;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// KPay's default limit; more is allowed, because a merchant may have agreed on more.
const USUAL_REQUESTS_PER_MINUTE: u32 = 100;
/// `sun_path` less its closing NUL.
const LONGEST_SOCKET_PATH: usize = 107;
const MINUTE: Duration = Duration::from_mins(1);
const SECOND: Duration = Duration::from_secs(1);

/// Checks everything; warnings stay in the settings.
pub(super) fn check(
    file: Option<PathBuf>,
    merged: &Merged,
    surroundings: &Surroundings,
    findings: Findings,
) -> Result<Settings, SettingsError> {
    let mut checker = Checker { merged, surroundings, file: file.as_deref(), findings };
    let settings = checker.settings();
    let mut findings = checker.findings;
    match settings {
        Some(settings) if !findings.has_errors() => Ok(Settings { file, warnings: findings.into_list(), ..settings }),
        _ => {
            if !findings.has_errors() {
                // A value without a default that every key has: a slip in the table of keys, not in the file.
                let place = Place::whole("configuration");
                findings.error(&place, "incomplete", "the configuration is incomplete", "report this");
            }
            Err(findings.into_error())
        }
    }
}

/// The one value, whatever else is wrong.
pub(super) fn policies_path(
    file: Option<&Path>,
    merged: &Merged,
    surroundings: &Surroundings,
    findings: Findings,
) -> Option<PathBuf> {
    Checker { merged, surroundings, file, findings }.path("policies.path")
}

struct Checker<'a> {
    merged: &'a Merged,
    surroundings: &'a Surroundings,
    file: Option<&'a Path>,
    findings: Findings,
}

/// Each section is read whole before a missing value ends it, so that all its errors are found.
impl Checker<'_> {
    fn settings(&mut self) -> Option<Settings> {
        let environment = self.parsed("kpay.environment", environment);
        let kpay = self.kpay(environment);
        let policies = self.policies(environment);
        let state = self.path("state.path");
        let http_listen = self.parsed("http.listen", values::listen);
        let webhooks = self.webhooks(http_listen);
        let control_socket = self.socket();
        let limits = self.limits(environment);
        let conservation = self.conservation();
        let log = self.parsed("log.format", log_format);
        Some(Settings {
            file: None,
            kpay: kpay?,
            policies: policies?,
            state: state?,
            http_listen: http_listen?,
            webhooks,
            control_socket: control_socket?,
            limits: limits?,
            conservation: conservation?,
            log: log?,
            warnings: Vec::new(),
        })
    }

    fn kpay(&mut self, environment: Option<Environment>) -> Option<KpaySettings> {
        let base_url = self.parsed("kpay.base_url", not_empty);
        let allow_private_addresses = self.switch("kpay.allow_private_addresses");
        let api_key_file = self.key_file("kpay.api_key_file");
        let secret_key_file = self.key_file("kpay.secret_key_file");
        let gateway_secret_file = self.key_file("kpay.gateway_secret_file");
        let application_id = self.parsed("kpay.application_id", application_id);
        let requests_per_minute = self.count("kpay.requests_per_minute");
        self.warn_of_many_requests(requests_per_minute);
        let least = if environment == Some(Environment::Production) { MINUTE } else { SECOND };
        let resend_for = self.duration("kpay.resend_for", least, 30 * 24 * 60 * MINUTE);
        let observe_every = self.duration("kpay.observe_every", SECOND, 60 * MINUTE);
        let timeout = self.duration("kpay.timeout", SECOND, 2 * MINUTE);
        Some(KpaySettings {
            base_url: base_url?,
            allow_private_addresses: allow_private_addresses?,
            environment: environment?,
            api_key_file,
            secret_key_file,
            gateway_secret_file,
            application_id,
            requests_per_minute: requests_per_minute?,
            resend_for: TimeDelta::from_std(resend_for?).ok()?,
            observe_every: observe_every?,
            timeout: timeout?,
        })
    }

    fn policies(&mut self, environment: Option<Environment>) -> Option<PolicySettings> {
        let path = self.path("policies.path");
        let confirm = self.switch("policies.confirm_loosening");
        let confirm_loosening = confirm.unwrap_or(environment == Some(Environment::Production));
        Some(PolicySettings { path: path?, confirm_loosening })
    }

    fn limits(&mut self, environment: Option<Environment>) -> Option<Caps> {
        let max_transfers_per_hour = self.count("limits.max_transfers_per_hour");
        let max_per_day = self.by_currency(known::MAX_PER_DAY, values::amount);
        let is_written = self.merged.table(known::MAX_PER_DAY).next().is_some();
        if !is_written && environment == Some(Environment::Production) {
            let place = self.place_of("kpay.environment");
            let hint = "add to [limits]: max_per_day = { XAF = 50_000_000 }, an entry for each currency you send";
            self.findings.error(&place, "max-per-day-required", "production needs `limits.max_per_day`", hint);
        }
        Some(Caps { max_transfers_per_hour: max_transfers_per_hour?, max_per_day })
    }

    fn conservation(&mut self) -> Option<ConservationSettings> {
        let mode = self.parsed("conservation.mode", conservation_mode);
        let freeze_above = self.by_currency(known::FREEZE_ABOVE, values::bound);
        let rise_times = self.parsed("conservation.rise_times", times);
        let rise_above = self.by_currency(known::RISE_ABOVE, values::bound);
        let release_by = self.parsed("conservation.release_by", values::names);
        let alone = self.merged.table(known::RISE_ABOVE).next().map(|(_, (_, place))| place.clone());
        if let Some(place) = alone.filter(|_| self.merged.get("conservation.rise_times").is_none()) {
            let message = "`conservation.rise_above` is set, and every rise is believed";
            let hint = "set conservation.rise_times too, for example to 50, or leave rise_above out";
            self.findings.warning(&place, "freezes-nothing", message, hint);
        }
        let first = self.merged.table(known::FREEZE_ABOVE).next().map(|(_, (_, place))| place.clone());
        if let Some(place) = first.filter(|_| mode.is_some_and(|mode| mode != FallMode::Freeze)) {
            let message = "`conservation.freeze_above` is set, and nothing is frozen";
            let hint = "set conservation.mode = \"freeze\", or leave freeze_above out";
            self.findings.warning(&place, "freezes-nothing", message, hint);
        }
        let release_by = release_by.unwrap_or_default();
        Some(ConservationSettings { mode: mode?, freeze_above, rise_times, rise_above, release_by })
    }

    /// An amount for each currency that a table names; what is wrong is left out and noted.
    fn by_currency(
        &mut self,
        table: &str,
        read: fn(&Raw, Currency) -> Result<Amount, Complaint>,
    ) -> BTreeMap<Currency, Amount> {
        let mut amounts = BTreeMap::new();
        for (code, (raw, place)) in self.merged.table(table) {
            match values::currency(code).and_then(|currency| Ok((currency, read(raw, currency)?))) {
                Ok((currency, amount)) => drop(amounts.insert(currency, amount)),
                Err(wrong) => self.complain(&format!("{table}.{code}"), place, wrong),
            }
        }
        amounts
    }

    fn webhooks(&mut self, http_listen: Option<SocketAddr>) -> WebhookSettings {
        let listen = self.parsed("webhooks.listen", values::listen_for_webhooks);
        let secret_file = self.key_file("webhooks.secret_file");
        if listen.is_some_and(|address| address.port() != 0 && Some(address) == http_listen) {
            let place = self.place_of("webhooks.listen");
            let hint = "choose another port: webhooks have a listener of their own";
            self.complain("webhooks.listen", &place, complaint("listen-twice", "this is the page's address", hint));
        }
        WebhookSettings { listen, secret_file }
    }

    fn socket(&mut self) -> Option<PathBuf> {
        let path = self.path("control.socket")?;
        let length = path.as_os_str().len();
        if length <= LONGEST_SOCKET_PATH {
            return Some(path);
        }
        let message = format!("the path of the socket has {length} bytes; the system takes {LONGEST_SOCKET_PATH}");
        let place = self.place_of("control.socket");
        let wrong = complaint("socket-path-too-long", message, "set `control.socket` to a shorter path");
        self.complain("control.socket", &place, wrong);
        None
    }

    fn warn_of_many_requests(&mut self, requests_per_minute: Option<u32>) {
        if requests_per_minute.is_some_and(|count| count > USUAL_REQUESTS_PER_MINUTE) {
            let place = self.place_of("kpay.requests_per_minute");
            let message = "more than KPay's usual 100 requests a minute";
            let hint = "keep 100 unless KPay has agreed to more: past its limit it answers 429";
            self.findings.warning(&place, "many-requests", message, hint);
        }
    }

    /// A path to a key, with care: someone may have written the key itself in its place.
    fn key_file(&mut self, key: &str) -> Option<PathBuf> {
        let (raw, place) = self.merged.get(key)?;
        let text = text_of(raw);
        if text.starts_with("kpay_") || text.starts_with("sk_") {
            let hint = "write the key into a file of its own (mode 0600), name that file here, and replace the key";
            let wrong = complaint("key-in-configuration", "this looks like a key, not like the file of one", hint);
            self.complain(key, place, wrong);
            return None;
        }
        self.path(key)
    }

    /// An absolute path; a relative one starts from the folder of the file it is written in.
    fn path(&mut self, key: &str) -> Option<PathBuf> {
        let place = self.place_of(key);
        let base = self.surroundings.base(&place, self.file);
        self.parsed(key, |text| {
            let text = not_empty(text)?;
            // Paths are shown by every room; what moves or hides text has no place in them.
            if tame(&text, usize::MAX) != text {
                return Err(complaint(
                    "path",
                    "a path with a control or invisible character in it",
                    "correct the path",
                ));
            }
            Ok(base.join(text))
        })
    }

    fn duration(&mut self, key: &str, least: Duration, most: Duration) -> Option<Duration> {
        self.parsed(key, |text| {
            let duration = values::duration(text)?;
            if (least..=most).contains(&duration) {
                return Ok(duration);
            }
            let range = format!("{} to {}", short(least), short(most));
            Err(complaint("out-of-range", format!("`{}` is out of range", tame(text, 40)), format!("take {range}")))
        })
    }

    /// A whole number from 1.
    fn count(&mut self, key: &str) -> Option<u32> {
        self.parsed(key, |text| {
            let number = values::whole_number(text).and_then(|number| u32::try_from(number).ok());
            number.filter(|number| *number >= 1).ok_or_else(|| {
                complaint("out-of-range", format!("`{}` is no whole number from 1", tame(text, 40)), "take 1 or more")
            })
        })
    }

    fn switch(&mut self, key: &str) -> Option<bool> {
        self.parsed(key, |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(complaint("wrong-type", format!("`{}` is no switch", tame(other, 40)), "true or false")),
        })
    }

    /// The value in force, read by `parse`; `None` where it is not set or where it is wrong, which is noted.
    fn parsed<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, Complaint>) -> Option<T> {
        let (raw, place) = self.merged.get(key)?;
        match parse(&text_of(raw)) {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.complain(key, place, wrong);
                None
            }
        }
    }

    fn complain(&mut self, key: &str, place: &Place, wrong: Complaint) {
        let message = format!("{}: {}", named(key, place), wrong.message);
        self.findings.error(place, wrong.code, message, wrong.hint);
    }

    fn place_of(&self, key: &str) -> Place {
        self.merged.get(key).map_or_else(|| Place::whole("configuration"), |(_, place)| place.clone())
    }
}

fn text_of(raw: &Raw) -> String {
    match raw {
        Raw::Text(text) => text.clone(),
        Raw::Integer(number) => number.to_string(),
        Raw::Switch(on) => on.to_string(),
    }
}

fn not_empty(text: &str) -> Result<String, Complaint> {
    let empty = || complaint("empty", "nothing is written here", "write a value, or leave the key out");
    if text.trim().is_empty() { Err(empty()) } else { Ok(text.to_owned()) }
}

fn environment(text: &str) -> Result<Environment, Complaint> {
    text.parse().map_err(|_| {
        let message = format!("`{}` is no environment", tame(text, 40));
        complaint("environment", message, "\"sandbox\" or \"production\"; the keys must be of the same")
    })
}

fn application_id(text: &str) -> Result<ApplicationId, Complaint> {
    text.parse().map_err(|_| {
        let lower: Option<ApplicationId> = text.to_lowercase().parse().ok();
        let hint = if lower.is_some() { "write it in lower case" } else { "`application.id` of /api/v1/payments/me" };
        complaint("application-id", format!("`{}` is no UUID in lower case", tame(text, 60)), hint)
    })
}

fn log_format(text: &str) -> Result<LogFormat, Complaint> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => {
            let message = format!("`{}` is no format of log lines", tame(other, 40));
            Err(complaint("log-format", message, "\"text\" or \"json\""))
        }
    }
}

/// What is done about falls that nobody explains.
fn conservation_mode(text: &str) -> Result<FallMode, Complaint> {
    match text {
        "warn" => Ok(FallMode::Warn),
        "off" => Ok(FallMode::Off),
        "freeze" => Ok(FallMode::Freeze),
        other => {
            let message = format!("`{}` is no way to treat a fall that nobody explains", tame(other, 40));
            Err(complaint("conservation-mode", message, "\"warn\", \"freeze\" or \"off\""))
        }
    }
}

/// How many times as much a wallet may hold as at the reading before.
fn times(text: &str) -> Result<u32, Complaint> {
    let number = values::whole_number(text).and_then(|number| u32::try_from(number).ok());
    number.filter(|times| *times >= 2).ok_or_else(|| {
        let message = format!("`{}` is no whole number from 2", tame(text, 40));
        complaint("out-of-range", message, "50 freezes a wallet that rises to more than fifty times what it held")
    })
}

/// A duration as it would be written in the configuration.
pub(super) fn short(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("d", 86_400), ("h", 3_600), ("m", 60)];
    let largest = units.into_iter().find(|(_, length)| seconds >= *length && seconds.is_multiple_of(*length));
    largest.map_or_else(|| format!("{seconds}s"), |(unit, length)| format!("{}{unit}", seconds / length))
}
