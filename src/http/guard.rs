//! What stands before every page: methods, host names, origins, headers.
//!
//! Host names: a page on the internet can make a browser ask our loopback address under the page's own name (DNS
//! rebinding) and then read the answer. Such a request always carries a *name*, so only `localhost` and plain addresses
//! are answered. The port is not looked at: it differs behind an SSH tunnel.

use super::router::plain;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, uri::Authority};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv6Addr};

const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

pub(super) async fn guard(request: Request, next: Next) -> Response {
    let refusal = refusal(request.method(), request.uri(), request.headers());
    let mut response = match refusal {
        Some(refusal) => refusal,
        None => next.run(request).await,
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn refusal(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    if !host_is_local(uri, headers) {
        let what = "this page answers only to localhost or a plain address, e.g. http://127.0.0.1:9749/";
        return Some(plain(StatusCode::MISDIRECTED_REQUEST, what));
    }
    if !origin_is_local(headers) {
        return Some(plain(StatusCode::FORBIDDEN, "another site's page may not read this one"));
    }
    if method == Method::GET || method == Method::HEAD {
        return None;
    }
    let mut response =
        plain(StatusCode::METHOD_NOT_ALLOWED, "read-only: GET and HEAD; use the treasuryd command to change something");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    Some(response)
}

/// Every authority of the request must be ours: the request target's where there is one, and one `Host` at most.
fn host_is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, more) = (hosts.next(), hosts.next());
    let host_is_good = |value: &HeaderValue| value.to_str().is_ok_and(authority_is_local);
    let target_is_good = uri.authority().is_none_or(|authority| name_is_local(authority.host()));
    more.is_none() && target_is_good && host.map_or(uri.authority().is_some(), host_is_good)
}

/// A browser says whose page asks. Nobody else's may: not even reading is its business.
fn origin_is_local(headers: &HeaderMap) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let text = origin.to_str().unwrap_or_default();
        text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")).is_some_and(authority_is_local)
    })
}

fn authority_is_local(text: &str) -> bool {
    text.parse::<Authority>().is_ok_and(|authority| !text.contains('@') && name_is_local(authority.host()))
}

fn name_is_local(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = bracketed {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g09_only_localhost_and_plain_addresses_are_ours() {
        for ours in ["localhost", "LOCALHOST:9749", "127.0.0.1:9749", "[::1]:80", "[::1]", "10.0.0.7:9749", "127.0.0.2"]
        {
            assert!(authority_is_local(ours), "{ours}");
        }
        for foreign in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.0.0.1@evil.example",
            "evil@127.0.0.1",
            "localhost evil",
            "2130706433",
            "0x7f.1",
            "[evil]",
            "::1",
        ] {
            assert!(!authority_is_local(foreign), "{foreign:?}");
        }
    }

    #[test]
    fn g09_pages_of_other_sites_are_refused() {
        let check = |origins: &[&str], expected| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            }
            assert_eq!(origin_is_local(&headers), expected, "{origins:?}");
        };
        check(&[], true);
        check(&["http://localhost:9749"], true);
        check(&["http://127.0.0.1:9749"], true);
        check(&["https://[::1]"], true);
        for foreign in
            ["null", "", "http://evil.example", "https://localhost.evil.example", "file://localhost", "localhost"]
        {
            check(&[foreign], false);
        }
        check(&["http://localhost", "http://evil.example"], false);
    }
}
