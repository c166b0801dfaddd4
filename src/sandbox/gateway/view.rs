//! The page as HTML. The template decides nothing and escapes every text.

use super::form::Filled;
use crate::money::Country;
use crate::sandbox::AcceptedWithdrawal;
use crate::sandbox::clock::Instant;
use crate::sandbox::handlers::APPLICATION_NAME;
use crate::sandbox::withdrawal::Choice;
use askama::Template;

#[derive(Template)]
#[template(path = "gateway.html")]
struct Page<'a> {
    nonce: &'a str,
    title: &'a str,
    /// A sentence under the title, where there is no form.
    text: &'a str,
    form: Option<Form<'a>>,
}

struct Form<'a> {
    merchant: &'a str,
    description: Option<&'a str>,
    reference: &'a str,
    external_id: Option<&'a str>,
    amount: String,
    fee: String,
    net: String,
    currency: String,
    expires: String,
    countries: Vec<Operators>,
    phone: &'a str,
    error: Option<&'a str>,
}

/// The operators of one country.
struct Operators {
    country: Country,
    choices: Vec<Offer>,
}

struct Offer {
    code: &'static str,
    label: String,
    chosen: bool,
    closed: bool,
}

/// The page to fill in.
pub(super) fn form(
    entry: &AcceptedWithdrawal,
    expires: Instant,
    choices: Vec<Choice>,
    filled: &Filled,
    error: Option<&str>,
    nonce: &str,
) -> askama::Result<String> {
    let mut countries: Vec<Operators> = Vec::new();
    for choice in choices {
        if countries.last().is_none_or(|last| last.country != choice.country) {
            countries.push(Operators { country: choice.country, choices: Vec::new() });
        }
        let chosen = filled.provider == choice.code;
        let option = Offer { code: choice.code, label: label(choice.code), chosen, closed: !choice.takes_payouts };
        if let Some(last) = countries.last_mut() {
            last.choices.push(option);
        }
    }
    let form = Form {
        merchant: APPLICATION_NAME,
        description: entry.description.as_deref(),
        reference: &entry.reference,
        external_id: entry.external_id.as_deref(),
        amount: entry.amount.grouped(),
        fee: entry.fee.grouped(),
        net: entry.net.grouped(),
        currency: entry.currency.to_string(),
        expires: expires.format("%H:%M UTC").to_string(),
        countries,
        phone: &filled.phone,
        error,
    };
    Page { nonce, title: "Receive a payout", text: "", form: Some(form) }.render()
}

/// A page that only says something.
pub(super) fn notice(title: &str, text: &str, nonce: &str) -> askama::Result<String> {
    Page { nonce, title, text, form: None }.render()
}

/// `MTN MOMO` of `MTN_MOMO_CMR`: the country stands above it.
fn label(code: &str) -> String {
    code.rsplit_once('_').map_or(code, |(name, _)| name).replace('_', " ")
}
