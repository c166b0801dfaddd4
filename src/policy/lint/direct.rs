//! Money that is moved to a wallet only to be paid out of it: KPay debits any wallet of the application for a payout
//! (`sourceCountry`), so it could be paid out from where it was.
//!
//! Only where nothing else can be meant: one wallet fills another of the same currency, which pays an operator of its own
//! country. Several wallets that are swept into one first are a treasury at work.

use super::{Report, Subject};
use crate::model::WalletId;
use crate::policy::Rule;

pub(super) fn find<'d>(report: &mut Report<'d>, subjects: &[&Subject<'d>]) {
    for subject in subjects {
        let Rule::Payout(payout) = &subject.policy.rule else { continue };
        let wallet = payout.source.wallet;
        let is_at_home = subject.lanes.iter().all(|(lane, _)| lane.to.country == wallet.country);
        let filled = |other: &&Subject<'d>| only_source(other, wallet).map(|from| (from, other.policy.name.clone()));
        let by = subjects.iter().filter(|other| other.may_meet(subject)).find_map(filled);
        let Some((from, name)) = by.filter(|(from, _)| is_at_home && from.currency == wallet.currency) else {
            continue;
        };
        let message = format!("`{name}` moves money from {from} to {wallet}, which pays it out again");
        let hint =
            format!("a payout may take it where it is: write from: {from}, and KPay debits that wallet directly");
        report.warning(subject, subject.places.key("payout.from"), "direct-payout", message, hint);
    }
}

/// The one wallet that a policy takes from, where it fills this one.
fn only_source(other: &Subject<'_>, wallet: WalletId) -> Option<WalletId> {
    match &other.policy.rule {
        Rule::Sweep(sweep) if sweep.into == wallet && sweep.sources.len() == 1 => Some(sweep.sources.first()?.wallet),
        Rule::TopUp(top_up) if top_up.wallet == wallet && top_up.sources.len() == 1 => {
            Some(top_up.sources.first()?.wallet)
        }
        _ => None,
    }
}
