//! A move that a person asks for by hand: looked at once by its key, durable before anything is sent, then carried out
//! like a policy's.

use super::doors::{Bank, BankError};
use super::draft::{Draft, Share};
use super::engine::{Engine, EngineError};
use super::follow::is_followed;
use super::operators::read_availability;
use super::preview::{Basis, read_rates};
use super::resolve::WishError;
use super::view::TransferView;
use crate::intent::{Event, Outcome, Tracked};
use crate::journal::StoreError;
use crate::kpay;
use crate::model::{
    ApprovalTerms, Availability, ExternalId, IdParts, Identity, Intent, Lane, Moment, Origin, Payee, Provider,
    Snapshot, Timestamp, WalletId, largest_payout, smallest_transfer, tame,
};
use crate::money::{Amount, Country, Currency, Rate};
use crate::plan::{Inputs, by_hand};
use crate::policy::Fx;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a person asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// From which wallet to which, or to whom outside.
    pub lane: Lane,
    /// Where KPay's hosted page leads back to; for the hosted page only, and needed there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way_back: Option<WayBack>,
    /// How much leaves the source, in its currency.
    pub amount: Amount,
    /// `[A-Za-z0-9._-]{1,64}`: the same key is the same move.
    pub key: String,
    /// Who asks, where they say so.
    pub by: Option<String>,
    /// Only say what would be sent.
    pub dry_run: bool,
}

/// Where KPay's hosted page sends the beneficiary afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayBack {
    /// After the page is filled in; an `https` address.
    pub return_url: String,
    /// After they gave up; KPay's choice where there is none.
    pub cancel_url: Option<String>,
}

/// KPay's hosted page of one withdrawal, for the one who asked for it and nobody else. Its address does not show in
/// `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostedPage {
    /// Of which withdrawal.
    pub external_id: String,
    /// Its address, on KPay's own host.
    pub url: String,
    /// Until when it works; `None` where KPay did not say.
    pub expires_at: Option<Timestamp>,
}

impl std::fmt::Debug for HostedPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostedPage").field("external_id", &self.external_id).finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// One a part, in order.
    pub transfers: Vec<TransferView>,
    /// KPay's indicative rate when it was decided; `1` within one currency.
    pub rate: Option<Rate>,
    /// Whether the key was used before, for the same amount: then nothing was sent now.
    pub earlier: bool,
    /// KPay's hosted pages that are still to be filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<HostedPage>,
}

/// After this an intent that was never attempted is cancelled, as for a policy without `catch_up`.
const EXPIRES_AFTER: TimeDelta = TimeDelta::hours(6);
/// Approvals are waited for so long where the policy says nothing.
const APPROVED_WITHIN: TimeDelta = TimeDelta::hours(24);
/// The outcome is waited for so long; then it is told as it stands.
const FOLLOWS_FOR: Duration = Duration::from_secs(20);
/// A request under way at that end is given so long before it is cut off, where a command ends with it.
const CUTS_OFF_AFTER: Duration = Duration::from_secs(6);
/// It is looked at this often.
const LOOKS_EVERY: Duration = Duration::from_millis(50);

impl MoveRequest {
    /// Whether it can be meant at all: what needs neither KPay nor the state to be seen.
    ///
    /// # Errors
    /// [`WishError::Incomplete`] with one sentence.
    pub fn check(&self) -> Result<(), WishError> {
        let Lane { from, to } = self.lane;
        let wrong = |text: String| Err(WishError::Incomplete(text));
        let is_wallet = |wallet: WalletId| WalletId::of(wallet.country) == Some(wallet) && is_known(wallet.country);
        let leads_somewhere = match to.payee {
            Some(payee) => self.lane == Lane::payout(from, payee),
            None => to.wallet().is_some_and(is_wallet),
        };
        if !is_wallet(from) || !leads_somewhere {
            return wrong(format!("{} does not lead from one of KPay's wallets to another, or to a payee", self.lane));
        }
        if to.wallet() == Some(from) {
            return wrong(format!("{from} is both ends: a transfer leads from one wallet to another"));
        }
        self.way_back_fits()?;
        let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if !(1..=64).contains(&self.key.len()) || !self.key.bytes().all(is_key) {
            let shown = tame(&self.key, 70);
            return wrong(format!("`{shown}` is no key: 1 to 64 letters, digits, `.`, `_` or `-`, e.g. rent-2026-11"));
        }
        let (amount, currency) = (self.amount, from.currency);
        if amount < smallest_transfer() {
            let smallest = smallest_transfer().grouped();
            return wrong(format!("{} {currency} is under KPay's smallest of {smallest} {currency}", amount.grouped()));
        }
        let (decimals, whose) = match to.payee {
            Some(Payee::Phone(to)) if to.provider.decimals(currency) < currency.decimals_sent() => {
                (to.provider.decimals(currency), format!("{currency} through {}", to.provider))
            }
            _ => (currency.decimals_sent(), currency.to_string()),
        };
        if amount.decimal().normalize().scale() > decimals {
            let most =
                if decimals == 0 { "whole units only".to_owned() } else { format!("at most {decimals} decimals") };
            return wrong(format!("KPay cannot be sent {amount} {currency}: {most} of {whose}"));
        }
        if to.payee == Some(Payee::Gateway) && amount > largest_payout() {
            return wrong(format!(
                "{} {currency} is over KPay's largest withdrawal of {} {currency}, and one page is one withdrawal: ask for \
                 several, each with a key of its own",
                amount.grouped(),
                largest_payout().grouped()
            ));
        }
        Ok(())
    }

    /// The hosted page has a way back, and nothing else has one.
    fn way_back_fits(&self) -> Result<(), WishError> {
        let wrong = |text: String| Err(WishError::Incomplete(text));
        let is_hosted = self.lane.to.payee == Some(Payee::Gateway);
        let Some(way_back) = self.way_back.as_ref().filter(|_| is_hosted) else {
            return match (is_hosted, &self.way_back) {
                (true, _) => wrong("the hosted page needs a way back: --return-url https://…".to_owned()),
                (false, Some(_)) => wrong("a way back is for the hosted page only (--gateway)".to_owned()),
                (false, None) => Ok(()),
            };
        };
        let named = [("--return-url", Some(&way_back.return_url)), ("--cancel-url", way_back.cancel_url.as_ref())];
        for (option, url) in named.into_iter().filter_map(|(option, url)| Some((option, url?))) {
            if !kpay::is_way_back(url) {
                let shown = tame(url, 60);
                return wrong(format!("{option} `{shown}` is no https address that the beneficiary can be sent to"));
            }
            if let Some(name) = kpay::own_parameter_of_a_return(url) {
                return wrong(format!(
                    "{option} has a parameter `{name}` of its own, and KPay's return adds one: rename it"
                ));
            }
        }
        Ok(())
    }

    /// The operator that it depends on.
    fn provider(&self) -> Option<Provider> {
        match self.lane.to.payee? {
            Payee::Phone(to) => Some(to.provider),
            Payee::Gateway => None,
        }
    }

    /// A person's slip of the pen is no operator. The catalogue changes, so what KPay lists now is as good.
    fn operator_exists(&self, availability: &Availability) -> Result<(), WishError> {
        let Some(provider) = self.provider() else { return Ok(()) };
        let listed = &availability.payouts;
        if provider.is_kpays() || listed.contains_key(&provider) || availability.unread.is_some() {
            return Ok(());
        }
        let country = provider.country();
        let all = Provider::catalogue().chain(listed.keys().copied()).filter(|one| one.country() == country);
        let all: BTreeSet<String> = all.map(|one| one.to_string()).collect();
        let all = all.into_iter().collect::<Vec<_>>().join(", ");
        Err(WishError::Incomplete(format!("{provider} is no operator of KPay's; those of {country} are {all}")))
    }

    fn id(&self, identity: &Identity, part: u8) -> ExternalId {
        ExternalId::derive(&IdParts {
            identity,
            kind: self.lane.kind(),
            source: self.lane.from.country.code(),
            destination: &self.lane.to.to_string(),
            moment: Moment::Key(&self.key),
            part,
        })
    }

    /// What the key was used for before on this lane; `None` where it is new.
    fn earlier(
        &self,
        identity: &Identity,
        find: impl Fn(&ExternalId) -> Result<Option<Tracked>, StoreError>,
    ) -> Result<Option<Moved>, WishError> {
        let find = |part| find(&self.id(identity, part)).map_err(EngineError::from);
        let Some(first) = find(1)? else { return Ok(None) };
        let mut parts = vec![first];
        for part in 2..=parts.first().map_or(1, |first| first.intent.parts) {
            parts.extend(find(part)?);
        }
        let total = parts.iter().map(|part| part.intent.amount).try_fold(Amount::ZERO, Amount::checked_add);
        if total != Ok(self.amount) {
            let currency = self.lane.from.currency;
            let before =
                total.map_or_else(|error| error.to_string(), |total| format!("{} {currency}", total.grouped()));
            return Err(WishError::Refused(format!(
                "the key {} was used over {} for {before}, and now for {} {currency}: nothing was sent; another move takes \
                 another key",
                self.key,
                self.lane,
                self.amount.grouped()
            )));
        }
        let rate = parts.first().and_then(|first| first.intent.indicative_rate);
        Ok(Some(Moved {
            transfers: parts.iter().map(TransferView::from).collect(),
            rate,
            earlier: true,
            pages: Vec::new(),
        }))
    }

    /// The intents on the present state, one a part.
    fn intents(&self, inputs: &Inputs<'_>, identity: &Identity) -> Result<Vec<Intent>, WishError> {
        self.operator_exists(inputs.availability)?;
        let granted = by_hand(inputs, self.lane, self.amount).map_err(|skip| {
            WishError::Refused(format!(
                "{}: {}; possible once: {}",
                skip.reason.word(),
                skip.detail,
                skip.would_move_if
            ))
        })?;
        if self.way_back.is_some() && granted.parts.len() > 1 {
            let largest = granted.parts.iter().max().map_or_else(String::new, |most| most.grouped());
            let currency = self.lane.from.currency;
            return Err(WishError::Refused(format!(
                "limit_reached: `max_transfer` lets {largest} {currency} go at once, and one page is one withdrawal; \
                 possible once: no more than that is asked for"
            )));
        }
        let wait = granted.approval.map(|approval| approval.within.unwrap_or(APPROVED_WITHIN));
        let terms = granted.approval.map(|approval| ApprovalTerms {
            approvers: approval.approvers,
            from: approval.from.clone(),
            amount: self.amount,
            until: inputs.clock + wait.unwrap_or(APPROVED_WITHIN),
        });
        let expires_at = inputs.now + wait.unwrap_or(EXPIRES_AFTER);
        let parts = u8::try_from(granted.parts.len()).unwrap_or(u8::MAX);
        let draft = Draft {
            inputs,
            identity,
            lane: self.lane,
            origin: Origin::Manual(self.key.clone()),
            slot: None,
            way_back: self.way_back.as_ref(),
            floor: granted.floor,
            balance_seen: granted.available,
            expires_at,
            limit_day: inputs.now.date_naive(),
            journal_before_slot: false,
            // The person saw the rate: afterwards it is told how far the applied one was off, and nothing is bounded.
            fx: &Fx::default(),
        };
        let intent = |(part, amount): (u8, &Amount)| {
            let share = Share { amount: *amount, part, parts, rate: Some(granted.rate), approval: terms.clone() };
            let description = format!("treasuryd by hand {} part {part} of {parts}", self.key);
            draft.intent(self.id(identity, part), share, &description)
        };
        let intents: Option<Vec<Intent>> = (1..=parts).zip(&granted.parts).map(intent).collect();
        intents.ok_or_else(|| WishError::Incomplete(format!("no request can be made for {}", self.lane)))
    }
}

fn is_known(country: Country) -> bool {
    Country::ALL.contains(&country)
}

/// The rate of a lane between two currencies, where KPay gives one.
async fn rates(bank: &dyn Bank, lane: Lane) -> BTreeMap<(Currency, Currency), Rate> {
    let pair = (lane.from.currency, lane.to.currency);
    read_rates(bank, lane.crosses_currencies().then_some(pair).into_iter().collect()).await.0
}

/// What would be sent: ids and amounts as they would be. Sends nothing, writes nothing.
///
/// # Errors
/// As [`Engine::request`].
pub async fn rehearse(
    bank: &dyn Bank,
    basis: &Basis<'_>,
    wish: &MoveRequest,
    find: impl Fn(&ExternalId) -> Result<Option<Tracked>, StoreError>,
) -> Result<Moved, WishError> {
    let unreadable = |error: BankError| WishError::Engine(error.into());
    let identity = basis.identity(bank).await.map_err(unreadable)?;
    if let Some(earlier) = wish.earlier(&identity, find)? {
        return Ok(earlier);
    }
    let snapshot = bank.wallets(basis.clock, &basis.policies.countries()).await.map_err(unreadable)?;
    let rates = rates(bank, wish.lane).await;
    let asks = wish.provider().is_some() && basis.availability.is_unasked();
    let read = if asks { Some(read_availability(bank).await) } else { None };
    let state = basis.with_reading(&snapshot);
    let basis = Basis { availability: read.as_ref().unwrap_or(basis.availability), state: &state, ..*basis };
    let intents = wish.intents(&basis.inputs(&snapshot, &rates, Some(&identity)), &identity)?;
    let rate = intents.first().and_then(|first| first.indicative_rate);
    let would_be = intents.into_iter().map(|intent| TransferView::from(&Tracked::new(intent, basis.clock)));
    Ok(Moved { transfers: would_be.collect(), rate, earlier: false, pages: Vec::new() })
}

impl Engine {
    /// Decides, records and carries out a move by hand, and waits a while for its end. A key that was used before is only
    /// looked up.
    ///
    /// # Errors
    /// [`WishError`]; nothing was written or sent then, but where the journal fails half-way.
    pub async fn request(&self, wish: &MoveRequest) -> Result<Moved, WishError> {
        wish.check()?;
        let find = |id: &ExternalId| self.store.find(id);
        let known = self.store.with_state(|state| state.identity.clone());
        if let Some(known) = known
            && let Some(earlier) = wish.earlier(&known, find)?
        {
            return if wish.dry_run { Ok(earlier) } else { self.with_pages(earlier).await };
        }
        let policies = self.policies().ok_or_else(|| {
            let held = self.world().held.as_ref().map(super::Held::sentence);
            WishError::Refused(
                held.unwrap_or_else(|| "no policies are in force, and moves by hand keep to them".into()),
            )
        })?;
        let identity = self.identity().await?;
        if self.has_pause_to_record() {
            return Err(WishError::Refused("paused: everything is paused; `treasuryd resume --by NAME`".to_owned()));
        }
        if let Some(trouble) = self.clock_trouble() {
            return Err(WishError::Refused(trouble));
        }
        let operators = if wish.provider().is_some() { Some(self.availability().await) } else { None };
        let availability = operators.as_deref().unwrap_or(Availability::unasked());
        if wish.dry_run {
            let state = self.store.with_state(Clone::clone);
            let before = Some(self.world().conservation.clone());
            let basis = self.basis(&state, &policies, self.decision_now(), None);
            let basis = Basis { availability, before: before.as_ref(), ..basis };
            return rehearse(&*self.bank, &basis, wish, find).await;
        }
        let snapshot = self.reading_of_all().await?;
        let rates = rates(&*self.bank, wish.lane).await;
        let ids = loop {
            if let Some(earlier) = wish.earlier(&identity, find)? {
                return Ok(earlier);
            }
            let (intents, seq) = self.store.with_state_at(|state, seq| {
                let basis = Basis { availability, ..self.basis(state, &policies, self.decision_now(), None) };
                (wish.intents(&basis.inputs(&snapshot, &rates, Some(&identity)), &identity), seq)
            });
            let intents = intents?;
            let ids: Vec<ExternalId> = intents.iter().map(|intent| intent.external_id.clone()).collect();
            if self.append_after(seq, vec![requested(wish, &snapshot, intents)]).await.map_err(EngineError::from)? {
                break ids;
            }
        };
        self.wait_for(&ids, wish.lane.from).await?;
        let moved = wish
            .earlier(&identity, find)?
            .map(|moved| Moved { earlier: false, ..moved })
            .ok_or_else(|| WishError::NotFound(format!("{} was written and is gone", wish.key)))?;
        self.with_pages(moved).await
    }

    /// With the hosted pages that are still to be filled in. Where this process does not know one any more, KPay is asked
    /// again how its withdrawal stands.
    async fn with_pages(&self, mut moved: Moved) -> Result<Moved, WishError> {
        for part in &moved.transfers {
            let id = ExternalId::from_text(&part.external_id);
            let Some(tracked) = self.store.find(&id).map_err(EngineError::from)? else { continue };
            if tracked.intent.lane.to.payee != Some(Payee::Gateway) || !is_followed(&tracked) {
                continue;
            }
            if self.bank.gateway_page(&id).is_none() {
                self.follow(&tracked).await?;
            }
            let page = self.bank.gateway_page(&id);
            moved.pages.extend(page.map(|page| HostedPage {
                external_id: part.external_id.clone(),
                url: page.url.expose_secret().to_owned(),
                expires_at: page.expires_at,
            }));
        }
        Ok(moved)
    }

    /// Does what is due for one source: for a command that waits for the end of its own move where no daemon runs.
    ///
    /// # Errors
    /// [`EngineError`], where the state cannot be read or written.
    pub async fn work_on(&self, source: WalletId) -> Result<(), EngineError> {
        self.work_off(source).await
    }

    /// Waits until nothing is left to do about some intents, or for a while. A daemon's own tasks carry out; a command does
    /// it itself.
    async fn wait_for(&self, ids: &[ExternalId], source: WalletId) -> Result<(), EngineError> {
        let end = tokio::time::Instant::now() + FOLLOWS_FOR;
        while self.is_under_way(ids)? && tokio::time::Instant::now() < end {
            if !self.is_daemon() {
                // What is cut off here is a lost reply, asked about at the next start.
                match tokio::time::timeout_at(end + CUTS_OFF_AFTER, self.work_off(source)).await {
                    Ok(done) => done?,
                    Err(_) => return Ok(()),
                }
            }
            tokio::time::sleep(LOOKS_EVERY).await;
        }
        Ok(())
    }

    /// Whether it is still for us, and soon, to do something about any of them.
    fn is_under_way(&self, ids: &[ExternalId]) -> Result<bool, EngineError> {
        for id in ids {
            let Some(tracked) = self.store.find(id)? else { continue };
            match tracked.outcome {
                Outcome::AwaitingApproval | Outcome::NeedsOperator => return Ok(false),
                // KPay has it in hand, and takes its time.
                Outcome::Sending if tracked.taken.is_some() => return Ok(false),
                Outcome::Planned | Outcome::Sending | Outcome::Unknown => return Ok(true),
                Outcome::Applied | Outcome::Rejected | Outcome::Cancelled => {}
            }
        }
        Ok(false)
    }
}

fn requested(wish: &MoveRequest, snapshot: &Snapshot, intents: Vec<Intent>) -> Event {
    let by = wish.by.as_deref().map(|by| tame(by.trim(), 80)).filter(|by| !by.is_empty());
    Event::Requested { key: wish.key.clone(), by, taken_at: snapshot.taken_at, balances: snapshot.rows(), intents }
}
