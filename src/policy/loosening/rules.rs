//! What policies do, before and after: lanes, triggers, what stays, how much goes.

use super::{Effect, Sheet, common_lanes, falling, money, rising};
use crate::model::{End, Kind, Lane, WalletId};
use crate::money::{Amount, Currency};
use crate::policy::{Payout, Policy, PolicySet, Portion, Rebalance, Rule, Sweep, TopUp};
use std::collections::BTreeSet;

pub(super) fn compare(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy, before: &PolicySet) {
    lanes(sheet, old, new, before);
    keeps(sheet, old, new);
    match (&old.rule, &new.rule) {
        (Rule::Sweep(old), Rule::Sweep(new)) => sweep(sheet, old, new),
        (Rule::TopUp(old), Rule::TopUp(new)) => top_up(sheet, old, new),
        (Rule::Rebalance(old), Rule::Rebalance(new)) => rebalance(sheet, old, new),
        (Rule::Payout(old), Rule::Payout(new)) => payout(sheet, old, new),
        (was, is) => {
            let text = format!("{} is a {} now; it was a {}", new.name, kind(is), kind(was));
            sheet.tell(Effect::Loosens, "rule", text);
        }
    }
}

fn kind(rule: &Rule) -> &'static str {
    match rule {
        Rule::Sweep(_) => "sweep",
        Rule::TopUp(_) => "top-up",
        Rule::Rebalance(_) => "rebalancing",
        Rule::Payout(_) => "payout",
    }
}

/// Where a policy sends to and where no policy sent real money to before.
pub(super) fn new_destinations(sheet: &mut Sheet<'_>, policy: &Policy, before: &PolicySet) {
    let known: BTreeSet<End> = destinations(before.policies.iter().filter(|it| super::sends(it)));
    for end in destinations([policy]).difference(&known) {
        let name = &policy.name;
        let text = match end.payee {
            Some(_) => format!("{name} pays {end}, whom no policy paid before"),
            None => format!("{name} sends money to {end}, where no policy sent any before"),
        };
        sheet.tell(Effect::Loosens, "destination", text);
    }
}

fn destinations<'a>(policies: impl IntoIterator<Item = &'a Policy>) -> BTreeSet<End> {
    policies.into_iter().flat_map(Policy::lanes).map(|lane| lane.to).collect()
}

fn lanes(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy, before: &PolicySet) {
    let (was, is) = (old.lanes(), new.lanes());
    let name = &new.name;
    if is.iter().any(|lane| !was.contains(lane)) {
        new_destinations(sheet, new, before);
    }
    for lane in is.iter().filter(|lane| !was.contains(lane)) {
        let text = match lane.kind() {
            Kind::Payout => format!("{name} pays {} out of {} now", lane.to, lane.from),
            Kind::Transfer => format!("{name} moves money from {} to {} as well", lane.from, lane.to),
        };
        sheet.tell(Effect::Loosens, "lane", text);
    }
    for lane in was.iter().filter(|lane| !is.contains(lane)) {
        let text = match lane.kind() {
            Kind::Payout => format!("{name} does not pay {} out of {} any more", lane.to, lane.from),
            Kind::Transfer => format!("{name} moves no money from {} to {} any more", lane.from, lane.to),
        };
        sheet.tell(Effect::Tightens, "lane", text);
    }
}

/// What stays in each source, whatever the kind of rule.
fn keeps(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let sources: BTreeSet<WalletId> = common_lanes(old, new).iter().map(|lane| lane.from).collect();
    for wallet in sources {
        let (was, is) = (old.keep(wallet), new.keep(wallet));
        if let Some(effect) = falling(was, is) {
            let of = |amount| money(amount, wallet.currency);
            let text = format!("{} keeps {} in {wallet} instead of {}", new.name, of(is), of(was));
            sheet.tell(effect, "keep", text);
        }
    }
}

fn sweep(sheet: &mut Sheet<'_>, old: &Sweep, new: &Sweep) {
    let name = sheet.policy.name.clone();
    for source in &new.sources {
        let wallet = source.wallet;
        let Some(before) = old.sources.iter().find(|it| it.wallet == wallet) else { continue };
        if let Some(effect) = falling(before.above, source.above) {
            let of = |amount| money(amount, wallet.currency);
            let (is, was) = (of(source.above), of(before.above));
            let text = format!("{name} takes from {wallet} above {is} instead of above {was}");
            sheet.tell(effect, "above", text);
        }
    }
    let both = |it: &&WalletId| old.sources.iter().any(|source| source.wallet == **it);
    let wallets: Vec<WalletId> = new.sources.iter().map(|source| source.wallet).collect();
    let currencies: BTreeSet<Currency> = wallets.iter().filter(both).map(|wallet| wallet.currency).collect();
    for currency in currencies {
        if let Some(effect) = portion(&old.portion, &new.portion, currency) {
            let (is, was) = (part(&new.portion, currency), part(&old.portion, currency));
            let text = format!("{name} sends {is} instead of {was}");
            sheet.tell(effect, "portion", text);
        }
    }
    // One sentence is enough where it is the same for every currency.
    sheet.list.dedup();
}

/// All of the surplus is more than a share of it, and more than a fixed sum, which goes only where there is as much.
fn portion(old: &Portion, new: &Portion, currency: Currency) -> Option<Effect> {
    let fixed = |portion: &Portion| match portion {
        Portion::Fixed(amounts) => Some(amounts.get(&currency).copied().unwrap_or(Amount::ZERO)),
        Portion::Surplus | Portion::Fraction(_) => None,
    };
    let share = |portion: &Portion| match portion {
        Portion::Surplus => Some(crate::money::Percent::HUNDRED),
        Portion::Fraction(share) => Some(*share),
        Portion::Fixed(_) => None,
    };
    match (fixed(old), fixed(new)) {
        (Some(was), Some(is)) => rising(was, is),
        (None, Some(_)) if *old == Portion::Surplus => Some(Effect::Tightens),
        (None, None) => rising(share(old), share(new)),
        (Some(_), None) | (None, Some(_)) => Some(Effect::Loosens),
    }
}

fn part(portion: &Portion, currency: Currency) -> String {
    match portion {
        Portion::Surplus => "all of the surplus".to_owned(),
        Portion::Fraction(share) => format!("{share} of the surplus"),
        Portion::Fixed(amounts) => {
            let amount = amounts.get(&currency).copied().unwrap_or(Amount::ZERO);
            format!("{} each time", money(amount, currency))
        }
    }
}

fn top_up(sheet: &mut Sheet<'_>, old: &TopUp, new: &TopUp) {
    let (name, wallet) = (sheet.policy.name.clone(), new.wallet);
    if old.wallet != wallet {
        return;
    }
    let of = |amount| money(amount, wallet.currency);
    if let Some(effect) = rising(old.below, new.below) {
        let text = format!("{name} fills {wallet} below {} instead of below {}", of(new.below), of(old.below));
        sheet.tell(effect, "below", text);
    }
    if let Some(effect) = rising(old.to, new.to) {
        let text = format!("{name} fills {wallet} up to {} instead of {}", of(new.to), of(old.to));
        sheet.tell(effect, "to", text);
    }
}

/// The trigger; what stays, who is paid and how much are told as for every rule.
fn payout(sheet: &mut Sheet<'_>, old: &Payout, new: &Payout) {
    let wallet = new.source.wallet;
    if old.source.wallet != wallet {
        return;
    }
    if let Some(effect) = falling(old.source.above, new.source.above) {
        let of = |amount| money(amount, wallet.currency);
        let (name, is, was) = (&sheet.policy.name, of(new.source.above), of(old.source.above));
        let text = format!("{name} pays out of {wallet} above {is} instead of above {was}");
        sheet.tell(effect, "above", text);
    }
}

fn rebalance(sheet: &mut Sheet<'_>, old: &Rebalance, new: &Rebalance) {
    let name = sheet.policy.name.clone();
    for (wallet, share) in &new.weights {
        let Some((_, was)) = old.weights.iter().find(|(it, _)| it == wallet) else { continue };
        if was != share {
            let text = format!("{name} brings {wallet} to {share} of the whole instead of {was}");
            sheet.tell(Effect::Loosens, "weights", text);
        }
    }
    if let Some(effect) = falling(old.tolerance, new.tolerance) {
        let (is, was) = (new.tolerance.percent(), old.tolerance.percent());
        let text = format!("{name} moves when a share is off by more than {is} points instead of {was}");
        sheet.tell(effect, "tolerance", text);
    }
    if old.base != new.base {
        let text = format!("{name} compares the wallets in {} instead of {}", new.base, old.base);
        sheet.tell(Effect::Loosens, "base", text);
    }
}

/// Pairs of currencies that a policy crosses.
pub(super) fn crossings(lanes: &[Lane]) -> BTreeSet<(Currency, Currency)> {
    let crossing = lanes.iter().filter(|lane| lane.crosses_currencies());
    crossing.map(|lane| (lane.from.currency, lane.to.currency)).collect()
}
