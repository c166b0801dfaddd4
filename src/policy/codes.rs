//! Every code that a finding in a policy file may have. Codes are for programs and stay; each is explained in
//! docs/diagnostics.md, and each is met by a wrong file in tests/data/policies/wrong.

/// In alphabetical order.
pub const CODES: &[&str] = &[
    "amount-and-reason",
    "approval-unused",
    "bad-amount",
    "bad-approver",
    "bad-approvers",
    "bad-date",
    "bad-days",
    "bad-duration",
    "bad-except",
    "bad-instant",
    "bad-mode",
    "bad-name",
    "bad-pair",
    "bad-percent",
    "bad-phone",
    "bad-priority",
    "bad-provider",
    "bad-rate",
    "bad-reason",
    "bad-reference",
    "bad-schedule",
    "bad-time",
    "bad-timezone",
    "bad-version",
    "beneficiary-unused",
    "canary-too-small",
    "complex-key",
    "cycle",
    "direct-payout",
    "duplicate-approver",
    "duplicate-holiday",
    "duplicate-key",
    "duplicate-lane",
    "duplicate-name",
    "duplicate-pair",
    "duplicate-source",
    "duplicate-test",
    "empty-file",
    "empty-list",
    "empty-map",
    "empty-value",
    "empty-zone",
    "fixed-never-fits",
    "from-after-until",
    "fx-not-allowed",
    "holiday-unused",
    "keep-over-above",
    "lane-shared",
    "limit-too-small",
    "limit-unused",
    "max-transfer-over-kpay",
    "min-over-max",
    "missing-currency",
    "missing-key",
    "missing-rate",
    "mixed-currencies",
    "money-shared",
    "multiple-documents",
    "never-open",
    "no-peg",
    "no-policies",
    "not-sendable",
    "phone-mismatch",
    "reference-unused",
    "reserve-over-keep",
    "reserve-over-level",
    "reserve-twice",
    "round-over-max",
    "same-wallet",
    "sample-number",
    "shadowed",
    "to-under-below",
    "tolerance-too-wide",
    "too-few-approvers",
    "too-few-weights",
    "too-often",
    "two-kinds",
    "two-portions",
    "unknown-beneficiary",
    "unknown-country",
    "unknown-currency",
    "unknown-key",
    "unknown-lane",
    "unknown-provider",
    "unknown-zone",
    "wave-suspended",
    "weights-not-whole",
    "wrong-currency",
    "wrong-type",
    "yaml-alias",
    "yaml-nesting",
    "yaml-syntax",
    "yaml-tab",
    "yaml-tag",
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn literals(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && name != "tests" {
                literals(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs")
                && !["tests.rs", "codes.rs", "soundness.rs"].contains(&name.as_str())
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                found.extend(code.split('"').filter(|word| is_like_a_code(word)).map(str::to_owned));
            }
        }
    }

    /// Two words or more, kebab-case.
    fn is_like_a_code(word: &str) -> bool {
        let small = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
        word.contains('-') && word.split('-').all(small)
    }

    #[test]
    fn the_table_has_every_code_of_the_sources_once_and_in_order() {
        assert!(CODES.is_sorted_by(|left, right| left < right));
        let mut found = BTreeSet::new();
        for folder in ["src/policy/read", "src/policy/lint"] {
            literals(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
        }
        let known: BTreeSet<String> =
            CODES.iter().map(|code| (*code).to_owned()).filter(|code| code.contains('-')).collect();
        found.remove("consolidate-cemac"); // a name that a hint proposes
        assert_eq!(found, known, "the left stand in the sources, the right in the table");
    }
}
