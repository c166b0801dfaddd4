//! What the flows share: policies as text, and short words for what was planned, sent and booked.

use crate::support::{Daemon, Ended, Merchant, eventually};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use treasuryd::money::{Amount, Country};

/// Gabon's id of CONTRACT 5 is of this application.
pub const APPLICATION: &str = "b8aefadd-88b4-561a-8a90-2f9814207bfb";

/// A policy file with one policy `consolidate`, each day at 18:00 UTC, and more lines of it, each indented by four.
pub fn one_policy(sweep: &str, more: &str) -> String {
    format!("version: 1\npolicies:\n{}", policy("consolidate", sweep, more))
}

/// One policy as an item of the list, each day at 18:00 UTC unless `more` has a schedule of its own.
pub fn policy(name: &str, sweep: &str, more: &str) -> String {
    let mut lines = vec![format!("  - name: {name}"), format!("    sweep: {sweep}")];
    if !more.contains("schedule:") {
        lines.push("    schedule: \"0 18 * * *\"".to_owned());
    }
    lines.extend(more.lines().map(|line| format!("    {line}")));
    lines.join("\n") + "\n"
}

/// `once --json --at …`.
pub fn once_at(merchant: &Merchant, at: &str) -> Ended {
    merchant.treasuryd(&["once", "--json", "--at", at])
}

/// `plan --json` with more arguments; it must have come to an end well.
pub fn plan(merchant: &Merchant, args: &[&str]) -> Value {
    merchant.treasuryd(&[&["plan", "--json"], args].concat()).with_code(0).json()
}

/// Each lane of a plan on one line, in order: `consolidate GAB>CMR 30000` or `consolidate COG>CMR below_trigger`.
pub fn lanes(plan: &Value) -> Vec<String> {
    let mut lanes = Vec::new();
    for policy in plan["policies"].as_array().unwrap() {
        let name = policy["policy"].as_str().unwrap();
        let word = |value: &Value, key: &str| value[key].as_str().unwrap_or("?").to_owned();
        for (list, last) in [("transfers", "amount"), ("skipped", "reason")] {
            for entry in policy[list].as_array().unwrap() {
                lanes.push(format!("{name} {}>{} {}", word(entry, "from"), word(entry, "to"), word(entry, last)));
            }
        }
    }
    lanes
}

/// What KPay's books hold, in the order it was applied: `GAB>CMR 30000`.
pub fn moved(merchant: &Merchant) -> Vec<String> {
    let line = |entry: &treasuryd::sandbox::AppliedTransfer| format!("{}>{} {}", entry.from, entry.to, entry.amount);
    merchant.books().transfers.iter().map(line).collect()
}

/// The same, sorted: sources are worked on side by side.
pub fn moved_sorted(merchant: &Merchant) -> Vec<String> {
    let mut moved = moved(merchant);
    moved.sort();
    moved
}

/// How many POSTs of a transfer KPay has seen, answered or not.
pub fn posts(merchant: &Merchant) -> u64 {
    merchant.books().counters.transfer_requests
}

/// A customer pays.
pub fn deposit(merchant: &Merchant, country: &str, amount: i64) {
    merchant.bank().deposit(country.parse::<Country>().unwrap(), Amount::whole(amount)).unwrap();
}

/// `id state evidence` of every transfer, without the ids' common start.
pub fn states(merchant: &Merchant) -> Vec<String> {
    let line = |transfer: Value| {
        let word = |key: &str| transfer[key].as_str().unwrap_or("-").to_owned();
        format!("{}>{} {} {} {}", word("from"), word("to"), word("amount"), word("state"), word("evidence"))
    };
    merchant.transfers().into_iter().map(line).collect()
}

/// The only transfer there is.
pub fn only_transfer(merchant: &Merchant) -> Value {
    let mut transfers = merchant.transfers();
    assert_eq!(transfers.len(), 1, "{transfers:?}");
    transfers.remove(0)
}

/// Every file under a folder with its bytes.
pub fn files_under(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.display().to_string(), std::fs::read(&path).unwrap());
            }
        }
    }
    files
}

/// Loses the state, as a merchant who deletes the folder does.
pub fn lose_the_state(merchant: &Merchant) {
    std::fs::remove_dir_all(merchant.path("state")).unwrap();
}

/// Rows of a CSV export, each by column.
pub fn csv(merchant: &Merchant) -> Vec<BTreeMap<String, String>> {
    let text = merchant.treasuryd(&["ledger", "export", "--format", "csv"]).with_code(0).stdout;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(Result::unwrap).collect()
}

/// Leaves Gabon's transfer of the evening to a person: KPay answers 500 before it looks, and nobody asks for long.
pub fn needs_a_person(merchant: &mut Merchant) -> String {
    merchant.set("kpay", "resend_for = \"1s\"");
    merchant.bank().set_faults(&["http-500-before@always"]).unwrap();
    merchant.once().with_code(75);
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    let transfer = only_transfer(merchant);
    assert_eq!(transfer["state"], "needs_operator", "{transfer}");
    transfer["external_id"].as_str().unwrap().to_owned()
}

/// Long enough for a machine that does other things as well.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the daemon says that it is ready.
pub fn until_ready(daemon: &Daemon) {
    eventually("the daemon is ready", PATIENCE, || daemon.get("/readyz").0 == 200);
}

/// A policy from Gabon to Cameroon that fires every other second and moves a thousand each time.
pub fn often(name: &str) -> String {
    let more = "schedule: \"*/2 * * * * *\"\nlimits: { max_per_slot: 1_000 XAF }";
    format!("version: 1\npolicies:\n{}", policy(name, "{ from: [GAB], into: CMR, above: 100_000 XAF }", more))
}

/// A policy whose slot of today is up whenever the daemon starts, and the next one is tomorrow's.
pub fn once_a_day(sweep: &str, more: &str) -> String {
    one_policy(sweep, &format!("schedule: \"0 0 * * *\"\ncatch_up: 24h\n{more}"))
}

/// `status --json`.
pub fn status(merchant: &Merchant) -> Value {
    merchant.treasuryd(&["status", "--json"]).with_code(0).json()
}

/// Names of the policies in force.
pub fn in_force(merchant: &Merchant) -> Vec<String> {
    let status = status(merchant);
    status["policies"].as_array().unwrap().iter().map(|policy| policy["name"].as_str().unwrap().to_owned()).collect()
}

/// The series of a scrape: `name{labels}` → value.
pub fn metrics(daemon: &Daemon) -> BTreeMap<String, f64> {
    let (status, text) = daemon.get("/metrics");
    assert_eq!(status, 200, "{text}");
    let series = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    series
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// The sum of the series of a family whose labels contain all of `labels`, e.g. `from="GAB"`; `None` where there is none.
pub fn sum(metrics: &BTreeMap<String, f64>, family: &str, labels: &[&str]) -> Option<f64> {
    let name = format!("treasuryd_{family}");
    let found: Vec<f64> = metrics
        .iter()
        .filter(|(series, _)| series.split('{').next() == Some(&name))
        .filter(|(series, _)| labels.iter().all(|label| series.contains(label)))
        .map(|(_, value)| *value)
        .collect();
    if found.is_empty() { None } else { Some(found.iter().sum()) }
}
