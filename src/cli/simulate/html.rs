//! The report as one HTML file: no scripts, nothing loaded from anywhere, readable on a phone and in the dark.

use super::chart::{Chart, HEIGHT, WIDTH, chart};
use super::{Report, table};
use crate::model::WalletId;
use crate::simulate::{BELOW, FEES, IDLE};
use askama::Template;
use std::collections::BTreeSet;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    source: String,
    from: String,
    to: String,
    replayed: Option<String>,
    names: Vec<(usize, String)>,
    heads: Vec<String>,
    rows: Vec<Row>,
    charts: Vec<Chart>,
    width: i64,
    height: i64,
    ticks: i64,
    skips: Vec<(String, Vec<String>)>,
    fees: &'static str,
    idle: &'static str,
    below: &'static str,
    version: &'static str,
}

struct Row {
    figure: String,
    cells: Vec<String>,
}

/// The page's text.
pub(super) fn render(report: &Report) -> std::io::Result<String> {
    let (start, end) = (report.history.start, report.history.end);
    let wallets: BTreeSet<WalletId> = report.runs.iter().flat_map(|run| run.trace.balances.keys().copied()).collect();
    let time = |at: crate::model::Timestamp| at.format("%Y-%m-%d %H:%M").to_string();
    let replayed = report.replayed.as_ref().map(|it| {
        let cannot: usize = it.cannot.values().sum();
        let rest = if cannot > 0 { format!("; {cannot} cannot be replayed") } else { String::new() };
        format!("{} decisions replayed, {} exactly as recorded{rest}", it.decisions, it.exact)
    });
    let page = Page {
        source: report.source.clone(),
        from: time(start),
        to: time(end),
        replayed,
        names: report.runs.iter().enumerate().map(|(index, run)| (index + 1, run.name.clone())).collect(),
        heads: heads(report),
        rows: table::rows(report).into_iter().map(|(figure, cells)| Row { figure, cells }).collect(),
        charts: wallets.into_iter().filter_map(|wallet| chart(wallet, &report.runs, start, end)).collect(),
        width: WIDTH,
        height: HEIGHT,
        ticks: HEIGHT - 36,
        skips: skips(report),
        fees: FEES,
        idle: IDLE,
        below: BELOW,
        version: env!("CARGO_PKG_VERSION"),
    };
    page.render().map_err(std::io::Error::other)
}

fn heads(report: &Report) -> Vec<String> {
    if report.runs.len() == 2 {
        return ["First", "Second", "Change"].map(str::to_owned).to_vec();
    }
    vec!["Figure".to_owned()]
}

fn skips(report: &Report) -> Vec<(String, Vec<String>)> {
    let reasons: BTreeSet<_> =
        report.runs.iter().flat_map(|run| run.trace.figures.skips.iter().map(|it| it.reason)).collect();
    let count = |run: &super::Run, reason| {
        run.trace.figures.skips.iter().find(|it| it.reason == reason).map_or(0, |it| it.count).to_string()
    };
    reasons
        .into_iter()
        .map(|reason| (reason.word().to_owned(), report.runs.iter().map(|run| count(run, reason)).collect()))
        .collect()
}
