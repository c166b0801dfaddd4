//! G3 and G5: TLS with certificates that are wrong, and a name that leads home. In a mount namespace of its own the program
//! trusts an authority of the test's; without one (CI has it) the rows are left out.

use super::middlebox::is_whole;
use super::stage::each;
use crate::played::{left_out, row};
use crate::support::{API_KEY, Ended, Merchant, SECRET_KEY};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What is wrong with the certificate, or with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wrong {
    /// Nothing: money must move, or the test proves nothing.
    Nothing,
    Expired,
    NotYet,
    AnotherHost,
    SelfSigned,
    AnotherAuthority,
    /// A server that speaks TLS 1.0 only.
    Old,
    /// A server that is none.
    Plain,
}

const ALL: [Wrong; 8] = [
    Wrong::Nothing,
    Wrong::Expired,
    Wrong::NotYet,
    Wrong::AnotherHost,
    Wrong::SelfSigned,
    Wrong::AnotherAuthority,
    Wrong::Old,
    Wrong::Plain,
];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What the server shows, for a host.
fn server_config(wrong: Wrong, host: &str, trusted: &Authority) -> Arc<rustls::ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let host = if wrong == Wrong::AnotherHost { "elsewhere.example" } else { host };
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    match wrong {
        Wrong::Expired => params.not_after = date_time_ymd(2020, 1, 1),
        Wrong::NotYet => params.not_before = date_time_ymd(2090, 1, 1),
        _ => {}
    }
    let certificate = match wrong {
        Wrong::SelfSigned => params.self_signed(&key),
        Wrong::AnotherAuthority => params.signed_by(&key, &authority()),
        _ => params.signed_by(&key, trusted),
    };
    let chain: Vec<CertificateDer<'static>> = vec![certificate.unwrap().der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_no_client_auth().with_single_cert(chain, key).unwrap())
}

/// What came in before or instead of TLS, and inside it.
type Caught = Arc<Mutex<Vec<u8>>>;

/// A server in front of the sandbox; ends with the process.
fn serve(wrong: Wrong, config: Arc<rustls::ServerConfig>, kpay: String) -> (u16, Caught) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let caught = Caught::default();
    let catching = caught.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            // A caller that turns away is what is wanted.
            let _ = match wrong {
                Wrong::Old | Wrong::Plain => answer_raw(stream, wrong, &catching),
                _ => answer_tls(stream, &config, &kpay, &catching),
            };
        }
    });
    (port, caught)
}

fn answer_tls(
    stream: TcpStream,
    config: &Arc<rustls::ServerConfig>,
    kpay: &str,
    caught: &Caught,
) -> std::io::Result<()> {
    let connection = rustls::ServerConnection::new(config.clone()).map_err(std::io::Error::other)?;
    let mut tls = rustls::StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut chunk = [0; 4096];
        let read = tls.read(&mut chunk)?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&chunk[..read]);
        caught.lock().unwrap().extend_from_slice(&chunk[..read]);
    }
    let mut onward = TcpStream::connect(kpay)?;
    let text = String::from_utf8_lossy(&request).replacen("\r\n", "\r\nconnection: close\r\n", 1);
    onward.write_all(text.as_bytes())?;
    let mut reply = Vec::new();
    onward.read_to_end(&mut reply)?;
    tls.write_all(&reply)?;
    tls.conn.send_close_notify();
    tls.flush()
}

/// A TLS 1.0 server's hello, or plain HTTP.
fn answer_raw(mut stream: TcpStream, wrong: Wrong, caught: &Caught) -> std::io::Result<()> {
    let mut chunk = [0; 4096];
    let read = stream.read(&mut chunk)?;
    caught.lock().unwrap().extend_from_slice(&chunk[..read]);
    if wrong == Wrong::Plain {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]")?;
    } else {
        // Version 3.1, 32 random bytes, no session, TLS_RSA_WITH_AES_128_CBC_SHA, no compression.
        let body = [&[3, 1][..], &[7; 32], &[0, 0, 0x2f, 0]].concat();
        let length = u8::try_from(body.len()).unwrap();
        let hello = [&[22, 3, 1, 0, length + 4, 2, 0, 0, length][..], &body].concat();
        stream.write_all(&hello)?;
    }
    let read = stream.read(&mut chunk)?;
    caught.lock().unwrap().extend_from_slice(&chunk[..read]);
    Ok(())
}

fn holds_no_key(caught: &Caught) {
    let bytes = caught.lock().unwrap();
    for key in [API_KEY, SECRET_KEY, "Bearer", "X-API-Key", "x-api-key"] {
        assert!(!bytes.windows(key.len()).any(|part| part == key.as_bytes()), "{key} was sent");
    }
}

fn has_namespaces() -> bool {
    let mut unshare = Command::new("unshare");
    let tried = unshare.args(["--map-root-user", "--mount", "true"]).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// Whether a row can be played here; where it cannot that is noted.
fn can_be_played() -> bool {
    let can = has_namespaces() && std::path::Path::new("/etc/ssl/certs/ca-certificates.crt").exists();
    if !can {
        left_out("this machine allows no mount namespace, or keeps its authorities elsewhere");
    }
    can
}

/// KPay's name in the tests of where it leads to.
const NAME: &str = "admin.kpay.example";

/// `once` in a namespace where the machine's authorities are the test's own, and names lead where `hosts` says.
fn once_in_namespace(merchant: &Merchant, trusted: &Authority, base_url: &str, hosts: &str) -> Ended {
    merchant.write("authorities.pem", &trusted.pem());
    merchant.write("hosts", hosts);
    let script = "mount --bind authorities.pem /etc/ssl/certs/ca-certificates.crt && mount --bind hosts /etc/hosts && \
                  exec \"$0\" once --json --at 2026-11-24T18:00:30Z";
    let mut command = merchant.command_under(&["unshare", "--map-root-user", "--mount", "sh", "-c", script], &[]);
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("TREASURYD__KPAY__BASE_URL", base_url);
    Ended::of(&mut command)
}

// G5: expired, self-signed, wrong-host certificate; TLS 1.0 · refused, nothing sent.
#[test]
fn g05_whoever_cannot_show_a_good_certificate_gets_nothing() {
    let _row = row!();
    if !can_be_played() {
        return;
    }
    let trusted = authority();
    each(&ALL, |wrong| {
        let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
        merchant.set("kpay", "timeout = \"2s\"");
        let kpay = merchant.base_url().trim_start_matches("http://").to_owned();
        let (port, caught) = serve(*wrong, server_config(*wrong, "localhost", &trusted), kpay);
        let ended =
            once_in_namespace(&merchant, &trusted, &format!("https://localhost:{port}"), "127.0.0.1 localhost\n");
        if *wrong == Wrong::Nothing {
            assert_eq!((ended.code, merchant.books().transfers.len()), (Some(0), 1), "{ended:?}");
            return;
        }
        assert_eq!(ended.code, Some(75), "{wrong:?}: {ended:?}");
        assert_eq!(merchant.books().counters.requests, 0, "{wrong:?}: {ended:?}");
        holds_no_key(&caught);
        // Nothing is lost by it.
        merchant.once().with_code(0);
        assert_eq!(merchant.books().transfers.len(), 1, "{wrong:?}");
    });
}

// G3: DNS now points to 169.254.169.254 or 10/8 · refuse private ranges unless allowed; `IPAddressAllow` (for the unit
// file: a drop-in, since name servers live in those ranges, too).
#[test]
fn g03_a_name_that_leads_home_is_not_even_called() {
    let _row = row!();
    if !can_be_played() {
        return;
    }
    let trusted = authority();
    // Whoever answers at this machine's addresses has a good certificate for the name, and still is not asked.
    let rows = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "fd00:ec2::254"];
    each(&rows, |address| {
        let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
        let kpay = merchant.base_url().trim_start_matches("http://").to_owned();
        let config = server_config(Wrong::Nothing, NAME, &trusted);
        let (port, caught) = serve(Wrong::Nothing, config, kpay);
        let ended =
            once_in_namespace(&merchant, &trusted, &format!("https://{NAME}:{port}"), &format!("{address} {NAME}\n"));
        assert_eq!(ended.code, Some(75), "{address}: {ended:?}");
        assert!(ended.stderr.contains("which is no public address"), "{address}: {ended:?}");
        assert!(ended.stderr.contains("kpay.allow_private_addresses"), "{address}: {ended:?}");
        assert_eq!(merchant.books().counters.requests, 0, "{address}");
        assert!(caught.lock().unwrap().is_empty(), "{address}: somebody called");
    });
}

// G3: the same where it is allowed: whoever answers there must show KPay's certificate, and gets nothing before.
#[test]
fn g03_where_a_private_address_is_allowed_only_kpays_certificate_gets_the_keys() {
    let _row = row!();
    if !can_be_played() {
        return;
    }
    let trusted = authority();
    each(&[Wrong::Nothing, Wrong::SelfSigned, Wrong::AnotherHost, Wrong::Plain], |wrong| {
        let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
        merchant.set("kpay", "allow_private_addresses = true");
        let kpay = merchant.base_url().trim_start_matches("http://").to_owned();
        let (port, caught) = serve(*wrong, server_config(*wrong, NAME, &trusted), kpay);
        let ended =
            once_in_namespace(&merchant, &trusted, &format!("https://{NAME}:{port}"), &format!("127.0.0.1 {NAME}\n"));
        if *wrong == Wrong::Nothing {
            assert_eq!((ended.code, merchant.books().transfers.len()), (Some(0), 1), "{ended:?}");
            return;
        }
        assert_eq!(ended.code, Some(75), "{wrong:?}: {ended:?}");
        assert!(!caught.lock().unwrap().is_empty() || *wrong != Wrong::Plain, "{wrong:?}: nobody came");
        assert_eq!(merchant.books().counters.requests, 0, "{wrong:?}");
        holds_no_key(&caught);
    });
}

// G3: `localhost` that leads to another machine, whatever is allowed: plain http would carry the keys there in the clear.
#[test]
fn g03_localhost_is_this_machine_or_nobody() {
    let _row = row!();
    if !can_be_played() {
        return;
    }
    let trusted = authority();
    each(&["http", "https"], |scheme| {
        let mut merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
        merchant.set("kpay", "allow_private_addresses = true");
        let ended = once_in_namespace(&merchant, &trusted, &format!("{scheme}://localhost:9"), "192.0.2.1 localhost\n");
        assert_eq!(ended.code, Some(75), "{scheme}: {ended:?}");
        assert!(ended.stderr.contains("192.0.2.1, which is not this machine"), "{scheme}: {ended:?}");
    });
}
