//! reliability.md G4: what the environment says of proxies, certificates and key logs is not listened to.

use super::scene::{merchant, run};
use crate::played::row;
use crate::support::EVENING;
use std::net::TcpListener;

#[test]
fn g04_proxies_and_certificates_of_the_environment_are_ignored() {
    let _row = row!();
    let merchant = merchant();
    let trap = TcpListener::bind("127.0.0.1:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let address = trap.local_addr().unwrap();
    let (http, socks) = (format!("http://{address}"), format!("socks5://{address}"));
    let with_traps = |args: &[&str]| {
        let mut command = merchant.command(args);
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
            command.env(name, &http);
        }
        command.env("ALL_PROXY", &socks).env("all_proxy", &socks).env("NO_PROXY", "").env("no_proxy", "");
        command.env("SSL_CERT_FILE", merchant.path("api-key")).env("SSL_CERT_DIR", "/nosuch");
        command.env("SSLKEYLOGFILE", merchant.path("keylog"));
        command
    };
    for args in [&["check", "--online"][..], &["plan"], &["once", "--at", EVENING]] {
        run(with_traps(args)).with_code(0);
    }
    assert_eq!(merchant.books().transfers.len(), 2, "the sandbox itself was asked");
    // Over TLS nobody answers here; what counts is who is not asked.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut tls = with_traps(&["plan"]);
    tls.env("TREASURYD__KPAY__BASE_URL", format!("https://localhost:{}", nobody.port()));
    let ended = run(tls).with_code(75);
    assert!(ended.stderr.contains("no connection"), "{ended:?}");
    let caught = trap.accept().map(|(_, from)| from);
    assert!(caught.is_err(), "the trap was asked by {caught:?}");
    assert!(!merchant.path("keylog").exists(), "session secrets were written");
}
