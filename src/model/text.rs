//! Text that came from outside, made safe to show: one line, short, no control or direction characters.

/// `text` with everything but printable characters escaped, cut after `longest` characters.
///
/// KPay's messages, file names and anything else from outside pass through here before they reach a log, an error,
/// the journal or a page: no ANSI sequence, line break, NUL or right-to-left mark survives.
#[must_use]
pub fn tame(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == longest {
            out.push('…');
            break;
        }
        if character.is_control() || is_invisible(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    out
}

/// `a, b or c`, with the word before the last one; nothing of nothing.
#[must_use]
pub fn listed<S: AsRef<str>>(items: &[S], before_last: &str) -> String {
    match items.split_last() {
        Some((last, [])) => last.as_ref().to_owned(),
        Some((last, rest)) => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} {before_last} {}", rest.join(", "), last.as_ref())
        }
        None => String::new(),
    }
}

/// Whether an id from outside is 1 to 64 of `A-Za-z0-9_-`, so that it may stand in an address. KPay's own have about ten.
#[must_use]
pub fn is_plain_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    (1..=64).contains(&text.len()) && text.bytes().all(plain)
}

/// Separators, direction marks and other characters that move or hide the text around them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_in_its_word() {
        for (items, told) in [
            (&[][..], ""),
            (&["awa"], "awa"),
            (&["awa", "brice"], "awa or brice"),
            (&["awa", "brice", "chantal"], "awa, brice or chantal"),
        ] {
            assert_eq!(listed(items, "or"), told);
        }
    }

    #[test]
    fn an_id_that_stands_in_an_address_is_plain() {
        let (longest, too_long) = ("x".repeat(64), "x".repeat(65));
        for (text, expected) in [
            ("wdr_xyz456", true),
            ("TRD-261124170000-CMRPAY-01-JS7G03CB", true),
            (longest.as_str(), true),
            (too_long.as_str(), false),
            ("", false),
            ("../me", false),
            ("a b", false),
            ("wdr?x=1", false),
            ("é", false),
        ] {
            assert_eq!(is_plain_id(text), expected, "{text:?}");
        }
    }

    #[test]
    fn hostile_text_becomes_one_short_line() {
        assert_eq!(tame("solde insuffisant", 40), "solde insuffisant");
        assert_eq!(tame("a\r\nb\u{1b}[31m", 40), "a\\u{d}\\u{a}b\\u{1b}[31m");
        assert_eq!(tame("x\u{202e}y\u{2028}", 40), "x\\u{202e}y\\u{2028}");
        assert_eq!(tame(&"z".repeat(1_000_000), 3), "zzz…");
    }
}
