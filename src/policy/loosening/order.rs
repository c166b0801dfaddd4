//! Who comes first, before and after: the sources of one policy, and the policies over one lane or after one wallet's money.

use super::pairs::Pairs;
use super::{Difference, Effect, Sheet, sends};
use crate::model::{Lane, WalletId};
use crate::policy::{Policy, Rule};
use std::collections::BTreeSet;

/// The order in which a policy takes from the wallets that it took from before too: each keeps its floor, but another may
/// give first.
pub(super) fn sources(sheet: &mut Sheet<'_>, old: &Policy, new: &Policy) {
    let (before, now) = (taken_from(old), taken_from(new));
    let known: Vec<WalletId> = now.iter().copied().filter(|wallet| before.contains(wallet)).collect();
    let was: Vec<WalletId> = before.into_iter().filter(|wallet| known.contains(wallet)).collect();
    if known == was {
        return;
    }
    let list = |wallets: &[WalletId]| wallets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let text = format!("{} takes from {} in this order instead of {}", new.name, list(&known), list(&was));
    sheet.tell(Effect::Neutral, "order", text);
}

/// In the order written; nothing where it is not the order that decides.
fn taken_from(policy: &Policy) -> Vec<WalletId> {
    match &policy.rule {
        Rule::Sweep(sweep) => sweep.sources.iter().map(|source| source.wallet).collect(),
        Rule::TopUp(top_up) => top_up.sources.iter().map(|source| source.wallet).collect(),
        Rule::Rebalance(_) | Rule::Payout(_) => Vec::new(),
    }
}

/// Policies that changed places. The first over a lane has it, with its own limits and approvals and past the other's:
/// neither way is the safer one. After one wallet's money it is told, and no guard is looser.
pub(super) fn policies(pairs: &Pairs<'_>) -> Vec<Difference> {
    let kept: Vec<(&Policy, &Policy)> =
        pairs.kept.iter().filter_map(|(now, before)| Some((*now, (*before)?))).filter(|(now, _)| sends(now)).collect();
    let mut found = Vec::new();
    for (index, one) in kept.iter().enumerate() {
        for other in &kept[index + 1..] {
            let (first, second) = if goes_first(one.0, other.0) { (one, other) } else { (other, one) };
            if goes_first(first.1, second.1) {
                continue;
            }
            let Some((effect, over)) = shared(first.0, second.0) else { continue };
            let (policy, other) = (&first.0.name, &second.0.name);
            let text = format!("{policy} goes before {other} {over}; it went after it");
            found.push(Difference { policy: Some(policy.clone()), what: "priority", effect, text });
        }
    }
    found
}

fn goes_first(one: &Policy, other: &Policy) -> bool {
    one.rank() < other.rank()
}

/// What two policies both want: a lane, or the money of a wallet.
fn shared(one: &Policy, other: &Policy) -> Option<(Effect, String)> {
    let lanes = |policy: &Policy| policy.lanes().into_iter().collect::<BTreeSet<Lane>>();
    let (one, other) = (lanes(one), lanes(other));
    let list = |names: Vec<String>| names.join(", ");
    let both: Vec<String> = one.intersection(&other).map(ToString::to_string).collect();
    if !both.is_empty() {
        return Some((Effect::Loosens, format!("over {}", list(both))));
    }
    let wallets = |lanes: BTreeSet<Lane>| lanes.into_iter().map(|lane| lane.from).collect::<BTreeSet<WalletId>>();
    let both: Vec<String> = wallets(one).intersection(&wallets(other)).map(ToString::to_string).collect();
    (!both.is_empty()).then(|| (Effect::Neutral, format!("to the money of {}", list(both))))
}
