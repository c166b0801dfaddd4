//! The oracle: the invariants of the reliability page, judged by the sandbox's books and its raw request log against
//! everything treasuryd says of itself (intents, books, journal). It shares no rule with the program.

use crate::support::Merchant;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use treasuryd::money::{Amount, Country};
use treasuryd::sandbox::{AppliedTransfer, Books, RequestRecord};

/// One row of `ledger export --format csv`, by column.
pub type Entry = BTreeMap<String, String>;

/// Everything there is to judge.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The sandbox's books.
    pub books: Books,
    /// The sandbox's log of requests since this state began.
    pub requests: Vec<RequestRecord>,
    /// The last request of a state that is lost; 0 where none is.
    pub since: u64,
    /// The busiest sliding minute of all of them.
    pub busiest_minute: usize,
    /// What is configured.
    pub per_minute: usize,
    /// Below which our moves may not bring a wallet.
    pub floors: BTreeMap<Country, Amount>,
    /// `transfers list --json`.
    pub transfers: Vec<Value>,
    /// `ledger export`.
    pub entries: Vec<Entry>,
    /// The events of the journal's records.
    pub journal: Vec<Value>,
}

impl Evidence {
    /// Collects it. The daemon must not be running: the journal is read as it lies there.
    pub fn of(merchant: &Merchant, floors: &BTreeMap<Country, Amount>, since: u64, per_minute: usize) -> Self {
        merchant.treasuryd(&["journal", "verify"]).with_code(0);
        let csv = merchant.treasuryd(&["ledger", "export", "--format", "csv"]).with_code(0).stdout;
        let rows = csv::Reader::from_reader(csv.as_bytes()).into_deserialize().map(Result::unwrap).collect();
        let bank = merchant.bank();
        Self {
            books: bank.books(),
            requests: bank.requests().into_iter().filter(|request| request.number > since).collect(),
            since,
            busiest_minute: bank.busiest_minute(),
            per_minute,
            floors: floors.clone(),
            transfers: merchant.transfers(),
            entries: rows,
            journal: journal_of(merchant),
        }
    }

    fn applied(&self, id: &str) -> Vec<&AppliedTransfer> {
        self.books.applied(id)
    }

    /// Whether a state that is lost applied it, and this one never sent it: nobody can know what a lost state did.
    fn is_of_a_lost_state(&self, moved: &AppliedTransfer) -> bool {
        let id = moved.external_id.as_deref().unwrap_or_default();
        moved.request <= self.since && !self.posts().contains_key(id)
    }

    fn intent(&self, id: &str) -> Option<&Value> {
        self.transfers.iter().find(|transfer| transfer["external_id"] == id)
    }

    /// Bodies of transfer requests by the id in them.
    fn posts(&self) -> BTreeMap<String, Vec<&RequestRecord>> {
        let mut posts: BTreeMap<String, Vec<&RequestRecord>> = BTreeMap::new();
        for request in self.requests.iter().filter(|request| request.path == "/api/wallets/transfer") {
            let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
            posts.entry(text(&body, "externalId").to_owned()).or_default().push(request);
        }
        posts
    }
}

/// The events of every segment, oldest first.
fn journal_of(merchant: &Merchant) -> Vec<Value> {
    let folder = merchant.path("state/journal");
    let mut segments: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    segments.sort();
    let texts = segments.iter().map(|path| std::fs::read_to_string(path).unwrap());
    let lines = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    lines.map(|line| serde_json::from_str::<Value>(&line).unwrap()["event"].take()).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Everything that is wrong, each with its invariant's number.
pub fn violations(evidence: &Evidence) -> Vec<String> {
    let invariants = [
        once_per_slot,
        unknown_is_not_failure,
        same_id_same_bytes,
        books_are_true,
        floors_hold,
        sums_agree,
        budget_holds,
        honest,
    ];
    invariants.iter().flat_map(|invariant| invariant(evidence)).collect()
}

/// I1: no id, and no lane, slot and part, applied twice.
fn once_per_slot(evidence: &Evidence) -> Vec<String> {
    let mut found: Vec<String> = evidence.books.wrong.iter().map(|wrong| format!("I8 sandbox: {wrong}")).collect();
    let mut slots: BTreeMap<String, usize> = BTreeMap::new();
    for id in evidence.books.transfers.iter().filter_map(|entry| entry.external_id.as_deref()) {
        // All but the check at the end: the slot, the lane, the part.
        *slots.entry(id.rsplit_once('-').map_or(id, |(slot, _)| slot).to_owned()).or_default() += 1;
    }
    found
        .extend(slots.iter().filter(|(_, times)| **times > 1).map(|(slot, times)| format!("I1 {slot}: {times} times")));
    found
}

/// I3: what we call rejected or cancelled was never applied.
fn unknown_is_not_failure(evidence: &Evidence) -> Vec<String> {
    let given_up = evidence.transfers.iter().filter(|it| ["rejected", "cancelled"].contains(&text(it, "state")));
    let applied = |it: &&Value| evidence.applied(text(it, "external_id"));
    let moved = given_up.filter(|it| applied(it).iter().any(|moved| !evidence.is_of_a_lost_state(moved)));
    moved.map(|it| format!("I3 {} is {} and was applied", it["external_id"], it["state"])).collect()
}

/// I4 (and I2): every body under an id is the one its intent was written with, before it was sent.
fn same_id_same_bytes(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    let decided = evidence.journal.iter().filter(|event| event["type"] == "decided");
    let intents: BTreeMap<&str, &str> = decided
        .flat_map(|event| event["intents"].as_array().unwrap())
        .map(|intent| (text(intent, "external_id"), text(intent, "body")))
        .collect();
    for (id, posts) in evidence.posts() {
        let written = intents.get(id.as_str());
        if posts.iter().any(|post| Some(&post.body.as_str()) != written) {
            found.push(format!("I4 {id}: a body is not the intent's ({written:?})"));
        }
    }
    found
}

/// I5 and I9: an entry is a movement that the sandbox applied, with its figures; a rate is the sandbox's or pending.
fn books_are_true(evidence: &Evidence) -> Vec<String> {
    evidence.entries.iter().filter_map(|entry| false_entry(evidence, entry)).collect()
}

fn false_entry(evidence: &Evidence, entry: &Entry) -> Option<String> {
    let id = &entry["external_id"];
    let applied = evidence.applied(id);
    let [moved] = applied[..] else {
        return Some(format!("I5 {id} is booked and was applied {} times", applied.len()));
    };
    let lane = (entry["source_country"].as_str(), entry["destination_country"].as_str());
    let same_lane = lane == (moved.from.code(), moved.to.code())
        && entry["source_currency"] == moved.currency.to_string()
        && entry["destination_currency"] == moved.credited_currency.to_string();
    if !same_lane || entry["source_amount"] != moved.amount.to_string() {
        return Some(format!("I5 {id} is booked as {entry:?}, but was {moved:?}"));
    }
    let pending = entry["rate_source"] == "pending";
    let untold = entry["exchange_rate"].is_empty() && entry["destination_amount"].is_empty();
    let told =
        entry["exchange_rate"] == moved.rate.to_string() && entry["destination_amount"] == moved.credited.to_string();
    let honest = if pending { untold && moved.currency != moved.credited_currency } else { told };
    (!honest).then(|| format!("I9 {id}: {entry:?}, but {moved:?}"))
}

/// I6: our moves leave the floor in a wallet.
fn floors_hold(evidence: &Evidence) -> Vec<String> {
    let mut found = Vec::new();
    for (country, floor) in &evidence.floors {
        let Some(wallet) = evidence.books.wallet(*country) else { continue };
        let moved = evidence.books.transfers.iter().any(|entry| entry.from == *country);
        let left = wallet.balance.checked_add(wallet.withdrawn).unwrap();
        if moved && left < *floor {
            found.push(format!("I6 {country} holds {left}, below {floor}"));
        }
    }
    found
}

/// I8: what the sandbox applied is in our books, or open.
fn sums_agree(evidence: &Evidence) -> Vec<String> {
    let booked: BTreeSet<&str> = evidence.entries.iter().map(|entry| entry["external_id"].as_str()).collect();
    let mut found = Vec::new();
    let mut totals: BTreeMap<(Country, bool), Amount> = BTreeMap::new();
    let mut add = |key, amount: Amount| {
        let total = totals.entry(key).or_insert(Amount::ZERO);
        *total = total.checked_add(amount).unwrap();
    };
    for moved in &evidence.books.transfers {
        let id = moved.external_id.as_deref().unwrap_or_default();
        let state = evidence.intent(id).map(|intent| text(intent, "state"));
        let open = ["sending", "unknown", "needs_operator"].contains(&state.unwrap_or_default());
        if !booked.contains(id) && !open && !evidence.is_of_a_lost_state(moved) {
            found.push(format!("I8 {id} was applied, but is {state:?} and not booked"));
        }
        if booked.contains(id) {
            add((moved.from, true), moved.amount);
        }
    }
    for entry in &evidence.entries {
        add((entry["source_country"].parse().unwrap(), false), entry["source_amount"].parse().unwrap());
    }
    for ((country, theirs), total) in &totals {
        if totals.get(&(*country, !theirs)) != Some(total) {
            found.push(format!("I8 {country}: the sums differ: {totals:?}"));
        }
    }
    found
}

/// I10: no sliding minute holds more requests than configured.
fn budget_holds(evidence: &Evidence) -> Vec<String> {
    let (busiest, allowed) = (evidence.busiest_minute, evidence.per_minute);
    (busiest > allowed).then(|| format!("I10 {busiest} requests in a minute, {allowed} allowed")).into_iter().collect()
}

/// I21 (and I20 of a send): `transfers list` is what the journal says, and no attempt is a secret.
fn honest(evidence: &Evidence) -> Vec<String> {
    let told: BTreeMap<&str, (&str, u64)> = evidence
        .transfers
        .iter()
        .map(|it| (text(it, "external_id"), (text(it, "state"), it["attempts"].as_u64().unwrap())))
        .collect();
    let folded = fold(&evidence.journal);
    let mut found = Vec::new();
    if folded
        .iter()
        .map(|(id, (state, attempts))| (id.as_str(), (*state, *attempts)))
        .ne(told.iter().map(|(id, it)| (*id, *it)))
    {
        found.push(format!("I21 the list says {told:?}, the journal {folded:?}"));
    }
    for (id, posts) in evidence.posts() {
        let attempts = told.get(id.as_str()).map_or(0, |(_, attempts)| *attempts);
        // A token that had run out is renewed within the attempt.
        let real = posts.iter().filter(|post| post.status != Some(401)).count();
        if u64::try_from(real).unwrap() > attempts {
            found.push(format!("A20 {id}: {real} requests in {attempts} attempts"));
        }
    }
    found
}

/// The oracle's own small reading of the journal: state and attempts by id.
fn fold(journal: &[Value]) -> BTreeMap<String, (&'static str, u64)> {
    let mut known: BTreeMap<String, (&'static str, u64)> = BTreeMap::new();
    let mut lost = BTreeSet::new();
    for event in journal {
        for intent in event["intents"].as_array().into_iter().flatten() {
            let state = if intent["approval"].is_object() { "awaiting_approval" } else { "planned" };
            known.insert(text(intent, "external_id").to_owned(), (state, 0));
        }
        let id = text(event, "external_id");
        let Some((state, attempts)) = known.get_mut(id) else { continue };
        *state = match text(event, "type") {
            "attempted" => {
                *attempts += 1;
                "sending"
            }
            "not_sent" if lost.contains(id) => "unknown",
            "not_sent" => "planned",
            "unknown" => {
                lost.insert(id.to_owned());
                "unknown"
            }
            "applied" => "applied",
            "needs_operator" => "needs_operator",
            "cancelled" => "cancelled",
            "resolved" if event["finding"]["applied"].is_object() => "applied",
            "rejected" | "resolved" => "rejected",
            other => panic!("an event that the oracle does not know: {other}"),
        };
    }
    known
}
