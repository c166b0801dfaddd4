//! TLS with the machine's own certificate authorities, read from the fixed places where distributions keep them.
//!
//! The environment has no say: `SSL_CERT_FILE`, `SSL_CERT_DIR` and `SSLKEYLOGFILE` are not looked at, which the usual
//! loaders do. TLS 1.2 and 1.3 only, by ring; no client certificates, no session secrets written anywhere.

use rustls::pki_types::{CertificateDer, pem::PemObject};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// Where the bundle of authorities is, by distribution; the first that can be read counts.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",                  // older RHEL
    "/etc/ssl/ca-bundle.pem",                            // openSUSE
    "/etc/ssl/cert.pem",                                 // Alpine, BSD, macOS
];

/// A configuration that trusts the machine's authorities, or nobody where `trusted` is false (plain http to loopback).
pub(super) fn config(trusted: bool) -> Result<ClientConfig, String> {
    let roots = if trusted { system_roots()? } else { RootCertStore::empty() };
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    // One request at a time on a connection: an answer can only belong to the request before it.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn system_roots() -> Result<RootCertStore, String> {
    let bundle = BUNDLES.iter().find_map(|path| std::fs::read(path).ok()).unwrap_or_default();
    let mut roots = RootCertStore::empty();
    // A bundle may hold a certificate that rustls does not read; the others stand.
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bundle).filter_map(Result::ok));
    if roots.is_empty() {
        return Err(format!(
            "no certificate authorities found in {}; install the package ca-certificates",
            BUNDLES.join(", ")
        ));
    }
    Ok(roots)
}
