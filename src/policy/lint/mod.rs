//! What is readable and still wrong or odd: money in circles, two masters for one lane, floors and bounds that leave
//! nothing to do, schedules that never fire or fire too often.
//!
//! An error is what loses money or can never act; a warning is what someone probably did not mean. Looks at whole
//! policies only: where something in one is wrong already, that comes first. Knows no clock: what is past is no finding,
//! only what is impossible on any day. Nothing here depends on balances or rates.

mod bounds;
mod circles;
mod direct;
mod floors;
mod fixed;
mod shadows;
mod shared;
mod windows;

#[cfg(test)]
mod tests;

use super::findings::Place;
use super::read::{FileDraft, Places};
use super::{CalendarReserve, Diagnostic, Policy, Severity};
use crate::model::{Lane, WalletId};
use crate::money::{Amount, Currency};
use std::collections::{BTreeMap, BTreeSet};

/// A policy and where its parts stand.
struct Subject<'d> {
    file: &'d str,
    policy: &'d Policy,
    places: &'d Places,
    name_at: Place,
    /// In the order of `Policy::lanes`.
    lanes: &'d [(Lane, Place)],
}

impl Subject<'_> {
    /// The currencies its sources hold.
    fn currencies(&self) -> BTreeSet<Currency> {
        self.lanes.iter().map(|(lane, _)| lane.from.currency).collect()
    }

    /// Whether both may have a slot on some day.
    fn may_meet(&self, other: &Self) -> bool {
        let (one, other) = (self.policy.schedule.window(), other.policy.schedule.window());
        let over_before =
            |until: Option<_>, from: Option<_>| matches!((until, from), (Some(until), Some(from)) if until < from);
        !over_before(one.until, other.from) && !over_before(other.until, one.from)
    }
}

/// Floors beside those of the rules.
struct Reserves<'d> {
    always: &'d BTreeMap<WalletId, Amount>,
    calendar: &'d [CalendarReserve],
}

impl Reserves<'_> {
    /// What holds on every day.
    fn always(&self, wallet: WalletId) -> Amount {
        let always = self.always.get(&wallet).copied().unwrap_or(Amount::ZERO);
        let every_day = self.calendar.iter().filter(|it| it.wallet == wallet && it.during.is_every_day());
        every_day.map(|it| it.amount).fold(always, Amount::max)
    }
}

/// The findings of one pass. Several currencies or lanes may have one mistake in common; it is told once at its place.
struct Report<'d> {
    list: Vec<Diagnostic>,
    told: BTreeSet<(&'d str, Place, &'static str)>,
}

impl<'d> Report<'d> {
    fn error(
        &mut self,
        subject: &Subject<'d>,
        at: Place,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(subject, at, (Severity::Error, code), message.into(), hint.into());
    }

    fn warning(
        &mut self,
        subject: &Subject<'d>,
        at: Place,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(subject, at, (Severity::Warning, code), message.into(), hint.into());
    }

    fn push(
        &mut self,
        subject: &Subject<'d>,
        at: Place,
        (severity, code): (Severity, &'static str),
        message: String,
        hint: String,
    ) {
        if self.told.insert((subject.file, at, code)) {
            let file = subject.file.to_owned();
            self.list.push(Diagnostic { file, line: at.line, column: at.column, severity, code, message, hint });
        }
    }
}

/// Everything found over the whole set, in no order.
pub(super) fn all(
    files: &[FileDraft],
    always: &BTreeMap<WalletId, Amount>,
    calendar: &[CalendarReserve],
) -> Vec<Diagnostic> {
    let subjects: Vec<Subject<'_>> = files
        .iter()
        .flat_map(|file| file.policies.iter().map(move |draft| (file.findings.file(), draft)))
        .filter_map(|(file, draft)| {
            let (policy, name_at) = (draft.policy.as_ref()?, draft.name.as_ref()?.1);
            Some(Subject { file, policy, places: &draft.places, name_at, lanes: &draft.lanes })
        })
        .collect();
    let reserves = Reserves { always, calendar };
    let mut report = Report { list: Vec::new(), told: BTreeSet::new() };
    // Of two with one name, which is a mistake told elsewhere, nothing more could be said that people understand.
    let mut names = BTreeSet::new();
    let enabled: Vec<&Subject<'_>> = subjects
        .iter()
        .filter(|subject| subject.policy.enabled && names.insert(subject.policy.name.as_str()))
        .collect();
    circles::find(&mut report, &enabled, &reserves);
    let shadows = shadows::find(&mut report, &enabled);
    shared::find(&mut report, &enabled, &shadows);
    direct::find(&mut report, &enabled);
    for subject in &subjects {
        floors::check(&mut report, subject, &reserves);
        bounds::check(&mut report, subject);
        fixed::check(&mut report, subject);
        windows::check(&mut report, subject);
    }
    report.list
}

/// `5 000 XAF` as messages say it.
fn money(amount: Amount, currency: Currency) -> String {
    format!("{} {currency}", amount.grouped())
}
