//! What a browser sends when one of the page's two buttons is pressed.

use reqwest::Url;

/// Which button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Act {
    Confirm,
    Cancel,
    #[default]
    Neither,
}

/// The fields as they were filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Filled {
    pub(super) act: Act,
    pub(super) provider: String,
    pub(super) phone: String,
}

/// The longest field that is kept.
const LONGEST: usize = 64;

impl Filled {
    /// Reads `application/x-www-form-urlencoded`; of a field that is there twice the last counts.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut filled = Self::default();
        // A form is written like a query, and read by the same rules.
        let Ok(mut url) = Url::parse("form:/") else { return filled };
        url.set_query(Some(&String::from_utf8_lossy(body)));
        for (name, value) in url.query_pairs() {
            let value: String = value.chars().take(LONGEST).collect();
            match name.as_ref() {
                "act" => {
                    filled.act = match value.as_str() {
                        "confirm" => Act::Confirm,
                        "cancel" => Act::Cancel,
                        _ => Act::Neither,
                    }
                }
                "provider" => filled.provider = value,
                "phone" => filled.phone = value,
                _ => {}
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_read_as_browsers_write_them() {
        let check = |body: &[u8], act: Act, provider: &str, phone: &str| {
            let expected = Filled { act, provider: provider.to_owned(), phone: phone.to_owned() };
            assert_eq!(Filled::read(body), expected, "{}", String::from_utf8_lossy(body));
        };
        check(b"provider=MTN_MOMO_CMR&phone=%2B237+653+45&act=confirm", Act::Confirm, "MTN_MOMO_CMR", "+237 653 45");
        check(b"act=cancel&provider=&phone=", Act::Cancel, "", "");
        check(b"act=confirm&act=cancel", Act::Cancel, "", "");
        check(b"phone=a%23b%26c", Act::Neither, "", "a#b&c");
        check(b"phone=a#b", Act::Neither, "", "a#b");
        check(b"phone=%ff%00&act=no", Act::Neither, "", "\u{fffd}\0");
        check(b"", Act::Neither, "", "");
        check(b"\xff\xfe=1&&&=", Act::Neither, "", "");
        check(format!("phone={}", "1".repeat(100)).as_bytes(), Act::Neither, "", &"1".repeat(64));
    }
}
