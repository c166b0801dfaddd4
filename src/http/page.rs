//! The dashboard: one page for finance and for the operator, made from the view alone.
//!
//! The template decides nothing: every text is ready in these structs, each made by a pure function of the view, with
//! `view.at` as now. Text from outside is tamed here and escaped by the template.

mod format;
mod movements;
mod policies;
mod wallets;
mod words;

use crate::daemon::view::StatusView;
use askama::Template;
use format::{Moment, outside};
use movements::{OpenCard, TransferRow};
use policies::PolicyCard;
use wallets::CurrencyGroup;

/// How often the page reloads itself.
const RELOAD_SECONDS: u32 = 15;
/// How many open movements are shown; the command lists the rest.
const MOST_OPEN: usize = 50;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct Dashboard {
    reload_seconds: Option<u32>,
    environment: String,
    application: Option<String>,
    version: String,
    now: Moment,
    ready: bool,
    not_ready_because: Vec<String>,
    paused: bool,
    attention: Vec<String>,
    balances: Vec<CurrencyGroup>,
    balances_read: Option<Moment>,
    open: Vec<OpenCard>,
    open_not_shown: usize,
    policies: Vec<PolicyCard>,
    transfers: Vec<TransferRow>,
    rates: Vec<RateRow>,
    problems: Vec<Problem>,
    journal_records: String,
}

struct RateRow {
    from: String,
    to: String,
    rate: String,
    when: Moment,
}

struct Problem {
    when: Moment,
    what: String,
}

/// The page. `reloads`: whether it asks the browser to load it again every few seconds.
///
/// # Errors
/// [`askama::Error`] where the template cannot be written out.
pub(super) fn render(view: &StatusView, reloads: bool) -> Result<String, askama::Error> {
    Dashboard::of(view, reloads).render()
}

impl Dashboard {
    fn of(view: &StatusView, reloads: bool) -> Self {
        Self {
            reload_seconds: reloads.then_some(RELOAD_SECONDS),
            environment: outside(&view.environment),
            application: view.application_id.as_deref().map(outside),
            version: outside(&view.version),
            now: Moment::of(view.at, view.at),
            ready: view.ready,
            not_ready_because: view.not_ready_because.iter().map(|reason| outside(reason)).collect(),
            paused: view.paused,
            attention: attention(view),
            balances: wallets::by_currency(&view.balances),
            balances_read: view.balances_read_at.map(|read_at| Moment::of(read_at, view.at)),
            open: movements::open_cards(&view.open, view.at, MOST_OPEN),
            open_not_shown: view.open.len().saturating_sub(MOST_OPEN),
            policies: view.policies.iter().map(|policy| PolicyCard::of(policy, view.at)).collect(),
            transfers: movements::rows(&view.last_transfers, view.at),
            rates: rates(view),
            problems: problems(view),
            journal_records: format::count(view.journal_records),
        }
    }
}

fn rates(view: &StatusView) -> Vec<RateRow> {
    let row = |rate: &crate::daemon::view::RateView| RateRow {
        from: rate.from.to_string(),
        to: rate.to.to_string(),
        rate: rate.rate.to_string(),
        when: Moment::of(rate.at, view.at),
    };
    view.rates.iter().map(row).collect()
}

fn problems(view: &StatusView) -> Vec<Problem> {
    let problem = |error: &crate::daemon::view::ErrorView| Problem {
        when: Moment::of(error.at, view.at),
        what: outside(&error.what),
    };
    view.last_errors.iter().map(problem).collect()
}

/// What a person should know first: frozen wallets, those under their floor, movements that need somebody, and policies that wait.
fn attention(view: &StatusView) -> Vec<String> {
    let mut lines: Vec<String> = view.frozen.iter().map(|frozen| outside(&frozen.sentence)).collect();
    lines.extend(view.under_floor.iter().map(|under| outside(&under.sentence)));
    lines.extend(movements::attention(&view.open));
    lines.extend(view.held_policies.as_ref().map(|held| {
        format!("changed policies loosen a guard and wait for treasuryd policies accept {}", held.short_hash())
    }));
    lines
}
