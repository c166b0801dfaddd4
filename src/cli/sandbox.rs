//! `treasuryd sandbox`: KPay's stand-in alone, for drills and for tests in another process.

use crate::money::{Amount, Country, Currency, Rate};
use crate::sandbox::{
    CheckOrder, ConflictBody, FailedIds, OperatorStatus, OverviewShape, RetryAfterForm, Rounding, Rule, Sandbox,
    SandboxError, SandboxSettings, ShortStatus, fault_table, parse_duration,
};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How to use it, for whoever watches.
const USE: &str = "\
Set kpay.base_url to this address. Any pair of keys is taken that begins with
kpay_test_ and sk_test_ (kpay_live_ and sk_live_ for the production wallets).
Ctrl-C ends it.";
const FAILED: u8 = 1;
const WRONG_USAGE: u8 = 2;

/// Run the KPay sandbox server alone, until Ctrl-C.
#[derive(Debug, clap::Args)]
pub struct SandboxArgs {
    /// Address on this machine; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Opening balances of the test keys, e.g. CMR=100000,GAB=330000
    #[arg(long, value_name = "CCC=AMOUNT", value_delimiter = ',', value_parser = read_wallet)]
    wallets: Vec<(Country, Amount)>,
    /// Opening balances of the live keys (play money all the same)
    #[arg(long, value_name = "CCC=AMOUNT", value_delimiter = ',', value_parser = read_wallet)]
    production_wallets: Vec<(Country, Amount)>,
    /// Exchange rates, e.g. XAF/XOF=1.0153; that one is there from the start
    #[arg(long = "rate", value_name = "XXX/YYY=RATE", value_delimiter = ',', value_parser = read_rate)]
    rates: Vec<((Currency, Currency), Rate)>,
    /// A rule of the fault script, repeatable; `--fault help` lists them all
    #[arg(long = "fault", value_name = "NAME[=ARGS]")]
    faults: Vec<String>,
    /// Per key, in any sliding minute; 0 = no limit
    #[arg(long, value_name = "N", default_value_t = 100)]
    requests_per_minute: u32,
    /// For faults by chance and for ids
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Of the credited amount: exact, half-up, half-even or floor
    #[arg(long, value_name = "HOW", default_value = "exact")]
    rounding: Rounding,
    /// What is looked at first: id-first (409) or balance-first (400)
    #[arg(long, value_name = "ORDER", default_value = "id-first")]
    order: CheckOrder,
    /// Status of a transfer over the balance: 400 or 422
    #[arg(long, value_name = "STATUS", default_value = "400")]
    short_status: ShortStatus,
    /// Body of a 409: envelope, empty or text
    #[arg(long, value_name = "BODY", default_value = "envelope")]
    conflict_body: ConflictBody,
    /// Whether a refused transfer uses up its id: reusable or burned
    #[arg(long, value_name = "RULE", default_value = "reusable")]
    failed_ids: FailedIds,
    /// Forget externalIds after so long, e.g. 24h [default: never]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    forget_ids_after: Option<Duration>,
    /// How long a bearer token lives
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = parse_duration)]
    token_lifetime: Duration,
    /// How long a rate is kept once looked up
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = parse_duration)]
    rate_cache: Duration,
    /// Overview as array, wallets, data, balances, data.wallets or absent
    #[arg(long, value_name = "SHAPE", default_value = "wallets")]
    overview: OverviewShape,
    /// Name the country in /api/v1/payments/balance (documented without)
    #[arg(long)]
    balance_country: bool,
    /// What an operator is: OPERATIONAL, DELAYED or CLOSED; repeatable, e.g. `ORANGE_CIV=CLOSED`
    #[arg(long = "operator", value_name = "CODE=STATUS", value_delimiter = ',', value_parser = read_operator)]
    operators: Vec<(String, OperatorStatus)>,
    /// When a payout becomes PROCESSING after it was taken in
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_duration)]
    payout_processing_after: Duration,
    /// When a payout is over after it was taken in; its number decides how
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = parse_duration)]
    payout_ends_after: Duration,
    /// Signs the return from a hosted page [default: a new secret, told on stderr]
    #[arg(long, value_name = "FILE")]
    gateway_secret_file: Option<PathBuf>,
    /// Tell of each payout that is over, e.g. `http://127.0.0.1:9751/webhooks/kpay`
    #[arg(long, value_name = "URL")]
    webhook: Option<String>,
    /// Signs the webhooks [default: a new secret, told on stderr]
    #[arg(long, value_name = "FILE", requires = "webhook")]
    webhook_secret_file: Option<PathBuf>,
    /// Form of Retry-After: seconds or date
    #[arg(long, value_name = "FORM", default_value = "seconds")]
    retry_after: RetryAfterForm,
}

/// Why the command ends early: what to say, and the exit code.
struct Failure {
    code: u8,
    text: String,
}

/// Serves until SIGINT or SIGTERM.
#[must_use]
pub fn run(args: SandboxArgs) -> ExitCode {
    if args.faults.iter().any(|fault| fault == "help") {
        return exit(say(&fault_table()));
    }
    let done = settings(args).and_then(|(settings, listen, told)| {
        let runtime = tokio::runtime::Runtime::new().map_err(|error| failed("the runtime cannot start", &error))?;
        runtime.block_on(serve(settings, listen, &told))
    });
    exit(done)
}

fn exit(done: Result<(), Failure>) -> ExitCode {
    let Err(failure) = done else { return ExitCode::SUCCESS };
    // With stderr gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "treasuryd: {}", failure.text);
    ExitCode::from(failure.code)
}

async fn serve(settings: SandboxSettings, listen: SocketAddr, told: &str) -> Result<(), Failure> {
    let watch = |kind| signal(kind).map_err(|error| failed("signals cannot be watched", &error));
    let (mut interrupt, mut terminate): (Signal, Signal) =
        (watch(SignalKind::interrupt())?, watch(SignalKind::terminate())?);
    let running = Sandbox::start(settings, listen).await.map_err(|error| match error {
        SandboxError::Listen { .. } => Failure { code: FAILED, text: error.to_string() },
        _ => wrong(error.to_string()),
    })?;
    say(&format!("sandbox listening on {}\n", running.base_url()))?;
    // With stderr gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "{told}{USE}");
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    running.shutdown().await;
    Ok(())
}

fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| failed("stdout cannot be written", &error))
}

fn failed(what: &str, error: &io::Error) -> Failure {
    Failure { code: FAILED, text: format!("{what}: {error}") }
}

fn wrong(text: String) -> Failure {
    Failure { code: WRONG_USAGE, text }
}

/// The secret in a file, or a new one; a new one is to be told, because nobody knows it yet.
fn secret(file: Option<&Path>, what: &str, told: &mut String) -> Result<SecretString, Failure> {
    if let Some(file) = file {
        let shown = file.display();
        let read = std::fs::read_to_string(file);
        let text = read.map_err(|error| failed(&format!("the {what} cannot be read from {shown}"), &error))?;
        let text = Zeroizing::new(text);
        return match text.trim() {
            "" => Err(wrong(format!("{shown} is empty: put the {what} there, on one line"))),
            secret => Ok(SecretString::from(secret)),
        };
    }
    let mut bytes = [0_u8; 16];
    let random = rustls::crypto::ring::default_provider().secure_random;
    random
        .fill(&mut bytes)
        .map_err(|_| failed(&format!("no {what} can be made"), &io::Error::other("no randomness")))?;
    let made = format!("sandbox_{:032x}", u128::from_be_bytes(bytes));
    told.extend([what, ": ", &made, "\n"]);
    Ok(SecretString::from(made))
}

/// What it is started with, where it listens, and what else is to be told.
fn settings(args: SandboxArgs) -> Result<(SandboxSettings, SocketAddr, String), Failure> {
    let mut told = String::new();
    let gateway_secret = secret(args.gateway_secret_file.as_deref(), "gateway secret", &mut told)?;
    let rules = args.faults.iter().map(|text| text.parse()).collect::<Result<Vec<Rule>, _>>();
    let mut settings = SandboxSettings {
        faults: rules.map_err(|error| wrong(error.to_string()))?,
        requests_per_minute: args.requests_per_minute,
        seed: args.seed,
        rounding: args.rounding,
        order: args.order,
        short_status: args.short_status,
        conflict_body: args.conflict_body,
        failed_ids: args.failed_ids,
        forget_ids_after: args.forget_ids_after,
        token_lifetime: args.token_lifetime,
        rate_cache: args.rate_cache,
        overview: args.overview,
        balance_country: args.balance_country,
        retry_after: args.retry_after,
        payout_processing_after: args.payout_processing_after,
        payout_ends_after: args.payout_ends_after,
        operators: args.operators.into_iter().collect(),
        gateway_secret,
        webhook: args.webhook,
        ..SandboxSettings::default()
    };
    if settings.webhook.is_some() {
        settings.webhook_secret = secret(args.webhook_secret_file.as_deref(), "webhook secret", &mut told)?;
    }
    settings.wallets.extend(args.wallets);
    settings.production_wallets.extend(args.production_wallets);
    settings.rates.extend(args.rates);
    Ok((settings, args.listen, told))
}

fn read_wallet(text: &str) -> Result<(Country, Amount), String> {
    let (country, amount) = text.split_once('=').ok_or("a wallet is written CMR=100000")?;
    let country: Country = country.parse().map_err(|error| format!("{error}"))?;
    let amount: Amount = amount.parse().map_err(|error| format!("{error}"))?;
    if country.currency().is_none() {
        return Err(SandboxError::Country(country).to_string());
    }
    if amount.is_negative() {
        return Err("a wallet cannot open below zero".to_owned());
    }
    Ok((country, amount))
}

fn read_operator(text: &str) -> Result<(String, OperatorStatus), String> {
    let (code, status) = text.split_once('=').ok_or("an operator is written ORANGE_CIV=CLOSED")?;
    Ok((code.to_owned(), status.parse().map_err(|error: SandboxError| error.to_string())?))
}

fn read_rate(text: &str) -> Result<((Currency, Currency), Rate), String> {
    let (pair, rate) = text.split_once('=').ok_or("a rate is written XAF/XOF=1.0153")?;
    let (from, to) = pair.split_once('/').ok_or("a rate is written XAF/XOF=1.0153")?;
    let code = |text: &str| text.parse::<Currency>().map_err(|error| error.to_string());
    Ok(((code(from)?, code(to)?), rate.parse().map_err(|error| format!("{error}"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use secrecy::ExposeSecret;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: SandboxArgs,
    }

    fn parse(words: &[&str]) -> Result<SandboxArgs, String> {
        let line = Line::try_parse_from([&["sandbox"], words].concat());
        line.map(|line| line.args).map_err(|error| error.to_string())
    }

    #[test]
    fn wallets_and_rates_come_as_lists_or_repeated() {
        let args = parse(&["--wallets", "CMR=100000,GAB=330000.50", "--wallets", "COG=1", "--rate", "XAF/XOF=1.0150"]);
        let (settings, listen, told) = settings(args.unwrap()).map_err(|failure| failure.text).unwrap();
        assert_eq!(settings.wallets.len(), 3);
        assert_eq!(settings.wallets[&Country::GAB].to_string(), "330000.5");
        assert_eq!(settings.rates[&(Currency::XAF, Currency::XOF)].to_string(), "1.0150");
        assert!(listen.ip().is_loopback() && told.starts_with("gateway secret: sandbox_"), "{told}");
    }

    #[test]
    fn wrong_arguments_are_refused_with_what_is_right() {
        for (words, says) in [
            (["--wallets", "CMR"], "CMR=100000"),
            (["--wallets", "FRA=5"], "CMR, GAB"),
            (["--wallets", "CMR=-5"], "below zero"),
            (["--wallets", "CMR=1_000"], "plain decimal"),
            (["--rate", "XAF=1"], "XAF/XOF=1.0153"),
            (["--rate", "XAF/XOF=0"], "not positive"),
            (["--rounding", "up"], "half-up"),
            (["--order", "none"], "id-first"),
            (["--listen", "here"], "--listen"),
            (["--token-lifetime", "soon"], "30s"),
        ] {
            let error = parse(&words).unwrap_err();
            assert!(error.contains(says), "{words:?}: {error}");
        }
    }

    #[test]
    fn secrets_come_from_files_or_are_made() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "  gw 1\n").unwrap();
        let read =
            |file: Option<&Path>| secret(file, "gateway secret", &mut String::new()).map_err(|failure| failure.text);
        assert_eq!(read(Some(&file)).unwrap().expose_secret(), "gw 1");
        let (one, other) = (read(None).unwrap(), read(None).unwrap());
        assert_eq!(one.expose_secret().len(), 40);
        assert_ne!(one.expose_secret(), other.expose_secret());
        std::fs::write(&file, " \n").unwrap();
        assert!(read(Some(&file)).unwrap_err().contains("is empty"));
        assert!(read(Some(&folder.path().join("none"))).unwrap_err().contains("cannot be read"));
    }

    #[test]
    fn a_wrong_fault_is_wrong_usage() {
        let failure = settings(parse(&["--fault", "lost"]).unwrap()).map(|_| ()).unwrap_err();
        assert_eq!(failure.code, WRONG_USAGE);
        assert!(failure.text.contains("lost-after-apply"), "{}", failure.text);
    }
}
