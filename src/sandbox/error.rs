//! Why the sandbox could not be started or changed.

use super::FaultError;
use crate::money::{Amount, Country, MoneyError};
use std::{io, net::SocketAddr};

/// Why the sandbox could not be started or changed.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Its money is not real, but its admin doors are open: it stays on this machine.
    #[error("the sandbox listens on this machine only: use 127.0.0.1 or [::1] instead of {0}")]
    NotLoopback(SocketAddr),
    /// The port is taken, or the address is not ours.
    #[error("cannot listen on {addr}: {source}; choose another port, or 0 for any free one")]
    Listen {
        /// What was asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// A fault rule that cannot be read.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A country outside KPay's table.
    #[error("{0} is not one of KPay's countries: {list}", list = countries())]
    Country(Country),
    /// An amount that is zero or negative where money has to come or go.
    #[error("an amount of {0} cannot be moved: it must be above zero")]
    Amount(Amount),
    /// More than there is.
    #[error("the {country} wallet has {available} available, {asked} cannot be taken out")]
    Short {
        /// Whose wallet.
        country: Country,
        /// What is there.
        available: Amount,
        /// What was asked for.
        asked: Amount,
    },
    /// No such wallet in this environment.
    #[error("there is no {0} wallet")]
    NoWallet(Country),
    /// A figure outgrew 28 digits, or is none.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A setting or admin request that cannot be read.
    #[error("{0}")]
    Setting(String),
}

fn countries() -> String {
    Country::ALL.map(|country| country.to_string()).join(", ")
}
