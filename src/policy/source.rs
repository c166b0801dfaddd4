//! The files policies are made from, as text somebody else has read, and their hash.

use crate::model::tame;
use sha2::{Digest, Sha256};

/// The largest policy file worth reading, in bytes. Whoever reads the disk enforces it.
pub const LARGEST_FILE_BYTES: usize = 1024 * 1024;

/// One policy file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Its name, as its reader was given it.
    pub path: String,
    /// Everything in it.
    pub text: String,
}

impl SourceFile {
    /// Its name as diagnostics show it: tamed.
    #[must_use]
    pub fn shown_name(&self) -> String {
        tame(&self.path, 300)
    }

    /// A line by its 1-based number, without its end.
    #[must_use]
    pub fn line(&self, number: usize) -> Option<&str> {
        lines(&self.text).nth(number.checked_sub(1)?)
    }
}

/// The lines of a text as YAML counts them: `\n`, `\r\n` and a lone `\r` end one.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| line.strip_suffix('\r').unwrap_or(line).split('\r'))
}

/// SHA-256 (hex, lower case) over every file's name length, name, text length and text, in the order of their names. Names
/// without their folders: the same policies have the same hash wherever they lie.
/// Lengths are eight bytes, most significant first, so that no two sets of files run together into the same bytes.
#[must_use]
pub fn hash(files: &[SourceFile]) -> String {
    let name = |file: &'_ SourceFile| file.path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut in_order: Vec<(String, &str)> = files.iter().map(|file| (name(file), file.text.as_str())).collect();
    in_order.sort();
    let mut digest = Sha256::new();
    for (name, text) in in_order {
        for part in [name.as_str(), text] {
            // Unix: usize has at most 64 bits, so the fallback is never taken.
            digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            digest.update(part);
        }
    }
    format!("{:x}", digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> Vec<SourceFile> {
        pairs.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect()
    }

    #[test]
    fn lines_end_as_in_yaml() {
        let file = SourceFile { path: String::new(), text: "a\r\nb\n\nc\rd".into() };
        let all: Vec<Option<&str>> = (0..=6).map(|number| file.line(number)).collect();
        assert_eq!(all, [None, Some("a"), Some("b"), Some(""), Some("c"), Some("d"), None]);
    }

    #[test]
    fn the_hash_depends_on_names_and_texts_and_nothing_else() {
        let one = hash(&files(&[("a.yaml", "x"), ("b.yaml", "y")]));
        assert_eq!(one, hash(&files(&[("b.yaml", "y"), ("a.yaml", "x")])), "the order given does not matter");
        for other in [&[("a.yaml", "xb"), (".yaml", "y")][..], &[("a.yaml", "y"), ("b.yaml", "x")], &[("a.yaml", "x")]]
        {
            assert_ne!(one, hash(&files(other)), "{other:?}");
        }
        // sha256sum of the 18 bytes spelled out: eight of length, the name, eight of length, the text.
        let expected = Sha256::digest(b"\0\0\0\0\0\0\0\x01a\0\0\0\0\0\0\0\x01x");
        assert_eq!(hash(&files(&[("a", "x")])), format!("{expected:x}"));
        assert_eq!(hash(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
