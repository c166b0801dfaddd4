//! The one table of what `treasuryd.toml` may hold: every key, the shape of its value, and its default.

/// The shape of a value in the file. In the environment and in flags everything is text, read by the same rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Switch,
    /// An amount: a whole number, or a string such as `"50 000 000"`. Never a float.
    Amount,
    /// A list of people's names; as text, with commas between them.
    Names,
}

/// One key.
#[derive(Debug)]
pub(super) struct Known {
    /// The section and the key, e.g. `kpay.timeout`.
    pub name: &'static str,
    /// What stands behind it.
    pub shape: Shape,
    /// As it would be written; `None` where there is none or where it depends on the surroundings.
    pub default: Option<&'static str>,
}

const fn key(name: &'static str, shape: Shape, default: Option<&'static str>) -> Known {
    Known { name, shape, default }
}

/// A table whose keys are currencies.
pub(super) const MAX_PER_DAY: &str = "limits.max_per_day";
/// Another.
pub(super) const FREEZE_ABOVE: &str = "conservation.freeze_above";
/// A third.
pub(super) const RISE_ABOVE: &str = "conservation.rise_above";
/// All tables whose keys are currencies.
pub(super) const BY_CURRENCY: [&str; 3] = [MAX_PER_DAY, FREEZE_ABOVE, RISE_ABOVE];

/// Every key but the currencies of [`BY_CURRENCY`].
pub(super) const KEYS: &[Known] = &[
    key("kpay.base_url", Shape::Text, Some("https://admin.kpay.site")),
    key("kpay.allow_private_addresses", Shape::Switch, Some("false")),
    key("kpay.environment", Shape::Text, Some("sandbox")),
    key("kpay.api_key_file", Shape::Text, None),
    key("kpay.secret_key_file", Shape::Text, None),
    key("kpay.gateway_secret_file", Shape::Text, None),
    key("kpay.application_id", Shape::Text, None),
    key("kpay.requests_per_minute", Shape::Integer, Some("100")),
    key("kpay.resend_for", Shape::Text, Some("6h")),
    key("kpay.observe_every", Shape::Text, Some("60s")),
    key("kpay.timeout", Shape::Text, Some("10s")),
    key("policies.path", Shape::Text, None),
    key("policies.confirm_loosening", Shape::Switch, None),
    key("state.path", Shape::Text, None),
    key("http.listen", Shape::Text, Some("127.0.0.1:9749")),
    key("webhooks.listen", Shape::Text, None),
    key("webhooks.secret_file", Shape::Text, None),
    key("control.socket", Shape::Text, None),
    key("limits.max_transfers_per_hour", Shape::Integer, Some("100")),
    key("conservation.mode", Shape::Text, Some("warn")),
    key("conservation.rise_times", Shape::Integer, None),
    key("conservation.release_by", Shape::Names, None),
    key("log.format", Shape::Text, Some("text")),
];

/// The names of all sections.
pub(super) const SECTIONS: &[&str] =
    &["kpay", "policies", "state", "http", "webhooks", "control", "limits", "conservation", "log"];

/// The table and the currency that a key names, in whatever letters.
pub(super) fn by_currency(name: &str) -> Option<(&'static str, &str)> {
    BY_CURRENCY.into_iter().find_map(|table| Some((table, name.strip_prefix(table)?.strip_prefix('.')?)))
}

/// The shape of a key; `None` where there is no such key.
pub(super) fn shape(name: &str) -> Option<Shape> {
    if by_currency(name).is_some_and(|(_, code)| !code.is_empty() && !code.contains('.')) {
        return Some(Shape::Amount);
    }
    KEYS.iter().find(|known| known.name == name).map(|known| known.shape)
}

/// What to do about a section that is not known.
pub(super) fn section_hint(name: &str) -> String {
    let listed = || format!("the sections are {}", SECTIONS.join(", "));
    let near = super::nearest::nearest(name, SECTIONS.iter().copied()).map(|near| format!("did you mean [{near}]?"));
    let key = KEYS.iter().find(|known| known.name.ends_with(&format!(".{name}")));
    near.or_else(|| key.map(|known| format!("did you mean `{}`?", known.name))).unwrap_or_else(listed)
}

/// What to do about a key that is not known: the nearest one that is.
pub(super) fn hint(name: &str) -> String {
    let names = KEYS.iter().map(|known| known.name).chain(BY_CURRENCY);
    let last = |full: &'static str| full.rsplit_once('.').map_or(full, |(_, last)| last);
    let wanted = name.rsplit_once('.').map_or(name, |(_, last)| last);
    // The right key in the wrong section is the commonest slip after a misspelling.
    if let Some(elsewhere) = names.clone().find(|full| last(full) == wanted) {
        return format!("did you mean `{elsewhere}`?");
    }
    if let Some(longer) = names.clone().find(|full| full.starts_with(name)) {
        return format!("did you mean `{longer}`?");
    }
    super::nearest::nearest(name, names)
        .map_or_else(|| "see the list of keys in the README".to_owned(), |near| format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_belongs_to_a_listed_section_and_every_section_has_a_key() {
        for known in KEYS {
            let section = known.name.split_once('.').unwrap().0;
            assert!(SECTIONS.contains(&section), "{} stands in no section", known.name);
        }
        for section in SECTIONS {
            assert!(KEYS.iter().any(|known| known.name.split_once('.').unwrap().0 == *section), "[{section}] is empty");
        }
    }

    #[test]
    fn an_unknown_key_is_met_with_the_nearest_known_one() {
        for (wrong, right) in [
            ("kpay.time_out", "did you mean `kpay.timeout`?"),
            ("kpay.api_key", "did you mean `kpay.api_key_file`?"),
            ("http.timeout", "did you mean `kpay.timeout`?"),
            ("limits.max_per_dai", "did you mean `limits.max_per_day`?"),
            ("kpay.zzzzzzzzzzzzzzz", "see the list of keys in the README"),
        ] {
            assert_eq!(hint(wrong), right, "{wrong}");
        }
    }
}
