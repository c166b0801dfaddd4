//! What happens, told on the terminal, and customers who keep paying so that something does.

use crate::cli::output;
use crate::daemon::Engine;
use crate::daemon::doors::{Clock, SystemClock};
use crate::daemon::view::TransferView;
use crate::money::{Amount, Country, Money};
use crate::sandbox::Handle;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How often the terminal is brought up to date.
const LOOKS_EVERY: Duration = Duration::from_millis(200);
/// Every so many looks a customer pays.
const LOOKS_PER_PAYMENT: u64 = 35;

/// What customers pay in turn, as in the seed: enough for the next consolidation.
const PAYMENTS: [(Country, i64); 2] = [(Country::GAB, 30_000), (Country::COG, 15_000)];

/// Tells every change of every transfer, until the end.
pub async fn tell(engine: Arc<Engine>, sandbox: Handle, stop: watch::Receiver<bool>) {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    let mut looks: u64 = 0;
    while !*stop.borrow() {
        tokio::time::sleep(LOOKS_EVERY).await;
        looks += 1;
        if looks.is_multiple_of(LOOKS_PER_PAYMENT) {
            let turn = usize::try_from(looks / LOOKS_PER_PAYMENT).unwrap_or(0) % PAYMENTS.len();
            pay(&sandbox, PAYMENTS[turn]);
        }
        let status = engine.status();
        for transfer in status.last_transfers.iter().rev().chain(&status.open) {
            if told.get(&transfer.external_id) != Some(&transfer.state) {
                told.insert(transfer.external_id.clone(), transfer.state.clone());
                say(&sentence(transfer));
            }
        }
    }
}

fn pay(sandbox: &Handle, (country, amount): (Country, i64)) {
    if sandbox.deposit(country, Amount::whole(amount)).is_err() {
        return;
    }
    if let Some(currency) = country.currency() {
        let paid = Money { amount: Amount::whole(amount), currency };
        say(&format!("customers in {} pay {paid}", country.name()));
    }
}

fn sentence(transfer: &TransferView) -> String {
    let amount = Money { amount: transfer.amount, currency: transfer.currency };
    let lane = format!("{} to {}", transfer.from.name(), transfer.to.name());
    let arrived = match (transfer.credited, transfer.credited_currency) {
        (Some(amount), Some(currency)) if currency != transfer.currency => {
            let rate = transfer.exchange_rate.map(|rate| format!(" at {rate}")).unwrap_or_default();
            format!(", {} arrived{rate}", Money { amount, currency })
        }
        _ => String::new(),
    };
    format!("{lane}: {amount} {}{arrived}  ({})", transfer.state, transfer.external_id)
}

fn say(text: &str) {
    // A terminal that is gone is no reason to stop moving money.
    let _ = output::line(&format!("{}  {text}", SystemClock.now().format("%H:%M:%S")));
}
