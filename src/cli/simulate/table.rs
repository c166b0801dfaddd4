//! The figures for a terminal of at most 100 columns.

use super::{Report, Run};
use crate::cli::output::table;
use crate::money::{Amount, Money};
use crate::simulate::{BELOW, Difference, FEES, IDLE, Replayed, Sum, WalletFigures};
use std::fmt::Write;

/// How many differences of a replay are shown; `--json` has them all.
const MOST_DIFFERENCES: usize = 50;

/// Everything, run after run.
pub(super) fn render(report: &Report) -> String {
    let history = &report.history;
    let time = |at: crate::model::Timestamp| at.format("%Y-%m-%d %H:%M").to_string();
    let mut out = format!("{}: {} to {} UTC\n", report.source, time(history.start), time(history.end));
    if let Some(replayed) = &report.replayed {
        out.push_str(&replay(replayed));
    }
    for run in &report.runs {
        out.push('\n');
        out.push_str(&one(run));
    }
    if let [first, second] = report.runs.as_slice() {
        let _ =
            write!(out, "\nFirst: {}\nSecond: {}\n{}\n", first.name, second.name, side_by_side(&report.differences));
    }
    let _ = write!(out, "\n{}\n{}\n{}", wrapped(FEES), wrapped(IDLE), wrapped(BELOW));
    out
}

fn replay(replayed: &Replayed) -> String {
    let mut out = format!("{} decisions replayed, {} exactly as recorded\n", replayed.decisions, replayed.exact);
    for (why, count) in &replayed.cannot {
        let _ = writeln!(out, "{count} cannot be replayed: {why}");
    }
    for it in replayed.differences.iter().take(MOST_DIFFERENCES) {
        let _ = writeln!(out, "  record {}, {} {} {}:", it.seq, it.policy, it.slot, it.lane);
        let _ = writeln!(out, "    recorded: {}\n    replayed: {}", it.recorded, it.replayed);
    }
    let rest = replayed.differences.len().saturating_sub(MOST_DIFFERENCES);
    if rest > 0 {
        let _ = writeln!(out, "  and {rest} more differences; --json has them all");
    }
    out
}

fn one(run: &Run) -> String {
    let figures = &run.trace.figures;
    let mut out = format!("{}\n", run.name);
    paragraph(&mut out, &format!("{} moves, {}", figures.moves, sums(&figures.moved)));
    paragraph(&mut out, &format!("fees {}, assumed", sums(&figures.fees)));
    if !figures.fx_cost.is_empty() {
        paragraph(&mut out, &format!("cost of changing currencies against the peg: {}", sums(&figures.fx_cost)));
    }
    if figures.needed_approval > 0 {
        let _ = writeln!(out, "  {} moves above an approval, taken as approved at once", figures.needed_approval);
    }
    let lanes = figures.by_lane.iter().map(|it| {
        let amount = Money { amount: it.amount, currency: it.currency }.to_string();
        vec![format!("{}>{}", it.from, it.to.masked()), it.moves.to_string(), amount]
    });
    section(&mut out, &["lane", "moves", "moved"], &lanes.collect::<Vec<_>>(), &[1, 2]);
    let policies = figures.by_policy.iter().map(|it| {
        let amount = Money { amount: it.amount, currency: it.currency }.to_string();
        vec![it.policy.clone(), it.moves.to_string(), amount]
    });
    section(&mut out, &["policy", "moves", "moved"], &policies.collect::<Vec<_>>(), &[1, 2]);
    let paid = figures.paid_out.iter().map(|it| {
        let amounts = [it.gross, it.fee, it.net].map(Amount::grouped);
        [it.currency.to_string(), it.payouts.to_string()].into_iter().chain(amounts).collect()
    });
    section(&mut out, &["paid out", "payouts", "gross", "fee", "net"], &paid.collect::<Vec<_>>(), &[1, 2, 3, 4]);
    let name = |it: &WalletFigures| format!("{} {}", it.wallet, it.currency);
    let money = figures.wallets.iter().map(|it| {
        let amounts = [it.start, it.flows, it.moved_in, it.moved_out, it.end];
        std::iter::once(name(it)).chain(amounts.map(Amount::grouped)).collect()
    });
    let head = ["wallet", "start", "from outside", "moved in", "moved out", "end"];
    section(&mut out, &head, &money.collect::<Vec<_>>(), &[1, 2, 3, 4, 5]);
    let trust = figures.wallets.iter().map(|it| {
        let idle = it.idle.map_or_else(|| "–".to_owned(), Amount::grouped);
        vec![name(it), it.lowest.grouped(), it.floor.grouped(), hours(it.seconds_below_floor), idle]
    });
    section(
        &mut out,
        &["wallet", "lowest", "floor", "hours below floor", "idle"],
        &trust.collect::<Vec<_>>(),
        &[1, 2, 3, 4],
    );
    let skips = figures.skips.iter().map(|it| vec![it.reason.word().to_owned(), it.count.to_string()]);
    section(&mut out, &["nothing moved", "times"], &skips.collect::<Vec<_>>(), &[1]);
    out
}

/// Set in like the tables, in as many lines as it needs.
fn paragraph(out: &mut String, text: &str) {
    for line in wrapped(text).lines() {
        let _ = writeln!(out, "  {line}");
    }
}

fn section(out: &mut String, head: &[&str], rows: &[Vec<String>], right: &[usize]) {
    if rows.is_empty() {
        return;
    }
    out.push('\n');
    for line in table(head, rows, right).lines() {
        let _ = writeln!(out, "  {line}");
    }
}

fn side_by_side(differences: &[Difference]) -> String {
    let rows: Vec<Vec<String>> = differences.iter().map(cells).collect();
    table(&["figure", "wallet", "", "first", "second", "change"], &rows, &[3, 4, 5])
}

/// Figure, wallet, currency, first, second, change.
fn cells(it: &Difference) -> Vec<String> {
    let shown = |amount: Amount| {
        let is_time = it.figure == "seconds below floor";
        if is_time { hours_of(amount) } else { amount.grouped() }
    };
    let side = |amount: Option<Amount>| amount.map_or_else(|| "–".to_owned(), shown);
    let change = match it.change {
        None => String::new(),
        Some(same) if same == Amount::ZERO => "=".to_owned(),
        Some(more) if more.is_positive() => format!("+{}", shown(more)),
        Some(less) => shown(less),
    };
    let currency = it.currency.map(|currency| currency.to_string()).unwrap_or_default();
    let figure = it.figure.replace("seconds", "hours");
    vec![figure, it.wallet.clone(), currency, side(it.first), side(it.second), change]
}

/// The same figures for the page, of one run or two: name, and one cell a column.
pub(super) fn rows(report: &Report) -> Vec<(String, Vec<String>)> {
    let [first, rest @ ..] = report.runs.as_slice() else { return Vec::new() };
    let second = rest.first().unwrap_or(first);
    let all = crate::simulate::differences(&first.trace.figures, &second.trace.figures);
    let row = |it: &Difference| {
        let mut cells = cells(it).into_iter();
        let name: Vec<String> = cells.by_ref().take(3).filter(|part| !part.is_empty()).collect();
        (name.join(" "), cells.take(if rest.is_empty() { 1 } else { 3 }).collect())
    };
    all.iter().map(row).collect()
}

/// A sentence in lines of at most 76 columns, for narrow terminals.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let more = word.chars().count() + 1;
        let is_full = width + more > 76;
        out.push_str(if width == 0 {
            ""
        } else if is_full {
            "\n"
        } else {
            " "
        });
        width = if is_full { more } else { width + more };
        out.push_str(word);
    }
    out
}

fn sums(sums: &[Sum]) -> String {
    if sums.is_empty() {
        return "nothing".to_owned();
    }
    let shown = |sum: &Sum| Money { amount: sum.amount, currency: sum.currency }.to_string();
    sums.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn hours_of(seconds: Amount) -> String {
    let hours = seconds.decimal() / rust_decimal::Decimal::from(3_600);
    hours.round_dp(1).normalize().to_string()
}

/// Seconds as hours, one decimal.
pub(super) fn hours(seconds: i64) -> String {
    hours_of(Amount::whole(seconds))
}
