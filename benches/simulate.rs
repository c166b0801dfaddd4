//! A year of hourly balances of ten wallets, run against ten policies: `cargo bench --bench simulate`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::time::Instant;
use treasuryd::model::Environment;
use treasuryd::money::Rate;
use treasuryd::plan::Caps;
use treasuryd::policy::{SourceFile, parse};
use treasuryd::simulate::{History, Setting, Spec, generate, simulate};

const WALLETS: &str = "CMR:0+GAB:300000+COG:0+SEN:0+CIV:0+BEN:0+KEN:0+COD:0+UGA:0+RWA:0";

fn main() -> Result<(), Box<dyn Error>> {
    // `cargo test --benches` only asks whether it runs.
    let days = if std::env::args().any(|argument| argument == "--test") { 3 } else { 365 };
    let spec: Spec = format!("days={days},seed=7,wallets={WALLETS},daily=500000").parse()?;
    let history = History::of_readings(&generate(&spec))?.ok_or("nothing was made up")?;
    let mut text = "version: 1\ntimezone: Africa/Douala\nreserves: { GAB: 50_000 }\npolicies:\n".to_owned();
    for (index, source) in ["GAB", "COG", "SEN", "CIV", "BEN", "KEN", "COD", "UGA", "RWA", "GAB"].iter().enumerate() {
        write!(
            text,
            "  - name: p{index}\n    schedule: \"{} * * * *\"\n    fx: {{ allow: true }}\n    \
             sweep: {{ from: [{source}], into: CMR, above: 250_000, keep: 100_000 }}\n",
            index * 5
        )?;
    }
    let parsed =
        parse(&[SourceFile { path: "bench.yaml".to_owned(), text }]).map_err(|errors| format!("{errors:?}"))?;
    let mut rates = BTreeMap::new();
    for policy in &parsed.set.policies {
        rates.extend(policy.rate_pairs().into_iter().map(|pair| (pair, Rate::ONE)));
    }
    let caps = Caps { max_transfers_per_hour: 1_000, max_per_day: BTreeMap::new() };
    let setting = Setting { policies: &parsed.set, caps: &caps, environment: Environment::Sandbox, rates: &rates };
    for run in 1..=3 {
        let began = Instant::now();
        let trace = simulate(&history, setting, |_| {})?;
        let (changes, moves) = (history.changes.len(), trace.figures.moves);
        println!("run {run}: {days} days, {changes} changes, {moves} moves: {} ms", began.elapsed().as_millis());
    }
    Ok(())
}
