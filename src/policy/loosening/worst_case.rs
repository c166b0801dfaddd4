//! What no single guard tells: a wallet can lose more on one day than before, for example because a policy runs more
//! often.

use super::{Difference, Effect, money, pairs};
use crate::model::WalletId;
use crate::money::Amount;
use crate::policy::exposure::{Exposure, exposure};
use crate::policy::{Policy, PolicySet};

/// Wallets whose worst day is worse, where none of their policies is told as looser already.
pub(super) fn compare(old: &PolicySet, new: &PolicySet, told: &[Difference]) -> Vec<Difference> {
    let (before, after) = (exposure(old), exposure(new));
    let is_told = |name: &String| {
        told.iter().any(|it| it.effect == Effect::Loosens && it.policy.as_ref().is_some_and(|policy| policy == name))
    };
    let mut found = Vec::new();
    for it in &after.wallets {
        let wallet = WalletId { country: it.wallet, currency: it.currency };
        let (was, is) = (per_day(&before, wallet), it.most.per_day);
        if is <= was || it.policies.iter().any(is_told) {
            continue;
        }
        let (is, was) = (money(is, wallet.currency), money(was, wallet.currency));
        let denser = denser(old, new, &it.policies);
        found.push(Difference {
            policy: denser.as_ref().map(|(policy, _)| policy.name.clone()),
            what: "worst-case",
            effect: Effect::Loosens,
            text: match denser {
                Some((policy, times)) => {
                    let name = &policy.name;
                    format!("{name} runs {times}, so {wallet} may lose up to {is} a day instead of {was}")
                }
                None => format!("{wallet} may lose up to {is} a day instead of {was}"),
            },
        });
    }
    found
}

fn per_day(exposure: &Exposure, wallet: WalletId) -> Amount {
    let found = exposure.wallets.iter().find(|it| (it.wallet, it.currency) == (wallet.country, wallet.currency));
    found.map_or(Amount::ZERO, |it| it.most.per_day)
}

/// The first of these policies that runs more often than before, and how often.
fn denser<'a>(old: &'a PolicySet, new: &'a PolicySet, names: &[String]) -> Option<(&'a Policy, String)> {
    let pairs = pairs::of(old, new);
    let mut kept = pairs.kept.iter().filter(|(policy, _)| names.contains(&policy.name));
    kept.find_map(|(policy, before)| {
        let (was, is) = ((*before)?.schedule.busiest_day(), policy.schedule.busiest_day());
        (is > was).then(|| {
            let times = |count: u32| if count == 1 { "once".to_owned() } else { format!("{count} times") };
            (*policy, format!("up to {} a day instead of {}", times(is), times(was)))
        })
    })
}
