//! What there is to say of a policy, without words: one list for all languages, so that none of them says less.

use crate::model::{End, Lane, Payee, WalletId, largest_payout};
use crate::money::{Amount, Country, Currency, Money, Percent};
use crate::policy::compared::Compared;
use crate::policy::{Mode, Policy, PolicySet, Portion, Rule, Source, Sweep};
use crate::slot::{MonthDays, Schedule};
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// What a group of facts is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Status,
    When,
    What,
    Limits,
    Exchange,
    Approval,
    Order,
    Never,
}

impl Topic {
    /// For programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::When => "when",
            Self::What => "what",
            Self::Limits => "limits",
            Self::Exchange => "exchange",
            Self::Approval => "approval",
            Self::Order => "order",
            Self::Never => "never",
        }
    }
}

/// One thing to say. Amounts stand by source currency where a limit holds in several.
#[derive(Debug, Clone)]
pub(super) enum Fact<'a> {
    Off,
    Live,
    Shadow,
    Canary { share: Percent, max: Vec<Money> },
    Runs(&'a Schedule),
    NoRunOn(Vec<NaiveDate>),
    ClosedFor { countries: Vec<Country>, dates: Vec<NaiveDate> },
    Active { from: Option<NaiveDate>, until: Option<NaiveDate> },
    NotAfter(NaiveTime),
    CatchUp(TimeDelta),
    Sweep { into: WalletId, portion: Part },
    SweepSource { wallet: WalletId, above: Amount, keep: Amount },
    TopUp { wallet: WalletId, below: Amount, to: Amount },
    TopUpSource { wallet: WalletId, keep: Amount },
    TopUpShort,
    Payout { source: Source, to: Payee, name: Option<&'a str>, part: Amount },
    Rebalance { base: Currency },
    Weight { wallet: WalletId, share: Percent },
    Tolerance(Percent),
    MinTransfer(Vec<Money>),
    MaxTransfer(Vec<Money>),
    PerRun(Vec<Money>),
    PerDay(Vec<Money>),
    RoundDown(Vec<Money>),
    NoLimitPerRun(Vec<Currency>),
    NoLimitPerDay(Vec<Currency>),
    Changes(Vec<(Currency, Currency)>),
    ChangeForbidden(Vec<(Currency, Currency)>),
    OneCurrency(Currency),
    Spread { most: Percent, pair: (Currency, Currency), against: Compared },
    AnyRate,
    Approval { above: Vec<Money>, approvers: u8, from: &'a [String] },
    ApprovedWithin(TimeDelta),
    NoApproval(Vec<Currency>),
    Priority(i64),
    NeverBelow(Vec<(WalletId, Amount)>),
    NeverBelowReserve,
    NeverElsewhere(Vec<End>),
    NeverChanges,
    NeverTwice,
    NeverOnItsWay,
    NeverSends,
}

/// How much of the surplus a sweep sends.
#[derive(Debug, Clone)]
pub(super) enum Part {
    All,
    Share(Percent),
    Fixed(Vec<Money>),
}

/// A floor that holds for everything.
#[derive(Debug, Clone, Copy)]
pub(super) struct Floor {
    pub(super) wallet: WalletId,
    pub(super) amount: Amount,
    /// `None`: always.
    pub(super) during: Option<(MonthDays, Tz)>,
}

/// Everything to say of a policy, by topic, in reading order. A topic with nothing to say is left out.
pub(super) fn of(policy: &Policy) -> Vec<(Topic, Vec<Fact<'_>>)> {
    let topics = [
        (Topic::Status, status(policy)),
        (Topic::When, when(policy)),
        (Topic::What, what(policy)),
        (Topic::Limits, limits(policy)),
        (Topic::Exchange, exchange(policy)),
        (Topic::Approval, approval(policy)),
        (Topic::Order, vec![Fact::Priority(policy.priority)]),
        (Topic::Never, never(policy)),
    ];
    topics.into_iter().filter(|(_, facts)| !facts.is_empty()).collect()
}

/// The floors of some wallets, those of every day first.
pub(super) fn floors(set: &PolicySet, wallets: &BTreeSet<WalletId>) -> Vec<Floor> {
    let always = set.reserves.iter().map(|(wallet, amount)| Floor { wallet: *wallet, amount: *amount, during: None });
    let calendar = set.calendar.iter().map(|it| Floor {
        wallet: it.wallet,
        amount: it.amount,
        during: Some((it.during, it.zone)),
    });
    always.chain(calendar).filter(|floor| wallets.contains(&floor.wallet)).collect()
}

fn sends(policy: &Policy) -> bool {
    policy.enabled && policy.mode.sends()
}

fn status(policy: &Policy) -> Vec<Fact<'_>> {
    let mut facts = Vec::new();
    if !policy.enabled {
        facts.push(Fact::Off);
    }
    facts.push(match (policy.mode, &policy.canary) {
        (Mode::Live, _) => Fact::Live,
        (Mode::Canary, Some(canary)) => Fact::Canary { share: canary.share, max: of_sources(policy, &canary.max) },
        // A canary without figures sends nothing; the reader refuses it.
        (Mode::Shadow | Mode::Canary, _) => Fact::Shadow,
    });
    facts
}

fn when(policy: &Policy) -> Vec<Fact<'_>> {
    let mut facts = vec![Fact::Runs(&policy.schedule)];
    let window = policy.schedule.window();
    if window.from.is_some() || window.until.is_some() {
        facts.push(Fact::Active { from: window.from, until: window.until });
    }
    facts.extend(window.not_after.map(Fact::NotAfter));
    let holidays: Vec<NaiveDate> = policy.schedule.holidays().iter().copied().collect();
    if !holidays.is_empty() {
        facts.push(Fact::NoRunOn(holidays));
    }
    facts.extend(closed(policy));
    facts.push(Fact::CatchUp(policy.catch_up));
    facts
}

/// Countries with the same holidays stand together.
fn closed(policy: &Policy) -> Vec<Fact<'_>> {
    let mut countries = Vec::new();
    for lane in policy.lanes() {
        for country in [lane.from.country, lane.to.country] {
            if !countries.contains(&country) {
                countries.push(country);
            }
        }
    }
    let mut by_dates: BTreeMap<Vec<NaiveDate>, Vec<Country>> = BTreeMap::new();
    for country in countries {
        let dates = policy.closed.get(&country).into_iter().flatten();
        // A date without any run needs no second word.
        let dates: Vec<NaiveDate> = dates.filter(|date| !policy.schedule.holidays().contains(date)).copied().collect();
        if !dates.is_empty() {
            by_dates.entry(dates).or_default().push(country);
        }
    }
    by_dates.into_iter().map(|(dates, countries)| Fact::ClosedFor { countries, dates }).collect()
}

fn what(policy: &Policy) -> Vec<Fact<'_>> {
    match &policy.rule {
        Rule::Sweep(sweep) => sweep_facts(sweep),
        Rule::TopUp(top_up) => {
            let mut facts = vec![Fact::TopUp { wallet: top_up.wallet, below: top_up.below, to: top_up.to }];
            let source = |it: &crate::policy::TopUpSource| Fact::TopUpSource { wallet: it.wallet, keep: it.keep };
            facts.extend(top_up.sources.iter().map(source));
            facts.push(Fact::TopUpShort);
            facts
        }
        Rule::Payout(payout) => {
            let most = policy.limits.max_transfer.get(&payout.source.wallet.currency);
            let part = most.map_or(largest_payout(), |most| (*most).min(largest_payout()));
            vec![Fact::Payout { source: payout.source.clone(), to: payout.to, name: payout.name.as_deref(), part }]
        }
        Rule::Rebalance(rebalance) => {
            let mut facts = vec![Fact::Rebalance { base: rebalance.base }];
            let weight = |(wallet, share): &(WalletId, Percent)| Fact::Weight { wallet: *wallet, share: *share };
            facts.extend(rebalance.weights.iter().map(weight));
            facts.push(Fact::Tolerance(rebalance.tolerance));
            facts
        }
    }
}

fn sweep_facts(sweep: &Sweep) -> Vec<Fact<'_>> {
    let portion = match &sweep.portion {
        Portion::Surplus => Part::All,
        Portion::Fraction(share) => Part::Share(*share),
        Portion::Fixed(amounts) => {
            let used: BTreeSet<Currency> = sweep.sources.iter().map(|it| it.wallet.currency).collect();
            Part::Fixed(written(amounts, &used))
        }
    };
    let mut facts = vec![Fact::Sweep { into: sweep.into, portion }];
    let source = |it: &crate::policy::Source| Fact::SweepSource { wallet: it.wallet, above: it.above, keep: it.keep };
    facts.extend(sweep.sources.iter().map(source));
    facts
}

/// What a limit is told as, and the amounts it has.
type Named<'f> = (fn(Vec<Money>) -> Fact<'f>, &'f BTreeMap<Currency, Amount>);

fn limits(policy: &Policy) -> Vec<Fact<'_>> {
    let limits = &policy.limits;
    let named: [Named<'_>; 5] = [
        (Fact::MinTransfer, &limits.min_transfer),
        (Fact::RoundDown, &limits.round_down_to),
        (Fact::MaxTransfer, &limits.max_transfer),
        (Fact::PerRun, &limits.max_per_slot),
        (Fact::PerDay, &limits.max_per_day),
    ];
    let mut facts = Vec::new();
    for (fact, amounts) in named {
        let amounts = of_sources(policy, amounts);
        if !amounts.is_empty() {
            facts.push(fact(amounts));
        }
    }
    let without = |amounts: &BTreeMap<Currency, Amount>| -> Vec<Currency> {
        sources(policy).into_iter().filter(|currency| !amounts.contains_key(currency)).collect()
    };
    let (per_run, per_day) = (without(&limits.max_per_slot), without(&limits.max_per_day));
    if !per_run.is_empty() {
        facts.push(Fact::NoLimitPerRun(per_run));
    }
    if !per_day.is_empty() {
        facts.push(Fact::NoLimitPerDay(per_day));
    }
    facts
}

fn exchange(policy: &Policy) -> Vec<Fact<'_>> {
    let pairs = crossings(&policy.lanes());
    if pairs.is_empty() {
        return sources(policy).into_iter().map(Fact::OneCurrency).collect();
    }
    if !policy.fx.allow {
        return vec![Fact::ChangeForbidden(pairs)];
    }
    let mut facts = vec![Fact::Changes(pairs.clone())];
    match policy.fx.max_spread {
        None => facts.push(Fact::AnyRate),
        Some(most) => {
            let spread = |pair| Fact::Spread { most, pair, against: Compared::of(&policy.fx, pair) };
            facts.extend(pairs.into_iter().map(spread));
        }
    }
    facts
}

fn approval(policy: &Policy) -> Vec<Fact<'_>> {
    let Some(approval) = &policy.approval else { return vec![Fact::NoApproval(sources(policy))] };
    let above = of_sources(policy, &approval.above);
    let mut without = sources(policy);
    without.retain(|currency| !approval.above.contains_key(currency));
    let mut facts = Vec::new();
    if !above.is_empty() {
        facts.push(Fact::Approval { above, approvers: approval.approvers, from: &approval.from });
        facts.push(Fact::ApprovedWithin(approval.within.unwrap_or(policy.catch_up)));
    }
    if !without.is_empty() {
        facts.push(Fact::NoApproval(without));
    }
    facts
}

fn never(policy: &Policy) -> Vec<Fact<'_>> {
    if !sends(policy) {
        return vec![Fact::NeverSends];
    }
    let lanes = policy.lanes();
    let mut wallets: Vec<WalletId> = Vec::new();
    let mut destinations: Vec<End> = Vec::new();
    for lane in &lanes {
        if !wallets.contains(&lane.from) {
            wallets.push(lane.from);
        }
        if !destinations.contains(&lane.to) {
            destinations.push(lane.to);
        }
    }
    let kept = wallets.into_iter().map(|wallet| (wallet, policy.keep(wallet)));
    let kept: Vec<(WalletId, Amount)> = kept.filter(|(_, keep)| keep.is_positive()).collect();
    let mut facts = vec![Fact::NeverElsewhere(destinations)];
    if !kept.is_empty() {
        facts.push(Fact::NeverBelow(kept));
    }
    facts.push(Fact::NeverBelowReserve);
    if crossings(&lanes).is_empty() || !policy.fx.allow {
        facts.push(Fact::NeverChanges);
    }
    facts.extend([Fact::NeverOnItsWay, Fact::NeverTwice]);
    facts
}

/// The currencies that money is taken in, in the order of the lanes.
fn sources(policy: &Policy) -> Vec<Currency> {
    let mut found = Vec::new();
    for lane in policy.lanes() {
        if !found.contains(&lane.from.currency) {
            found.push(lane.from.currency);
        }
    }
    found
}

/// Amounts that have an effect: those of the currencies that money is taken in.
fn of_sources(policy: &Policy, amounts: &BTreeMap<Currency, Amount>) -> Vec<Money> {
    written(amounts, &sources(policy).into_iter().collect())
}

fn written(amounts: &BTreeMap<Currency, Amount>, used: &BTreeSet<Currency>) -> Vec<Money> {
    let used = amounts.iter().filter(|(currency, _)| used.contains(currency));
    used.map(|(currency, amount)| Money { amount: *amount, currency: *currency }).collect()
}

/// Pairs of currencies, in the order of the lanes.
fn crossings(lanes: &[Lane]) -> Vec<(Currency, Currency)> {
    let mut found = Vec::new();
    for lane in lanes.iter().filter(|lane| lane.crosses_currencies()) {
        let pair = (lane.from.currency, lane.to.currency);
        if !found.contains(&pair) {
            found.push(pair);
        }
    }
    found
}
