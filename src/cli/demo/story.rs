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

/// Tells every change of every movement, until the end.
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
            let sentence = sentence(transfer);
            if told.get(&transfer.external_id) != Some(&sentence) {
                say(&sentence);
                told.insert(transfer.external_id.clone(), sentence);
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

/// What became of a movement; on a second line the figures that came of it, and its id.
fn sentence(transfer: &TransferView) -> String {
    let amount = Money { amount: transfer.amount, currency: transfer.currency };
    let lane = format!("{} to {}", transfer.from.name(), transfer.to.name());
    let (state, figures) = if transfer.kind == "payout" { payout(transfer) } else { moved(transfer) };
    let figures = figures.map(|figures| format!("{figures}  ")).unwrap_or_default();
    format!("{lane}: {amount} {state}\n          {figures}{}", transfer.external_id)
}

/// Of a transfer: what arrived, where that is another currency.
fn moved(transfer: &TransferView) -> (String, Option<String>) {
    let arrived = arrival(transfer).filter(|arrived| arrived.currency != transfer.currency).map(|arrived| {
        let rate = transfer.exchange_rate.map(|rate| format!(" at {rate}")).unwrap_or_default();
        format!("{arrived} arrived{rate}")
    });
    (transfer.state.clone(), arrived)
}

/// Of a payout: what KPay keeps of it, and what is left for the beneficiary.
fn payout(transfer: &TransferView) -> (String, Option<String>) {
    let (state, is_there) = match (transfer.state.as_str(), &transfer.kpay_id) {
        ("sending", Some(_)) => ("in KPay's hands", false),
        ("applied", _) => ("completed", true),
        (other, _) => (other, false),
    };
    let figures = transfer.fee.zip(arrival(transfer)).map(|(fee, net)| {
        let fee = Money { amount: fee, currency: transfer.currency };
        if is_there { format!("fee {fee}, {net} arrived") } else { format!("fee {fee}, net {net}") }
    });
    (state.to_owned(), figures)
}

fn arrival(transfer: &TransferView) -> Option<Money> {
    Some(Money { amount: transfer.credited?, currency: transfer.credited_currency? })
}

fn say(text: &str) {
    // A terminal that is gone is no reason to stop moving money.
    let _ = output::line(&format!("{}  {text}", SystemClock.now().format("%H:%M:%S")));
}
