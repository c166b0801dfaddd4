//! KPay's catalogue of operators (kpay-api.md, "Providers"): 23 codes in 12 countries. It changes: a code that is not
//! here is told about, never refused.

use super::Provider;
use crate::money::Currency;

/// Codes with the decimals of their amounts, which belong to the operator, not to the currency; `None`: "depends".
const CATALOGUE: [(&str, Option<u32>); 23] = [
    ("MTN_MOMO_BEN", Some(0)),
    ("MOOV_BEN", Some(0)),
    ("MTN_MOMO_CMR", Some(0)),
    ("ORANGE_CMR", Some(0)),
    ("MTN_MOMO_CIV", Some(0)),
    ("ORANGE_CIV", Some(0)),
    ("VODACOM_MPESA_COD", None),
    ("AIRTEL_COD", Some(2)),
    ("ORANGE_COD", Some(2)),
    ("AIRTEL_GAB", Some(2)),
    ("MPESA_KEN", None),
    ("AIRTEL_COG", Some(0)),
    ("MTN_MOMO_COG", Some(0)),
    ("AIRTEL_RWA", Some(0)),
    ("MTN_MOMO_RWA", Some(0)),
    ("FREE_SEN", Some(0)),
    ("ORANGE_SEN", Some(0)),
    ("ORANGE_SLE", Some(2)),
    ("AIRTEL_OAPI_UGA", Some(0)),
    ("MTN_MOMO_UGA", Some(2)),
    ("AIRTEL_OAPI_ZMB", Some(2)),
    ("MTN_MOMO_ZMB", Some(2)),
    ("ZAMTEL_ZMB", Some(2)),
];

/// Paid out to in KPay's own example of a payout to another country (seed `001_609e41c91308fab3`), and not in its catalogue.
const IN_THE_SEED: &str = "ORANGE_GAB";

impl Provider {
    /// Every code of the catalogue, in the order of KPay's page.
    pub fn catalogue() -> impl Iterator<Item = Self> {
        CATALOGUE.iter().filter_map(|(code, _)| code.parse().ok())
    }

    /// Whether it is in the catalogue.
    #[must_use]
    pub fn is_known(&self) -> bool {
        CATALOGUE.iter().any(|(code, _)| *code == self.code())
    }

    /// Whether KPay speaks of it anywhere: in its catalogue, in its own example of a payout, or as suspended.
    #[must_use]
    pub fn is_kpays(&self) -> bool {
        self.is_known() || self.code() == IN_THE_SEED || self.is_wave()
    }

    /// Decimals of an amount in `currency` that is paid out through it. Where the catalogue does not say, and where the
    /// amount is in another currency than the operator's (`sourceCountry`), those of the currency.
    #[must_use]
    pub fn decimals(&self, currency: Currency) -> u32 {
        let known = CATALOGUE.iter().find(|(code, _)| *code == self.code()).and_then(|(_, decimals)| *decimals);
        known.filter(|_| currency == self.currency()).unwrap_or_else(|| currency.decimals_sent())
    }

    /// Wave's operators (Senegal, Côte d'Ivoire), which KPay has suspended (seed `001_609e41c91308fab3`).
    #[must_use]
    pub fn is_wave(&self) -> bool {
        self.code().split('_').any(|word| word == "WAVE")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_catalogue_is_kpays() {
        let all: Vec<Provider> = Provider::catalogue().collect();
        assert_eq!(all.len(), 23);
        let countries: BTreeSet<_> = all.iter().map(Provider::country).collect();
        assert_eq!(countries.len(), 12);
        let currencies: BTreeSet<String> = all.iter().map(|it| it.currency().to_string()).collect();
        let expected = ["CDF", "KES", "RWF", "SLE", "UGX", "XAF", "XOF", "ZMW"];
        assert_eq!(currencies.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn decimals_belong_to_the_operator() {
        let check = |code: &str, currency: &str, expected: u32| {
            let provider: Provider = code.parse().unwrap();
            assert_eq!(provider.decimals(currency.parse().unwrap()), expected, "{code} {currency}");
        };
        check("AIRTEL_GAB", "XAF", 2);
        check("MTN_MOMO_CMR", "XAF", 0);
        check("MTN_MOMO_UGA", "UGX", 2);
        check("AIRTEL_OAPI_UGA", "UGX", 0);
        check("MPESA_KEN", "KES", 2);
        check("VODACOM_MPESA_COD", "CDF", 2);
        check("ORANGE_GAB", "XAF", 0);
        check("MTN_MOMO_UGA", "XAF", 0);
    }

    #[test]
    fn wave_and_strangers_are_told_apart() {
        for (code, known, wave, kpays) in [
            ("WAVE_SEN", false, true, true),
            ("WAVE_CIV", false, true, true),
            ("ORANGE_GAB", false, false, true),
            ("ORANGE_COG", false, false, false),
            ("MOOV_BEN", true, false, true),
        ] {
            let provider: Provider = code.parse().unwrap();
            let found = (provider.is_known(), provider.is_wave(), provider.is_kpays());
            assert_eq!(found, (known, wave, kpays), "{code}");
        }
    }
}
