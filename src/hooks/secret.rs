//! The signature: HMAC-SHA256 over a webhook's body as it came, or over the fields of a return, with a secret that KPay and
//! we share.

use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The bytes of a signature.
pub(super) type Signature = [u8; 32];

/// The secret of KPay's webhooks or of its hosted page. Not shown by `Debug`, wiped when dropped.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// As KPay shows it, not empty.
    #[must_use]
    pub fn new(secret: SecretString) -> Self {
        Self(secret)
    }

    /// Whether `signature` is that of `body`. Compared in constant time: how long it takes tells nothing of the right one.
    pub(super) fn signed(&self, body: &[u8], signature: &Signature) -> bool {
        // HMAC takes a key of any length; were that ever to change, nothing would be believed.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose_secret().as_bytes()) else { return false };
        mac.update(body);
        mac.verify_slice(signature).is_ok()
    }
}

/// A signature as KPay writes it: 64 digits of lower-case hex, and nothing else.
pub(super) fn signature(text: &[u8]) -> Option<Signature> {
    let mut signature = Signature::default();
    if text.len() != 2 * signature.len() {
        return None;
    }
    for (byte, pair) in signature.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(signature)
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, case 2.
    const JEFE: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const ASKED: &str = "what do ya want for nothing?";

    fn check(secret: &str, body: &str, text: &str, expected: bool) {
        let signed = signature(text.as_bytes())
            .is_some_and(|signature| Secret::new(SecretString::from(secret)).signed(body.as_bytes(), &signature));
        assert_eq!(signed, expected, "secret {secret:?}, body {body:?}, signature {text:?}");
    }

    #[test]
    fn a_signature_is_that_of_the_whole_body_and_the_secret() {
        check("Jefe", ASKED, JEFE, true);
        // RFC 4231, case 1; then an empty body and a secret longer than a block, computed by another program.
        let eleven = "\u{b}".repeat(20);
        check(&eleven, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", true);
        check("k", "", "8bb990c40a7d61cb97597a942125025be50ac8beb74436e3735b98893a7f6620", true);
        let long = "a".repeat(131);
        let test = "Test Using Larger Than Block-Size Key - Hash Key First";
        check(&long, test, "d021303c2f34bf3ae541b4ec9c672691694c6f71c5c0c55781545a66115b14a7", true);
        for (secret, body, text) in [
            ("jefe", ASKED, JEFE),
            ("Jefe ", ASKED, JEFE),
            ("", ASKED, JEFE),
            ("Jefe", "what do ya want for nothing!", JEFE),
            ("Jefe", "what do ya want for nothing?\n", JEFE),
            ("Jefe", "", JEFE),
            ("Jefe", ASKED, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3842"),
            ("Jefe", ASKED, "4bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            ("Jefe", ASKED, &"0".repeat(64)),
        ] {
            check(secret, body, text, false);
        }
    }

    #[test]
    fn only_64_digits_of_lower_case_hex_are_a_signature() {
        for text in [
            "",
            &JEFE[..63],
            &JEFE[..32],
            &format!("{JEFE}0"),
            &format!(" {}", &JEFE[..63]),
            &format!("{}g", &JEFE[..63]),
            &format!("sha256={JEFE}"),
            &format!("0x{}", &JEFE[..62]),
            &JEFE.to_uppercase(),
            &"é".repeat(32),
        ] {
            assert_eq!(signature(text.as_bytes()), None, "{text:?}");
            check("Jefe", ASKED, text, false);
        }
    }

    #[test]
    fn the_secret_does_not_show_in_debug() {
        assert!(!format!("{:?}", Secret::new(SecretString::from("canary"))).contains("canary"));
    }
}
