//! The nearest of some known names, for hints.

/// The candidate with the fewest single-character edits from `wrong`, if it is near enough to be meant.
pub(super) fn nearest<'a>(wrong: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (wrong.chars().count() / 3).max(2);
    let measured = candidates.map(|candidate| (edits(wrong, candidate), candidate));
    measured.filter(|(count, _)| *count <= allowed).min_by_key(|(count, _)| *count).map(|(_, candidate)| candidate)
}

/// Levenshtein's distance in characters.
fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (index, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_counted_and_far_names_are_not_offered() {
        for (from, to, expected) in [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("xaf", "XAF", 3)] {
            assert_eq!(edits(from, to), expected, "{from} → {to}");
        }
        let known = ["timeout", "base_url"];
        assert_eq!(nearest("timout", known.into_iter()), Some("timeout"));
        assert_eq!(nearest("colour", known.into_iter()), None);
    }
}
