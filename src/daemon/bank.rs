//! KPay behind the bank's door.

use super::doors::{Bank, BankError, Leave, MaySend};
use super::metrics::Metrics;
use crate::intent::{Reply, Withdrawal, WithdrawalStatus};
use crate::kpay::{CallError, Clearance, Client, Endpoint, GatewayPage, Observer, StatusLabel, WithdrawalClearance};
use crate::model::{Availability, ExternalId, Identity, Intent, Kind, Phone, Provider, Snapshot, Timestamp};
use crate::money::{Country, Currency, Rate};
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A Retry-After longer than this is not waited for inside a step: the source rests meanwhile.
const SHORT_HOLD: Duration = Duration::from_secs(2);
/// Nor is one longer than this waited for by a question: `once` is to end, and the daemon asks again by itself.
const LONGEST_HOLD_FOR_A_QUESTION: Duration = Duration::from_secs(15);

/// More hosted pages than this are not remembered: KPay tells of one again when it is asked for its withdrawal.
const MOST_PAGES: usize = 1_000;

/// The client for KPay's REST API as a [`Bank`].
pub struct KpayBank {
    client: Client,
    /// Hosted pages of withdrawals that are not over. Never written anywhere.
    pages: Mutex<BTreeMap<ExternalId, GatewayPage>>,
}

impl KpayBank {
    /// Puts a client behind the door.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, pages: Mutex::default() }
    }

    /// The operator that KPay takes a number for; `None` where it recognises none. No movement depends on it.
    ///
    /// # Errors
    /// [`BankError`] where it could not be asked or understood.
    pub async fn predicted(&self, phone: Phone) -> Result<Option<Provider>, BankError> {
        self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
        match self.client.predict_provider(phone).await {
            Ok(provider) => Ok(Some(provider)),
            Err(CallError::Status { status: 400 | 404 | 422, .. }) => Ok(None),
            Err(error) => Err(bank_error(&error)),
        }
    }

    /// KPay's fees and limits, as JSON of no documented shape. No movement depends on it.
    ///
    /// # Errors
    /// [`BankError`] where it could not be asked, or is not JSON.
    pub async fn platform_info(&self) -> Result<Box<RawValue>, BankError> {
        self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
        self.client.platform_info().await.map_err(|error| bank_error(&error))
    }

    fn remember(&self, intent: &Intent, page: Option<GatewayPage>, is_over: bool) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if is_over {
            pages.remove(&intent.external_id);
            return;
        }
        let Some(page) = page else { return };
        if pages.len() >= MOST_PAGES {
            pages.pop_first();
        }
        pages.insert(intent.external_id.clone(), page);
    }

    fn not_held_longer_than(&self, longest: Duration) -> Result<(), BankError> {
        let Some(hold) = self.client.held_for().filter(|hold| *hold > longest) else { return Ok(()) };
        Err(BankError::Unavailable(format!("KPay asked us to wait (Retry-After): {} s more", hold.as_secs())))
    }
}

fn bank_error(error: &CallError) -> BankError {
    match error {
        CallError::UsedUp { .. } => BankError::UsedUp(error.to_string()),
        _ if error.is_refused() => BankError::Refused(error.to_string()),
        _ => BankError::Unavailable(error.to_string()),
    }
}

impl Bank for KpayBank {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, BankError>> {
        Box::pin(async {
            self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
            self.client.identity().await.map_err(|error| bank_error(&error))
        })
    }

    fn renew_access(&self) -> BoxFuture<'_, Result<bool, BankError>> {
        Box::pin(async { self.client.take_rotated_keys().await.map_err(|error| bank_error(&error)) })
    }

    fn wallets<'a>(
        &'a self,
        taken_at: Timestamp,
        countries: &'a BTreeSet<Country>,
    ) -> BoxFuture<'a, Result<Snapshot, BankError>> {
        Box::pin(async move {
            self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
            self.client.wallets(taken_at, countries).await.map_err(|error| bank_error(&error))
        })
    }

    fn rate(&self, from: Currency, to: Currency) -> BoxFuture<'_, Result<Rate, BankError>> {
        Box::pin(async move {
            self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
            self.client.exchange_rate(from, to).await.map_err(|error| bank_error(&error))
        })
    }

    fn leave_to_send(&self, kind: Kind) -> BoxFuture<'_, Result<Leave, BankError>> {
        Box::pin(async move {
            self.not_held_longer_than(SHORT_HOLD)?;
            match kind {
                Kind::Transfer => {
                    let clearance = self.client.clear_to_send().await.map_err(|error| bank_error(&error))?;
                    Ok(Leave(Box::new(clearance)))
                }
                Kind::Payout => {
                    let clearance = self.client.clear_to_withdraw().await.map_err(|error| bank_error(&error))?;
                    Ok(Leave(Box::new(clearance)))
                }
            }
        })
    }

    fn waits_for(&self) -> Option<String> {
        self.client.waits_for()
    }

    fn can_read_with_leave(&self) -> bool {
        self.client.has_room_beside_a_clearance()
    }

    fn withdrawal<'a>(&'a self, intent: &'a Intent, kpay_id: &'a str) -> BoxFuture<'a, Result<Withdrawal, BankError>> {
        Box::pin(async move {
            self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
            let asked = self.client.withdrawal(intent, kpay_id).await;
            let (withdrawal, page) = asked.map_err(|error| match error {
                _ if error.is_astray() => BankError::Astray(error.to_string()),
                _ => bank_error(&error),
            })?;
            self.remember(intent, page, is_over(&withdrawal));
            Ok(withdrawal)
        })
    }

    fn availability(&self) -> BoxFuture<'_, Result<Availability, BankError>> {
        Box::pin(async {
            self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
            self.client.availability().await.map_err(|error| bank_error(&error))
        })
    }

    fn transfer<'a>(&'a self, leave: Leave, intent: &'a Intent, may_send: &'a MaySend<'a>) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            let another =
                || Reply::NotSent { detail: "the leave to send was another bank's, or for another kind".to_owned() };
            match intent.kind {
                Kind::Transfer => match leave.0.downcast::<Clearance>() {
                    Ok(clearance) => self.client.send_transfer(*clearance, intent, may_send).await,
                    Err(_) => another(),
                },
                Kind::Payout => {
                    let Ok(clearance) = leave.0.downcast::<WithdrawalClearance>() else { return another() };
                    let (reply, page) = self.client.send_withdrawal(*clearance, intent, may_send).await;
                    if let Reply::Accepted(withdrawal) = &reply {
                        self.remember(intent, page, is_over(withdrawal));
                    }
                    reply
                }
            }
        })
    }

    fn clock_ahead_seconds(&self) -> Option<i64> {
        self.client.clock_ahead_seconds()
    }

    fn gateway_page(&self, external_id: &ExternalId) -> Option<GatewayPage> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner).get(external_id).cloned()
    }
}

fn is_over(withdrawal: &Withdrawal) -> bool {
    use WithdrawalStatus::{Cancelled, Completed, Failed};
    matches!(withdrawal.status, Completed | Failed | Cancelled)
}

/// Counts KPay's requests.
pub struct Counted(pub Arc<Metrics>);

impl Observer for Counted {
    fn request(&self, endpoint: Endpoint, status: StatusLabel, seconds: f64) {
        self.0.kpay_request(endpoint, status.status(), Duration::from_secs_f64(seconds.max(0.0)));
    }

    fn waited(&self, seconds: f64) {
        self.0.rate_limit_waited(Duration::from_secs_f64(seconds.max(0.0)));
    }
}
