//! `treasuryd explain`: the policies as sentences for sign-off, made from what was read, not from the text.

use super::exit::{CliError, Exit};
use super::{context, output};
use crate::policy::{Language, explain};
use std::path::Path;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// This policy alone
    #[arg(value_name = "POLICY")]
    policy: Option<String>,
    /// Language: en or fr
    #[arg(long, value_name = "LANGUAGE", default_value = "en")]
    lang: Language,
    /// JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Runs `explain`.
///
/// # Errors
/// 78 where configuration or policies are wrong, 2 for a policy that there is not.
pub fn run(config: Option<&Path>, args: &Args) -> Result<Exit, CliError> {
    let settings = context::settings(config)?;
    let (policies, _) = context::policies(&settings)?;
    context::known_policy(&policies, args.policy.as_deref())?;
    let explained = explain(&policies, args.policy.as_deref(), args.lang);
    if args.json {
        output::json(&explained)?;
    } else {
        output::line(&explained.render())?;
    }
    Ok(Exit::Done)
}
