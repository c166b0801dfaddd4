//! `sweep`: how much a source would send: all that is over its floor, a share of it, or a fixed amount.

use super::Reason;
use super::ask::{Ask, Basis};
use super::lane::{Case, Passable};
use super::refusal::Refusal;
use super::scope::Position;
use crate::money::{Amount, Percent};
use crate::policy::{Portion, Source, Sweep};

/// What one source of a sweep would send.
pub(super) fn ask(case: &Case<'_, '_>, sweep: &Sweep) -> Result<Ask, Refusal> {
    let source = sweep.sources.iter().find(|source| source.wallet == case.lane.from).ok_or_else(|| case.foreign())?;
    let Passable { source: position, rate } = case.passable()?;
    let over = surplus(case, source, position)?;
    let all_of = |share: Percent, amount: Amount| Ask {
        amount,
        rate,
        whole: false,
        basis: Basis::Surplus { over, share },
        beside: None,
    };
    match &sweep.portion {
        Portion::Surplus => Ok(all_of(Percent::HUNDRED, over)),
        Portion::Fraction(share) => Ok(all_of(*share, over.checked_mul(share.factor()?)?)),
        Portion::Fixed(amounts) => {
            let currency = case.lane.from.currency;
            let amount = amounts.get(&currency).copied().ok_or_else(|| {
                Refusal::new(
                    Reason::BelowMinimum,
                    format!("`fixed` has no amount in {currency}"),
                    format!("`fixed` says how much moves in {currency}"),
                )
            })?;
            if over < amount {
                return Err(Refusal::new(
                    Reason::SourceShort,
                    format!(
                        "{} has {} over its floor, less than the {} of `fixed`",
                        source.wallet,
                        case.money(over),
                        case.money(amount)
                    ),
                    case.arrives(amount.checked_sub(over)?, "at least "),
                ));
            }
            Ok(Ask { amount, rate, whole: true, basis: Basis::Written, beside: None })
        }
    }
}

/// What is over the floor, once the trigger is passed.
pub(super) fn surplus(case: &Case<'_, '_>, source: &Source, position: Position) -> Result<Amount, Refusal> {
    let (wallet, usable) = (source.wallet, position.usable);
    let seen = position.shown(wallet.currency);
    if usable <= source.above {
        let flag = if position.available.is_negative() { "; a negative balance is KPay's to explain" } else { "" };
        return Err(Refusal::new(
            Reason::BelowTrigger,
            format!("{wallet} has {seen}, not more than the {} of `above`{flag}", case.money(source.above)),
            case.arrives(source.above.checked_sub(usable)?, "more than "),
        ));
    }
    let reserve = case.scope.reserve(wallet);
    let floor = source.keep.max(reserve);
    let surplus = usable.checked_sub(floor)?;
    if surplus.is_positive() {
        return Ok(surplus);
    }
    let detail = format!("{wallet} has {seen}, all of it needed for its reserve of {}", case.money(reserve));
    let remedy = format!("{}, or its reserve is lowered", case.arrives(floor.checked_sub(usable)?, "more than "));
    Err(Refusal::new(Reason::Reserve, detail, remedy))
}
