//! What the hosted page does to its withdrawal: the beneficiary names an operator and a number, or gives up. Once.

use super::entry::{AcceptedWithdrawal, Named};
use super::operator::{self, Operator};
use super::{OperatorStatus, PayoutRefusal, PayoutStatus, PayoutTerms};
use crate::money::Country;
use crate::sandbox::{clock::Instant, world::World};

/// An operator to choose from.
pub(in crate::sandbox) struct Choice {
    pub(in crate::sandbox) code: &'static str,
    pub(in crate::sandbox) country: Country,
    /// `false` while it is closed.
    pub(in crate::sandbox) takes_payouts: bool,
}

/// What the beneficiary is told where nothing could be paid yet; the page stays open.
pub(in crate::sandbox) struct NotPaid(pub(in crate::sandbox) String);

impl World {
    /// Where the withdrawal of a page stands in the books.
    pub(in crate::sandbox) fn page_index(&self, token: &str) -> Option<usize> {
        let of_page = |entry: &AcceptedWithdrawal| entry.page.as_ref().is_some_and(|page| page.token == token);
        self.ledger.withdrawals().iter().position(of_page)
    }

    /// The operators that the wallet's money can get to, those of its own country first.
    pub(in crate::sandbox) fn choices(&self, entry: &AcceptedWithdrawal) -> Vec<Choice> {
        let reachable = |country: &Country| {
            let to = country.payout_currency();
            to.is_some_and(|to| to == entry.currency || self.rates.live((entry.currency, to)).is_some())
        };
        let mut countries: Vec<_> = operator::by_country().filter(|(country, _)| reachable(country)).collect();
        countries.sort_by_key(|(country, _)| *country != entry.source);
        let choice = |country: Country, code: &'static str| {
            let takes_payouts = self.operator_status(code) != OperatorStatus::Closed;
            Choice { code, country, takes_payouts }
        };
        countries
            .into_iter()
            .flat_map(|(country, codes)| codes.into_iter().map(move |code| choice(country, code)))
            .collect()
    }

    /// Gives an open page's withdrawal to an operator; from now on the number decides.
    pub(in crate::sandbox) fn confirm_page(
        &mut self,
        index: usize,
        code: &str,
        phone: &str,
        now: Instant,
    ) -> Result<(), NotPaid> {
        let refused = |text: String| Err(NotPaid(text));
        let Some(entry) = self.ledger.withdrawals().get(index).cloned() else {
            return refused("This page does not exist.".to_owned());
        };
        let offered = self.choices(&entry).into_iter().find(|choice| choice.code == code);
        let Some((offered, operator)) = offered.zip(Operator::read(code)) else {
            return refused("Choose an operator from the list.".to_owned());
        };
        if !offered.takes_payouts {
            return refused(format!("{code} takes no payouts at the moment. Choose another, or try again later."));
        }
        // People write numbers with a plus and in groups.
        let phone: String = phone.chars().filter(|letter| !matches!(letter, '+' | ' ' | '-' | '.')).collect();
        if !operator::is_phone(&phone) {
            return refused("Write the number with its country code, for example 237653456789.".to_owned());
        }
        if entry.amount.decimal().normalize().scale() > operator.decimals(entry.currency) {
            return refused(format!("{code} does not pay out an amount as fine as {}.", entry.amount));
        }
        let pair = (entry.currency, operator.currency);
        let (rate, payout_amount) = match self.converted(entry.net, pair, PayoutTerms::default(), now) {
            Ok(converted) => converted,
            Err(PayoutRefusal::NoRate(from, to)) => {
                return refused(format!("There is no rate from {from} to {to} now."));
            }
            Err(_) => return refused(format!("{} {} cannot be converted.", entry.net, entry.currency)),
        };
        let provider_reference = self.random.uuid();
        let (provider, payout_currency) = (operator.code, operator.currency);
        let named = Named { provider, phone, provider_reference, payout_currency, payout_amount, rate };
        self.ledger.hand_over(index, named, now);
        Ok(())
    }

    /// The beneficiary gives up: the amount is available again.
    pub(in crate::sandbox) fn cancel_page(&mut self, index: usize, now: Instant) {
        self.move_payout(index, PayoutStatus::Cancelled, Some("CANCELLED_BY_USER"), now);
    }
}
