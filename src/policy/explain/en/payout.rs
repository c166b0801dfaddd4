//! What a policy that pays somebody out says in other words: it makes payouts to a beneficiary, no transfers from one
//! wallet to another.

use super::waits_for;
use super::words::{codes, dates_in_words, names, or};
use crate::policy::explain::facts::Fact;

/// `None` where the sentence is the one of every policy.
pub(super) fn sentence(fact: &Fact<'_>) -> Option<String> {
    Some(match fact {
        Fact::Live => "Live: its payouts are real.".to_owned(),
        Fact::Shadow => "On trial, in shadow: it reports what it would pay out, and pays nothing.".to_owned(),
        Fact::Canary { share, max } => {
            let most = match max.as_slice() {
                [] => String::new(),
                max => format!(", and at most {} to the beneficiary in one run", or(max)),
            };
            format!("On trial, as a canary: it decides as if it were live, then pays out {share} of each amount{most}.")
        }
        Fact::ClosedFor { countries, dates } => {
            format!("Pays nothing from or to {} on {}.", names(countries, "or"), dates_in_words(dates))
        }
        Fact::MinTransfer(least) => format!("Amounts under {} are not paid out.", or(least)),
        Fact::MaxTransfer(most) => format!("One payout is at most {}; a larger amount is paid in parts.", or(most)),
        Fact::PerRun(most) => format!("At most {} are paid out in one run, before KPay's fee.", or(most)),
        Fact::PerDay(most) => format!("At most {} are paid out on one day, before KPay's fee.", or(most)),
        Fact::NoLimitPerRun(currencies) => {
            format!("There is no limit on what is paid out in one run in {}.", codes(currencies, "or"))
        }
        Fact::NoLimitPerDay(currencies) => {
            format!("There is no limit on what is paid out on one day in {}.", codes(currencies, "or"))
        }
        Fact::Approval { above, approvers, from } => {
            let who = waits_for(*approvers, from);
            format!("More than {} to the beneficiary in one run waits until {who}.", or(above))
        }
        Fact::NeverTwice => "It never makes the same payout twice.".to_owned(),
        Fact::NeverSends => "As long as this stands, it never pays anybody.".to_owned(),
        _ => return None,
    })
}
