//! `sweep`: how much a source sends, and in which parts.

use super::Reason;
use super::lane::{Case, Passable};
use super::limits;
use super::refusal::{Refusal, money};
use super::sizes::Sizes;
use super::split::{MOST_PARTS, largest_transfer, smallest_transfer, split};
use crate::money::{Amount, Money, MoneyError, Rate};
use crate::policy::Source;

/// What a lane gets.
pub(super) struct Grant {
    /// In order; never empty.
    pub(super) parts: Vec<Amount>,
    /// All parts together.
    pub(super) total: Amount,
    /// The indicative rate.
    pub(super) rate: Rate,
    /// What would have moved as well, had more parts been allowed.
    pub(super) beyond: Option<Refusal>,
}

/// Decides one source of a sweep.
pub(super) fn decide(case: &Case<'_, '_>, source: &Source) -> Result<Grant, Refusal> {
    let Passable { available, rate } = case.passable()?;
    let sizes = Sizes::of(&case.policy.limits, case.lane.from.currency)?;
    let surplus = surplus(case, source, available)?;
    let wanted = sizes.rounded(surplus)?;
    if wanted < sizes.smallest {
        return Err(below_minimum(case, &sizes, surplus)?);
    }
    let bound = limits::tightest(case.inputs, case.world, case.taken, case.policy, case.slot, sizes.currency)?;
    let amount = match bound {
        Some(bound) if bound.left < wanted => sizes.rounded(bound.left)?,
        _ => wanted,
    };
    if let Some(bound) = bound.filter(|_| amount < sizes.smallest) {
        let detail = format!("{}; {} wait in {}", bound.sentence(sizes.currency), of(case)(wanted), case.lane.from);
        return Err(Refusal::new(Reason::LimitReached, detail, bound.remedy()));
    }
    in_parts(case, &sizes, amount, rate)
}

/// What is over the floor, once the trigger is passed. Money held by open intents or taken in this plan is not there.
fn surplus(case: &Case<'_, '_>, source: &Source, available: Amount) -> Result<Amount, Refusal> {
    let (wallet, of) = (source.wallet, of(case));
    let spoken_for = case.world.held_from(wallet)?.checked_add(case.taken.from(wallet)?)?;
    let usable = available.checked_sub(spoken_for)?;
    let mut seen = of(usable).to_string();
    if spoken_for.is_positive() {
        seen = format!("{seen} ({} less {} on its way out)", of(available), of(spoken_for));
    }
    if usable <= source.above {
        let flag = if available.is_negative() { "; a negative balance is KPay's to explain" } else { "" };
        return Err(Refusal::new(
            Reason::BelowTrigger,
            format!("{wallet} has {seen}, not more than the {} of `above`{flag}", of(source.above)),
            arrives(case, source.above.checked_sub(usable)?, "more than "),
        ));
    }
    let reserve = case.inputs.policies.reserve(wallet, case.inputs.now);
    let floor = source.keep.max(reserve);
    let surplus = usable.checked_sub(floor)?;
    if surplus.is_positive() {
        return Ok(surplus);
    }
    let detail = format!("{wallet} has {seen}, all of it needed for its reserve of {}", of(reserve));
    let remedy = format!("{}, or its reserve is lowered", arrives(case, floor.checked_sub(usable)?, "more than "));
    Err(Refusal::new(Reason::Reserve, detail, remedy))
}

fn below_minimum(case: &Case<'_, '_>, sizes: &Sizes, surplus: Amount) -> Result<Refusal, MoneyError> {
    let of = of(case);
    let missing = sizes.smallest_rounded_up()?.checked_sub(surplus)?;
    Ok(Refusal::new(
        Reason::BelowMinimum,
        format!("{} could leave {}, less than {}", of(surplus), case.lane.from, sizes.why_smallest()),
        arrives(case, missing, "at least "),
    ))
}

/// Splits the amount into as many transfers as are allowed now.
fn in_parts(case: &Case<'_, '_>, sizes: &Sizes, amount: Amount, rate: Rate) -> Result<Grant, Refusal> {
    let cap = usize::try_from(case.inputs.caps.max_transfers_per_hour).unwrap_or(usize::MAX);
    let left = cap.saturating_sub(case.world.counted_this_hour).saturating_sub(case.taken.transfers());
    let split = split(amount, sizes.largest, left.min(MOST_PARTS))?;
    let total = amount.checked_sub(split.rest)?;
    let stays = of(case)(split.rest);
    let beyond = (split.rest >= smallest_transfer()).then(|| {
        if left < MOST_PARTS {
            Refusal::new(
                Reason::LimitReached,
                format!("`limits.max_transfers_per_hour` is {cap} and leaves room for {left} now; {stays} stays"),
                "a slot comes once the last hour holds fewer transfers, or the cap is raised",
            )
        } else {
            Refusal::new(
                Reason::LimitReached,
                format!("a lane gets at most {MOST_PARTS} transfers in a slot; {stays} stays"),
                if sizes.largest < largest_transfer() {
                    "the next slot comes, or `max_transfer` is raised"
                } else {
                    "the next slot comes"
                },
            )
        }
    });
    if split.parts.is_empty() || total < sizes.smallest {
        // Without too few transfers, it is the last crumb under KPay's smallest that the minimum would have needed.
        return Err(match beyond {
            Some(refusal) => refusal,
            None => below_minimum(case, sizes, total)?,
        });
    }
    Ok(Grant { parts: split.parts, total, rate, beyond })
}

/// `more than 60 000 XAF arrives in GAB`.
fn arrives(case: &Case<'_, '_>, missing: Amount, bound: &str) -> String {
    let wallet = case.lane.from;
    if missing.is_positive() {
        return format!("{bound}{} arrives in {wallet}", of(case)(missing));
    }
    format!("anything more arrives in {wallet}")
}

/// Amounts of the lane's source, for people.
fn of(case: &Case<'_, '_>) -> impl Fn(Amount) -> Money + use<> {
    let currency = case.lane.from.currency;
    move |amount| money(amount, currency)
}
