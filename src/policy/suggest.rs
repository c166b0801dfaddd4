//! The known word nearest to a misspelt one.

/// Longer words are no slip of the finger, and comparing them would only cost time.
const LONGEST_WORD: usize = 48;

/// The candidate nearest to `word`, if it is near enough to be meant: case and the kind of dash do not count, and
/// about one slip in three characters is forgiven.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = plain(word)?;
    let allowed = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, &plain(candidate)?), candidate)))
        .filter(|(slips, _)| *slips <= allowed)
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> Option<Vec<char>> {
    let characters: Vec<char> = word.chars().take(LONGEST_WORD + 1).collect();
    (characters.len() <= LONGEST_WORD).then(|| {
        let level = |character: char| if character == '-' { '_' } else { character.to_ascii_lowercase() };
        characters.into_iter().map(level).collect()
    })
}

/// Levenshtein's distance.
fn distance(left: &[char], right: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, one) in left.iter().enumerate() {
        let mut diagonal = index;
        let mut before = index + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(right) {
            let replaced = diagonal + usize::from(one != other);
            diagonal = *cell;
            *cell = replaced.min(diagonal + 1).min(before + 1);
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or(left.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let keys = ["schedule", "sweep", "max_transfer", "max_per_day", "keep"];
        for (word, expected) in [
            ("shedule", Some("schedule")),
            ("maxTransfer", Some("max_transfer")),
            ("max-per-day", Some("max_per_day")),
            ("Sweep", Some("sweep")),
            ("kep", Some("keep")),
            ("provider", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), expected, "{word}");
        }
        assert_eq!(nearest(&"k".repeat(1_000_000), keys), None);
    }
}
