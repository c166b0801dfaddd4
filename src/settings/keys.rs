//! KPay's two keys, and the secrets of its webhooks and of its hosted page: each from a named file, else a credential of systemd, else the environment.
//!
//! Their content never reaches an error, a log or `Debug`. Whether they fit the environment is the `kpay` room's
//! question.

use super::disk::{self, Unread};
use super::finding::{Findings, Place, SettingsError, shown};
use super::{Settings, Surroundings};
use crate::policy::Diagnostic;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::path::{Path, PathBuf};

/// The environment variables that hold secrets. They are taken out of the environment at the start.
pub(super) const SECRET_VARIABLES: [&str; 4] = [API_KEY, SECRET_KEY, WEBHOOK_SECRET, GATEWAY_SECRET];

const API_KEY: &str = "KPAY_API_KEY";
const SECRET_KEY: &str = "KPAY_SECRET_KEY";
const WEBHOOK_SECRET: &str = "KPAY_WEBHOOK_SECRET";
const GATEWAY_SECRET: &str = "KPAY_GATEWAY_SECRET";

/// Far more than any key needs.
const MOST_BYTES: u32 = 4 << 10;

/// Both keys, and what someone should look at.
#[derive(Debug)]
pub struct Keys {
    /// `kpay_…`, sent as the API key.
    pub api: SecretString,
    /// `sk_…`, sent as the secret key.
    pub secret: SecretString,
    /// For example a key file that others can read.
    pub warnings: Vec<Diagnostic>,
}

/// The secret of KPay's webhooks or of its hosted page, and what someone should look at.
#[derive(Debug)]
pub struct SigningSecret {
    /// What KPay signs with.
    pub secret: SecretString,
    /// For example a file that others can read.
    pub warnings: Vec<Diagnostic>,
}

/// One of the keys: where it is looked for.
struct Wanted<'a> {
    /// For people.
    what: &'static str,
    /// The key of the configuration that names its file.
    setting: &'static str,
    file: Option<&'a Path>,
    credential: &'static str,
    variable: &'static str,
}

/// Reads both keys, afresh on each call, so that a rotated key is picked up.
///
/// # Errors
/// [`SettingsError`] that names every place that was looked at: missing, unreadable, empty, too large, or no text.
pub fn read_keys(settings: &Settings, surroundings: &Surroundings) -> Result<Keys, SettingsError> {
    let mut findings = Findings::default();
    let api = Wanted {
        what: "KPay's API key",
        setting: "kpay.api_key_file",
        file: settings.kpay.api_key_file.as_deref(),
        credential: "kpay_api_key",
        variable: API_KEY,
    };
    let secret = Wanted {
        what: "KPay's secret key",
        setting: "kpay.secret_key_file",
        file: settings.kpay.secret_key_file.as_deref(),
        credential: "kpay_secret_key",
        variable: SECRET_KEY,
    };
    let api = api.find(surroundings, &mut findings);
    let secret = secret.find(surroundings, &mut findings);
    match (api, secret) {
        (Some(api), Some(secret)) if !findings.has_errors() => Ok(Keys { api, secret, warnings: findings.into_list() }),
        _ => Err(findings.into_error()),
    }
}

/// Reads the secret of KPay's webhooks; `None` where `webhooks.listen` is not set and nobody needs it.
///
/// # Errors
/// As [`read_keys`].
pub fn read_webhook_secret(
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Option<SigningSecret>, SettingsError> {
    if settings.webhooks.listen.is_none() {
        return Ok(None);
    }
    let secret = Wanted {
        what: "the secret of KPay's webhooks, which webhooks.listen needs,",
        setting: "webhooks.secret_file",
        file: settings.webhooks.secret_file.as_deref(),
        credential: "kpay_webhook_secret",
        variable: WEBHOOK_SECRET,
    };
    secret.alone(surroundings).map(Some)
}

/// Reads the secret that KPay signs the return from its hosted page with.
///
/// # Errors
/// As [`read_keys`].
pub fn read_gateway_secret(settings: &Settings, surroundings: &Surroundings) -> Result<SigningSecret, SettingsError> {
    let secret = Wanted {
        what: "the secret of KPay's hosted page",
        setting: "kpay.gateway_secret_file",
        file: settings.kpay.gateway_secret_file.as_deref(),
        credential: "kpay_gateway_secret",
        variable: GATEWAY_SECRET,
    };
    secret.alone(surroundings)
}

impl Wanted<'_> {
    /// Reads it where nothing else is read beside it.
    fn alone(&self, surroundings: &Surroundings) -> Result<SigningSecret, SettingsError> {
        let mut findings = Findings::default();
        match self.find(surroundings, &mut findings) {
            Some(secret) if !findings.has_errors() => Ok(SigningSecret { secret, warnings: findings.into_list() }),
            _ => Err(findings.into_error()),
        }
    }

    fn find(&self, surroundings: &Surroundings, findings: &mut Findings) -> Option<SecretString> {
        if let Some(file) = self.file {
            return self.read_file(file, findings, true);
        }
        let credential = surroundings.directory("CREDENTIALS_DIRECTORY").map(|folder| folder.join(self.credential));
        if let Some(file) = credential.as_deref().filter(|file| disk::is_there(file)) {
            // systemd sets the modes of credentials itself.
            return self.read_file(file, findings, false);
        }
        match surroundings.secret(self.variable) {
            Some(text) => self.checked(text.expose_secret(), &Place::whole(format!("${}", self.variable)), findings),
            None => self.missing(credential, findings),
        }
    }

    fn read_file(&self, file: &Path, findings: &mut Findings, mode_matters: bool) -> Option<SecretString> {
        let place = Place::path(file);
        let (bytes, metadata) = match disk::read_regular(file, MOST_BYTES) {
            Ok((bytes, metadata)) => (Zeroizing::new(bytes), metadata),
            Err(Unread::Io(error)) => {
                let hint = format!("check `{}`", self.setting);
                findings.io(&place, "key-unreadable", &format!("{} cannot be read", self.what), &error, &hint);
                return None;
            }
            Err(Unread::Unfit(why)) => {
                let hint = "the file holds the key and nothing else";
                findings.error(&place, "key-file", format!("the file of {} {why}", self.what), hint);
                return None;
            }
        };
        if mode_matters && disk::open_to_others(&metadata) {
            let message = format!("others may read the file of {}", self.what);
            findings.warning(&place, "key-readable-by-others", message, "chmod 600, and own it as the daemon's user");
        }
        let Ok(text) = std::str::from_utf8(&bytes) else {
            findings.error(&place, "key-not-text", format!("{} is not UTF-8", self.what), "the key as KPay shows it");
            return None;
        };
        self.checked(text, &place, findings)
    }

    /// A key is one run of visible ASCII: anything else could not be sent in a header.
    fn checked(&self, text: &str, place: &Place, findings: &mut Findings) -> Option<SecretString> {
        let key = text.trim();
        if key.is_empty() {
            findings.error(place, "key-empty", format!("{} is empty", self.what), "put the key there");
            return None;
        }
        if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = format!("{} has a blank or another character that no key has", self.what);
            findings.error(place, "key-not-text", message, "the key as KPay shows it, on one line");
            return None;
        }
        Some(SecretString::from(key))
    }

    fn missing(&self, credential: Option<PathBuf>, findings: &mut Findings) -> Option<SecretString> {
        let credential =
            credential.map_or_else(|| format!("credential {} of systemd", self.credential), |file| shown(&file));
        let message =
            format!("{} is missing: no `{}`, no {credential}, no ${}", self.what, self.setting, self.variable);
        let hint = format!("put it into a file of its own (mode 0600) and set `{}`", self.setting);
        findings.error(&Place::whole("configuration"), "key-missing", message, hint);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::TempDir;

    struct Bench {
        folder: TempDir,
        variables: BTreeMap<String, String>,
    }

    impl Bench {
        fn new(variables: &[(&str, &str)]) -> Self {
            let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Self { folder: tempfile::tempdir().unwrap(), variables }
        }

        fn write(&self, name: &str, bytes: &[u8], mode: u32) -> &Self {
            let path = self.folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            self
        }

        fn load(&self, flags: &[(&str, &str)]) -> (Settings, Surroundings) {
            let mut variables = self.variables.clone();
            if let Some(folder) = variables.get_mut("CREDENTIALS_DIRECTORY") {
                *folder = self.folder.path().to_string_lossy().into_owned();
            }
            let surroundings = Surroundings::new(variables, self.folder.path().to_path_buf());
            let flags: Vec<_> = flags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
            (super::super::load(None, &flags, &surroundings).unwrap(), surroundings)
        }

        /// With both key files named, or none.
        fn read(&self, named: bool) -> Result<Keys, SettingsError> {
            let flags = [("kpay.api_key_file", "api"), ("kpay.secret_key_file", "secret")];
            let (settings, surroundings) = self.load(if named { &flags } else { &[] });
            read_keys(&settings, &surroundings)
        }
    }

    #[test]
    fn a_named_file_comes_before_a_credential_and_that_before_the_environment() {
        let variables =
            [("KPAY_API_KEY", " from-env\n"), ("KPAY_SECRET_KEY", "s-env"), ("CREDENTIALS_DIRECTORY", "here")];
        let bench = Bench::new(&variables);
        let api = |named| bench.read(named).unwrap().api.expose_secret().to_owned();
        assert_eq!(api(false), "from-env");
        bench.write("kpay_api_key", b"from-credential\n", 0o644).write("kpay_secret_key", b"s", 0o644);
        assert_eq!(api(false), "from-credential");
        assert_eq!(bench.read(false).unwrap().warnings, []);
        bench.write("api", b"from-file\n", 0o600).write("secret", b"s-file", 0o640);
        let keys = bench.read(true).unwrap();
        assert_eq!((keys.api.expose_secret(), keys.secret.expose_secret()), ("from-file", "s-file"));
        let warnings: Vec<_> = keys.warnings.iter().map(|warning| warning.code).collect();
        assert_eq!(warnings, ["key-readable-by-others"]);
    }

    #[test]
    fn a_key_that_cannot_be_used_is_refused_and_never_shown() {
        let large = vec![b'k'; 4097];
        for (bytes, code) in [
            (b"  \n".as_slice(), "key-empty"),
            (b"canary one".as_slice(), "key-not-text"),
            (b"canary\r\nInjected: 1".as_slice(), "key-not-text"),
            (b"canary\xff".as_slice(), "key-not-text"),
            ("canaryé".as_bytes(), "key-not-text"),
            (large.as_slice(), "key-file"),
        ] {
            let bench = Bench::new(&[]);
            let error = bench.write("api", bytes, 0o600).write("secret", b"s", 0o600).read(true).unwrap_err();
            assert_eq!(error.diagnostics()[0].code, code, "{error}");
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }

    #[test]
    fn the_secret_of_webhooks_is_found_alike_and_only_looked_for_where_they_come_in() {
        let bench = Bench::new(&[("KPAY_WEBHOOK_SECRET", " from-env\n"), ("CREDENTIALS_DIRECTORY", "here")]);
        let listen = ("webhooks.listen", "127.0.0.1:0");
        let file = ("webhooks.secret_file", "hook");
        let read = |bench: &Bench, flags: &[(&str, &str)]| {
            let (settings, surroundings) = bench.load(flags);
            read_webhook_secret(&settings, &surroundings)
        };
        let secret = |flags: &[(&str, &str)]| {
            let found = read(&bench, flags).unwrap()?;
            Some((found.secret.expose_secret().to_owned(), found.warnings.len()))
        };
        assert_eq!(secret(&[]), None);
        assert_eq!(secret(&[listen]), Some(("from-env".to_owned(), 0)));
        bench.write("kpay_webhook_secret", b"from-credential\n", 0o644);
        assert_eq!(secret(&[listen]), Some(("from-credential".to_owned(), 0)));
        bench.write("hook", b"from-file\n", 0o644);
        assert_eq!(secret(&[listen, file]), Some(("from-file".to_owned(), 1)));
        assert_eq!(secret(&[file]), None);
        bench.write("hook", b"canary one", 0o600);
        let error = read(&bench, &[listen, file]).unwrap_err();
        assert_eq!(error.diagnostics()[0].code, "key-not-text");
        assert!(!error.to_string().contains("canary"), "{error}");
        let text = read(&Bench::new(&[]), &[listen]).unwrap_err().to_string();
        for place in
            ["webhooks.listen", "webhooks.secret_file", "credential kpay_webhook_secret", "$KPAY_WEBHOOK_SECRET"]
        {
            assert!(text.contains(place), "{place} is not in {text}");
        }
    }

    #[test]
    fn the_secret_of_the_hosted_page_is_found_alike() {
        let bench = Bench::new(&[("KPAY_GATEWAY_SECRET", " from-env\n"), ("CREDENTIALS_DIRECTORY", "here")]);
        let read = |bench: &Bench, flags: &[(&str, &str)]| {
            let (settings, surroundings) = bench.load(flags);
            read_gateway_secret(&settings, &surroundings)
        };
        let secret = |flags: &[(&str, &str)]| {
            let found = read(&bench, flags).unwrap();
            (found.secret.expose_secret().to_owned(), found.warnings.len())
        };
        let file = ("kpay.gateway_secret_file", "page");
        assert_eq!(secret(&[]), ("from-env".to_owned(), 0));
        bench.write("kpay_gateway_secret", b"from-credential\n", 0o644);
        assert_eq!(secret(&[]), ("from-credential".to_owned(), 0));
        bench.write("page", b"from-file\n", 0o644);
        assert_eq!(secret(&[file]), ("from-file".to_owned(), 1));
        bench.write("page", b"canary one", 0o600);
        assert!(!read(&bench, &[file]).unwrap_err().to_string().contains("canary"));
        let text = read(&Bench::new(&[]), &[]).unwrap_err().to_string();
        for place in ["kpay.gateway_secret_file", "credential kpay_gateway_secret", "$KPAY_GATEWAY_SECRET"] {
            assert!(text.contains(place), "{place} is not in {text}");
        }
    }

    #[test]
    fn every_missing_key_names_all_places_that_were_looked_at() {
        let error = Bench::new(&[("CREDENTIALS_DIRECTORY", "here")]).read(false).unwrap_err();
        assert!(matches!(error, SettingsError::Unusable(_)));
        let text = error.to_string();
        for place in ["kpay.api_key_file", "/kpay_api_key", "$KPAY_API_KEY", "$KPAY_SECRET_KEY"] {
            assert!(text.contains(place), "{place} is not in {text}");
        }
        let codes: Vec<_> = Bench::new(&[]).read(true).unwrap_err().diagnostics().iter().map(|d| d.code).collect();
        assert_eq!(codes, ["key-unreadable", "key-unreadable"]);
    }

    #[test]
    fn keys_do_not_show_in_debug() {
        let bench = Bench::new(&[("KPAY_API_KEY", "canary"), ("KPAY_SECRET_KEY", "canary")]);
        assert!(!format!("{:?}", bench.read(false).unwrap()).contains("canary"));
    }
}
