//! Which addresses KPay's name may lead to: public ones, unless the configuration allows others, and `localhost` only to
//! this machine. A name that suddenly leads to a neighbour, or to the cloud's own pages at 169.254.169.254, is no KPay: no
//! connection is made there. An address of this machine written out as the base URL is never looked up.

use crate::model::tame;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Where a name may lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// To this machine.
    ThisMachine,
    /// To what anybody on the internet can reach.
    Public,
    /// Anywhere: `kpay.allow_private_addresses`.
    Anywhere,
}

/// Why none of the addresses is used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// The name has no address at all.
    #[error("{0} has no address")]
    None(String),
    /// Not of this machine.
    #[error("{name} leads to {first}, which is not this machine; look at /etc/hosts")]
    Elsewhere {
        /// The host as it was asked for.
        name: String,
        /// The first of its addresses.
        first: IpAddr,
    },
    /// Not public.
    #[error(
        "{name} leads to {first}, which is no public address; is its name server right? else kpay.allow_private_addresses"
    )]
    Private {
        /// The host as it was asked for.
        name: String,
        /// The first of its addresses.
        first: IpAddr,
    },
}

impl Reach {
    fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::ThisMachine => address.to_canonical().is_loopback(),
            Self::Public => is_public(address),
            Self::Anywhere => true,
        }
    }

    /// Those of a name's addresses that may be used.
    fn choose(self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Refused> {
        let name = || tame(name, 60);
        let first = found.first().ok_or_else(|| Refused::None(name()))?.ip();
        let chosen: Vec<_> = found.into_iter().filter(|address| self.takes(address.ip())).collect();
        match self {
            _ if !chosen.is_empty() => Ok(chosen),
            Self::ThisMachine => Err(Refused::Elsewhere { name: name(), first }),
            Self::Public | Self::Anywhere => Err(Refused::Private { name: name(), first }),
        }
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = *self;
        Box::pin(async move {
            // Port 0: the caller puts its own in.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let chosen = reach.choose(name.as_str(), found)?;
            Ok(Box::new(chosen.into_iter()) as Addrs)
        })
    }
}

/// Whether anybody on the internet can have this address; of one that stands for another, whether that one is.
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, third, _] = address.octets();
    let is_special = match first {
        // This network; the block of what is reserved, broadcast among it.
        0 | 240.. => true,
        // Shared by a provider's customers.
        100 => (64..128).contains(&second),
        192 => second == 0 && third == 0,
        // For measuring.
        198 => second == 18 || second == 19,
        _ => false,
    };
    !is_special
        && !address.is_private()
        && !address.is_loopback()
        && !address.is_link_local()
        && !address.is_multicast()
        && !address.is_documentation()
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let carried = |high: u16, low: u16| {
        let ([first, second], [third, fourth]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(first, second, third, fourth))
    };
    match parts {
        // What a network without IPv4 makes of an IPv4 address, and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => carried(high, low),
        // Teredo and its neighbours; documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        // Everything else that is given out.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, public: bool) {
        assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
    }

    #[test]
    fn g03_only_what_the_internet_can_reach_is_public() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "93.184.216.34",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:2800:220:1::1",
            "2001:4860:4860::8888",
            "::ffff:93.184.216.34",
            "64:ff9b::5db8:d822",
            "2002:5db8:d822::1",
        ] {
            check(public, true);
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(other, false);
        }
    }

    fn chosen(reach: Reach, found: &[&str]) -> Result<Vec<String>, String> {
        let found = found.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
        let chosen = reach.choose("admin.kpay.example", found).map_err(|refused| refused.to_string())?;
        Ok(chosen.iter().map(|address| address.ip().to_string()).collect())
    }

    #[test]
    fn g03_of_a_names_addresses_only_fitting_ones_are_used() {
        use Reach::{Anywhere, Public, ThisMachine};
        let mixed = ["10.0.0.1", "93.184.216.34", "127.0.0.1"];
        for (reach, found, expected) in [
            (Public, &mixed[..], Ok(&mixed[1..2])),
            (ThisMachine, &mixed, Ok(&mixed[2..])),
            (Anywhere, &mixed, Ok(&mixed[..])),
            (ThisMachine, &["::1"], Ok(&["::1"][..])),
            (ThisMachine, &["::ffff:127.0.0.1"], Ok(&["::ffff:127.0.0.1"])),
            (Public, &["169.254.169.254", "::1"], Err("leads to 169.254.169.254, which is no public address")),
            (ThisMachine, &["93.184.216.34"], Err("leads to 93.184.216.34, which is not this machine")),
            (Public, &[], Err("has no address")),
            (Anywhere, &[], Err("has no address")),
        ] {
            match (chosen(reach, found), expected) {
                (Ok(chosen), Ok(expected)) => assert_eq!(chosen, expected, "{reach:?} {found:?}"),
                (Err(refused), Err(words)) => assert!(refused.contains(words), "{reach:?} {found:?}: {refused}"),
                (got, expected) => panic!("{reach:?} {found:?}: {got:?}, and not {expected:?}"),
            }
        }
    }
}
