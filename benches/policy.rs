//! How long `check` takes over many policies, lints and all: `cargo bench --bench policy`.
//!
//! 1,000 policies must be read and judged in well under a second, and twice as many in about twice the time, in one file
//! or in many. Each figure is the fastest of several runs (other work on the machine only ever adds).

use std::error::Error;
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use treasuryd::policy::{SourceFile, parse};

const RUNS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` only asks whether it runs.
    let quick = std::env::args().any(|argument| argument == "--test");
    let scale = if quick { 100 } else { 1 };
    println!(
        "policies: fastest of {RUNS} runs{}",
        if quick { ", everything below a hundredth of the size named" } else { "" }
    );
    let reference = row("1,000 policies in one file", &files(1_000 / scale, 1), None)?;
    row("1,000 policies in 100 files", &files(1_000 / scale, 100 / scale), Some(reference))?;
    row("2,000 policies in one file", &files(2_000 / scale, 1), Some(reference))?;
    row("4,000 policies in one file", &files(4_000 / scale, 1), Some(reference))?;
    Ok(())
}

fn row(name: &str, files: &[SourceFile], reference: Option<Duration>) -> Result<Duration, Box<dyn Error>> {
    let read = || parse(files).map_err(|found| found.first().map_or_else(String::new, ToString::to_string));
    let parsed = read()?;
    let mut took = Duration::MAX;
    for _ in 0..RUNS {
        let started = Instant::now();
        std::hint::black_box(read()?);
        took = took.min(started.elapsed());
    }
    let growth = reference.map_or_else(String::new, |reference| {
        let hundredths = took.as_nanos() * 100 / reference.as_nanos().max(1);
        format!("  x {}.{:02}", hundredths / 100, hundredths % 100)
    });
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    println!(
        "{name:<28} {:>6} ms  {} policies, {} kB, {} warnings{growth}",
        took.as_millis(),
        parsed.set.policies.len(),
        bytes / 1_000,
        parsed.warnings.len()
    );
    Ok(took)
}

/// Policies of every kind, with limits, guards and tests, spread over the files in equal parts.
fn files(policies: usize, files: usize) -> Vec<SourceFile> {
    let files = files.max(1);
    let mut written = Vec::new();
    for file in 0..files {
        let mut text = String::from("version: 1\ntimezone: Africa/Douala\npolicies:\n");
        for index in (file..policies).step_by(files) {
            policy(&mut text, index);
        }
        written.push(SourceFile { path: format!("{file:04}.yaml"), text });
    }
    written
}

/// Lanes lead from earlier to later wallets of the table, so that no money goes round.
fn policy(text: &mut String, index: usize) {
    let (minute, hour) = (index % 60, index / 60 % 24);
    let rule = match index % 4 {
        0 => "sweep: { from: [CMR, { wallet: GAB, above: 900_000 XAF }], into: COG, above: 250_000, keep: 100_000 }",
        1 => "sweep: { from: zone(CEMAC), except: [COG], into: SEN, above: { XAF: 250_000 }, fraction: 50% }",
        2 => {
            "top_up: { wallet: CIV, below: 200_000 XOF, to: 500_000 XOF, from: [SEN, { wallet: CMR, keep: 100_000 }] }"
        }
        _ => "rebalance: { weights: { KEN: 50%, UGA: 30%, RWA: 20% }, tolerance: 5%, base: KES }",
    };
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "  - name: policy-{index}
    description: One of many
    schedule: \"{minute} {hour} * * MON-FRI\"
    {rule}
    fx: {{ allow: true, max_spread: 1.5%, reference: last }}
    limits: {{ min_transfer: 5_000, max_transfer: 1_000_000, max_per_slot: 5_000_000, max_per_day: 9_000_000 }}
    approval: {{ above: 5_000_000, approvers: 2, from: [awa, brice, chantal], within: 6h }}
    active: {{ from: 2026-01-01, until: 2027-12-31 }}
    holidays: [2026-12-25, 2027-01-01]
    tests:
      - name: nothing to do
        balances: {{ CMR: 0, GAB: 0, COG: 0, SEN: 0, CIV: 0, KEN: 0, UGA: 0, RWA: 0 }}
        expect: []
"
    );
}
