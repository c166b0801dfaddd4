//! What the process was started in: environment variables and working directory, as a parameter instead of globals.

use super::disk;
use super::finding::{self, Findings, Place, SettingsError};
use super::keys::SECRET_VARIABLES;
use super::known;
use super::layers::{Layer, Raw};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The name of the configuration file in every folder it is looked for in.
const FILE_NAME: &str = "treasuryd.toml";

/// Environment variables, the working directory, and the system's folder of configuration.
#[derive(Clone)]
pub struct Surroundings {
    /// Without the secrets.
    variables: BTreeMap<String, String>,
    /// By the name of their variable.
    secrets: BTreeMap<String, SecretString>,
    working_directory: PathBuf,
    system_folder: PathBuf,
}

/// Without the values of variables: keys may be among them.
impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.variables.keys().collect();
        f.debug_struct("Surroundings")
            .field("variables", &names)
            .field("working_directory", &self.working_directory)
            .finish_non_exhaustive()
    }
}

impl Surroundings {
    /// These surroundings, with `/etc/treasuryd` as the system's folder.
    #[must_use]
    pub fn new(variables: BTreeMap<String, String>, working_directory: PathBuf) -> Self {
        let is_secret = |name: &str| SECRET_VARIABLES.contains(&name);
        let (secrets, variables): (BTreeMap<_, _>, BTreeMap<_, _>) =
            variables.into_iter().partition(|(name, _)| is_secret(name));
        let secrets = secrets.into_iter().map(|(name, text)| (name, SecretString::from(text))).collect();
        Self { variables, secrets, working_directory, system_folder: PathBuf::from("/etc/treasuryd") }
    }

    /// The same with secrets that were taken out of the environment before.
    fn with_secrets(mut self, secrets: BTreeMap<String, SecretString>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    /// Those of this process. What is not UTF-8 keeps a replacement character and is refused where it matters.
    ///
    /// # Errors
    /// [`std::io::Error`] where the working directory cannot be told, for example because it was removed.
    #[allow(clippy::disallowed_methods, reason = "the one place that reads the process's environment")]
    pub fn of_process() -> std::io::Result<Self> {
        let text = |os: std::ffi::OsString| os.to_string_lossy().into_owned();
        let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Ok(Self::new(variables, std::env::current_dir()?).with_secrets(super::handover::taken()))
    }

    /// The same with another folder in the place of `/etc/treasuryd`.
    #[must_use]
    pub fn with_system_folder(mut self, folder: PathBuf) -> Self {
        self.system_folder = folder;
        self
    }

    /// A secret, by the name of its variable.
    pub(super) fn secret(&self, variable: &str) -> Option<&SecretString> {
        self.secrets.get(variable)
    }

    /// A variable's value; never a secret's.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// Every variable that begins with `prefix`, with its value.
    pub(super) fn variables_with(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let ours = self.variables.iter().filter(move |(name, _)| name.starts_with(prefix));
        ours.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A path as seen from the working directory.
    pub(super) fn absolute(&self, path: &Path) -> PathBuf {
        self.working_directory.join(path)
    }

    /// A path as it is shown: as seen from the working directory, where it is below it.
    #[must_use]
    pub fn shown(&self, path: &Path) -> String {
        let seen_from_here = path.strip_prefix(&self.working_directory).ok();
        finding::shown(seen_from_here.filter(|it| !it.as_os_str().is_empty()).unwrap_or(path))
    }

    /// A folder that systemd made for us; the first where there are several.
    pub(super) fn directory(&self, variable: &str) -> Option<PathBuf> {
        let first = self.variable(variable)?.split(':').next()?;
        (!first.is_empty()).then(|| self.absolute(Path::new(first)))
    }

    /// The configuration file: the flag's, else the first that is there of the three default places.
    ///
    /// A default file that is there and cannot be read is taken all the same, so that the error is seen.
    pub(super) fn find_file(&self, flag: Option<&Path>) -> Result<Option<PathBuf>, SettingsError> {
        if let Some(path) = flag {
            if path.as_os_str().is_empty() {
                let mut findings = Findings::default();
                findings.error(&Place::whole("flags"), "config-file", "the configuration file has no name", "name one");
                return Err(findings.into_error());
            }
            return Ok(Some(self.absolute(path)));
        }
        let folders = self.directory("CONFIGURATION_DIRECTORY").into_iter();
        let folders = folders.chain([self.working_directory.clone(), self.system_folder.clone()]);
        Ok(folders.map(|folder| folder.join(FILE_NAME)).find(|file| disk::is_there(file)))
    }

    /// The folder that relative paths of a layer start from: the configuration file's for the file, else the working
    /// directory.
    pub(super) fn base(&self, place: &Place, file: Option<&Path>) -> PathBuf {
        let written_in_file = place.line > 0;
        let folder = file.and_then(Path::parent).filter(|_| written_in_file);
        folder.map_or_else(|| self.working_directory.clone(), Path::to_path_buf)
    }

    /// The lowest layer: the table's defaults, and systemd's folders where they are set.
    pub(super) fn defaults(&self, file: Option<&Path>) -> Layer {
        let mut layer = Layer::named("defaults");
        let mut set = |key: &str, text: String| layer.set(key, Raw::Text(text), Place::whole("defaults"));
        for known in known::KEYS {
            if let Some(text) = known.default {
                set(known.name, text.to_owned());
            }
        }
        let state = self.directory("STATE_DIRECTORY").unwrap_or_else(|| "/var/lib/treasuryd".into());
        let runtime = self.directory("RUNTIME_DIRECTORY").unwrap_or_else(|| "/run/treasuryd".into());
        let beside_file = file.and_then(Path::parent).map(Path::to_path_buf);
        let configuration = beside_file.or_else(|| self.directory("CONFIGURATION_DIRECTORY"));
        let policies = configuration.unwrap_or_else(|| self.working_directory.clone()).join("policies");
        set("state.path", state.to_string_lossy().into_owned());
        set("control.socket", runtime.join("control.sock").to_string_lossy().into_owned());
        set("policies.path", policies.to_string_lossy().into_owned());
        layer
    }
}
