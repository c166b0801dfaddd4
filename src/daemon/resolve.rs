//! What people do to intents and pauses: an operator's finding, pause and resume. Everything is in the journal.

use super::doors::BankError;
use super::engine::{Engine, EngineError};
use super::follow::is_followed;
use super::view::TransferView;
use crate::intent::{AppliedFacts, Event, Finding, Outcome, PausedWhat, Tracked};
use crate::model::{Environment, ExternalId, Kind, tame};
use crate::money::{Amount, Money, Rate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// An operator's finding as it was typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRequest {
    /// Which intent.
    pub external_id: String,
    /// Whether the money moved.
    pub applied: bool,
    /// How much left the source; needed where no amount of ours is proven.
    pub amount: Option<Amount>,
    /// The applied rate.
    pub rate: Option<Rate>,
    /// What arrived.
    pub credited: Option<Amount>,
    /// What KPay kept of a payout, in the source's currency.
    #[serde(default)]
    pub fee: Option<Amount>,
    /// KPay's reference.
    pub reference: Option<String>,
    /// Who looked.
    pub by: String,
    /// What they saw.
    pub note: String,
}

/// Why a person's wish was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum WishError {
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Something is missing in the wish.
    #[error("{0}")]
    Incomplete(String),
    /// It may not be done as things stand.
    #[error("{0}")]
    Refused(String),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// KPay is waited for so long, where an empty journal has to be opened first.
const WAITS_FOR_KPAY: Duration = Duration::from_secs(5);
/// An attempt under way is waited for so long before a finding on the same source is refused.
const WAITS_FOR_ATTEMPT: Duration = Duration::from_secs(12);

impl Engine {
    /// Records a finding.
    ///
    /// # Errors
    /// [`WishError`]; nothing was written then.
    pub async fn resolve(&self, wish: &FindingRequest) -> Result<TransferView, WishError> {
        let external_id = ExternalId::from_text(&wish.external_id);
        let found = self.find(&external_id)?;
        let source = found.intent.lane.from;
        let deadline = tokio::time::Instant::now() + WAITS_FOR_ATTEMPT;
        let _busy = loop {
            if let Some(busy) = self.occupy(source) {
                break busy;
            }
            if tokio::time::Instant::now() > deadline {
                let text = format!("an attempt out of {source} is under way; try again in a few seconds");
                return Err(WishError::Refused(text));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        self.resolve_alone(&external_id, wish).await
    }

    pub(super) fn find(&self, external_id: &ExternalId) -> Result<Tracked, WishError> {
        let shown = tame(external_id.as_str(), 60);
        self.store
            .find(external_id)
            .map_err(EngineError::from)?
            .ok_or_else(|| WishError::NotFound(format!("there is no transfer {shown}; see `treasuryd transfers list`")))
    }

    async fn resolve_alone(&self, external_id: &ExternalId, wish: &FindingRequest) -> Result<TransferView, WishError> {
        let mut tracked = self.find(external_id)?;
        let mut events = Vec::new();
        if is_followed(&tracked) {
            let called = self.is_astray(&tracked).await;
            events.push(called.map_err(|why| WishError::Refused(format!("{external_id}: {why}")))?);
            tracked.outcome = Outcome::NeedsOperator;
        }
        let finding = finding(&tracked, wish)?;
        events.push(Event::Resolved {
            external_id: external_id.clone(),
            by: named(&wish.by),
            note: tame(&wish.note, 400),
            finding,
        });
        let changed = self.append(events).await.map_err(EngineError::from)?;
        Ok(TransferView::from(changed.last().unwrap_or(&tracked)))
    }

    /// Pauses everything or one policy.
    ///
    /// # Errors
    /// [`WishError`].
    pub async fn pause(&self, policy: Option<String>, by: Option<String>) -> Result<String, WishError> {
        let said = policy.as_ref().map_or("everything is paused".to_owned(), |name| format!("policy {name} is paused"));
        let what = self.paused_what(policy)?;
        let paused = Event::Paused { what, by: by.as_deref().map(named), note: String::new() };
        if self.store.with_state(|state| state.identity.is_some()) {
            self.append(vec![paused]).await.map_err(EngineError::from)?;
        } else {
            // In force at once; the journal's first record needs KPay's word on whose money it is.
            self.world().pauses_to_record.push(paused);
            let claimed = tokio::time::timeout(WAITS_FOR_KPAY, self.identity()).await;
            match claimed {
                Ok(Ok(_)) => {}
                Ok(Err(error @ (EngineError::Store(_) | EngineError::Foreign(_)))) => return Err(error.into()),
                // The daemon itself holds still from here on; a command that ends would leave nothing behind.
                _ if self.is_daemon() => {
                    return Ok(format!("{said} in the running daemon; the journal has it once KPay has answered"));
                }
                Ok(Err(error)) => return Err(error.into()),
                Err(_) => {
                    let text =
                        "the journal is empty, and KPay did not say in time whose money it is; nothing was paused";
                    return Err(WishError::Engine(BankError::Unavailable(text.to_owned()).into()));
                }
            }
        }
        Ok(format!("{said}: nothing is sent or sent again until `treasuryd resume`; reading goes on"))
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// [`WishError`].
    pub async fn resume(&self, policy: Option<String>, by: Option<String>) -> Result<String, WishError> {
        if self.rules.environment == Environment::Production && by.is_none() {
            let text = "in production a resume needs a name: `treasuryd resume --by NAME`";
            return Err(WishError::Incomplete(text.to_owned()));
        }
        let said = policy.as_ref().map_or("everything goes on".to_owned(), |name| format!("policy {name} goes on"));
        let is_all = policy.is_none();
        let what = self.paused_what(policy)?;
        self.claimed().await?;
        self.world()
            .pauses_to_record
            .retain(|paused| !matches!(paused, Event::Paused { what: paused, .. } if *paused == what));
        self.append(vec![Event::Resumed { what, by: by.as_deref().map(named) }]).await.map_err(EngineError::from)?;
        let still = self.store.with_state(|state| state.standing.paused.clone());
        if is_all && !still.is_empty() {
            let names: Vec<_> = still.into_iter().collect();
            return Ok(format!("{said}, except for policies paused by name: {}", names.join(", ")));
        }
        Ok(format!("{said} with the next slot"))
    }

    /// The journal's first record says whose money it is: an empty one asks KPay before anything is written.
    async fn claimed(&self) -> Result<(), EngineError> {
        if self.store.with_state(|state| state.identity.is_none()) {
            self.identity().await?;
        }
        Ok(())
    }

    fn paused_what(&self, policy: Option<String>) -> Result<PausedWhat, WishError> {
        let Some(name) = policy else { return Ok(PausedWhat::Everything) };
        let known = self.policies().is_some_and(|set| set.get(&name).is_some());
        let was_paused = self.store.with_state(|state| state.standing.paused.contains(&name));
        if known || was_paused {
            return Ok(PausedWhat::Policy(name));
        }
        let names: Vec<String> = self
            .policies()
            .map(|set| set.policies.iter().map(|policy| policy.name.clone()).collect())
            .unwrap_or_default();
        // A wrong name on the command line is wrong usage, here as for `plan --policy`.
        Err(WishError::Incomplete(format!(
            "there is no policy `{}`; there are: {}",
            tame(&name, 60),
            if names.is_empty() { "none".to_owned() } else { names.join(", ") }
        )))
    }
}

/// A name as it is kept: whoever reads the journal later has a terminal, too.
fn named(by: &str) -> String {
    tame(by, 80)
}

fn finding(tracked: &Tracked, wish: &FindingRequest) -> Result<Finding, WishError> {
    let refuse = |text: &str| Err(WishError::Refused(format!("{}: {text}", tracked.intent.external_id)));
    match tracked.outcome {
        Outcome::Unknown | Outcome::NeedsOperator => {}
        Outcome::Applied if tracked.rate_is_pending() && wish.applied => return complete_rate(tracked, wish),
        Outcome::Sending => return refuse("an attempt is under way; try again in a few seconds"),
        Outcome::AwaitingApproval => {
            return refuse("it waits for approval and was never attempted; `treasuryd reject` ends it");
        }
        Outcome::Planned => {
            return refuse("it was never attempted, so there is nothing to find; pause its policy to stop it");
        }
        Outcome::Applied if tracked.rate_is_pending() => {
            return refuse("it is applied already; only its rate and what arrived can be told, with --applied");
        }
        Outcome::Applied => return refuse("it is applied already, and its books are complete"),
        Outcome::Rejected | Outcome::Cancelled => return refuse("it is closed already, and a slot is never reopened"),
    }
    if !wish.applied {
        return Ok(Finding::NotApplied);
    }
    let amount = match wish.amount {
        Some(amount) if amount.is_positive() => amount,
        Some(_) => return Err(WishError::Incomplete("--amount must be above zero".to_owned())),
        None if tracked.amount_is_ours => tracked.intent.amount,
        None => {
            return Err(WishError::Incomplete(
                "nothing proves which amount moved under this id: say it with --amount, as KPay shows it".to_owned(),
            ));
        }
    };
    let lane = tracked.intent.lane;
    let same = !lane.crosses_currencies();
    if same && wish.rate.is_some_and(|rate| rate != Rate::ONE) {
        return Err(WishError::Incomplete("within one currency the rate is 1; leave --rate out".to_owned()));
    }
    // Only of a payout within one currency is there something to say of what arrived that is no matter of a rate.
    let is_alone = wish.rate.is_some() != wish.credited.is_some();
    if is_alone && !(same && tracked.intent.kind == Kind::Payout) {
        let text =
            "--rate and --credited go together, as KPay shows them; within one currency a transfer arrives whole";
        return Err(WishError::Incomplete(text.to_owned()));
    }
    let fee = fee(tracked, wish, amount)?;
    arrives_about(tracked, wish, amount)?;
    // A transfer within one currency arrives whole; of a payout KPay keeps a fee.
    let arrives_whole = same && tracked.intent.kind == Kind::Transfer;
    let credited = wish.credited.or(arrives_whole.then_some(amount));
    Ok(Finding::Applied(AppliedFacts {
        amount,
        kpay_id: None,
        source_reference: wish.reference.as_deref().map(|reference| tame(reference, 80)),
        destination_reference: None,
        exchange_rate: wish.rate.or(same.then_some(Rate::ONE)),
        credited: credited.map(|amount| Money { amount, currency: lane.to.currency }),
        fee,
    }))
}

/// What KPay kept, as a person found it: of payouts only, out of the amount.
fn fee(tracked: &Tracked, wish: &FindingRequest, amount: Amount) -> Result<Option<Money>, WishError> {
    let Some(fee) = wish.fee else { return Ok(None) };
    let refuse = |text: &str| Err(WishError::Incomplete(text.to_owned()));
    if tracked.intent.kind == Kind::Transfer {
        return refuse("KPay keeps no fee of a transfer between wallets; leave --fee out");
    }
    if fee < Amount::ZERO || fee >= amount {
        return refuse("--fee must be zero or more, and less than the amount it is taken out of");
    }
    Ok(Some(Money { amount: fee, currency: tracked.intent.currency() }))
}

/// A finding is final, so that a slip of the finger must not become the books: something arrived; within one currency all of a
/// transfer, and of a payout half or more of what left, with the fee no more than that; across currencies from half to twice of
/// what the rate makes of it. Fees and rounding come nowhere near.
fn arrives_about(tracked: &Tracked, wish: &FindingRequest, amount: Amount) -> Result<(), WishError> {
    let Some(credited) = wish.credited else { return Ok(()) };
    let refuse = |text: String| Err(WishError::Incomplete(text));
    if !credited.is_positive() {
        let otherwise = "; if nothing arrived and all of it is back, say --not-applied";
        let otherwise = if tracked.outcome == Outcome::Applied { "" } else { otherwise };
        return refuse(format!("--credited must be above zero{otherwise}"));
    }
    if !tracked.intent.lane.crosses_currencies() {
        return arrives_within(tracked.intent.kind, wish.fee.unwrap_or(Amount::ZERO), amount, credited).or_else(refuse);
    }
    let Some(rate) = wish.rate else { return Ok(()) };
    let product = amount.decimal().checked_mul(rate.decimal());
    let times = product.and_then(|product| credited.decimal().checked_div(product));
    if times.is_some_and(|times| times >= Decimal::new(5, 1) && times <= Decimal::TWO) {
        return Ok(());
    }
    let about = product.map_or_else(|| "far more".to_owned(), |product| product.round_dp(2).normalize().to_string());
    let lane = tracked.intent.lane;
    refuse(format!(
        "--rate and --credited do not go together: {amount} at {rate} are about {about}, far from {credited}; the rate is \
         {} for one {}; look again",
        lane.to.currency, lane.from.currency
    ))
}

fn arrives_within(kind: Kind, fee: Amount, amount: Amount, credited: Amount) -> Result<(), String> {
    if credited > amount {
        return Err(format!("{amount} left and {credited} arrived: nothing is added within one currency; look again"));
    }
    if kind == Kind::Transfer {
        return if credited == amount {
            Ok(())
        } else {
            Err(format!(
                "{amount} left and {credited} arrived: a transfer within one currency arrives whole; look again"
            ))
        };
    }
    let is_about = credited.checked_add(credited).is_ok_and(|twice| twice >= amount);
    let is_within = credited.checked_add(fee).is_ok_and(|sum| sum <= amount);
    if is_about && is_within {
        return Ok(());
    }
    let with_fee = if fee.is_positive() { format!(" beside a fee of {fee}") } else { String::new() };
    Err(format!("{amount} left and {credited} arrived{with_fee}: these do not go together; look again"))
}

fn complete_rate(tracked: &Tracked, wish: &FindingRequest) -> Result<Finding, WishError> {
    let (Some(rate), Some(credited)) = (wish.rate, wish.credited) else {
        return Err(WishError::Incomplete(
            "it is applied and only its rate is pending: give --rate and --credited, as KPay shows them".to_owned(),
        ));
    };
    let known = tracked.facts.clone();
    let amount = known.as_ref().map_or(tracked.intent.amount, |facts| facts.amount);
    if wish.amount.is_some_and(|said| said != amount) {
        return Err(WishError::Refused(format!("its amount is booked as {amount} and is not changed by a rate")));
    }
    let fee = fee(tracked, wish, amount)?;
    arrives_about(tracked, wish, amount)?;
    Ok(Finding::Applied(AppliedFacts {
        amount,
        kpay_id: known.as_ref().and_then(|facts| facts.kpay_id.clone()),
        source_reference: wish
            .reference
            .as_deref()
            .map(|reference| tame(reference, 80))
            .or_else(|| known.as_ref().and_then(|facts| facts.source_reference.clone())),
        destination_reference: known.as_ref().and_then(|facts| facts.destination_reference.clone()),
        exchange_rate: Some(rate),
        credited: Some(Money { amount: credited, currency: tracked.intent.lane.to.currency }),
        fee: fee.or_else(|| known.and_then(|facts| facts.fee)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::books::testing::{amount, at, intent, payout};

    /// What a person says of an unknown one of 50,000: amount, rate, what arrived, fee; and the words of a refusal, or the
    /// facts.
    #[test]
    fn a_finding_is_complete_and_has_no_figure_of_its_own() {
        let (same, other) = ("GAB>CMR", "CMR>SEN");
        let (payout_same, payout_other) = ("CMR>MTN_MOMO_CMR:237653456789", "CMR>ORANGE_SEN:221763456789");
        let rows = [
            (same, [None, None, None], "1 50000 -"),
            (same, [Some("1"), Some("50000"), None], "1 50000 -"),
            (same, [None, Some("50000"), None], "go together"),
            (same, [Some("1.1"), Some("50000"), None], "the rate is 1"),
            (same, [None, None, Some("0")], "leave --fee out"),
            (other, [None, None, None], "- - -"),
            (other, [Some("1.01"), Some("50500"), None], "1.01 50500 -"),
            (other, [None, Some("50500"), None], "go together"),
            (other, [Some("1.01"), None, None], "go together"),
            (payout_same, [None, None, None], "1 - -"),
            (payout_same, [None, Some("47500"), Some("2500")], "1 47500 2500 XAF"),
            (payout_same, [None, None, Some("2500")], "1 - 2500 XAF"),
            (payout_same, [None, None, Some("50000")], "less than the amount"),
            (payout_same, [None, None, Some("-1")], "zero or more"),
            (payout_other, [Some("1.01"), Some("47975"), Some("2500")], "1.01 47975 2500 XAF"),
            // A finding is final: a slip of the finger must not become the books.
            (same, [Some("1"), Some("0"), None], "--credited must be above zero"),
            (same, [Some("1"), Some("50001"), None], "nothing is added within one currency"),
            (other, [Some("1.01"), Some("-50500"), None], "--credited must be above zero"),
            (other, [Some("1.01"), Some("5050000"), None], "50000 at 1.01 are about 50500, far from 5050000"),
            (other, [Some("1.01"), Some("5050"), None], "far from 5050;"),
            (other, [Some("101"), Some("50500"), None], "far from 50500;"),
            (other, [Some("1.01"), Some("101000"), None], "1.01 101000 -"),
            (other, [Some("1.01"), Some("25250"), None], "1.01 25250 -"),
            (payout_same, [None, Some("-47500"), Some("2500")], "--credited must be above zero"),
            (payout_same, [None, Some("475000"), Some("2500")], "nothing is added within one currency"),
            (payout_same, [None, Some("50000"), Some("2500")], "50000 left and 50000 arrived beside a fee of 2500"),
            (
                payout_same,
                [None, Some("4750"), Some("2500")],
                "4750 arrived beside a fee of 2500: these do not go together",
            ),
            (payout_same, [None, Some("4750"), None], "50000 left and 4750 arrived: these do not go together"),
            (payout_same, [None, Some("47000"), Some("2500")], "1 47000 2500 XAF"),
            (same, [Some("1"), Some("5000"), None], "a transfer within one currency arrives whole"),
            (payout_other, [Some("1.01"), Some("479750"), Some("2500")], "far from 479750;"),
        ];
        for (lane, [rate, credited, fee], expected) in rows {
            let intent =
                if lane.contains(':') { payout("T", lane, "50000", None) } else { intent("T", lane, "50000", None) };
            let tracked = Tracked { outcome: Outcome::Unknown, ..Tracked::new(intent, at(1)) };
            let wish = FindingRequest {
                external_id: "T".to_owned(),
                applied: true,
                amount: None,
                rate: rate.map(|rate| rate.parse().unwrap()),
                credited: credited.map(amount),
                fee: fee.map(amount),
                reference: None,
                by: "awa".to_owned(),
                note: "seen".to_owned(),
            };
            let told = match finding(&tracked, &wish) {
                Ok(Finding::Applied(facts)) => {
                    let text = |it: Option<String>| it.unwrap_or_else(|| "-".to_owned());
                    let rate = text(facts.exchange_rate.map(|rate| rate.to_string()));
                    let credited = text(facts.credited.map(|money| money.amount.to_string()));
                    format!(
                        "{rate} {credited} {}",
                        text(facts.fee.map(|fee| format!("{} {}", fee.amount, fee.currency)))
                    )
                }
                Ok(Finding::NotApplied) => "not applied".to_owned(),
                Err(error) => error.to_string(),
            };
            assert!(told == expected || told.contains(expected), "{lane} {rate:?} {credited:?} {fee:?}: {told}");
        }
    }
}
