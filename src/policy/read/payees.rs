//! Who is paid: an operator's code with a phone number, and the names that `beneficiaries` gives to such pairs.

use super::tree::{Node, Value};
use crate::model::{Beneficiary, PayeeError, Phone, Provider};
use crate::money::Country;
use crate::policy::findings::{Findings, Place, one_of, quoted};
use crate::policy::keys::{BENEFICIARY, LONGEST_NAME};
use crate::policy::suggest::nearest;
use std::cell::Cell;
use std::collections::BTreeMap;

/// Everybody named under `beneficiaries`, over all files.
#[derive(Debug, Default)]
pub struct Book(BTreeMap<String, Known>);

/// One name.
#[derive(Debug)]
struct Known {
    /// `None` where the pair is wrong, which was reported.
    who: Option<Beneficiary>,
    /// By the file's place among the files.
    file: usize,
    place: Place,
    /// The place as messages show it.
    shown: String,
    /// Whether a policy pays them.
    used: Cell<bool>,
}

impl Book {
    /// Reads the names of one more file; one that is known already is an error.
    pub fn gather(&mut self, file: usize, root: &Node, findings: &mut Findings) {
        let Value::Map(entries) = &root.value else { return };
        let Some(entry) = entries.iter().find(|entry| entry.key == "beneficiaries") else { return };
        // Without a value, which the walk over the file reports.
        if entry.node.is_empty_value() {
            return;
        }
        for entry in findings.entries(&entry.node, "`beneficiaries`").unwrap_or_default() {
            let who = findings.beneficiary(&entry.node);
            let (name, place) = (&entry.key, entry.place);
            if !is_name(name) {
                let message = format!("{} is not a beneficiary's name", quoted(name));
                let hint = format!("kebab-case, a letter first, at most {LONGEST_NAME} characters: landlord");
                findings.error(place, "bad-name", message, hint);
                continue;
            }
            if let Some(first) = self.0.get(name) {
                let message = format!("a beneficiary is already called {}", quoted(name));
                let hint = format!("it is at {}; names are unique over all files", first.shown);
                findings.error(place, "duplicate-name", message, hint);
                continue;
            }
            let shown = format!("{}:{}:{}", findings.file(), place.line, place.column);
            self.0.insert(name.clone(), Known { who, file, place, shown, used: Cell::new(false) });
        }
    }

    /// Who a policy pays by that name; a stranger is an error, with the nearest name.
    pub fn named(&self, findings: &mut Findings, name: &str, place: Place) -> Option<Beneficiary> {
        if let Some(known) = self.0.get(name) {
            known.used.set(true);
            return known.who;
        }
        let names = || self.0.keys().map(String::as_str);
        let hint = match nearest(name, names()) {
            Some(meant) => format!("did you mean {}?", quoted(meant)),
            None if self.0.is_empty() || name.contains(':') => {
                "write to: { provider: MTN_MOMO_CMR, phone: \"237653456789\" }, or a name of `beneficiaries`".to_owned()
            }
            None => format!("the beneficiaries are {}", one_of(names().take(12))),
        };
        findings.error(place, "unknown-beneficiary", format!("nobody is called {}", quoted(name)), hint);
        None
    }

    /// Who has that name, without more.
    pub fn get(&self, name: &str) -> Option<Beneficiary> {
        self.0.get(name)?.who
    }

    /// Warns of the names of a file that no policy pays.
    pub fn warn_unused(&self, file: usize, findings: &mut Findings) {
        for (name, known) in self.0.iter().filter(|(_, known)| known.file == file && !known.used.get()) {
            let message = format!("no policy pays the beneficiary {}", quoted(name));
            findings.warning(known.place, "beneficiary-unused", message, "take it out, or name it in a payout's `to`");
        }
    }
}

impl Findings {
    /// `{ provider: …, phone: … }`: each right by itself, and the two of one country.
    pub fn beneficiary(&mut self, node: &Node) -> Option<Beneficiary> {
        let fields = self.fields(node, &BENEFICIARY)?;
        let mut text = |name: &'static str| {
            let field = fields.get(name)?;
            Some((self.text(field.node, &format!("`{name}`"))?, field.node.place))
        };
        let (provider, phone) = (text("provider"), text("phone"));
        let provider = provider.and_then(|(text, place)| Some((self.payee(text.parse::<Provider>(), place)?, place)));
        let phone = phone.and_then(|(text, place)| Some((self.payee(text.parse::<Phone>(), place)?, place)));
        let ((provider, provider_at), (phone, phone_at)) = (provider?, phone?);
        let who = self.payee(Beneficiary::new(provider, phone), phone_at)?;
        self.look_at(who, provider_at, phone_at);
        Some(who)
    }

    fn payee<T>(&mut self, read: Result<T, PayeeError>, place: Place) -> Option<T> {
        let error = match read {
            Ok(found) => return Some(found),
            Err(error) => error,
        };
        let (code, hint) = match &error {
            PayeeError::Provider(text) => ("bad-provider", provider_like(text)),
            PayeeError::Country(_) => ("bad-provider", "look the code up in KPay's list of operators".to_owned()),
            PayeeError::Phone(_) => ("bad-phone", "digits only, the country's code first, in quotes".to_owned()),
            PayeeError::Mismatch { .. } => (
                "phone-mismatch",
                "write a number of that country, or the operator that the number belongs to".to_owned(),
            ),
        };
        self.error(place, code, error.to_string(), hint);
        None
    }

    /// What is allowed and probably not meant.
    fn look_at(&mut self, who: Beneficiary, provider_at: Place, phone_at: Place) {
        let provider = who.provider;
        if provider.is_wave() {
            let message = format!("KPay has suspended Wave, so {provider} takes no payouts");
            let hint = "nothing moves until KPay lists it as open; name another operator, or switch the policy off";
            self.warning(provider_at, "wave-suspended", message, hint);
        } else if !provider.is_known() {
            let message = format!("{provider} is not in KPay's list of operators");
            self.warning(provider_at, "unknown-provider", message, provider_like(provider.code()));
        }
        if who.is_a_sample_of_kpays() {
            let message =
                format!("{} is the number of KPay's own samples, and not one of {}", who.phone, provider.country());
            let hint = "write the receiver's own number; KPay's sandbox takes this one";
            self.warning(phone_at, "sample-number", message, hint);
        }
    }
}

fn is_name(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit());
    text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.split('-').all(word)
}

/// The operator that was probably meant, else those of the country.
fn provider_like(text: &str) -> String {
    let all: Vec<Provider> = Provider::catalogue().collect();
    let country = text.rsplit('_').next().and_then(|word| word.parse::<Country>().ok());
    let there: Vec<&str> = all.iter().filter(|it| Some(it.country()) == country).map(Provider::code).collect();
    if let Some(meant) = nearest(text, all.iter().map(Provider::code)) {
        return format!("did you mean {meant}?");
    }
    match (country, there.is_empty()) {
        (Some(country), false) => format!("KPay's operators in {country} are {}", there.join(", ")),
        _ => "look the code up in KPay's list of operators; its country stands at its end".to_owned(),
    }
}
