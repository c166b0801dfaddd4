//! `top_up`: how much a source would send so that a wallet comes up to its level, and what is told when all sources
//! together have too little.

use super::Reason;
use super::ask::{Ask, Basis};
use super::grant::Grant;
use super::lane::{Case, Passable};
use super::refusal::{Refusal, money};
use super::scope::Scope;
use super::sizes::smallest_unit;
use crate::money::{Amount, Money, MoneyError, Rate};
use crate::policy::{TopUp, TopUpSource};
use rust_decimal::RoundingStrategy;

/// What one source of a top-up would send. `start` is the wallet's level before the policy's first lane: it alone
/// decides whether anything is wanted; what earlier sources send is then taken off the need.
pub(super) fn ask(case: &Case<'_, '_>, top_up: &TopUp, start: &Result<Amount, Refusal>) -> Result<Ask, Refusal> {
    let source = top_up.sources.iter().find(|source| source.wallet == case.lane.from).ok_or_else(|| case.foreign())?;
    case.is_free()?;
    let start = start.clone()?;
    if start >= top_up.below {
        return Err(not_triggered(&case.scope, top_up, start)?);
    }
    let missing = missing(&case.scope, top_up)?;
    if !missing.is_positive() {
        return Err(covered(top_up, source));
    }
    let Passable { source: position, rate } = case.passable()?;
    let reserve = case.scope.reserve(source.wallet);
    let floor = source.keep.max(reserve);
    let over = position.usable.checked_sub(floor)?;
    if !over.is_positive() {
        let seen = position.shown(source.wallet.currency);
        let more = case.arrives(floor.checked_sub(position.usable)?, "more than ");
        return Err(if reserve > source.keep && position.usable > source.keep {
            Refusal::new(
                Reason::Reserve,
                format!("{} has {seen}, all of it needed for its reserve of {}", source.wallet, case.money(reserve)),
                format!("{more}, or its reserve is lowered"),
            )
        } else {
            Refusal::new(
                Reason::SourceShort,
                format!("{} has {seen}, not more than the {} that stay in it", source.wallet, case.money(floor)),
                more,
            )
        });
    }
    let needed = needed(missing, rate, smallest_unit(source.wallet.currency))?;
    Ok(Ask {
        amount: needed.min(over),
        rate,
        whole: false,
        basis: Basis::Need { wallet: top_up.wallet, needed, over },
        beside: None,
    })
}

/// What must be sent at a rate so that nothing is missing any more, in whole units. A rate of so many digits that exact
/// figures have no room is cut after twelve of them, so that what arrives is never thought to be more than it is.
fn needed(missing: Amount, rate: Rate, unit: Amount) -> Result<Amount, MoneyError> {
    missing.divided_up(rate.decimal(), unit).or_else(|overflow| {
        let cut = rate.decimal().round_sf_with_strategy(12, RoundingStrategy::ToZero);
        missing.divided_up(cut.ok_or(overflow)?, unit)
    })
}

/// Lets the last source that gives tell what is still missing: because a limit cut it, or because no source has more.
/// What is missing by rounding alone is not told.
pub(super) fn report_shortage(scope: &Scope<'_, '_>, top_up: &TopUp, last: &mut Grant, was_short: bool) {
    let Ok(missing) = missing(scope, top_up) else { return };
    if !missing.is_positive() || last.beside.is_some() {
        return;
    }
    last.beside = last.cut.take().or_else(|| {
        let sources: Vec<String> = top_up.sources.iter().map(|source| source.wallet.to_string()).collect();
        let told = Refusal::new(
            Reason::SourceShort,
            format!("{} still lacks {} that no source can give now", top_up.wallet, of(top_up, missing)),
            format!("more arrives in {}", sources.join(" or ")),
        );
        was_short.then_some(told)
    });
}

/// What the wallet lacks at the level it is brought to; zero or less where nothing. A wallet that seems to have less
/// than nothing (KPay's figure is negative, or shows an open outflow of ours already) lacks no more than the whole level:
/// `exposure` promises that no slot brings more.
fn missing(scope: &Scope<'_, '_>, top_up: &TopUp) -> Result<Amount, Refusal> {
    let there = scope.position(top_up.wallet)?.usable.max(Amount::ZERO);
    Ok(top_up.to.checked_sub(there.checked_add(scope.arriving(top_up.wallet)?)?)?)
}

fn not_triggered(scope: &Scope<'_, '_>, top_up: &TopUp, start: Amount) -> Result<Refusal, Refusal> {
    let arriving = scope.arriving(top_up.wallet)?;
    let counting = if arriving.is_positive() {
        format!(", counting {} on its way in", of(top_up, arriving))
    } else {
        String::new()
    };
    let over = start.checked_sub(top_up.below)?;
    let leaves = if over.is_positive() { format!("more than {}", of(top_up, over)) } else { "anything".to_owned() };
    Ok(Refusal::new(
        Reason::BelowTrigger,
        format!(
            "{} has {}{counting}, not less than the {} of `below`",
            top_up.wallet,
            of(top_up, start),
            of(top_up, top_up.below)
        ),
        format!("{leaves} leaves {}", top_up.wallet),
    ))
}

fn covered(top_up: &TopUp, source: &TopUpSource) -> Refusal {
    Refusal::new(
        Reason::BelowTrigger,
        format!(
            "{} needs nothing from {}: the sources before it bring it to {}",
            top_up.wallet,
            source.wallet,
            of(top_up, top_up.to)
        ),
        "the sources before it give less, or `to` is raised",
    )
}

/// Amounts of the wallet that is filled, for people.
fn of(top_up: &TopUp, amount: Amount) -> Money {
    money(amount, top_up.wallet.currency)
}
