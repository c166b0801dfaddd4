//! Why a lane of a rebalance sends nothing, or less than is wanted.

use super::super::refusal::{Refusal, money};
use super::{Share, Shares};
use crate::money::Amount;
use crate::plan::Reason;

impl Shares<'_> {
    /// Why nothing goes from one wallet to another.
    pub(super) fn stays(&self, from: usize, to: usize) -> Refusal {
        let (source, wanted) = (&self.all[from], self.settled.missing[to]);
        if !self.all.iter().any(|share| share.is_off) {
            return self.quiet(from, to);
        }
        if self.left_out.iter().any(|it| (it.from, it.to) == (from, to)) {
            let (from, to) = (self.all[from].wallet, self.all[to].wallet);
            return Refusal::new(
                Reason::WithinTolerance,
                format!("both shares are inside the tolerance, and the last decision moved money over {to}>{from}"),
                format!("the share of {from} or {to} is off by more than {}", self.rebalance.tolerance),
            );
        }
        if source.is_over() && wanted.is_positive() && source.is_held_back() {
            return self.held_back(from, to);
        }
        if source.is_over() && self.all[to].is_under() && self.is_too_small(from, to) {
            return self.too_small(from, to);
        }
        self.not_needed(from, to)
    }

    /// A wallet that gets less than it should because the others may not give more.
    pub(super) fn short(&self, to: usize) -> Refusal {
        let wallet = self.all[to].wallet;
        Refusal::new(
            Reason::SourceShort,
            format!("{wallet} still lacks {}; the others can give no more now", self.money(self.settled.missing[to])),
            "what the other wallets can spend over their reserves is more",
        )
    }

    fn quiet(&self, from: usize, to: usize) -> Refusal {
        let tolerance = self.rebalance.tolerance;
        if !self.total.is_positive() {
            return Refusal::new(
                Reason::WithinTolerance,
                format!("the wallets hold {} together, nothing to share out", self.money(self.total)),
                "the wallets hold more than nothing together",
            );
        }
        Refusal::new(
            Reason::WithinTolerance,
            format!(
                "{}, {}, and no share is off by more than {tolerance} of the {}",
                self.place_of(from),
                self.place_of(to),
                self.money(self.total)
            ),
            format!("a share is off by more than {tolerance}"),
        )
    }

    fn held_back(&self, from: usize, to: usize) -> Refusal {
        let (source, wallet) = (&self.all[from], self.all[to].wallet);
        let of = |amount: Amount| money(amount, source.wallet.currency);
        let lacks = format!("{wallet} lacks {}", self.money(self.settled.missing[to]));
        let gives = self.settled.moves.iter().any(|it| it.from == from);
        if !gives && source.reserve.is_positive() && source.usable.is_positive() {
            return Refusal::new(
                Reason::Reserve,
                format!(
                    "{lacks}, and {} needs its {} for its reserve of {}",
                    source.wallet,
                    of(source.usable),
                    of(source.reserve)
                ),
                format!("more arrives in {}, or its reserve is lowered", source.wallet),
            );
        }
        let spendable = source.holding.spendable.max(Amount::ZERO);
        Refusal::new(
            Reason::SourceShort,
            format!("{lacks}, and {} can give {} now, which is not enough for all", source.wallet, of(spendable)),
            format!("more can be spent in {}", source.wallet),
        )
    }

    /// Whether what could go over a lane is under its smallest transfer.
    fn is_too_small(&self, from: usize, to: usize) -> bool {
        let source = &self.all[from].holding;
        let lacking = self.all[to].holding.over.decimal().abs();
        source.smallest.checked_mul(source.rate).is_ok_and(|least| least.decimal() > source.over.decimal().min(lacking))
    }

    fn too_small(&self, from: usize, to: usize) -> Refusal {
        let source = &self.all[from];
        Refusal::new(
            Reason::BelowMinimum,
            format!(
                "{}, {}: less than {} over this lane",
                self.place_of(from),
                self.place_of(to),
                source.sizes.why_smallest()
            ),
            format!(
                "{} is over its share, and {} under its own, by at least {}",
                source.wallet,
                self.all[to].wallet,
                money(source.holding.smallest, source.wallet.currency)
            ),
        )
    }

    fn not_needed(&self, from: usize, to: usize) -> Refusal {
        let (from_place, to_place) = (self.place_of(from), self.place_of(to));
        let name = |place: usize| self.all[place].wallet;
        let moves: Vec<String> =
            self.settled.moves.iter().map(|it| format!("{}>{}", name(it.from), name(it.to))).collect();
        let how = if moves.is_empty() {
            "nothing goes this way".to_owned()
        } else {
            format!("the fewest transfers go over {}", moves.join(", "))
        };
        Refusal::new(
            Reason::WithinTolerance,
            format!("{from_place}, {to_place}; {how}"),
            format!("{} is over its share when {} is under its own", name(from), name(to)),
        )
    }

    /// `GAB is 12 000 XAF over its 30%`.
    fn place_of(&self, place: usize) -> String {
        let Share { wallet, weight, holding, .. } = &self.all[place];
        let off = self.money(Amount::new(holding.over.decimal().abs()));
        match (holding.over.is_positive(), holding.over.is_negative()) {
            (true, _) => format!("{wallet} is {off} over its {weight}"),
            (_, true) => format!("{wallet} is {off} under its {weight}"),
            _ => format!("{wallet} has its {weight}"),
        }
    }
}

impl Share {
    pub(super) fn is_over(&self) -> bool {
        self.holding.over.is_positive()
    }

    pub(super) fn is_under(&self) -> bool {
        self.holding.over.is_negative()
    }

    /// Whether less may leave it than it is over its share.
    fn is_held_back(&self) -> bool {
        let may_leave = self.holding.spendable.checked_mul(self.holding.rate);
        may_leave.is_ok_and(|may_leave| may_leave < self.holding.over)
    }
}
