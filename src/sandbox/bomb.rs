//! A small gzip body that inflates to many blanks: for callers that would unpack what they never asked for packed.

use super::reply::{JSON, Reply};

/// What one back reference repeats at most.
const LONGEST_MATCH: u64 = 258;
/// Magic, deflate, no flags, no time, no level, unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A reply whose body inflates to `mib` MiB. Its checksum is missing: whoever gets there has inflated it all.
pub(super) fn gzip(status: u16, mib: u32) -> Reply {
    let matches = u64::from(mib) * 1024 * 1024 / LONGEST_MATCH;
    let mut body = HEADER.to_vec();
    let mut bits = Bits::default();
    // Last block, fixed codes (RFC 1951, 3.2.6): one blank, then "258 bytes from 1 back" over and over, then the end.
    bits.push(&mut body, 0b011, 3);
    bits.push_code(&mut body, 0x30 + u32::from(b' '), 8);
    for _ in 0..matches {
        bits.push_code(&mut body, 0b1100_0101, 8);
        bits.push_code(&mut body, 0, 5);
    }
    bits.push_code(&mut body, 0, 7);
    bits.push(&mut body, 0, 7);
    Reply::new(status, JSON, body).with_header("Content-Encoding", "gzip".to_owned())
}

/// Bits in deflate's order: least significant first, codes from their most significant bit.
#[derive(Default)]
struct Bits {
    byte: u8,
    filled: u32,
}

impl Bits {
    fn push(&mut self, out: &mut Vec<u8>, value: u32, count: u32) {
        for index in 0..count {
            if value >> index & 1 == 1 {
                self.byte |= 1 << self.filled;
            }
            self.filled += 1;
            if self.filled == 8 {
                out.push(self.byte);
                (self.byte, self.filled) = (0, 0);
            }
        }
    }

    fn push_code(&mut self, out: &mut Vec<u8>, code: u32, count: u32) {
        self.push(out, code.reverse_bits() >> (32 - count), count);
    }
}
