//! The rows in which somebody means harm: forged webhooks, redirects, revoked keys, a twin, a file that all may write to.

use super::judge::{Stands, judge};
use super::plays::{EVERY_SECOND, ONE, above, end, ensure};
use super::stage::{Stage, failed};
use crate::money::{Amount, Country};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

/// What the sandbox signs webhooks with, and the daemon is given.
const WEBHOOK_SECRET: &str = "sandbox-webhook-secret";
/// How long revoked keys are looked at.
const REVOKED_FOR: Duration = Duration::from_secs(4);
/// So many requests may be made with them meanwhile, and so many for a token.
const MOST_WITH_REVOKED_KEYS: (usize, usize) = (16, 4);
/// A hint is worked on sooner than this.
const HINT_WORKS_WITHIN: Duration = Duration::from_millis(2_500);

pub(super) fn revoked(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.policy(EVERY_SECOND, &above(100_000))?;
    let daemon = stage.daemon()?;
    let bank = stage.bank()?;
    stage.until("money moves", || Ok(bank.books().transfers.len() == 1))?;
    stage.faults(&["any:http-401-before@always"])?;
    stage.deposit(10_000)?;
    let before = bank.requests().len();
    stage.rest(REVOKED_FOR);
    let requests = bank.requests();
    let asked = requests.iter().skip(before);
    let tokens = asked.clone().filter(|request| request.path.ends_with("/token")).count();
    let asked = asked.count();
    ensure(asked > 0, "it was not asked at all")?;
    let (most, most_tokens) = MOST_WITH_REVOKED_KEYS;
    ensure(asked <= most && tokens <= most_tokens, &format!("{asked} requests, {tokens} of them for a token"))?;
    stage.faults(&[])?;
    stage.until("money moves on", || Ok(bank.books().transfers.len() == 2))?;
    end(stage, daemon)?;
    let verdict = judge(stage, Stands { moved: 2, paid: 0, called: 0 })?;
    Ok(format!("{asked} requests in {} s; taken again: {verdict}", REVOKED_FOR.as_secs()))
}

pub(super) fn twin(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.once()?.with_code(0)?;
    // As much as before, so that the twin asks with the same bytes.
    stage.deposit(30_000)?;
    let ours = stage.path("state");
    let put_aside = |from: &str, to: &str| fs::rename(stage.path(from), stage.path(to));
    put_aside("state", "first").map_err(failed("the state cannot be put aside"))?;
    stage.once()?.with_code(75)?;
    let of_the_twin = stage.intents()?;
    let is_called = |state: &str| state == "needs_operator";
    ensure(of_the_twin.len() == 1 && is_called(&of_the_twin[0].state), "the twin called nobody")?;
    stage.wipe()?;
    fs::rename(stage.path("first"), ours).map_err(failed("the state cannot be put back"))?;
    Ok(format!("the twin's 409 called a person; {}", judge(stage, ONE)?))
}

pub(super) fn redirected(stage: &mut Stage<'_>) -> Result<String, String> {
    let trap = TcpListener::bind("127.0.0.1:0").and_then(|trap| trap.set_nonblocking(true).map(|()| trap));
    let trap = trap.map_err(failed("no port can be had on the loopback"))?;
    let address = trap.local_addr().map_err(failed("the trap's port is not known"))?;
    stage.faults(&[&format!("redirect=http://{address}/x:307")])?;
    stage.once()?.with_code(0)?;
    let came = trap.accept();
    let is_empty = came.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    ensure(is_empty, "somebody came to where the redirect leads")?;
    ensure(stage.posts()?.len() == 2, "it was not asked again")?;
    Ok(format!("not followed, asked again; {}", judge(stage, ONE)?))
}

pub(super) fn writable(stage: &mut Stage<'_>) -> Result<String, String> {
    let policies = stage.path("policies.yaml");
    let set = |mode| fs::set_permissions(&policies, PermissionsExt::from_mode(mode));
    set(0o666).map_err(failed("the mode of the policies cannot be set"))?;
    let before = stage.books()?.counters.requests;
    let ended = stage.once()?.with_code(78)?;
    ensure(ended.stderr.contains("policies.yaml"), "it does not say which file it means")?;
    ensure(stage.books()?.counters.requests == before, "KPay was asked all the same")?;
    set(0o600).map_err(failed("the mode of the policies cannot be set"))?;
    stage.once()?.with_code(0)?;
    Ok(format!("refused with 78, KPay not asked; put right: {}", judge(stage, ONE)?))
}

pub(super) fn webhooks(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.write("webhook-secret", WEBHOOK_SECRET)?;
    stage.configure("[webhooks]\nlisten = \"127.0.0.1:0\"\nsecret_file = \"webhook-secret\"")?;
    let daemon = stage.daemon()?;
    let address = daemon.said_after("listening for webhooks address=");
    let address = address.ok_or("it does not say where it listens for webhooks")?;
    let bank = stage.bank()?;
    let mut id = String::new();
    stage.until("KPay has the payout", || {
        let taken = bank.books().withdrawals;
        id = taken.first().and_then(|one| one.external_id.clone()).unwrap_or_default();
        Ok(!id.is_empty())
    })?;
    let body = format!(
        r#"{{"event":"payout.completed","payoutId":"wdr_1","externalId":"{id}","status":"COMPLETED","amount":50000,"timestamp":"{}"}}"#,
        bank.books().at.to_rfc3339()
    );
    let good = signature(WEBHOOK_SECRET, &body);
    for (what, signed, status) in [
        ("one without a signature", String::new(), 401),
        ("a forged one", signature("somebody-else", &body), 401),
        ("a signed one", good.clone(), 200),
        ("its repeat", good, 200),
    ] {
        let answered = post(&address, &body, &signed).map_err(failed("the webhooks' listener cannot be reached"))?;
        ensure(answered == status, &format!("{what} was answered {answered} and not {status}"))?;
    }
    stage.rest(HINT_WORKS_WITHIN);
    let [one] = &stage.intents()?[..] else { return Err("there is not one payout".to_owned()) };
    ensure(one.state == "sending", &format!("a webhook alone made it {}", one.state))?;
    bank.set_webhook(&format!("http://{address}/webhooks/kpay")).map_err(failed("the sandbox sends no webhooks"))?;
    ensure(bank.end_withdrawal(&id, None), "the payout was over before KPay said so")?;
    stage.until("the payout is over", || Ok(daemon.says("applied") || daemon.says("completed")))?;
    end(stage, daemon)?;
    stage.once()?.with_code(0)?;
    Ok(format!("none of them ended it, KPay's answer did; {}", judge(stage, Stands { moved: 0, paid: 1, called: 0 })?))
}

/// Lower-case hex of HMAC-SHA256, as KPay signs.
fn signature(secret: &str, body: &str) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body.as_bytes());
    mac.finalize().into_bytes().iter().fold(String::new(), |mut text, byte| {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sends a webhook; the status of the answer.
fn post(address: &str, body: &str, signature: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let signature = if signature.is_empty() { String::new() } else { format!("X-KPAY-Signature: {signature}\r\n") };
    let length = body.len();
    write!(
        stream,
        "POST /webhooks/kpay HTTP/1.1\r\nHost: drill\r\n{signature}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0))
}

/// A withdrawal that is not ours, of more than our own move explains: until its effect is surely shown, so much may be ours.
pub(super) fn emptied(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.configure("[conservation]\nmode = \"freeze\"\nrelease_by = [\"drill\"]\n")?;
    stage.once()?.with_code(0)?;
    let taken = stage.bank()?.withdraw(Country::GAB, Amount::whole(50_000));
    taken.map_err(failed("the sandbox lets nobody withdraw"))?;
    let said = stage.once()?.with_code(0)?.stderr;
    let is_told = said.contains("GAB fell by") && said.contains("it is frozen");
    ensure(is_told, "it did not tell of the withdrawal")?;
    stage.deposit(80_000)?;
    stage.once_later(1)?.with_code(0)?;
    let by_hand = ["transfer", "GAB", "CMR", "1000", "--key", "drill", "--yes"];
    let refused = stage.treasuryd(&by_hand)?.with_code(77)?.stderr;
    ensure(refused.contains("wallet_frozen"), "it does not say that the wallet is frozen")?;
    ensure(stage.posts()?.len() == 1, "something left the frozen wallet")?;
    let mut release = |by| stage.treasuryd(&["release", "GAB", "--by", by, "--note", "drill"]);
    let refused = release("stranger")?.with_code(77)?.stderr;
    ensure(refused.contains("stranger may not release"), "it does not say who may not release")?;
    release("drill")?.with_code(0)?;
    stage.once_later(2)?.with_code(0)?;
    let verdict = judge(stage, Stands { moved: 2, paid: 0, called: 0 })?;
    Ok(format!("frozen, a stranger refused, and released by the one who may; {verdict}"))
}

/// A change of unit at KPay, or somebody who lures money out.
pub(super) fn inflated(stage: &mut Stage<'_>) -> Result<String, String> {
    stage.configure("[conservation]\nrise_times = 50\n")?;
    stage.once()?.with_code(0)?;
    stage.faults(&["balances:bad-balance=GAB:13000000@always"])?;
    let said = stage.once_later(1)?.with_code(0)?.stderr;
    ensure(said.contains("GAB is frozen since") && said.contains("it rose from"), "it did not tell of the rise")?;
    ensure(stage.posts()?.len() == 1, "something was sent on it")?;
    stage.faults(&[])?;
    stage.deposit(20_000)?;
    stage.once_later(2)?.with_code(0)?;
    let verdict = judge(stage, Stands { moved: 2, paid: 0, called: 0 })?;
    Ok(format!("frozen until it showed the true figure; {verdict}"))
}
