//! Where webhooks go: plain HTTP on this machine.

use crate::sandbox::SandboxError;
use reqwest::Url;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// An address on the loopback and what is asked for there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct Receiver {
    pub(super) addr: SocketAddr,
    /// Path and query.
    pub(super) target: String,
}

impl FromStr for Receiver {
    type Err = SandboxError;
    fn from_str(text: &str) -> Result<Self, SandboxError> {
        let refused = || {
            let shown = text.chars().take(80).collect::<String>();
            let why = "webhooks go to this machine only, for example http://127.0.0.1:9751/webhooks/kpay";
            SandboxError::Setting(format!("{why}, not to `{}`", shown.escape_debug()))
        };
        let url = Url::parse(text).ok().filter(|url| url.scheme() == "http" && url.username().is_empty());
        let url = url.ok_or_else(refused)?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let ip: IpAddr =
            if host == "localhost" { Ipv4Addr::LOCALHOST.into() } else { host.parse().map_err(|_| refused())? };
        let port = url.port_or_known_default().filter(|_| ip.is_loopback()).ok_or_else(refused)?;
        let target = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Ok(Self { addr: SocketAddr::new(ip, port), target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_on_this_machine_is_a_receiver() {
        for (text, expected) in [
            ("http://127.0.0.1:9751/webhooks/kpay", Some(("127.0.0.1:9751", "/webhooks/kpay"))),
            ("http://127.8.9.10/", Some(("127.8.9.10:80", "/"))),
            ("http://[::1]:5/a?b=c", Some(("[::1]:5", "/a?b=c"))),
            ("http://localhost:5", Some(("127.0.0.1:5", "/"))),
            ("http://127.0.0.1:5/a b\r\nX: y", Some(("127.0.0.1:5", "/a%20bX:%20y"))),
            ("https://127.0.0.1:5/", None),
            ("http://10.0.0.1:5/", None),
            ("http://0.0.0.0:5/", None),
            ("http://kpay.site/", None),
            ("http://127.0.0.1.example/", None),
            ("http://localhost@10.0.0.1/", None),
            ("http://u:p@127.0.0.1/", None),
            ("127.0.0.1:5", None),
            ("", None),
        ] {
            let read = text.parse::<Receiver>();
            let told = read.as_ref().ok().map(|read| (read.addr.to_string(), read.target.as_str()));
            let expected = expected.map(|(addr, target)| (addr.to_owned(), target));
            assert_eq!(told, expected, "{text:?}");
            assert!(read.err().is_none_or(|error| error.to_string().contains("this machine only")), "{text:?}");
        }
    }
}
