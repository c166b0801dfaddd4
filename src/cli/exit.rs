//! Exit codes of CONTRACT 2, and the one error type of the command line.

use crate::control;
use crate::daemon::{EngineError, Trouble, doors::BankError};
use crate::journal::StoreError;
use crate::policy::Diagnostic;
use crate::settings::SettingsError;
use std::fmt::Display;
use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Done,
    /// 1.
    Failed,
    /// 2.
    Usage,
    /// 75: something is unsettled, or KPay could not be reached or understood.
    Unsettled,
    /// 77: refused.
    Refused,
    /// 78: bad configuration or policy.
    BadConfig,
}

impl Exit {
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Unsettled => 75,
            Self::Refused => 77,
            Self::BadConfig => 78,
        }
    }

    /// The exit for a code that came over the control socket.
    #[must_use]
    pub fn of_code(code: u8) -> Self {
        let all = [Self::Done, Self::Usage, Self::Unsettled, Self::Refused, Self::BadConfig];
        all.into_iter().find(|exit| exit.code() == code).unwrap_or(Self::Failed)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A command that did not do what it was asked, with everything to say of it.
#[derive(Debug)]
pub struct CliError {
    /// The exit code.
    pub exit: Exit,
    /// One sentence with what to do, or rendered diagnostics.
    pub message: String,
}

impl CliError {
    /// An error with a sentence.
    pub fn new(exit: Exit, message: impl Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// What is wrong with the policies, each with its place, code and hint.
    #[must_use]
    pub fn bad_policies(diagnostics: &[Diagnostic]) -> Self {
        let text = diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        Self::new(Exit::BadConfig, format!("the policies cannot be used:\n{text}"))
    }

    /// To standard error.
    pub fn print(&self) {
        super::output::talk(format_args!("treasuryd: {}", self.message));
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::new(if error.is_refusal() { Exit::Refused } else { Exit::Failed }, error)
    }
}

impl From<SettingsError> for CliError {
    fn from(error: SettingsError) -> Self {
        let denied = matches!(error, SettingsError::Denied(_));
        Self::new(if denied { Exit::Refused } else { Exit::BadConfig }, error)
    }
}

impl From<BankError> for CliError {
    fn from(error: BankError) -> Self {
        match error {
            BankError::Refused(text) => Self::new(Exit::Refused, text),
            BankError::Unavailable(text) | BankError::UsedUp(text) | BankError::Astray(text) => {
                Self::new(Exit::Unsettled, text)
            }
        }
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Bank(error) => error.into(),
            EngineError::Store(error) => error.into(),
            EngineError::Foreign(text) => Self::new(Exit::Refused, text),
            EngineError::Objection(_) => Self::new(Exit::Failed, error),
        }
    }
}

impl From<Trouble> for CliError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(text) => BankError::Refused(text).into(),
            Trouble::Unavailable(text) => BankError::Unavailable(text).into(),
        }
    }
}

impl From<control::CallError> for CliError {
    fn from(error: control::CallError) -> Self {
        Self::new(Exit::Refused, error)
    }
}

impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Failed, error)
    }
}
