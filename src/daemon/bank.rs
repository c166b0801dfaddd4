//! KPay behind the bank's door.

use super::doors::{Bank, BankError, Leave, MaySend};
use super::metrics::Metrics;
use crate::intent::{Reply, Withdrawal};
use crate::kpay::{CallError, Clearance, Client, Endpoint, Observer, StatusLabel};
use crate::model::{Availability, Identity, Intent, Snapshot, Timestamp};
use crate::money::{Country, Currency, Rate};
use futures_util::future::BoxFuture;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// A Retry-After longer than this is not waited for inside a step: the source rests meanwhile.
const SHORT_HOLD: Duration = Duration::from_secs(2);
/// Nor is one longer than this waited for by a question: `once` is to end, and the daemon asks again by itself.
const LONGEST_HOLD_FOR_A_QUESTION: Duration = Duration::from_secs(15);

/// The client for KPay's REST API as a [`Bank`].
pub struct KpayBank {
    client: Client,
}

impl KpayBank {
    /// Puts a client behind the door.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    fn not_held_longer_than(&self, longest: Duration) -> Result<(), BankError> {
        let Some(hold) = self.client.held_for().filter(|hold| *hold > longest) else { return Ok(()) };
        Err(BankError::Unavailable(format!("KPay asked us to wait (Retry-After): {} s more", hold.as_secs())))
    }
}

fn bank_error(error: &CallError) -> BankError {
    if error.is_refused() { BankError::Refused(error.to_string()) } else { BankError::Unavailable(error.to_string()) }
}

impl Bank for KpayBank {
    fn identity(&self) -> BoxFuture<'_, Result<Identity, BankError>> {
        Box::pin(async {
            self.not_held_longer_than(LONGEST_HOLD_FOR_A_QUESTION)?;
            self.client.identity().await.map_err(|error| bank_error(&error))
        })
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

    fn leave_to_send(&self) -> BoxFuture<'_, Result<Leave, BankError>> {
        Box::pin(async {
            self.not_held_longer_than(SHORT_HOLD)?;
            let clearance = self.client.clear_to_send().await.map_err(|error| bank_error(&error))?;
            Ok(Leave(Box::new(clearance)))
        })
    }

    fn can_read_with_leave(&self) -> bool {
        self.client.has_room_beside_a_clearance()
    }

    fn withdrawal<'a>(&'a self, _: &'a Intent, _: &'a str) -> BoxFuture<'a, Result<Withdrawal, BankError>> {
        Box::pin(async { Err(BankError::Refused("this version asks for no withdrawals".to_owned())) })
    }

    fn availability(&self) -> BoxFuture<'_, Result<Availability, BankError>> {
        Box::pin(async { Err(BankError::Refused("this version asks for no operators".to_owned())) })
    }

    fn transfer<'a>(&'a self, leave: Leave, intent: &'a Intent, may_send: &'a MaySend<'a>) -> BoxFuture<'a, Reply> {
        Box::pin(async move {
            match leave.0.downcast::<Clearance>() {
                Ok(clearance) => self.client.send_transfer(*clearance, intent, may_send).await,
                Err(_) => Reply::NotSent { detail: "the leave to send was another bank's".to_owned() },
            }
        })
    }
}

/// Counts KPay's requests.
pub struct Counted(pub Arc<Metrics>);

impl Observer for Counted {
    fn request(&self, endpoint: Endpoint, status: StatusLabel, seconds: f64) {
        self.0.kpay_request(endpoint.word(), status.status(), Duration::from_secs_f64(seconds.max(0.0)));
    }

    fn waited(&self, seconds: f64) {
        self.0.rate_limit_waited(Duration::from_secs_f64(seconds.max(0.0)));
    }
}
