//! The configuration in force, as a person would write it down; without anything secret.

use super::check::short;
use super::finding::shown;
use super::{Settings, known};
use crate::model::tame;
use crate::money::{Amount, Currency};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// One `key = value` a line, in the order of the README. Holds no key, and no password of a base URL.
#[must_use]
pub fn describe(settings: &Settings) -> String {
    let (kpay, webhooks) = (&settings.kpay, &settings.webhooks);
    let path = |path: &Path| quoted(&shown(path));
    let key_file = |file: Option<&Path>| file.map_or_else(|| "(credential or environment)".to_owned(), path);
    let resend_for = kpay.resend_for.to_std().unwrap_or_default();
    let application = kpay.application_id.as_ref().map_or_else(|| "(from KPay)".to_owned(), |id| quoted(id.as_str()));
    let mut lines = vec![
        ("configuration file", settings.file.as_deref().map_or_else(|| "(none)".to_owned(), path)),
        ("kpay.base_url", quoted(&without_user(&kpay.base_url))),
        ("kpay.allow_private_addresses", kpay.allow_private_addresses.to_string()),
        ("kpay.environment", quoted(kpay.environment.word())),
        ("kpay.api_key_file", key_file(kpay.api_key_file.as_deref())),
        ("kpay.secret_key_file", key_file(kpay.secret_key_file.as_deref())),
        ("kpay.gateway_secret_file", key_file(kpay.gateway_secret_file.as_deref())),
        ("kpay.application_id", application),
        ("kpay.requests_per_minute", kpay.requests_per_minute.to_string()),
        ("kpay.resend_for", quoted(&short(resend_for))),
        ("kpay.observe_every", quoted(&short(kpay.observe_every))),
        ("kpay.timeout", quoted(&short(kpay.timeout))),
        ("policies.path", path(&settings.policies.path)),
        ("policies.confirm_loosening", settings.policies.confirm_loosening.to_string()),
        ("state.path", path(&settings.state)),
        ("http.listen", quoted(&settings.http_listen.to_string())),
        ("webhooks.listen", webhooks.listen.map_or_else(|| "(off)".to_owned(), |listen| quoted(&listen.to_string()))),
        ("webhooks.secret_file", key_file(webhooks.secret_file.as_deref())),
        ("control.socket", path(&settings.control_socket)),
        ("limits.max_transfers_per_hour", settings.limits.max_transfers_per_hour.to_string()),
    ];
    let conservation = &settings.conservation;
    lines.push((known::MAX_PER_DAY, by_currency(&settings.limits.max_per_day)));
    lines.push(("conservation.mode", quoted(conservation.mode.word())));
    lines.push((known::FREEZE_ABOVE, by_currency(&conservation.freeze_above)));
    let times = conservation.rise_times.map_or_else(|| "(off)".to_owned(), |times| times.to_string());
    lines.push(("conservation.rise_times", times));
    lines.push((known::RISE_ABOVE, by_currency(&conservation.rise_above)));
    let names: Vec<_> = conservation.release_by.iter().map(|name| quoted(name)).collect();
    let names = if names.is_empty() { "(anybody)".to_owned() } else { format!("[{}]", names.join(", ")) };
    lines.push(("conservation.release_by", names));
    lines.push(("log.format", quoted(settings.log.word())));
    lines.into_iter().fold(String::new(), |mut text, (key, value)| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{key} = {value}");
        text
    })
}

fn by_currency(amounts: &BTreeMap<Currency, Amount>) -> String {
    let entries: Vec<_> = amounts.iter().map(|(currency, amount)| format!("{currency} = {amount}")).collect();
    if entries.is_empty() { "(none)".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

/// A URL whose `user:password@` is hidden.
fn without_user(url: &str) -> String {
    let url = tame(url, 200);
    let (scheme, rest) = url.split_once("://").map_or(("", url.as_str()), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://[redacted]@{}", &rest[at + 1..]),
        None => url,
    }
}
