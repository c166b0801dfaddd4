//! One transfer, decided as KPay's pages say: checked, then booked on both sides or refused for one reason.

use super::journal::RefusedTransfer;
use super::random::reference_tail;
use super::settings::{AppliedRate, CheckOrder, ConflictBody, FailedIds, Rounding, SandboxSettings, ShortStatus};
use super::{
    AppliedTransfer, Mode,
    clock::Instant,
    reply,
    reply::Reply,
    world::{Moved, World},
};
use crate::kpay::wire::TransferRequest;
use crate::money::{Amount, Country, Currency, Rate};
use rust_decimal::{Decimal, RoundingStrategy};

/// The documented bounds, in the source's currency.
const SMALLEST: i64 = 100;
const LARGEST: i64 = 10_000_000;

/// A transfer as it came in.
pub(super) struct Order<'a> {
    pub(super) mode: Mode,
    pub(super) body: &'a [u8],
    /// Number of the request.
    pub(super) request: u64,
    pub(super) now: Instant,
}

/// What a fault changes about how it is applied.
#[derive(Default, Clone, Copy)]
pub(super) struct Terms {
    /// Instead of the table's.
    pub(super) rate: Option<Rate>,
    /// Of the amount, on top, as a fraction (0.01 = 1 %).
    pub(super) fee: Option<Decimal>,
}

/// Why a transfer is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    Invalid(Vec<String>),
    ForeignApplication,
    SameCountry,
    Unsupported(String),
    OutOfRange,
    NoWallet(Country),
    NoRate(Currency, Currency),
    Short,
    Conflict,
}

/// A request that is well-formed: what is left to ask are the books.
pub(super) struct Checked {
    request: TransferRequest,
    from: (Country, Currency),
    to: (Country, Currency),
    amount: Amount,
}

impl World {
    /// Decides one transfer and books it or writes down why not.
    pub(super) fn transfer(&mut self, order: &Order<'_>, terms: Terms) -> Result<AppliedTransfer, Refusal> {
        let request = read(order.body);
        let external_id = request.as_ref().ok().and_then(|request| request.external_id.clone());
        let decided = request.and_then(|request| self.decide(order, terms, request));
        match &decided {
            Ok(applied) => self.note_applied(order, applied),
            Err(refusal) => self.note_refused(order, refusal, external_id),
        }
        decided
    }

    fn decide(
        &mut self,
        order: &Order<'_>,
        terms: Terms,
        request: TransferRequest,
    ) -> Result<AppliedTransfer, Refusal> {
        let checked = check(request, &self.settings)?;
        if self.ledger.wallet(order.mode, checked.from.0).is_none() {
            return Err(Refusal::NoWallet(checked.from.0));
        }
        let fee = fee_of(checked.amount, terms)?;
        match self.settings.order {
            CheckOrder::IdFirst => {
                self.ask_id(order, &checked)?;
                self.ask_balance(order, &checked, fee)?;
            }
            CheckOrder::BalanceFirst => {
                self.ask_balance(order, &checked, fee)?;
                self.ask_id(order, &checked)?;
            }
        }
        let rate = self.rate_for(order, &checked, terms)?;
        self.book(order, checked, rate, fee)
    }

    fn ask_id(&mut self, order: &Order<'_>, checked: &Checked) -> Result<(), Refusal> {
        let Some(id) = &checked.request.external_id else { return Ok(()) };
        let key = (order.mode, id.clone());
        let used = self.is_used(&key, order.now);
        if self.pending_conflict(Moved::Transfer, key) || used { Err(Refusal::Conflict) } else { Ok(()) }
    }

    fn ask_balance(&self, order: &Order<'_>, checked: &Checked, fee: Amount) -> Result<(), Refusal> {
        let wallet = self.ledger.wallet(order.mode, checked.from.0).ok_or(Refusal::NoWallet(checked.from.0))?;
        let enough = wallet.available().and_then(|available| Ok(checked.amount.checked_add(fee)? <= available));
        if enough.unwrap_or(false) { Ok(()) } else { Err(Refusal::Short) }
    }

    fn rate_for(&mut self, order: &Order<'_>, checked: &Checked, terms: Terms) -> Result<Rate, Refusal> {
        let pair = (checked.from.1, checked.to.1);
        if pair.0 == pair.1 {
            return Ok(Rate::ONE);
        }
        let rate = match (terms.rate, self.settings.applied_rate) {
            (Some(moved), _) => Some(moved),
            (None, AppliedRate::Cached) => self.rates.cached(pair, order.now),
            (None, AppliedRate::Live) => self.rates.live(pair),
        };
        rate.ok_or(Refusal::NoRate(pair.0, pair.1))
    }

    fn book(
        &mut self,
        order: &Order<'_>,
        checked: Checked,
        rate: Rate,
        fee: Amount,
    ) -> Result<AppliedTransfer, Refusal> {
        let credited = credit(checked.amount, rate, checked.to.1, self.settings.rounding)?;
        let number = u64::try_from(self.ledger.transfers().len()).unwrap_or(u64::MAX).saturating_add(1);
        let tail = reference_tail(number);
        let entry = AppliedTransfer {
            number,
            request: order.request,
            environment: order.mode,
            id: self.random.uuid(),
            credit_id: self.random.uuid(),
            source_reference: format!("TRF-OUT-{tail}"),
            destination_reference: format!("TRF-IN-{tail}"),
            external_id: checked.request.external_id,
            from: checked.from.0,
            to: checked.to.0,
            amount: checked.amount,
            currency: checked.from.1,
            credited,
            credited_currency: checked.to.1,
            rate,
            fee,
            description: checked.request.description,
            at: order.now,
        };
        self.ledger.book(entry).cloned().map_err(|error| Refusal::Invalid(vec![error.to_string()]))
    }

    fn note_applied(&mut self, order: &Order<'_>, applied: &AppliedTransfer) {
        self.log.amend(order.request, |record| record.applied = Some(applied.number));
        if let Some(id) = &applied.external_id {
            self.use_id((order.mode, id.clone()), order.now);
        }
    }

    fn note_refused(&mut self, order: &Order<'_>, refusal: &Refusal, external_id: Option<String>) {
        let burns = !matches!(refusal, Refusal::Conflict | Refusal::ForeignApplication);
        if let Some(id) = &external_id
            && burns
            && self.settings.failed_ids == FailedIds::Burned
        {
            self.use_id((order.mode, id.clone()), order.now);
        }
        self.log.refuse(RefusedTransfer {
            request: order.request,
            at: order.now,
            environment: order.mode,
            external_id,
            reason: refusal.word().to_owned(),
        });
    }
}

/// Reads a body as strictly as KPay's validation does: the amount is a JSON number, never a string.
pub(super) fn read(body: &[u8]) -> Result<TransferRequest, Refusal> {
    let invalid = |message: String| Refusal::Invalid(vec![message]);
    let value: serde_json::Value = serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))?;
    if !value.get("amount").is_some_and(serde_json::Value::is_number) {
        return Err(invalid("amount must be a number conforming to the specified constraints".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| invalid(error.to_string()))
}

/// Id, wallet and amount of a body.
pub(super) fn to_hold(body: &[u8]) -> Option<(String, Country, Amount)> {
    let request = read(body).ok()?;
    Some((request.external_id?, request.source_country.parse().ok()?, Amount::new(request.amount.0)))
}

fn check(request: TransferRequest, settings: &SandboxSettings) -> Result<Checked, Refusal> {
    if request.application_id != settings.application_id {
        return Err(Refusal::ForeignApplication);
    }
    let from = supported(&request.source_country)?;
    let to = supported(&request.destination_country)?;
    if from.0 == to.0 {
        return Err(Refusal::SameCountry);
    }
    let amount = Amount::new(request.amount.0);
    if amount < Amount::whole(SMALLEST) || amount > Amount::whole(LARGEST) {
        return Err(Refusal::OutOfRange);
    }
    if request.external_id.as_deref() == Some("") {
        return Err(Refusal::Invalid(vec!["externalId should not be empty".to_owned()]));
    }
    Ok(Checked { request, from, to, amount })
}

fn supported(code: &str) -> Result<(Country, Currency), Refusal> {
    let country = code.parse::<Country>().ok();
    country
        .and_then(|country| Some((country, country.currency()?)))
        .ok_or_else(|| Refusal::Unsupported(code.chars().take(16).collect()))
}

fn fee_of(amount: Amount, terms: Terms) -> Result<Amount, Refusal> {
    let Some(fraction) = terms.fee else { return Ok(Amount::ZERO) };
    amount.checked_mul(fraction).map_err(|error| Refusal::Invalid(vec![error.to_string()]))
}

/// What the destination gets.
fn credit(amount: Amount, rate: Rate, currency: Currency, rounding: Rounding) -> Result<Amount, Refusal> {
    let exact = amount.checked_mul(rate.decimal()).map_err(|error| Refusal::Invalid(vec![error.to_string()]))?;
    let strategy = match rounding {
        Rounding::Exact => return Ok(exact),
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        Rounding::Floor => RoundingStrategy::ToZero,
    };
    Ok(Amount::new(exact.decimal().round_dp_with_strategy(currency.decimals_sent(), strategy)))
}

impl Refusal {
    /// For the log.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::ForeignApplication => "foreign_application",
            Self::SameCountry => "same_country",
            Self::Unsupported(_) => "unsupported_country",
            Self::OutOfRange => "out_of_range",
            Self::NoWallet(_) => "no_wallet",
            Self::NoRate(..) => "no_rate",
            Self::Short => "short",
            Self::Conflict => "conflict",
        }
    }

    pub(super) fn reply(&self, settings: &SandboxSettings) -> Reply {
        match self {
            Self::Invalid(messages) => Reply::errors(400, messages),
            Self::ForeignApplication => Reply::error(403, "This application does not belong to you"),
            Self::SameCountry => Reply::error(400, "Source and destination countries must be different"),
            Self::Unsupported(code) => Reply::error(400, &format!("Unsupported country: {code}")),
            Self::OutOfRange => Reply::errors(400, &[format!("amount must be between {SMALLEST} and {LARGEST}")]),
            Self::NoWallet(country) => Reply::error(404, &format!("No wallet found for country {country}")),
            Self::NoRate(from, to) => Reply::error(400, &format!("No exchange rate available from {from} to {to}")),
            Self::Short => match settings.short_status {
                ShortStatus::BadRequest => Reply::error(400, "Insufficient balance"),
                ShortStatus::Unprocessable => Reply::error(422, "Insufficient balance"),
            },
            Self::Conflict => conflict(settings.conflict_body, "transfer"),
        }
    }
}

/// The 409 as set, about a `transfer` or a `withdrawal`.
pub(super) fn conflict(body: ConflictBody, what: &str) -> Reply {
    let message = format!("A {what} with this externalId already exists");
    match body {
        ConflictBody::Empty => Reply::new(409, reply::JSON, ""),
        ConflictBody::Envelope => Reply::error(409, &message),
        ConflictBody::Text => Reply::new(409, reply::TEXT, message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_exact_unless_a_rounding_is_set() {
        let cases = [
            ("47500", "1.0150", Currency::XOF, Rounding::Exact, "48212.5"),
            ("100000", "1.0153", Currency::XOF, Rounding::Exact, "101530"),
            ("47500", "1.0150", Currency::XOF, Rounding::HalfUp, "48213"),
            ("47500", "1.0150", Currency::XOF, Rounding::HalfEven, "48212"),
            ("47500", "1.0150", Currency::XOF, Rounding::Floor, "48212"),
            ("1001", "0.2155", Currency::KES, Rounding::HalfUp, "215.72"),
            ("1001", "0.2155", Currency::KES, Rounding::Floor, "215.71"),
        ];
        for (amount, rate, currency, rounding, expected) in cases {
            let got = credit(amount.parse().unwrap(), rate.parse().unwrap(), currency, rounding).unwrap();
            assert_eq!(got.to_string(), expected, "{amount} at {rate} {rounding:?}");
        }
    }

    #[test]
    fn bodies_are_read_strictly() {
        let body = |amount: &str, id: &str| {
            format!(
                r#"{{"applicationId":"a","sourceCountry":"GAB","destinationCountry":"CMR","amount":{amount},"externalId":{id}}}"#
            )
        };
        assert_eq!(read(body("30000.50", "\"x\"").as_bytes()).unwrap().amount.0.to_string(), "30000.50");
        for (amount, id) in
            [("\"30000\"", "\"x\""), ("null", "\"x\""), ("1e5", "\"x\""), ("30000", "7"), ("NaN", "\"x\"")]
        {
            assert!(read(body(amount, id).as_bytes()).is_err(), "{amount} {id}");
        }
        for wrong in ["", "{}", "[]", "null", "{\"amount\":5}", "{\"amount\":1,\"amount\":2}"] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
