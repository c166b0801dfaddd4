//! Seeded randomness for storms and for the look of ids: the same seed gives the same run. Not for secrets.

/// `SplitMix64`, small and well spread.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// True `parts` times in a million.
    pub(super) fn chance(&mut self, parts_per_million: u32) -> bool {
        self.next() % 1_000_000 < u64::from(parts_per_million)
    }

    /// A text shaped like a version 4 UUID.
    pub(super) fn uuid(&mut self) -> String {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        let versioned = (bits & !(0xf000 << 64) & !(0xc000 << 48)) | (0x4000 << 64) | (0x8000 << 48);
        let hex = format!("{versioned:032x}");
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

/// The six characters of a reference (`TRF-OUT-XXXXXX`): no two numbers below 36⁶ share theirs.
pub(super) fn reference_tail(number: u64) -> String {
    const ALPHABET: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const SPACE: u64 = 36_u64.pow(6);
    // A factor without a common divisor with 36 only reorders the space.
    let mut rest = (number % SPACE) * 1_000_003 % SPACE;
    let mut tail = String::new();
    for _ in 0..6 {
        let index = usize::try_from(rest % 36).unwrap_or_default();
        tail.push(char::from(ALPHABET[index]));
        rest /= 36;
    }
    tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_seed_gives_the_same_run_and_chances_hold() {
        let (mut one, mut two) = (Random::new(7), Random::new(7));
        assert!((0..100).all(|_| one.next() == two.next()));
        assert!(!one.chance(0) && one.chance(1_000_000));
        let hits = (0..10_000).filter(|_| one.chance(50_000)).count();
        assert!((400..600).contains(&hits), "{hits} of 10,000 at 5 %");
    }

    #[test]
    fn ids_look_like_uuids_and_references_differ() {
        let id = Random::new(1).uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]), "{id}");
        let tails: BTreeSet<_> = (0..10_000).map(reference_tail).collect();
        assert_eq!(tails.len(), 10_000);
    }
}
