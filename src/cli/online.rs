//! `check --online`: what KPay says of the keys, the wallets, the operators and numbers that are paid, its fees and limits.
//! Lines for people, and a warning for each thing that the policies, or treasuryd, take to be otherwise.

mod figures;

use super::context;
use super::exit::CliError;
use crate::daemon::KpayBank;
use crate::daemon::doors::{Bank, Clock, SystemClock};
use crate::model::{Availability, Beneficiary, OperatorStatus, Payee, Provider};
use crate::policy::{Diagnostic, Parsed, Policy, PolicySet, Rule, Severity, SourceFile};
use crate::settings::{Settings, Surroundings};
use figures::Figure;
use std::collections::BTreeMap;

/// Lines of KPay's fees and limits that are shown.
const MOST_FIGURES: usize = 40;

/// Asks KPay who we are, what it shows, and, of the payouts, what it thinks of who is paid.
///
/// # Errors
/// 77 where KPay refuses us, 75 where it cannot be asked.
pub fn ask(settings: &Settings, parsed: &Parsed, findings: &mut Vec<Diagnostic>) -> Result<Vec<String>, CliError> {
    let surroundings = Surroundings::of_process()?;
    let access = context::access(settings, &surroundings)?;
    context::webhook_secret(settings, &surroundings)?;
    let bank = context::bank(access, None, &context::metrics()?)?;
    context::runtime()?.block_on(async {
        let mut told = wallets(&bank, &parsed.set, findings).await?;
        told.extend(operators(&bank, &parsed.set, findings).await?);
        told.extend(fees(&bank, &parsed.set, findings).await);
        Ok(told)
    })
}

async fn wallets(bank: &KpayBank, set: &PolicySet, findings: &mut Vec<Diagnostic>) -> Result<Vec<String>, CliError> {
    let countries = set.countries();
    let identity = bank.identity().await?;
    let snapshot = bank.wallets(SystemClock.now(), &countries).await?;
    findings.extend(snapshot.problems.iter().map(|problem| {
        let hint = "nothing moves over that wallet until KPay's reply about it can be read; ask KPay";
        of_kpay(
            "wallet-unreadable",
            format!("a wallet in KPay's reply could not be read: {}", problem.what),
            hint.into(),
        )
    }));
    let unread = snapshot.problems.iter().filter_map(|problem| problem.country);
    let seen: Vec<_> = snapshot.readings.keys().map(|wallet| wallet.country).chain(unread).collect();
    findings.extend(countries.iter().filter(|country| !seen.contains(country)).map(|country| {
        let message = format!("there is no {country} wallet ({}) yet", country.name());
        let hint = "it appears with the first payment received there; until then its lanes are skipped";
        of_kpay("wallet-missing", message, hint.to_owned())
    }));
    let head = format!("KPay knows the keys: {} application {}", identity.environment, identity.application_id);
    let rows = snapshot.rows();
    let row = |row: &crate::model::BalanceRow| {
        format!("  {}  {} {} available", row.wallet, row.available.grouped(), row.currency)
    };
    Ok(std::iter::once(head).chain(rows.iter().map(row)).collect())
}

/// Who is paid through an operator, each once, with the first policy that does.
fn paid(set: &PolicySet) -> BTreeMap<Beneficiary, &Policy> {
    let mut paid = BTreeMap::new();
    for policy in &set.policies {
        if let Rule::Payout(payout) = &policy.rule
            && let Payee::Phone(to) = payout.to
        {
            paid.entry(to).or_insert(policy);
        }
    }
    paid
}

/// How the operators take payouts, and whose customers KPay takes the numbers for.
async fn operators(bank: &KpayBank, set: &PolicySet, findings: &mut Vec<Diagnostic>) -> Result<Vec<String>, CliError> {
    let paid = paid(set);
    if paid.is_empty() {
        return Ok(Vec::new());
    }
    let availability = bank.availability().await?;
    let mut told = vec!["Operators of the payouts:".to_owned()];
    let mut used: BTreeMap<Provider, &str> = BTreeMap::new();
    for (to, policy) in &paid {
        used.entry(to.provider).or_insert(&policy.name);
    }
    for (provider, policy) in used {
        let (line, found) = operator(&availability, provider, policy);
        told.push(line);
        findings.extend(found);
    }
    for (to, policy) in paid {
        let predicted = bank.predicted(to.phone).await?;
        let shown = predicted.map_or_else(|| "recognised by nobody".to_owned(), |it| format!("a customer of {it}"));
        told.push(format!("  {}  {shown}, by KPay's prediction", to.phone));
        findings.extend(number(set, policy, to, predicted));
    }
    Ok(told)
}

fn operator(availability: &Availability, provider: Provider, policy: &str) -> (String, Option<Diagnostic>) {
    let word = match availability.payouts.get(&provider) {
        Some(OperatorStatus::Operational) => "takes payouts (OPERATIONAL)",
        Some(OperatorStatus::Delayed) => "takes payouts, late (DELAYED)",
        Some(OperatorStatus::Closed) => "takes no payouts now (CLOSED)",
        None if provider.is_wave() => "is suspended by KPay",
        None => "is not in KPay's list, and counts as open",
    };
    let found = if let Some(why) = availability.closed(provider) {
        let hint = format!("payouts of {policy} wait with the reason provider_down until KPay says otherwise");
        Some(of_kpay("operator-closed", why, hint))
    } else if availability.is_delayed(provider) {
        let hint = format!("payouts of {policy} go, and stay in KPay's hands for longer");
        Some(of_kpay("operator-delayed", format!("KPay says that {provider} is late with payouts (DELAYED)"), hint))
    } else {
        None
    };
    (format!("  {provider}  {word}"), found)
}

/// What is wrong with a number by KPay's prediction, at its place in the file.
fn number(set: &PolicySet, policy: &Policy, to: Beneficiary, predicted: Option<Provider>) -> Option<Diagnostic> {
    if predicted == Some(to.provider) {
        return None;
    }
    let (file, line, column) =
        set.files.iter().find_map(|file| place_in(file, to)).unwrap_or((policy.file.clone(), policy.line, 1));
    let (code, message, hint) = match predicted {
        Some(other) => (
            "operator-differs",
            format!("KPay takes {} for a customer of {other}, not of {}", to.phone, to.provider),
            format!(
                "ask the one who is paid; if KPay is right, write `provider: {other}`. Numbers are kept when people change \
                 their operator, so the file may be right"
            ),
        ),
        None => (
            "number-unrecognised",
            format!("KPay recognises no operator for the number {}", to.phone),
            "look at every digit, and ask the one who is paid: money sent to a wrong number may be gone".to_owned(),
        ),
    };
    Some(Diagnostic { file, line, column, severity: Severity::Warning, code, message, hint })
}

/// Where a number first stands in a file, beside its operator; 1-based.
fn place_in(file: &SourceFile, to: Beneficiary) -> Option<(String, usize, usize)> {
    let digits = to.phone.digits();
    file.text.lines().enumerate().find_map(|(index, line)| {
        let written = line.split('#').next()?;
        let at = written.find(digits).filter(|_| written.contains(to.provider.code()))?;
        Some((file.shown_name(), index + 1, written[..at].chars().count() + 1))
    })
}

/// KPay's fees and limits. Nothing depends on them, so that not reading them is a line and no failure.
async fn fees(bank: &KpayBank, set: &PolicySet, findings: &mut Vec<Diagnostic>) -> Vec<String> {
    let info = match bank.platform_info().await {
        Ok(info) => info,
        Err(error) => return vec![format!("KPay's fees and limits are not known: {error}")],
    };
    let figures = figures::read(info.get());
    if figures.is_empty() {
        return vec!["KPay says nothing of its fees and limits".to_owned()];
    }
    findings.extend(
        figures::contradictions(&figures, set)
            .into_iter()
            .map(|(message, hint)| of_kpay("kpay-figures-differ", message, hint)),
    );
    let shown = figures.iter().take(MOST_FIGURES).map(Figure::line);
    let rest = figures.len().saturating_sub(MOST_FIGURES);
    let more = (rest > 0).then(|| format!("  and {rest} more"));
    std::iter::once("KPay's fees and limits:".to_owned()).chain(shown).chain(more).collect()
}

fn of_kpay(code: &'static str, message: String, hint: String) -> Diagnostic {
    Diagnostic { file: "KPay".to_owned(), line: 0, column: 0, severity: Severity::Warning, code, message, hint }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::parse;

    fn set(text: &str) -> PolicySet {
        parse(&[SourceFile { path: "p.yaml".into(), text: text.to_owned() }]).unwrap().set
    }

    const RENT: &str = "version: 1
beneficiaries:
  # 237653456789 MTN_MOMO_CMR was the old one
  landlord: { provider: ORANGE_CMR, phone: \"237653456789\" }
policies:
  - name: rent
    schedule: \"0 9 1 * *\"
    payout: { from: CMR, to: landlord, above: 100_000 }
  - name: rent-again
    schedule: \"0 9 2 * *\"
    payout:
      from: CMR
      to: { provider: ORANGE_CMR,
            phone: \"237653456780\" }
      above: 100_000
";

    #[test]
    fn a_number_is_found_where_it_stands() {
        let set = set(RENT);
        let check = |phone: &str, predicted: Option<&str>, expected: Option<&str>| {
            let to: Beneficiary = format!("ORANGE_CMR:{phone}").parse().unwrap();
            let policy = paid(&set)[&to];
            let found = number(&set, policy, to, predicted.map(|code| code.parse().unwrap()));
            let found = found.map(|it| format!("{}:{}:{} {} {}", it.file, it.line, it.column, it.code, it.message));
            assert_eq!(found.as_deref(), expected);
        };
        check("237653456789", Some("ORANGE_CMR"), None);
        let differs = "KPay takes 237653456789 for a customer of MTN_MOMO_CMR, not of ORANGE_CMR";
        check("237653456789", Some("MTN_MOMO_CMR"), Some(&format!("p.yaml:4:45 operator-differs {differs}")));
        let nobody = "number-unrecognised KPay recognises no operator for the number";
        check("237653456789", None, Some(&format!("p.yaml:4:45 {nobody} 237653456789")));
        check("237653456780", None, Some(&format!("p.yaml:9:1 {nobody} 237653456780")));
    }

    #[test]
    fn operators_are_told_as_they_are() {
        let check = |code: &str, status: Option<OperatorStatus>, word: &str, expected: Option<&str>| {
            let provider: Provider = code.parse().unwrap();
            let payouts = status.map(|status| (provider, status)).into_iter().collect();
            let (line, found) = operator(&Availability { payouts, unread: None }, provider, "rent");
            assert!(line.contains(word), "{line}");
            assert_eq!(found.map(|found| found.code), expected, "{code} {status:?}");
        };
        check("ORANGE_CMR", Some(OperatorStatus::Operational), "OPERATIONAL", None);
        check("ORANGE_CMR", Some(OperatorStatus::Delayed), "DELAYED", Some("operator-delayed"));
        check("ORANGE_CMR", Some(OperatorStatus::Closed), "CLOSED", Some("operator-closed"));
        check("ORANGE_CMR", None, "not in KPay's list", None);
        check("WAVE_SEN", None, "suspended", Some("operator-closed"));
        check("WAVE_SEN", Some(OperatorStatus::Operational), "OPERATIONAL", None);
    }
}
