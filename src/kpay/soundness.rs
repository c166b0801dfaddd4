//! What must hold whatever KPay answers: one entry for each fuzz target (`fuzz/`) and for the property tests.
//!
//! Not part of the program: it is there for tests and fuzzing only.

use super::judge::judge;
use super::retry_after::{grown_pause, read_retry_after};
use super::strict::{message_of, shown};
use super::{WithdrawalAsk, balances, judge_withdrawal, operators, token, transfer_body, withdrawal_body};
use crate::intent::{Reply, Withdrawal};
use crate::model::{Environment, ExternalId, Identity, Intent, Kind, Lane, Origin, Payee, WalletId, is_plain_id};
use crate::money::{Amount, Country};
use crate::policy::soundness::hold;
use rust_decimal::Decimal;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Statuses an answer comes with, by the input's second byte.
const STATUSES: [u16; 16] = [201, 200, 202, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 503, 599, 100];
/// No text of KPay's is longer than this once it is kept or shown, escapes included.
const LONGEST_TEXT: usize = 4_000;
const TRANSFER: &str = "TRD-TEST-1";
const WITHDRAWAL: &str = "WD-TEST-1";

/// Any bytes as the answer to anything: the first says to what, the second the status, the others are the body.
///
/// # Errors
/// What does not hold.
pub fn replies(bytes: &[u8]) -> Result<(), String> {
    let [kind, status, body @ ..] = bytes else { return Ok(()) };
    let status = STATUSES[usize::from(*status) % STATUSES.len()];
    tame_texts(&[&message_of(body).unwrap_or_default(), &shown(body)])?;
    match kind % 8 {
        0 => transfer(&within_one_currency()?, status, body),
        1 => transfer(&across_currencies()?, status, body),
        2 => withdrawal(&payout("CMR", "MTN_MOMO_CMR:237653456789")?, status, body),
        3 => withdrawal(&payout("CMR", "ORANGE_SEN:221773456789")?, status, body),
        4 => withdrawal(&payout("CMR", "GATEWAY")?, status, body),
        5 => wallets(body),
        6 => availability(body),
        _ => rate(body),
    }
}

/// Any bytes as the answer that holds a token.
///
/// # Errors
/// What does not hold.
pub fn token(bytes: &[u8]) -> Result<(), String> {
    match token::read(bytes, Environment::Sandbox) {
        Ok(issued) => {
            let (length, pause) = issued.soundness();
            hold(length > 0 && length <= 16 * 1024, || format!("a token of {length} bytes was taken"))?;
            let bounds = Duration::from_mins(1)..=Duration::from_hours(24);
            hold(bounds.contains(&pause), || format!("the token is to be renewed after {pause:?}"))?;
            let value = told(bytes)?;
            let environment = value.get("environment").and_then(Value::as_str).unwrap_or("TEST");
            hold(environment == "TEST", || format!("a token of the environment {environment} was taken"))
        }
        Err(error) => {
            let text = error.to_string();
            tame_texts(&[&text])?;
            // A token is at least so long; nothing of the body may be in the error.
            let body = String::from_utf8_lossy(bytes);
            let secret = serde_json::from_slice::<Value>(bytes).ok();
            let secret = secret.as_ref().and_then(|value| value.get("accessToken")).and_then(Value::as_str);
            let leaked = secret.is_some_and(|secret| secret.len() >= 24 && text.contains(secret));
            hold(!leaked, || format!("the token is in the error, of {} bytes", body.len()))
        }
    }
}

/// Any bytes as values of `Retry-After`, a line each, before them one for `Date`.
///
/// # Errors
/// What does not hold.
pub fn retry_after(bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n').map(str::to_owned);
    let date = lines.next().filter(|date| !date.is_empty());
    let values: Vec<String> = lines.collect();
    let read = read_retry_after(&values, date.as_deref(), SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000));
    let bounds = Duration::from_secs(1)..=Duration::from_mins(15);
    hold(read.is_none_or(|pause| bounds.contains(&pause)), || format!("{values:?} at {date:?} is {read:?}"))?;
    // A plain number of seconds is what it says.
    if let [one] = values.as_slice()
        && let Ok(seconds) = one.parse::<u16>()
        && !one.starts_with('+')
    {
        let expected = Duration::from_secs(u64::from(seconds).clamp(1, 900));
        hold(read == Some(expected), || format!("{one:?} is {read:?}, not {expected:?}"))?;
    }
    let streak = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    hold(grown_pause(streak) <= Duration::from_mins(1), || format!("a pause after {streak} refusals is too long"))
}

fn transfer(intent: &Intent, status: u16, body: &[u8]) -> Result<(), String> {
    let reply = judge(intent, status, body);
    match &reply {
        Reply::Applied(facts) => {
            hold((200..=202).contains(&status), || format!("{status} was taken for applied"))?;
            let told = told(body)?;
            hold(told["externalId"] == TRANSFER, || "applied under another externalId".to_owned())?;
            let amount = number(&told["sourceTransaction"]["amount"]);
            hold(amount == Some(intent.amount.decimal()), || format!("applied with {amount:?}"))?;
            let credited = facts.credited.ok_or("applied without a credit")?;
            hold(credited.amount.is_positive(), || format!("credited {}", credited.amount))?;
            let crosses = intent.lane.crosses_currencies();
            hold(crosses || credited.amount <= intent.amount, || format!("credited {}", credited.amount))?;
            hold(facts.amount == intent.amount, || format!("booked {}", facts.amount))?;
            let texts = [&facts.kpay_id, &facts.source_reference, &facts.destination_reference];
            texts.into_iter().flatten().try_for_each(|text| tame_texts(&[text]))
        }
        _ => sorted(&reply, status, body),
    }
}

fn withdrawal(intent: &Intent, status: u16, body: &[u8]) -> Result<(), String> {
    let (reply, page) = judge_withdrawal::judge(intent, Environment::Sandbox, status, body);
    hold(page.is_none() || matches!(reply, Reply::Accepted(_)), || "a page of a withdrawal that is none".to_owned())?;
    match &reply {
        Reply::Accepted(said) => {
            hold((200..=202).contains(&status), || format!("{status} was taken for accepted"))?;
            let told = told(body)?;
            let id = told.get("externalId").and_then(Value::as_str).unwrap_or(WITHDRAWAL);
            hold(id == WITHDRAWAL, || "accepted under another externalId".to_owned())?;
            let amount = number(&told["amount"]);
            hold(amount == Some(intent.amount.decimal()), || format!("accepted with {amount:?}"))?;
            accepted(intent, said)
        }
        _ => sorted(&reply, status, body),
    }
}

fn accepted(intent: &Intent, said: &Withdrawal) -> Result<(), String> {
    let facts = &said.facts;
    hold(is_plain_id(&said.kpay_id), || format!("its id is {:?}", said.kpay_id))?;
    hold(facts.amount == intent.amount, || format!("booked {}", facts.amount))?;
    if said.strange.is_none() {
        let fee = facts.fee.map_or(Amount::ZERO, |fee| fee.amount);
        hold(!fee.is_negative() && fee <= intent.amount, || format!("a fee of {fee}"))?;
        let credited = facts.credited.is_none_or(|credited| credited.amount.is_positive());
        hold(credited, || format!("credited {:?}", facts.credited))?;
    }
    let texts = [said.status.word(), &said.failure, said.strange.as_deref().unwrap_or_default()];
    tame_texts(&texts)?;
    let references = [&facts.source_reference, &facts.destination_reference];
    for text in texts.into_iter().chain(references.into_iter().flatten().map(String::as_str)) {
        tame_texts(&[text])?;
        // One of them may be the address of the page where money is taken.
        hold(!text.to_ascii_lowercase().contains("http"), || format!("an address is kept: {text}"))?;
    }
    Ok(())
}

/// Everything that is no success.
fn sorted(reply: &Reply, status: u16, body: &[u8]) -> Result<(), String> {
    let detail = match reply {
        Reply::Refused { detail } => {
            hold(matches!(status, 400 | 403 | 404 | 422), || format!("{status} was taken for a refusal"))?;
            hold(message_of(body).is_some(), || "a refusal that is not KPay's".to_owned())?;
            detail
        }
        Reply::Conflict { detail } => {
            hold(status == 409, || format!("{status} was taken for a conflict"))?;
            detail
        }
        Reply::Lost { detail } => detail,
        other => return Err(format!("{status} became {other:?}")),
    };
    tame_texts(&[detail])
}

fn wallets(body: &[u8]) -> Result<(), String> {
    let countries = [Country::CMR, Country::SEN].into();
    match balances::read(body, &countries) {
        Err(what) => tame_texts(&[&crate::model::tame(&what, 200)]),
        Ok(read) => {
            serde_json::from_slice::<serde::de::IgnoredAny>(body).map_err(|error| format!("read, no JSON: {error}"))?;
            for (wallet, reading) in &read.readings {
                // KPay may have more countries than we know; a policy names none of those.
                let code = wallet.country.code();
                let is_plain = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
                hold(is_plain, || format!("a wallet of {code:?}"))?;
                // Whatever can be read can be reckoned with.
                let doubled = reading.available.checked_add(reading.available);
                hold(doubled.is_ok(), || format!("{} cannot be added to itself", reading.available))?;
            }
            read.problems.iter().try_for_each(|problem| tame_texts(&[&crate::model::tame(&problem.what, 400)]))
        }
    }
}

fn availability(body: &[u8]) -> Result<(), String> {
    let Some(said) = operators::soundness(body) else { return Ok(()) };
    said.payouts.keys().try_for_each(|operator| tame_texts(&[&operator.to_string()]))
}

fn rate(body: &[u8]) -> Result<(), String> {
    let Ok(told) = serde_json::from_slice::<super::wire::ExchangeRate>(body) else { return Ok(()) };
    let Ok(rate) = crate::money::Rate::new(told.rate.0) else { return Ok(()) };
    hold(rate.decimal() > Decimal::ZERO, || format!("a rate of {rate}"))
}

fn tame_texts(texts: &[&str]) -> Result<(), String> {
    for text in texts {
        let hides = |it: char| it.is_control() || matches!(it, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}');
        hold(!text.chars().any(hides), || format!("a text that confuses a terminal: {text:?}"))?;
        hold(text.len() <= LONGEST_TEXT, || format!("a text of {} bytes", text.len()))?;
    }
    Ok(())
}

/// What was taken, as JSON. In a field that the program passes over, bytes may be no UTF-8, escapes no character, and
/// numbers out of any range.
fn told(body: &[u8]) -> Result<Value, String> {
    if let Ok(told) = serde_json::from_slice(body) {
        return Ok(told);
    }
    let repaired = String::from_utf8_lossy(body).replace(r"\ud", r"\u0").replace(r"\uD", r"\u0");
    let fields: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(&repaired).map_err(|error| format!("taken, and no JSON: {error}"))?;
    let value = |raw: &RawValue| serde_json::from_str::<Value>(raw.get()).unwrap_or_default();
    let field = |(name, raw): (String, Box<RawValue>)| (name, value(&raw));
    Ok(fields.into_iter().map(field).collect())
}

/// A number, also one in quotes, exactly where that is possible.
fn number(value: &Value) -> Option<Decimal> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().ok().or_else(|| Decimal::from_scientific(&text).ok())
}

fn within_one_currency() -> Result<Intent, String> {
    intent(Kind::Transfer, "50000", Lane::between(wallet("CMR")?, wallet("GAB")?))
}

fn across_currencies() -> Result<Intent, String> {
    intent(Kind::Transfer, "50000", Lane::between(wallet("CMR")?, wallet("SEN")?))
}

fn payout(from: &str, payee: &str) -> Result<Intent, String> {
    let payee: Payee = payee.parse().map_err(|error| format!("{error}"))?;
    intent(Kind::Payout, "5000", Lane::payout(wallet(from)?, payee))
}

fn wallet(country: &str) -> Result<WalletId, String> {
    let country: Country = country.parse().map_err(|_| format!("{country} is no country"))?;
    WalletId::of(country).ok_or_else(|| format!("{country} has no wallet"))
}

fn intent(kind: Kind, amount: &str, lane: Lane) -> Result<Intent, String> {
    let application_id = "e7c3b4f5-8d9e-4a1b-9c2d-3e4f5a6b7c8d".parse().map_err(|error| format!("{error:?}"))?;
    let identity = Identity { environment: Environment::Sandbox, application_id };
    let amount: Amount = amount.parse().map_err(|error| format!("{error}"))?;
    let external_id = ExternalId::from_text(if kind == Kind::Payout { WITHDRAWAL } else { TRANSFER });
    let body = if kind == Kind::Payout {
        let (return_url, cancel_url) = (Some("https://shop.example/return"), None);
        let ask =
            WithdrawalAsk { lane, amount, external_id: &external_id, description: "paid", return_url, cancel_url };
        withdrawal_body(&ask).ok_or("no body")?
    } else {
        transfer_body(&identity, lane, amount, &external_id, "swept")
    };
    let at = chrono::DateTime::UNIX_EPOCH;
    Ok(Intent {
        kind,
        origin: Origin::Policy("fuzz".to_owned()),
        slot: None,
        lane,
        amount,
        part: 1,
        parts: 1,
        body,
        external_id,
        policy_hash: String::new(),
        floor: Amount::ZERO,
        balance_seen: amount,
        indicative_rate: None,
        expires_at: at,
        limit_day: at.date_naive(),
        cap_day: at.date_naive(),
        journal_before_slot: true,
        approval: None,
        fx: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(name: &str) -> Vec<u8> {
        let path = format!("{}/fuzz/corpus/replies/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(path).unwrap().split_off(2)
    }

    /// Without these the fuzzer would begin with refusals alone.
    #[test]
    fn the_corpus_holds_successes_of_every_kind() {
        let applied = |intent: Intent, name| matches!(judge(&intent, 201, &body(name)), Reply::Applied(_));
        assert!(applied(within_one_currency().unwrap(), "transfer-201"));
        assert!(applied(across_currencies().unwrap(), "transfer-across"));
        for (payee, name) in [
            ("MTN_MOMO_CMR:237653456789", "withdraw-201"),
            ("MTN_MOMO_CMR:237653456789", "withdraw-failed"),
            ("ORANGE_SEN:221773456789", "withdraw-converted"),
            ("GATEWAY", "gateway-201"),
        ] {
            let intent = payout("CMR", payee).unwrap();
            let reply = judge_withdrawal::judge(&intent, Environment::Sandbox, 201, &body(name)).0;
            assert!(matches!(reply, Reply::Accepted(_)), "{name}: {reply:?}");
        }
        assert!(token::read(&std::fs::read("fuzz/corpus/token/good").unwrap(), Environment::Sandbox).is_ok());
    }

    #[test]
    fn what_does_not_hold_is_told() {
        let intent = payout("CMR", "GATEWAY").unwrap();
        let reply = judge_withdrawal::judge(&intent, Environment::Sandbox, 201, &body("gateway-201")).0;
        let Reply::Accepted(said) = reply else { panic!("{reply:?}") };
        assert_eq!(accepted(&intent, &said), Ok(()));
        let changes: [fn(&mut Withdrawal); 4] = [
            |said| said.failure = "see HTTPS://pay.example".to_owned(),
            |said| said.kpay_id = "../me".to_owned(),
            |said| said.facts.source_reference = Some("a\u{1b}[2J".to_owned()),
            |said| said.facts.amount = Amount::whole(1),
        ];
        for change in changes {
            let mut said = said.clone();
            change(&mut said);
            assert!(accepted(&intent, &said).is_err(), "{said:?}");
        }
        assert!(sorted(&Reply::Refused { detail: "no".to_owned() }, 500, b"{}").is_err());
        assert!(sorted(&Reply::Conflict { detail: "no".to_owned() }, 400, b"{}").is_err());
    }
}
