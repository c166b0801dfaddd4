//! The fields of a 201 that `wrong-field` changes.

use crate::kpay::wire::{TransferReply, WithdrawReply};
use crate::money::{Number, read_plain_decimal};
use rust_decimal::Decimal;

/// One field of a reply. Withdrawals alone have `id`, `provider` and `phoneNumber`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Field {
    ExternalId,
    Amount,
    Credit,
    Rate,
    SourceCountry,
    DestinationCountry,
    Currency,
    DestinationCurrency,
    Status,
    Id,
    Provider,
    Phone,
}

impl Field {
    pub(super) const WORDS: &str = "externalId, amount, credit, rate, sourceCountry, destinationCountry, currency, destinationCurrency, status, id, provider, phoneNumber";

    pub(super) fn read(word: &str) -> Option<Self> {
        Some(match word {
            "externalId" => Self::ExternalId,
            "amount" => Self::Amount,
            "credit" => Self::Credit,
            "rate" => Self::Rate,
            "sourceCountry" => Self::SourceCountry,
            "destinationCountry" => Self::DestinationCountry,
            "currency" => Self::Currency,
            "destinationCurrency" => Self::DestinationCurrency,
            "status" => Self::Status,
            "id" => Self::Id,
            "provider" => Self::Provider,
            "phoneNumber" => Self::Phone,
            _ => return None,
        })
    }

    /// Whether its value is a number.
    pub(super) fn is_numeric(self) -> bool {
        matches!(self, Self::Amount | Self::Credit | Self::Rate)
    }

    /// Puts `value`, or something plausible and wrong, in the field's place.
    pub(in crate::sandbox) fn spoil(self, reply: &mut TransferReply, value: Option<&str>) {
        let text = |wrong: &str| value.unwrap_or(wrong).to_owned();
        let source = &mut reply.source_transaction;
        let destination = &mut reply.destination_transaction;
        match self {
            Self::ExternalId => reply.external_id = Some(text("TRD-SOMEBODY-ELSES")),
            Self::Amount => source.amount = number(source.amount, value),
            Self::Credit => destination.amount = number(destination.amount, value),
            Self::Rate => reply.exchange_rate = reply.exchange_rate.map(|rate| number(rate, value)),
            Self::SourceCountry => source.country = text(another(&source.country, ["COG", "GAB"])),
            Self::DestinationCountry => destination.country = text(another(&destination.country, ["BEN", "CIV"])),
            Self::Currency => source.currency = text(another(&source.currency, ["XOF", "XAF"])),
            Self::DestinationCurrency => destination.currency = text(another(&destination.currency, ["XOF", "XAF"])),
            Self::Status => reply.status = Some(text("FAILED")),
            Self::Id => reply.id = Some(text("somebody-elses")),
            Self::Provider | Self::Phone => {}
        }
    }

    /// The same in a withdrawal; the credit is what is left after the fee.
    pub(in crate::sandbox) fn spoil_withdrawal(self, reply: &mut WithdrawReply, value: Option<&str>) {
        let text = |wrong: &str| value.unwrap_or(wrong).to_owned();
        match self {
            Self::ExternalId => reply.external_id = Some(text("TRD-SOMEBODY-ELSES")),
            Self::Amount => reply.amount = number(reply.amount, value),
            Self::Credit => reply.net_amount = reply.net_amount.map(|net| number(net, value)),
            Self::Rate => reply.exchange_rate = reply.exchange_rate.map(|rate| number(rate, value)),
            Self::SourceCountry | Self::DestinationCountry => reply.country = Some(text("BEN")),
            Self::Currency => reply.currency = text(another(&reply.currency, ["XOF", "XAF"])),
            Self::DestinationCurrency => reply.payout_currency = Some(text("KES")),
            Self::Status => reply.status = text("FAILED"),
            Self::Id => reply.id = text("wdr_somebody_elses"),
            Self::Provider => reply.provider = Some(text("MOOV_BEN")),
            Self::Phone => reply.phone_number = Some(text("22951345789")),
        }
    }
}

fn another(real: &str, choices: [&'static str; 2]) -> &'static str {
    if real == choices[0] { choices[1] } else { choices[0] }
}

fn number(real: Number, value: Option<&str>) -> Number {
    let given = value.and_then(|text| read_plain_decimal(text).ok());
    let off_by_one = real.0.checked_add(Decimal::ONE).unwrap_or(Decimal::ONE);
    Number(given.unwrap_or(off_by_one))
}
