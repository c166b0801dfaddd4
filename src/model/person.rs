//! People by their names, as `--by` and `approval.from` write them.

/// What tells one person from another: two names with the same key are one person's. Blanks and the case of letters do
/// not count.
#[must_use]
pub fn person_key(name: &str) -> String {
    // Upper case first: `ß` and `SS` are one.
    let words: Vec<String> = name.split_whitespace().map(|word| word.to_uppercase().to_lowercase()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::person_key;

    #[test]
    fn blanks_and_case_make_nobody_else() {
        for (one, other, same) in [
            ("Awa", " awa ", true),
            ("Awa  Diop", "AWA DIOP", true),
            ("STRASSE", "straße", true),
            ("Awa", "Awa Diop", false),
            ("ΟΔΟΣ", "οδος", true),
            ("", "  ", true),
        ] {
            assert_eq!(person_key(one) == person_key(other), same, "{one:?} {other:?}");
        }
    }
}
