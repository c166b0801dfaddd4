//! From what a rule asks for a lane to what the lane gets: rounding, limits, parts, and the small share of a canary. The
//! same for every kind of policy.

use super::Reason;
use super::ask::{Ask, Basis};
use super::lane::Case;
use super::limits;
use super::refusal::Refusal;
use super::sizes::Sizes;
use super::split::{MOST_PARTS, largest_of, smallest_transfer, split};
use crate::money::{Amount, MoneyError, Percent, Rate};
use crate::policy::{Canary, Mode};

/// What a lane gets.
pub(super) struct Grant {
    /// In order; never empty.
    pub(super) parts: Vec<Amount>,
    /// All parts together.
    pub(super) total: Amount,
    /// The indicative rate.
    pub(super) rate: Rate,
    /// Told beside the transfers: why not more moves.
    pub(super) beside: Option<Refusal>,
    /// What it would get if the policy were live: the same, but for a canary.
    pub(super) live: Moved,
    /// The limit that cut the amount, where one did.
    pub(super) cut: Option<Refusal>,
}

/// What moves over a lane, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moved {
    /// Out of the source.
    pub(super) amount: Amount,
    /// Into the destination, at the indicative rate; `None` where it cannot be counted exactly.
    pub(super) credit: Option<Amount>,
    /// In how many transfers.
    pub(super) transfers: usize,
}

/// Makes of an ask what the lane gets.
pub(super) fn grant(case: &Case<'_, '_>, mode: Mode, ask: Ask) -> Result<Grant, Refusal> {
    let scope = &case.scope;
    let sizes = Sizes::of(&scope.policy.limits, case.lane.kind(), case.lane.from.currency)?;
    let wanted = sizes.rounded(ask.amount)?;
    if wanted < sizes.smallest {
        return Err(below_minimum(case, &sizes, &ask, ask.amount)?);
    }
    if ask.whole && wanted != ask.amount {
        return Err(cannot_be_sent(case, ask.amount));
    }
    let bound = limits::tightest(scope.inputs, scope.world, scope.taken, scope.policy, scope.slot, sizes.currency)?;
    let amount = match bound {
        Some(bound) if bound.left < wanted => sizes.rounded(bound.left)?,
        _ => wanted,
    };
    let cut = bound.filter(|_| amount < wanted).map(|bound| {
        let detail = format!("{}; {} wait in {}", bound.sentence(sizes.currency), case.money(wanted), case.lane.from);
        Refusal::new(Reason::LimitReached, detail, bound.remedy())
    });
    match cut {
        Some(refusal) if ask.whole || amount < sizes.smallest => Err(refusal),
        cut => in_parts(case, mode, &sizes, ask, amount, cut),
    }
}

/// Splits the amount into as many transfers as are allowed now.
fn in_parts(
    case: &Case<'_, '_>,
    mode: Mode,
    sizes: &Sizes,
    ask: Ask,
    amount: Amount,
    cut: Option<Refusal>,
) -> Result<Grant, Refusal> {
    let scope = &case.scope;
    let cap = usize::try_from(scope.inputs.caps.max_transfers_per_hour).unwrap_or(usize::MAX);
    let left = cap.saturating_sub(scope.world.counted_this_hour).saturating_sub(scope.taken.transfers());
    let split = split(amount, sizes.largest, left.min(MOST_PARTS))?;
    let total = amount.checked_sub(split.rest)?;
    let stays = case.money(split.rest);
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
                if sizes.largest < largest_of(case.lane.kind()) {
                    "the next slot comes, or `max_transfer` is raised"
                } else {
                    "the next slot comes"
                },
            )
        }
    });
    if split.parts.is_empty() || total < sizes.smallest || (ask.whole && split.rest.is_positive()) {
        // Without too few transfers, it is the last crumb under KPay's smallest that is missing.
        return Err(match beyond {
            Some(refusal) => refusal,
            None if ask.whole => cannot_be_sent(case, ask.amount),
            None => below_minimum(case, sizes, &ask, total)?,
        });
    }
    let live = Moved::over(ask.rate, total, split.parts.len());
    let beside = beyond.or(ask.beside);
    let whole = Grant { parts: split.parts, total, rate: ask.rate, beside, live, cut };
    match (mode, &scope.policy.canary) {
        (Mode::Canary, Some(canary)) => as_canary(case, sizes, canary, whole),
        // The reader lets no canary policy without its bounds pass; one without them moves nothing.
        (Mode::Canary, None) => as_canary(case, sizes, &Canary { share: Percent::ZERO, max: [].into() }, whole),
        _ => Ok(whole),
    }
}

/// The small share of what would move that a canary sends.
fn as_canary(case: &Case<'_, '_>, sizes: &Sizes, canary: &Canary, whole: Grant) -> Result<Grant, Refusal> {
    let share = whole.total.checked_mul(canary.share.factor()?)?;
    let most = canary.max.get(&sizes.currency).map_or(share, |most| share.min(*most));
    let left = limits::left_of_share(&case.scope, canary.share.factor()?, sizes.currency)?;
    let most = left.map_or(most, |left| most.min(left.max(Amount::ZERO)));
    let split = split(sizes.rounded(most)?, sizes.largest, whole.parts.len())?;
    let total = sizes.rounded(most)?.checked_sub(split.rest)?;
    if split.parts.is_empty() {
        let least = sizes.smallest_part()?;
        return Err(Refusal::new(
            Reason::BelowMinimum,
            format!(
                "a canary moves at most {} of the {}, less than the {} that can be sent",
                case.money(most),
                case.money(whole.total),
                case.money(least)
            ),
            format!("`canary` allows at least {}, or `mode: live` is set for the policy", case.money(least)),
        ));
    }
    Ok(Grant { parts: split.parts, total, ..whole })
}

/// An amount that moves as a whole or not at all, and that KPay cannot be sent as a whole.
fn cannot_be_sent(case: &Case<'_, '_>, amount: Amount) -> Refusal {
    Refusal::new(
        Reason::BelowMinimum,
        format!("{} cannot be sent to the last unit in transfers that KPay and `limits` allow", case.money(amount)),
        "the policy's `fixed` is a multiple of `round_down_to` and leaves no part under KPay's smallest transfer",
    )
}

/// An amount too small to move, and what would make it larger.
fn below_minimum(case: &Case<'_, '_>, sizes: &Sizes, ask: &Ask, amount: Amount) -> Result<Refusal, MoneyError> {
    let least = least_that_moves(sizes)?;
    let rounded = sizes.rounded(amount)?;
    let in_multiples = if amount >= sizes.smallest && rounded < sizes.smallest {
        format!(", {} of it in multiples of `round_down_to`", case.money(rounded))
    } else {
        String::new()
    };
    let could_leave = format!("{} could leave {}{in_multiples}", case.money(amount), case.lane.from);
    let (detail, remedy) = match &ask.basis {
        Basis::Surplus { over, share } => {
            let missing = least.divided_up(share.factor()?, sizes.unit())?.checked_sub(*over)?;
            (could_leave, case.arrives(missing, "at least "))
        }
        Basis::Need { wallet, needed, over } if *needed < least => {
            let also = match least.checked_sub(*over)? {
                missing if missing.is_positive() => format!(", and {}", case.arrives(missing, "at least ")),
                _ => String::new(),
            };
            let lacks = format!("{} is all that {wallet} lacks", case.money(*needed));
            (lacks, format!("{wallet} lacks at least {}{also}", case.money(least)))
        }
        Basis::Need { over, .. } => {
            let missing = least.checked_sub(*over)?;
            (could_leave, case.arrives(missing, "at least "))
        }
        Basis::Written => (
            format!("the policy's amount is {}", case.money(amount)),
            format!("the policy's amount is at least {}", case.money(least)),
        ),
    };
    Ok(Refusal::new(Reason::BelowMinimum, format!("{detail}, less than {}", sizes.why_smallest()), remedy))
}

/// The smallest amount that moves whole: one that leaves no crumb behind its full parts.
fn least_that_moves(sizes: &Sizes) -> Result<Amount, MoneyError> {
    let least = sizes.smallest_rounded_up()?;
    let crumb = split(least, sizes.largest, MOST_PARTS)?.rest;
    if !crumb.is_positive() || crumb >= smallest_transfer() {
        return Ok(least);
    }
    least.checked_sub(crumb)?.checked_add(sizes.smallest_part()?)
}

impl Moved {
    /// Nothing.
    pub(super) const NOTHING: Self = Self { amount: Amount::ZERO, credit: Some(Amount::ZERO), transfers: 0 };

    fn over(rate: Rate, amount: Amount, transfers: usize) -> Self {
        Self { amount, credit: amount.checked_mul(rate.decimal()).ok(), transfers }
    }

    /// What the whole has beside a part of it.
    pub(super) fn beside(self, part: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            amount: self.amount.checked_sub(part.amount)?,
            credit: self.credit.zip(part.credit).and_then(|(whole, part)| whole.checked_sub(part).ok()),
            transfers: self.transfers.saturating_sub(part.transfers),
        })
    }
}

impl Grant {
    /// What is really sent.
    pub(super) fn sent(&self) -> Moved {
        Moved::over(self.rate, self.total, self.parts.len())
    }
}
