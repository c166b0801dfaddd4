//! One wallet's balances as a drawing: coordinates in whole units of an SVG view box, no floats.

use super::Run;
use crate::model::{Timestamp, WalletId};
use crate::money::Amount;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::fmt::Write;

/// The drawing's size, and the margins in it.
pub(super) const WIDTH: i64 = 720;
pub(super) const HEIGHT: i64 = 210;
const TOP: i64 = 10;
const BOTTOM: i64 = 36;
/// A line has at most two points in each of this many columns.
const COLUMNS: i64 = 300;

/// One wallet over both runs.
pub(super) struct Chart {
    pub(super) wallet: String,
    pub(super) currency: String,
    pub(super) highest: String,
    pub(super) lowest: String,
    pub(super) from: String,
    pub(super) to: String,
    /// One a run: the balance, the floor (empty where there is none) and ticks for its moves.
    pub(super) lines: Vec<Drawn>,
}

/// One run's part of a chart.
pub(super) struct Drawn {
    pub(super) number: usize,
    pub(super) balance: String,
    pub(super) floor: String,
    pub(super) moves: String,
}

struct Scale {
    start: Timestamp,
    span_ms: i64,
    high: Amount,
    range: Decimal,
}

/// The chart of a wallet; `None` where no run has it.
pub(super) fn chart(wallet: WalletId, runs: &[Run], start: Timestamp, end: Timestamp) -> Option<Chart> {
    let points = || runs.iter().filter_map(|run| run.trace.balances.get(&wallet)).flatten();
    let floors = || runs.iter().filter_map(|run| run.trace.floors.get(&wallet)).flatten();
    let values = || points().chain(floors()).map(|(_, amount)| *amount);
    let high = values().max()?;
    let low = values().min()?.min(Amount::ZERO);
    let range = high.checked_sub(low).ok()?.decimal();
    let range = if range.is_zero() { Decimal::ONE } else { range };
    let scale = Scale { start, span_ms: (end - start).num_milliseconds().max(1), high, range };
    let lines = runs.iter().enumerate().filter_map(|(index, run)| {
        let balance = scale.path(run.trace.balances.get(&wallet)?, end);
        let floors = run.trace.floors.get(&wallet)?;
        let has_floor = floors.iter().any(|(_, floor)| floor.is_positive());
        let floor = if has_floor { scale.path(floors, end) } else { String::new() };
        Some(Drawn { number: index + 1, balance, floor, moves: scale.ticks(run, wallet, index) })
    });
    let lines = lines.collect();
    let day = |at: Timestamp| at.format("%Y-%m-%d").to_string();
    Some(Chart {
        wallet: format!("{} – {}", wallet.country, wallet.country.name()),
        currency: wallet.currency.to_string(),
        highest: high.grouped(),
        lowest: low.grouped(),
        from: day(start),
        to: day(end),
        lines,
    })
}

impl Scale {
    fn x(&self, at: Timestamp) -> i64 {
        (at - self.start).num_milliseconds().clamp(0, self.span_ms).saturating_mul(WIDTH) / self.span_ms
    }

    fn y(&self, amount: Amount) -> i64 {
        let height = Decimal::from(HEIGHT - TOP - BOTTOM);
        let below = (self.high.decimal() - amount.decimal()).checked_mul(height).map(|it| it / self.range);
        TOP + below.and_then(|below| below.round().to_i64()).unwrap_or(0)
    }

    /// A balance stays until it changes: steps.
    fn path(&self, points: &[(Timestamp, Amount)], end: Timestamp) -> String {
        let mut out = String::new();
        for (at, amount) in thinned(points, self) {
            let (x, y) = (self.x(at), self.y(amount));
            // Writing to a string cannot fail.
            let _ = if out.is_empty() { write!(out, "M{x} {y}") } else { write!(out, "H{x}V{y}") };
        }
        let _ = write!(out, "H{}", self.x(end));
        out
    }

    /// A tick under the drawing for each column in which the run moved something from or to the wallet.
    fn ticks(&self, run: &Run, wallet: WalletId, row: usize) -> String {
        let top = HEIGHT - BOTTOM + 4 + i64::try_from(row).unwrap_or(0) * 9;
        let mut out = String::new();
        let mut last = None;
        for it in &run.trace.figures.transfers {
            let touches = (it.from, it.currency) == (wallet.country, wallet.currency)
                || (it.to == wallet.country && it.credit_currency == wallet.currency);
            let column = self.x(it.at) / 2 * 2;
            if touches && last != Some(column) {
                last = Some(column);
                let _ = write!(out, "M{column} {top}v7");
            }
        }
        out
    }
}

/// At most two points a column: its lowest and its highest, in the order they came.
fn thinned(points: &[(Timestamp, Amount)], scale: &Scale) -> Vec<(Timestamp, Amount)> {
    if points.len() <= usize::try_from(COLUMNS * 2).unwrap_or(0) {
        return points.to_vec();
    }
    let column = |at: Timestamp| scale.x(at) * COLUMNS / (WIDTH + 1);
    let mut kept = Vec::new();
    for group in points.chunk_by(|left, right| column(left.0) == column(right.0)) {
        let low = group.iter().min_by_key(|(_, amount)| *amount);
        let high = group.iter().max_by_key(|(_, amount)| *amount);
        let (Some(low), Some(high)) = (low, high) else { continue };
        let (first, second) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        kept.push(*first);
        if first != second {
            kept.push(*second);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn a_long_line_keeps_its_extremes_and_at_most_600_points() {
        let start: Timestamp = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let points: Vec<(Timestamp, Amount)> =
            (0..9_000).map(|hour| (start + TimeDelta::hours(hour), Amount::whole((hour * 7_919) % 10_007))).collect();
        let span_ms = TimeDelta::hours(9_000).num_milliseconds();
        let high = points.iter().map(|point| point.1).max().unwrap();
        let low = points.iter().map(|point| point.1).min().unwrap();
        let scale = Scale { start, span_ms, high, range: high.decimal() };
        let kept = thinned(&points, &scale);
        assert!(kept.len() <= 600, "{}", kept.len());
        assert!(kept.iter().any(|point| point.1 == high) && kept.iter().any(|point| point.1 == low));
        assert!(kept.is_sorted_by_key(|point| point.0));
        assert_eq!((scale.y(high), scale.y(Amount::ZERO)), (TOP, HEIGHT - BOTTOM));
        assert_eq!((scale.x(start), scale.x(start + TimeDelta::hours(9_000))), (0, WIDTH));
    }
}
