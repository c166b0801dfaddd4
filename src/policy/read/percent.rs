//! Percentages. A share of money is never a bare number: `50` is neither 50 % nor 0.5 by itself.

use super::tree::Node;
use crate::money::Percent;
use crate::policy::findings::{Findings, Place, quoted};

impl Findings {
    /// A percentage as written: digits, perhaps a point and decimals, and the sign.
    pub fn percent(&mut self, node: &Node, what: &str) -> Option<Percent> {
        let text = self.text(node, what)?;
        match text.parse() {
            Ok(percent) if !has_needless_zero(text) => Some(percent),
            _ => {
                let message = format!("{what} must be a percentage, not {}", quoted(text));
                self.error(node.place, "bad-percent", message, hint(text));
                None
            }
        }
    }

    /// A percentage of a whole: above 0 % and at most 100 %.
    pub fn share(&mut self, node: &Node, what: &str) -> Option<Percent> {
        let percent = self.percent(node, what)?;
        if percent > Percent::ZERO && percent <= Percent::HUNDRED {
            return Some(percent);
        }
        self.out_of_range(node.place, what, percent, "write more than 0% and at most 100%");
        None
    }

    pub fn out_of_range(&mut self, place: Place, what: &str, percent: Percent, hint: &str) {
        self.error(place, "bad-percent", format!("{what} of {percent} is out of range"), hint);
    }
}

/// `05`, which some programs read as octal.
pub fn has_needless_zero(text: &str) -> bool {
    text.strip_prefix('0').is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
}

/// What somebody most likely meant.
fn hint(text: &str) -> String {
    let is_number = |text: &str| format!("{text}%").parse::<Percent>().is_ok() && !has_needless_zero(text);
    let lower = text.to_ascii_lowercase();
    let digits = ["%", "percent", "pct", "p.c."].iter().find_map(|word| lower.strip_suffix(word));
    let number = digits.unwrap_or(&lower).trim_matches(' ').replace(',', ".");
    if !is_number(&number) {
        return "write digits and the sign, with a point before decimals: 5%, 1.5%".to_owned();
    }
    if digits.is_none() && number.starts_with("0.") {
        return format!("a percentage carries its sign: {number}% if that is meant; one half is 50%");
    }
    format!("write {number}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_percentage_is_met_with_what_was_meant() {
        for (text, expected) in [
            ("50", "write 50%"),
            ("0.5", "a percentage carries its sign: 0.5% if that is meant; one half is 50%"),
            ("50 %", "write 50%"),
            ("1,5%", "write 1.5%"),
            ("1,5", "write 1.5%"),
            ("50 percent", "write 50%"),
            ("5pct", "write 5%"),
            ("half", "write digits and the sign, with a point before decimals: 5%, 1.5%"),
            ("05%", "write digits and the sign, with a point before decimals: 5%, 1.5%"),
            ("-5%", "write digits and the sign, with a point before decimals: 5%, 1.5%"),
            ("%", "write digits and the sign, with a point before decimals: 5%, 1.5%"),
        ] {
            assert_eq!(hint(text), expected, "{text}");
        }
    }
}
