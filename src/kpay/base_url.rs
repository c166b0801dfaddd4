//! Where KPay is: an origin that keys may be sent to. Anything that could smuggle them elsewhere is refused.

use crate::model::tame;
use reqwest::Url;
use std::{fmt, net::Ipv4Addr, str::FromStr};

/// An origin such as `https://admin.kpay.site`: no user, path, query or fragment; plain http only to this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    /// Scheme, host and port, without a slash at the end.
    origin: String,
    plain_http: bool,
}

/// No page of KPay's has a longer address, in bytes.
const LONGEST_PAGE: usize = 2048;

/// Why a base URL is refused. A URL with a user or password in it is never shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// `https://user:password@host`.
    #[error("the base URL holds an `@`; write it without user or password, e.g. https://admin.kpay.site")]
    Userinfo,
    /// Blanks, control characters, `\`, `%` or anything outside ASCII.
    #[error(
        "the base URL `{0}` holds characters that do not belong there; only plain ASCII without blanks, `\\` or `%`"
    )]
    Characters(String),
    /// Neither `https://` nor `http://`.
    #[error("the base URL `{0}` must begin with https://")]
    Scheme(String),
    /// Plain http to another machine: the keys would travel in the clear.
    #[error("the base URL `{0}` is plain http to another machine; use https (http is for localhost only)")]
    PlainHttp(String),
    /// Something behind the host.
    #[error("the base URL `{0}` must end after the host and port; leave out path, query and fragment")]
    Tail(String),
    /// No host, an address instead of a name, or a name that is not written plainly.
    #[error("the base URL `{0}` needs a plain host name, e.g. https://admin.kpay.site")]
    Host(String),
}

impl BaseUrl {
    /// Reads an origin.
    ///
    /// # Errors
    /// See [`BaseUrlError`].
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        if text.contains('@') {
            return Err(BaseUrlError::Userinfo);
        }
        let shown = || tame(text, 80);
        if text.bytes().any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'\\' | b'%')) {
            return Err(BaseUrlError::Characters(shown()));
        }
        let (scheme, rest) = text.split_once("://").ok_or_else(|| BaseUrlError::Scheme(shown()))?;
        let plain_http = match scheme {
            "https" => false,
            "http" => true,
            _ => return Err(BaseUrlError::Scheme(shown())),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return Err(BaseUrlError::Tail(shown()));
        }
        let host = plain_host(text, authority).ok_or_else(|| BaseUrlError::Host(shown()))?;
        if plain_http && !is_loopback(&host) {
            return Err(BaseUrlError::PlainHttp(shown()));
        }
        if is_address(&host) && !is_loopback(&host) {
            return Err(BaseUrlError::Host(shown()));
        }
        Ok(Self { origin: format!("{scheme}://{authority}"), plain_http })
    }

    /// Whether it is plain http (and so this machine).
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        self.plain_http
    }

    /// Whether the host is this machine, by address or as `localhost`.
    pub(super) fn is_this_machine(&self) -> bool {
        Url::parse(&self.origin).is_ok_and(|url| url.host_str().is_some_and(is_loopback))
    }

    /// Whether a page is KPay's own: https on the very same host and port. Beside a plain http origin (so this machine)
    /// any address of this machine.
    pub(super) fn is_home_of(&self, page: &str) -> bool {
        let (Ok(ours), Ok(url)) = (Url::parse(&self.origin), Url::parse(page)) else { return false };
        let plain = page.len() <= LONGEST_PAGE && page.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        if !plain || !url.username().is_empty() || url.password().is_some() {
            return false;
        }
        if self.plain_http {
            return matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(is_loopback);
        }
        url.scheme() == "https" && url.host() == ours.host() && url.port() == ours.port()
    }

    /// The origin with a path that begins with a slash.
    pub(super) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

/// Whether KPay's hosted page can send somebody to this address: `https`, on a host, without a name or password in it.
#[must_use]
pub fn is_way_back(address: &str) -> bool {
    let plain = address.len() <= LONGEST_PAGE && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let fits =
        |url: Url| url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none();
    plain && Url::parse(address).is_ok_and(fits)
}

/// What KPay's hosted page adds to the address that it leads back to (`kpay-api.md`, "Gateway return").
const RETURN_PARAMETERS: [&str; 5] = ["status", "reference", "externalId", "ts", "sig"];

/// A parameter that the address has already and KPay's hosted page would add: nobody could say whose was whose.
#[must_use]
pub fn own_parameter_of_a_return(address: &str) -> Option<&'static str> {
    let url = Url::parse(address).ok()?;
    RETURN_PARAMETERS.into_iter().find(|name| url.query_pairs().any(|(key, _)| key == *name))
}

/// The host as written, if it is written as it will be used: `127.1`, `0x7f000001`, `xn--…` or a dot at the end are how
/// one host is made to look like another.
fn plain_host(text: &str, authority: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?;
    let without_port = match authority.rsplit_once(':') {
        Some((before, port)) if !port.contains(']') => {
            port.parse::<u16>().ok().filter(|port| *port > 0)?;
            before
        }
        _ => authority,
    };
    if !without_port.eq_ignore_ascii_case(host) {
        return None;
    }
    let odd = |label: &str| label.is_empty() || label.starts_with("xn--");
    if !host.starts_with('[') && host.split('.').any(odd) {
        return None;
    }
    Some(host.to_owned())
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || host.parse::<Ipv4Addr>().is_ok()
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host == "[::1]" || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.origin)
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;
    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g02_only_plain_origins_are_taken() {
        for good in [
            "https://admin.kpay.site",
            "https://admin.kpay.site/",
            "https://Admin.KPay.site",
            "https://admin.kpay.site:8443",
            "http://localhost:9750",
            "http://127.0.0.1:9750",
            "http://127.8.9.10",
            "http://[::1]:80",
            "https://127.0.0.1:1",
        ] {
            assert!(BaseUrl::parse(good).is_ok(), "{good} must be taken: {:?}", BaseUrl::parse(good));
        }
        for wrong in [
            "",
            "admin.kpay.site",
            "http://admin.kpay.site",
            "http://localhost.evil.example",
            "http://127.0.0.1.evil.example",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[::]",
            "http://[::ffff:127.0.0.1]",
            "http://127.1",
            "http://2130706433",
            "http://0x7f.0.0.1",
            "http://0177.0.0.1",
            "https://good@evil.example",
            "https://user:secret@evil.example",
            "https://admin.kpay.site\\@evil.example",
            "https://93.184.216.34",
            "https://[2606:2800::1]",
            "https://169.254.169.254",
            "https://admin.kpay.site/api",
            "https://admin.kpay.site//",
            "https://admin.kpay.site?x=1",
            "https://admin.kpay.site#x",
            "https://admin.kpay.site/?x",
            "https://kpаy.site",
            "https://xn--kpy-5cd.site",
            "https://admin.xn--kpy-5cd.site",
            "https://admin.kpay.site.",
            "https://admin..site",
            "https://%61dmin.kpay.site",
            "https:// admin.kpay.site",
            "https://admin.kpay.site\n",
            "https://admin.kpay.site:99999",
            "https://admin.kpay.site:0",
            "https://",
            "https:///x",
            "HTTPS://admin.kpay.site",
            "ftp://admin.kpay.site",
            "file:///etc/passwd",
        ] {
            assert!(BaseUrl::parse(wrong).is_err(), "{wrong:?} must be refused");
        }
    }

    #[test]
    fn g07_a_password_in_the_url_is_not_shown() {
        let error = BaseUrl::parse("https://user:hunter2@evil.example").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }

    #[test]
    fn only_kpays_own_pages_are_passed_on() {
        let check = |base: &str, page: &str, expected: bool| {
            assert_eq!(BaseUrl::parse(base).unwrap().is_home_of(page), expected, "{base} {page}");
        };
        let kpay = "https://admin.kpay.site";
        check(kpay, "https://admin.kpay.site/gateway/gw_9aB3", true);
        check(kpay, "https://admin.kpay.site:443/gateway/gw_9aB3", true);
        check("http://127.0.0.1:9", "http://127.0.0.1:9750/gateway/gw_1", true);
        check("http://localhost:9", "http://127.0.0.1:9750/gateway/gw_1", true);
        check("http://127.0.0.1:9", "https://admin.kpay.site/gateway/gw_9aB3", false);
        for wrong in [
            "",
            "/gateway/gw_1",
            "http://admin.kpay.site/gateway/gw_1",
            "https://admin.kpay.site:8443/gateway/gw_1",
            "https://kpay.site/gateway/gw_1",
            "https://admin.kpay.site.evil.example/gateway/gw_1",
            "https://admin.kpay.site@evil.example/gateway/gw_1",
            "https://user@admin.kpay.site/gateway/gw_1",
            "https://admin.kpay.site\\@evil.example/",
            "https://admin.kpay.site/gateway/\n",
            "javascript:alert(1)",
            "http://127.0.0.1/gateway/gw_1",
        ] {
            check(kpay, wrong, false);
        }
    }
}
