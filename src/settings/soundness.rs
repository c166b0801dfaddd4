//! What must hold whatever a configuration says: one entry for the fuzz target (`fuzz/`) and for the property tests.
//!
//! Not part of the program: it is there for tests and fuzzing only.

use super::{Settings, Surroundings, load_text};
use crate::model::Environment;
use crate::policy::Diagnostic;
use crate::policy::soundness::hold;
use chrono::TimeDelta;
use std::path::PathBuf;
use std::time::Duration;

/// Between the file, the environment's variables and the flags of one input. TOML allows it nowhere.
const NEXT_LAYER: char = '\u{c}';

/// Reads any bytes as a file, then lines `NAME=VALUE` of the environment, then lines `key=value` of flags.
///
/// # Errors
/// What does not hold.
pub fn examine(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let mut layers = text.split(NEXT_LAYER);
    let file = layers.next().unwrap_or_default();
    let pairs = |layer: Option<&str>| -> Vec<(String, String)> {
        let pairs = layer.unwrap_or_default().lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let (variables, flags) = (pairs(layers.next()), pairs(layers.next()));
    // Nothing is there, so that nothing on this machine decides.
    let nowhere = PathBuf::from("/nowhere/at/all");
    let surroundings = Surroundings::new(variables.into_iter().collect(), nowhere.clone());
    let lines = file.split('\n').count();
    match load_text(Some((nowhere.join("treasuryd.toml"), file.to_owned())), &flags, &surroundings) {
        Ok(settings) => {
            sound(&settings)?;
            settings.warnings.iter().try_for_each(|warning| tame_and_in_place(warning, lines))?;
            match settings.warnings.iter().find(|warning| warning.is_error()) {
                Some(error) => Err(format!("an error among the warnings: {error}")),
                None => Ok(()),
            }
        }
        Err(error) => {
            let found = error.diagnostics();
            hold(found.iter().any(Diagnostic::is_error), || format!("refused without an error: {found:?}"))?;
            found.iter().try_for_each(|finding| tame_and_in_place(finding, lines))
        }
    }
}

fn tame_and_in_place(finding: &Diagnostic, lines: usize) -> Result<(), String> {
    for text in [&finding.message, &finding.hint, &finding.file] {
        let is_tame = !text.is_empty() && !text.chars().any(char::is_control) && text.chars().count() <= 2_000;
        hold(is_tame, || format!("no tame line: {finding:?}"))?;
    }
    hold(finding.line <= lines, || format!("no such line: {finding:?}"))
}

/// What the program relies on.
fn sound(settings: &Settings) -> Result<(), String> {
    let kpay = &settings.kpay;
    hold(kpay.requests_per_minute >= 1, || "no request at all".to_owned())?;
    let second = Duration::from_secs(1);
    let observe = second..=Duration::from_hours(1);
    hold(observe.contains(&kpay.observe_every), || format!("observed every {:?}", kpay.observe_every))?;
    let timeout = second..=Duration::from_mins(2);
    hold(timeout.contains(&kpay.timeout), || format!("a time-out of {:?}", kpay.timeout))?;
    hold(kpay.resend_for >= TimeDelta::zero(), || format!("asked again for {}", kpay.resend_for))?;
    hold(settings.http_listen.ip().is_loopback(), || format!("the page on {}", settings.http_listen))?;
    let webhooks = settings.webhooks.listen.is_none_or(|address| address.ip().is_loopback());
    hold(webhooks, || format!("webhooks on {:?}", settings.webhooks.listen))?;
    let caps = &settings.limits.max_per_day;
    hold(caps.values().all(|cap| cap.is_positive()), || format!("caps of {caps:?}"))?;
    let is_production = kpay.environment == Environment::Production;
    hold(!is_production || !caps.is_empty(), || "production without a cap".to_owned())
}
