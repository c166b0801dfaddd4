//! The page, made from records.

use super::NOT_PLAYED;
use super::rows::{catalogue, heading, rows_in, tests_of_rows};
use crate::played;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Where it is.
pub const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reliability.md");

const BEGINNING: &str = "# Reliability: what was done to it, and what came of it

Made by a run of the tests, not by hand. Each row of the fault catalogue is played from outside: the built program, real
processes, sockets and files, against KPay's sandbox. The judge is the sandbox's own books and its raw log of requests,
never what treasuryd says of itself. After each play the invariants of [the architecture](../ARCHITECTURE.md#invariants)
are checked, then the faults end, and within a bounded number of requests everything must be final or a person's.

A *play* is one fresh sandbox and one fresh state that the fault was done to; *moves* are the transfers and payouts that the
sandbox applied meanwhile. A row in which nothing may move has none. `inside` counts tests of the same row within the program,
for what no real server or disk can be made to do on demand.

To make this page again:

```sh
RELIABILITY_REPORT=$PWD/target/reliability cargo test --test it
RELIABILITY_REPORT=$PWD/target/reliability UPDATE_RELIABILITY=1 cargo test --test it reliability::
```
";

/// The records of a run, by test.
pub fn records() -> BTreeMap<String, Value> {
    let folder = played::folder();
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("no run in {}: {error}", folder.display()));
    let texts = entries.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap());
    let records = texts.map(|text| serde_json::from_str::<Value>(&text).unwrap());
    records.map(|record| (record["test"].as_str().unwrap().to_owned(), record)).collect()
}

/// What a test's name says.
pub fn sentence(name: &str) -> String {
    let words: Vec<&str> = name.split('_').skip(rows_in(name).len()).collect();
    words.join(" ")
}

/// The whole page. A test without a record did not come to its end in this run.
pub fn render(records: &BTreeMap<String, Value>) -> String {
    let (tests, inside) = (tests_of_rows("tests"), tests_of_rows("src"));
    let mut page = BEGINNING.to_owned();
    // A folder may still hold what an earlier run left of tests that are gone.
    let told: Vec<&Value> = tests.iter().filter_map(|test| records.get(&test.name)).collect();
    let sum = |what: &str| told.iter().filter_map(|record| record[what].as_u64()).sum::<u64>();
    let held = told.iter().filter(|record| record["held"] == true).count();
    let (plays, requests, moves) = (sum("plays"), sum("requests"), sum("applied"));
    let _ = write!(
        page,
        "\nThis run: {held} of {} tests held · {plays} plays · {requests} requests to the sandbox · {moves} moves applied · {} \
         of {} rows not played.\n",
        tests.len(),
        NOT_PLAYED.len(),
        catalogue().len(),
    );
    let mut part = String::new();
    for row in catalogue() {
        if !row.id.starts_with(&part) || part.is_empty() {
            row.id[..1].clone_into(&mut part);
            let _ = write!(
                page,
                "\n## {part}. {}\n\n| row | what goes wrong | played | how often | result |\n|---|---|---|---|---|\n",
                heading(&part)
            );
        }
        let within = inside.iter().filter(|test| test.rows.contains(&row.id)).count();
        let within = if within == 0 { String::new() } else { format!("; inside: {within}") };
        if let Some((_, why)) = NOT_PLAYED.iter().find(|(id, _)| *id == row.id) {
            let _ = writeln!(page, "| {} | {} | not played: {why} | –{within} | – |", row.id, row.fault);
        }
        for (index, test) in tests.iter().filter(|test| test.rows.contains(&row.id)).enumerate() {
            let what = if index == 0 { format!("{} · expected: {}", row.fault, row.expected) } else { String::new() };
            let within = if index == 0 { within.as_str() } else { "" };
            let (often, result) = records.get(&test.name).map_or(("–".to_owned(), "did not run".to_owned()), came_of);
            let _ = writeln!(page, "| {} | {what} | {} | {often}{within} | {result} |", row.id, sentence(&test.name));
        }
    }
    page
}

/// How often, and what came of it.
fn came_of(record: &Value) -> (String, String) {
    let number = |what: &str| record[what].as_u64().unwrap_or_default();
    let (plays, moves) = (number("plays"), number("applied"));
    let often = if moves == 0 { format!("{plays} plays") } else { format!("{plays} plays, {moves} moves") };
    let result = if record["held"] == true { "held" } else { "FAILED" };
    let left_out: Vec<&str> = record["left_out"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if left_out.is_empty() {
        (often, result.to_owned())
    } else {
        (often, format!("{result}; left out: {}", left_out.join("; ")))
    }
}
