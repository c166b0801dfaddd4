//! Withdrawals: asked for, reserved, followed by the sandbox's clock, and over. The beneficiary's number decides how.
//!
//! A withdrawal of the other environment plays the part of another application's: 403.

mod entry;
mod operator;
mod page;
mod reply;
mod serve;

pub use entry::{AcceptedWithdrawal, PayoutStatus};
pub use operator::OperatorStatus;

pub(super) use entry::Named;
pub(super) use page::{Choice, NotPaid};
pub(super) use serve::{availability, platform_info, predict, withdraw, withdrawal};

use super::clock::{Instant, millis};
use super::random::reference_tail;
use super::reply::Reply;
use super::settings::{AppliedRate, CheckOrder};
use super::transfer::{Order, conflict};
use super::{
    RefusedTransfer, SandboxSettings,
    world::{Moved, World},
};
use crate::kpay::wire::WithdrawRequest;
use crate::money::{Amount, Country, Currency, Rate};
use entry::Page;
use operator::{Operator, Outcome};
use reqwest::Url;
use rust_decimal::{Decimal, RoundingStrategy};

/// The documented bounds, in the source's currency.
const SMALLEST: i64 = 100;
const LARGEST: i64 = 500_000;
/// How long a hosted page can be filled in, in minutes.
const PAGE_MINUTES: i64 = 15;
/// Whose wallet a hosted page debits where the request names none.
const HOME: Country = Country::CMR;

/// What a fault changes about how one is taken in.
#[derive(Default, Clone, Copy)]
pub(super) struct PayoutTerms {
    /// Instead of the table's.
    pub(super) rate: Option<Rate>,
    /// Instead of 5 %, as a fraction.
    pub(super) fee: Option<Decimal>,
}

/// Why a withdrawal is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PayoutRefusal {
    Invalid(String),
    NoWallet(String),
    NoRate(Currency, Currency),
    Closed(String),
    Short,
    Conflict,
}

impl PayoutRefusal {
    fn word(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid",
            Self::NoWallet(_) => "no_wallet",
            Self::NoRate(..) => "no_rate",
            Self::Closed(_) => "operator_closed",
            Self::Short => "short",
            Self::Conflict => "conflict",
        }
    }

    pub(super) fn reply(&self, settings: &SandboxSettings) -> Reply {
        match self {
            Self::Invalid(message) => Reply::errors(400, std::slice::from_ref(message)),
            Self::NoWallet(country) => Reply::error(404, &format!("No wallet found for country {country}")),
            Self::NoRate(from, to) => Reply::error(400, &format!("No exchange rate available from {from} to {to}")),
            Self::Closed(code) => Reply::error(500, &format!("{code} is currently unavailable")),
            Self::Short => Reply::error(422, "Insufficient balance"),
            Self::Conflict => conflict(settings.conflict_body, "withdrawal"),
        }
    }
}

/// Who gets it.
enum Payee {
    Named(Operator, String),
    /// Whoever fills in the hosted page: where it sends them afterwards, and where when they give up.
    Page {
        return_url: Url,
        cancel_url: Option<Url>,
    },
}

impl Payee {
    fn operator(&self) -> Option<&Operator> {
        match self {
            Self::Named(operator, _) => Some(operator),
            Self::Page { .. } => None,
        }
    }
}

/// A request that is well-formed.
struct Asked {
    request: WithdrawRequest,
    amount: Amount,
    to: Payee,
    source: Country,
    currency: Currency,
}

fn invalid<T>(message: &str) -> Result<T, PayoutRefusal> {
    Err(PayoutRefusal::Invalid(message.to_owned()))
}

/// Reads a body as strictly as KPay's validation does: the amount is a JSON number, never a string.
fn read(body: &[u8]) -> Result<WithdrawRequest, PayoutRefusal> {
    let unread = |error: serde_json::Error| PayoutRefusal::Invalid(error.to_string());
    let value: serde_json::Value = serde_json::from_slice(body).map_err(unread)?;
    if !value.get("amount").is_some_and(serde_json::Value::is_number) {
        return invalid("amount must be a number conforming to the specified constraints");
    }
    serde_json::from_slice(body).map_err(unread)
}

/// The externalId of a body, where it can be read.
pub(super) fn external_id(body: &[u8]) -> Option<String> {
    read(body).ok()?.external_id
}

/// An address that a browser can be sent to.
fn web_address(text: &str, field: &str) -> Result<Url, PayoutRefusal> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| PayoutRefusal::Invalid(format!("{field} must be a URL address")))
}

/// Id, wallet and amount of a well-formed body.
pub(super) fn to_hold(body: &[u8]) -> Option<(String, Country, Amount)> {
    let asked = read(body).and_then(check).ok()?;
    Some((asked.request.external_id?, asked.source, asked.amount))
}

fn payee(request: &WithdrawRequest) -> Result<Payee, PayoutRefusal> {
    let hosted = request.return_url.is_some() || request.cancel_url.is_some();
    match (&request.provider, &request.phone_number) {
        (None, None) => {
            let Some(return_url) = &request.return_url else {
                return invalid("returnUrl is required without phoneNumber");
            };
            let cancel_url = request.cancel_url.as_deref().map(|text| web_address(text, "cancelUrl")).transpose()?;
            Ok(Payee::Page { return_url: web_address(return_url, "returnUrl")?, cancel_url })
        }
        (Some(_), Some(_)) if hosted => invalid("phoneNumber and returnUrl cannot be used together"),
        (Some(code), Some(phone)) => {
            let Some(operator) = Operator::read(code) else { return invalid("provider is not a known operator") };
            if !operator::is_phone(phone) {
                return invalid("phoneNumber must be in international format");
            }
            Ok(Payee::Named(operator, phone.clone()))
        }
        (None, Some(_)) => invalid("provider is required with phoneNumber"),
        (Some(_), None) => invalid("phoneNumber is required with provider"),
    }
}

fn check(request: WithdrawRequest) -> Result<Asked, PayoutRefusal> {
    let to = payee(&request)?;
    if request.external_id.as_deref() == Some("") {
        return invalid("externalId should not be empty");
    }
    let amount = Amount::new(request.amount.0);
    if amount < Amount::whole(SMALLEST) || amount > Amount::whole(LARGEST) {
        return invalid(&format!("amount must be between {SMALLEST} and {LARGEST}"));
    }
    let home = to.operator().map_or(HOME, |operator| operator.country);
    let named = request.source_country.clone().unwrap_or_else(|| home.to_string());
    let nobody = || PayoutRefusal::NoWallet(named.chars().take(16).collect());
    let source: Country = named.parse().map_err(|_| nobody())?;
    let currency = source.currency().ok_or_else(nobody)?;
    let decimals = to.operator().map_or(currency.decimals_sent(), |operator| operator.decimals(currency));
    if amount.decimal().normalize().scale() > decimals {
        return invalid(&format!("amount must have at most {decimals} decimals"));
    }
    Ok(Asked { request, amount, to, source, currency })
}

impl World {
    /// Decides one withdrawal: reserves its amount, or writes down why not.
    pub(super) fn withdraw(
        &mut self,
        order: &Order<'_>,
        terms: PayoutTerms,
    ) -> Result<AcceptedWithdrawal, PayoutRefusal> {
        let decided = read(order.body).and_then(check).and_then(|asked| self.take_in(order, terms, asked));
        if let Err(refusal) = &decided {
            self.log.refuse(RefusedTransfer {
                request: order.request,
                at: order.now,
                environment: order.mode,
                external_id: external_id(order.body),
                reason: refusal.word().to_owned(),
            });
        }
        decided
    }

    fn take_in(
        &mut self,
        order: &Order<'_>,
        terms: PayoutTerms,
        asked: Asked,
    ) -> Result<AcceptedWithdrawal, PayoutRefusal> {
        if let Some(operator) = asked.to.operator()
            && self.operator_status(&operator.code) == OperatorStatus::Closed
        {
            return Err(PayoutRefusal::Closed(operator.code.clone()));
        }
        let wallet = self.ledger.wallet(order.mode, asked.source);
        let available = wallet.map(|wallet| wallet.available().unwrap_or_default());
        let available = available.ok_or_else(|| PayoutRefusal::NoWallet(asked.source.to_string()))?;
        let is_short = asked.amount > available;
        if is_short && self.settings.order == CheckOrder::BalanceFirst {
            return Err(PayoutRefusal::Short);
        }
        let id = asked.request.external_id.as_deref();
        let is_pending = id.is_some_and(|id| self.pending_conflict(Moved::Withdrawal, (order.mode, id.to_owned())));
        if is_pending || self.payout_id_is_used(order, id) {
            return Err(PayoutRefusal::Conflict);
        }
        if is_short {
            return Err(PayoutRefusal::Short);
        }
        let entry = self.entry(order, terms, asked)?;
        let full = |_| PayoutRefusal::Short;
        self.ledger.accept(entry.clone()).map_err(full)?;
        Ok(entry)
    }

    /// Whether an id belongs to a withdrawal that is under way or completed; one older than the horizon is forgotten.
    pub(super) fn payout_id_is_used(&self, order: &Order<'_>, id: Option<&str>) -> bool {
        let Some(id) = id else { return false };
        let forgotten =
            |at: Instant| self.settings.forget_ids_after.is_some_and(|after| order.now >= at + millis(after));
        self.ledger.withdrawals().iter().any(|entry| {
            entry.environment == order.mode
                && entry.external_id.as_deref() == Some(id)
                && !entry.status.is_returned()
                && !forgotten(entry.at)
        })
    }

    fn entry(
        &mut self,
        order: &Order<'_>,
        terms: PayoutTerms,
        asked: Asked,
    ) -> Result<AcceptedWithdrawal, PayoutRefusal> {
        let outgrown = |error: crate::money::MoneyError| PayoutRefusal::Invalid(error.to_string());
        let fraction = terms.fee.unwrap_or(Decimal::new(5, 2));
        let fee = asked.amount.checked_mul(fraction).map_err(outgrown)?.round_down_for(asked.currency);
        let net = asked.amount.checked_sub(fee).map_err(outgrown)?;
        let payout_currency = asked.to.operator().map_or(asked.currency, |operator| operator.currency);
        let (rate, payout_amount) = self.converted(net, (asked.currency, payout_currency), terms, order.now)?;
        let number = u64::try_from(self.ledger.withdrawals().len()).unwrap_or(u64::MAX).saturating_add(1);
        let tail = reference_tail(number);
        let mut unguessable = || self.random.uuid().replace('-', "");
        let (provider, phone, page) = match asked.to {
            Payee::Named(operator, phone) => (Some(operator.code), Some(phone), None),
            Payee::Page { return_url, cancel_url } => {
                let token = format!("gw_{}", unguessable());
                let expires = order.now + chrono::TimeDelta::minutes(PAGE_MINUTES);
                (None, None, Some(Page { token, expires, return_url, cancel_url }))
            }
        };
        let hosted = page.is_some();
        Ok(AcceptedWithdrawal {
            number,
            request: order.request,
            attempts: 0,
            environment: order.mode,
            id: format!("wdr_{}", unguessable()),
            reference: format!("KPAY-WD-{}-{tail}", order.now.format("%Y%m%d")),
            provider_reference: (!hosted).then(|| self.random.uuid()),
            external_id: asked.request.external_id,
            source: asked.source,
            amount: asked.amount,
            fee,
            net,
            currency: asked.currency,
            payout_amount,
            payout_currency,
            rate,
            provider,
            phone,
            status: PayoutStatus::Pending,
            failure_reason: None,
            description: asked.request.description,
            metadata: asked.request.metadata,
            page,
            at: order.now,
            handed_over: (!hosted).then_some(order.now),
            ended: None,
        })
    }

    /// What is left of an amount in the operator's currency: two decimals, as in the seed's own sample.
    fn converted(
        &mut self,
        net: Amount,
        pair: (Currency, Currency),
        terms: PayoutTerms,
        now: Instant,
    ) -> Result<(Rate, Amount), PayoutRefusal> {
        if pair.0 == pair.1 {
            return Ok((Rate::ONE, net));
        }
        let table = match self.settings.applied_rate {
            AppliedRate::Cached => self.rates.cached(pair, now),
            AppliedRate::Live => self.rates.live(pair),
        };
        let rate = terms.rate.or(table).ok_or(PayoutRefusal::NoRate(pair.0, pair.1))?;
        let exact = net.checked_mul(rate.decimal()).map_err(|error| PayoutRefusal::Invalid(error.to_string()))?;
        let cents = exact.decimal().round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        Ok((rate, Amount::new(cents).normalized()))
    }

    /// What is set of an operator; operational where nothing is.
    pub(super) fn operator_status(&self, code: &str) -> OperatorStatus {
        self.settings.operators.get(code).copied().unwrap_or_default()
    }

    /// Ends the withdrawal under way with an id, completed or failed for `reason`.
    pub(super) fn end_payout(&mut self, external_id: &str, reason: Option<&str>, now: Instant) -> bool {
        let entries = self.ledger.withdrawals();
        let open =
            |entry: &AcceptedWithdrawal| entry.external_id.as_deref() == Some(external_id) && !entry.status.is_end();
        let Some(index) = entries.iter().position(open) else { return false };
        let end = if reason.is_some() { PayoutStatus::Failed } else { PayoutStatus::Completed };
        self.move_payout(index, end, reason, now);
        true
    }

    /// Moves one on and, at its end, tells whoever listens.
    fn move_payout(&mut self, index: usize, to: PayoutStatus, reason: Option<&str>, now: Instant) {
        self.ledger.move_withdrawal(index, to, reason, now);
        self.tell_of_payout(index, now);
    }

    /// All withdrawals, each with how often its id was asked for.
    pub(super) fn payouts_with_attempts(&self) -> Vec<AcceptedWithdrawal> {
        let mut entries = self.ledger.withdrawals().to_vec();
        for entry in &mut entries {
            let key = entry.external_id.clone().map(|id| (entry.environment, id));
            entry.attempts = key.and_then(|key| self.withdraw_attempts.get(&key).copied()).unwrap_or_default();
        }
        entries
    }

    /// Moves every withdrawal to where it stands now.
    pub(super) fn follow_payouts(&mut self, now: Instant) {
        let processing = millis(self.settings.payout_processing_after);
        let over = millis(self.settings.payout_ends_after);
        for index in 0..self.ledger.withdrawals().len() {
            let entry = &self.ledger.withdrawals()[index];
            if entry.status.is_end() {
                continue;
            }
            let (end, reason) = match (entry.handed_over, &entry.phone, &entry.page) {
                (Some(since), Some(phone), _) => {
                    let (end, reason) = match operator::outcome(phone) {
                        Outcome::StaysPending => continue,
                        Outcome::Completed => (PayoutStatus::Completed, None),
                        Outcome::Failed(reason) => (PayoutStatus::Failed, Some(reason)),
                    };
                    if now < since + processing.min(over) {
                        continue;
                    }
                    if now < since + over { (PayoutStatus::Processing, None) } else { (end, reason) }
                }
                (_, _, Some(page)) if now >= page.expires => (PayoutStatus::Cancelled, Some("GATEWAY_EXPIRED")),
                _ => continue,
            };
            self.move_payout(index, end, reason, now);
        }
    }
}
