//! SHA-256 as it stands in a record: 64 lower-case hexadecimal digits, compared digit for digit.

use sha2::{Digest, Sha256};
use std::fmt;

/// A digest in its written form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; Hash::DIGITS]);

impl Hash {
    /// Digits of the written form.
    pub const DIGITS: usize = 64;

    /// What the first record names as the one before it.
    pub const ZERO: Self = Self([b'0'; Self::DIGITS]);

    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut digits = [0_u8; Self::DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(Sha256::digest(bytes)) {
            pair[0] = HEX[usize::from(byte >> 4)];
            pair[1] = HEX[usize::from(byte & 15)];
        }
        Self(digits)
    }

    /// A digest as it stands in a line; `None` unless it is 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn read(digits: &[u8]) -> Option<Self> {
        let digits: [u8; Self::DIGITS] = digits.try_into().ok()?;
        digits.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')).then_some(Self(digits))
    }

    /// The digits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.0).unwrap_or("?"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_in_lower_case_and_nothing_else_is_read() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::of(b"").to_string(), empty);
        assert_eq!(Hash::read(empty.as_bytes()), Some(Hash::of(b"")));
        for wrong in [&empty[1..], &empty.to_uppercase(), &empty.replace('e', "g"), ""] {
            assert_eq!(Hash::read(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
