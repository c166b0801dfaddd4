//! Signatures as KPay makes them: lower-case hex of HMAC-SHA256, over a webhook's raw body or the return from a hosted page.

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::fmt::Write as _;

/// 64 digits of hex.
pub(super) fn signed(secret: &SecretString, bytes: &[u8]) -> String {
    // HMAC takes a key of any length; were that ever to change, an empty signature fits nothing.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return String::new() };
    mac.update(bytes);
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hmac_of_the_rfc() {
        // RFC 4231, case 2.
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signed(&SecretString::from("Jefe"), b"what do ya want for nothing?"), expected);
    }
}
