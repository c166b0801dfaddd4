//! G8, G9, G10, G12 and G15: what listens, who is answered there, what a stranger's words make grow, and what may be among
//! the dependencies.

use super::stage::PATIENCE;
use crate::played::{left_out, row, times};
use crate::support::{Daemon, Ended, Merchant, eventually, wallets_of};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use treasuryd::money::Amount;
use treasuryd::sandbox::SandboxSettings;

fn merchant() -> Merchant {
    let wallets = wallets_of(&[("CMR", 0), ("GAB", 130_000)]);
    let mut merchant =
        Merchant::with(SandboxSettings { wallets, requests_per_minute: 0, ..SandboxSettings::default() });
    merchant.policies(
        "version: 1\npolicies:\n  - name: hurry\n    schedule: \"* * * * * *\"\n    sweep: { from: [GAB], into: CMR, above: \
         100_000 XAF }\n",
    );
    merchant.set("kpay", "requests_per_minute = 60000");
    merchant.set("limits", "max_transfers_per_hour = 100000");
    merchant
}

/// Addresses that a process listens on, as the kernel writes them.
fn listening(daemon: &Daemon) -> Vec<String> {
    let pid = daemon.child.id();
    let links =
        fs::read_dir(format!("/proc/{pid}/fd")).unwrap().filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
    let sockets: BTreeSet<String> = links
        .filter_map(|link| Some(link.to_str()?.strip_prefix("socket:[")?.trim_end_matches(']').to_owned()))
        .collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6"] {
        let text = fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let listens = table.starts_with("udp") || words[3] == "0A";
            if listens && sockets.contains(words[9]) {
                found.push(format!("{table} {}", words[1]));
            }
        }
    }
    found
}

// G8: dashboard, metrics or control port reachable · loopback or unix socket by default; other binds need auth; read-only
// split from control.
#[test]
fn g08_only_this_machine_is_listened_to() {
    let _row = row!();
    let merchant = merchant();
    let daemon = merchant.daemon();
    let port: u16 = daemon.page.rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(listening(&daemon), [format!("tcp 0100007F:{port:04X}")]);
    let mode = fs::metadata(merchant.path("control.sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o007, 0, "everybody may talk to the control socket: {mode:o}");
    drop(daemon);
    for place in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80", "10.0.0.1:9749"] {
        let mut command = merchant.command(&["run"]);
        let ended = Ended::of(command.env("TREASURYD__HTTP__LISTEN", place));
        assert_eq!(ended.code, Some(78), "{place}: {ended:?}");
    }
}

/// Sends it as it stands; what comes back within two seconds.
fn send(daemon: &Daemon, request: &str) -> String {
    let mut stream = TcpStream::connect(daemon.page.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = Vec::new();
    // A connection that is left open ends with the time-out.
    let _ = stream.read_to_end(&mut reply);
    String::from_utf8_lossy(&reply).into_owned()
}

// G9: cross-site POST or DNS rebinding to the control port · Host/Origin check, token, no state change by GET.
#[test]
fn g09_a_page_of_somebody_else_reads_and_changes_nothing() {
    let _row = row!();
    let merchant = merchant();
    let daemon = merchant.daemon();
    eventually("money moves", PATIENCE, || merchant.books().transfers.len() == 1);
    let home = daemon.page.trim_start_matches("http://").to_owned();
    let mut sent = 0;
    for path in
        ["/", "/metrics", "/healthz", "/readyz", "/pause", "/resume", "/control", "/api/pause", "/../state/lock"]
    {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT"] {
            let body = "{\"command\":\"pause\"}";
            let reply = send(
                &daemon,
                &format!(
                    "{method} {path} HTTP/1.1\r\nHost: {home}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                ),
            );
            assert!(!reply.starts_with("HTTP/1.1 2"), "{method} {path}: {reply}");
            sent += 1;
        }
        for host in ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "169.254.169.254.nip.io"] {
            let reply = send(&daemon, &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
            assert!(!reply.starts_with("HTTP/1.1 2") && !reply.contains("GAB"), "{host} {path}: {reply}");
            let origin =
                format!("GET {path} HTTP/1.1\r\nHost: {home}\r\nOrigin: http://{host}\r\nConnection: close\r\n\r\n");
            let reply = send(&daemon, &origin);
            assert!(!reply.to_lowercase().contains("access-control-allow-origin"), "{host} {path}: {reply}");
            sent += 2;
        }
    }
    times(sent);
    let status = merchant.treasuryd(&["status", "--json"]).with_code(0).json();
    assert_eq!(status["ready"], true, "{status:#}");
    merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(31_000)).unwrap();
    eventually("nothing is paused", PATIENCE, || merchant.books().transfers.len() == 2);
}

/// Names and labels of every series, without their figures.
fn series(daemon: &Daemon) -> BTreeSet<String> {
    let (status, text) = daemon.get("/metrics");
    assert_eq!(status, 200);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect()
}

// G10: metric labels from provider strings or ids · closed label sets; unknown → `other`. (10⁵ codes: the metrics' own tests.)
#[test]
fn g10_strange_codes_and_words_make_no_series() {
    let _row = row!();
    let merchant = merchant();
    let daemon = merchant.daemon();
    eventually("money moves", PATIENCE, || merchant.books().transfers.len() == 1);
    let provoke = |codes: std::ops::Range<u16>| {
        for code in codes {
            merchant
                .bank()
                .set_faults(&[format!("balances:message={code}:WORD{code}"), format!("balances:status={code}")])
                .unwrap();
            merchant.treasuryd(&["plan"]);
        }
        merchant.bank().set_faults::<&str>(&[]).unwrap();
    };
    provoke(430..450);
    let before = series(&daemon);
    provoke(450..499);
    provoke(520..550);
    let after = series(&daemon);
    let answered =
        merchant.bank().requests().iter().filter(|request| request.status.is_some_and(|it| it >= 430)).count();
    assert!(answered >= 99, "only {answered} strange answers");
    let strange: Vec<_> = after.iter().filter(|name| name.contains("status=\"4xx\"")).collect();
    assert!(!strange.is_empty(), "the daemon counted none of them: {after:#?}");
    let fresh: Vec<_> = after.difference(&before).filter(|name| !name.contains("_bucket")).collect();
    assert!(fresh.len() <= 6, "{fresh:#?}");
    assert!(!after.iter().any(|name| name.contains("WORD") || name.contains("TRD-")), "{after:#?}");
    times(99);
}

// G12: slow clients on `/metrics`, 10⁴ connections · limits; transfer loop unaffected. (300 connections.)
#[test]
fn g12_slow_watchers_keep_no_money_waiting() {
    let _row = row!();
    let merchant = merchant();
    let daemon = merchant.daemon();
    eventually("money moves", PATIENCE, || merchant.books().transfers.len() == 1);
    let home = daemon.page.trim_start_matches("http://").to_owned();
    let mut slow: Vec<TcpStream> = (0..300).filter_map(|_| TcpStream::connect(&home).ok()).collect();
    for (index, stream) in slow.iter_mut().enumerate() {
        let begun = ["GET /metrics HTTP/1.1\r\nHost: loc", "", "GET / HTTP/1.1\r\n"][index % 3];
        // It may have been turned away already.
        let _ = stream.write_all(begun.as_bytes());
    }
    let began = Instant::now();
    for moves in 2..5 {
        merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(30_000 + moves)).unwrap();
        eventually("money moves on", PATIENCE, || i64::try_from(merchant.books().transfers.len()).unwrap() == moves);
    }
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(daemon.get("/healthz").0, 200);
    let open = fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap().count();
    assert!(open < 400, "{open} descriptors");
    times(slow.len());
}

// G12, at the control socket: silent clients, half a line, a line without end, answers that nobody reads · the kill switch
// works all the same.
#[test]
fn g12_silent_clients_of_the_control_socket_keep_no_pause_waiting() {
    let _row = row!();
    let merchant = merchant();
    let daemon = merchant.daemon();
    eventually("money moves", PATIENCE, || merchant.books().transfers.len() == 1);
    let socket = merchant.path("control.sock");
    let endless = "{\"x\":\"".to_owned() + &"y".repeat(100_000);
    let status = "{\"environment\":\"sandbox\",\"application_id\":null,\"request\":{\"do\":\"status\"}}\n";
    let openings = ["", "{\"environment\":", &endless, status];
    let hold = || {
        let connect = |index: usize| {
            let mut stream = UnixStream::connect(&socket).unwrap();
            stream.set_nonblocking(true).unwrap();
            // It may have been turned away already.
            let _ = stream.write_all(openings[index % openings.len()].as_bytes());
            stream
        };
        (0..120).map(connect).collect::<Vec<_>>()
    };
    for (command, moves) in [("pause", false), ("resume", true)] {
        let clients = hold();
        let asked_at = Instant::now();
        merchant.treasuryd(&[command, "--by", "ann"]).with_code(0);
        assert!(asked_at.elapsed() < Duration::from_secs(3), "{command} took {:?}", asked_at.elapsed());
        let before = merchant.books().transfers.len();
        merchant.bank().deposit("GAB".parse().unwrap(), Amount::whole(30_000)).unwrap();
        if moves {
            eventually("money moves on", PATIENCE, || merchant.books().transfers.len() > before);
        }
        let open = fs::read_dir(format!("/proc/{}/fd", daemon.child.id())).unwrap().count();
        assert!(open < 400, "{open} descriptors");
        times(clients.len());
    }
}

/// What a hostile client sends to the page, and goes on sending.
const LONG: [(&str, &str); 4] = [
    ("a head without end", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: y"),
    ("headers without end", "GET / HTTP/1.1\r\nHost: localhost\r\nX-1: y\r\n"),
    ("a path without end", "GET /y"),
    ("a body without end", "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nyyyyy\r\n"),
];

// G12: what never ends · cut off after a few kilobytes, in little memory.
#[test]
fn g12_what_never_ends_is_cut_off() {
    let _row = row!();
    let merchant = merchant();
    let daemon = merchant.daemon();
    eventually("money moves", PATIENCE, || merchant.books().transfers.len() == 1);
    let home = daemon.page.trim_start_matches("http://").to_owned();
    for (what, begins) in LONG {
        let more = &begins[begins.rfind("\r\n").map_or(0, |at| begins[..at].rfind("\r\n").unwrap_or(at) + 2)..];
        let more = if begins.ends_with("\r\n") { more } else { "y" }.repeat(1_000);
        let mut stream = TcpStream::connect(&home).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut sent = 0;
        let _ = stream.write_all(begins.as_bytes());
        // The kernel takes some before it hears that the other side is gone.
        while stream.write_all(more.as_bytes()).is_ok() && sent < 100_000_000 {
            sent += more.len();
        }
        assert!(sent < 20_000_000, "{what}: {sent} bytes were taken");
        times(1);
    }
    assert_eq!(daemon.get("/healthz").0, 200);
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 200_000, "{kib} KiB of memory");
}

// G15: malicious dependency, build script, yanked crate · vet + deny + `--locked`, few deps, no network in build: planted
// advisory and unvetted crate must fail CI. (Planted: a ban, a licence and a source that are not met, and below an advisory.
// Nothing here is vetted by hand.)
#[test]
fn g15_a_dependency_that_is_not_allowed_is_refused() {
    let _row = row!();
    let there = Command::new("cargo").args(["deny", "--version"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        left_out("cargo-deny is not installed");
        return;
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let good = fs::read_to_string(format!("{root}/deny.toml")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let planted = folder.path().join("deny.toml");
    let check = |text: &str| {
        fs::write(&planted, text).unwrap();
        let mut deny = Command::new("cargo");
        deny.current_dir(root).args(["deny", "--locked", "--offline", "--config"]).arg(&planted);
        Ended::of(deny.args(["check", "bans", "licenses", "sources"]))
    };
    let ended = check(&good);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let banned = good.replace("deny = [\n", "deny = [\n  { crate = \"serde_json\", reason = \"planted\" },\n");
    let licence = good.replace("  \"MIT\",\n", "");
    let source = good.replace("crates.io-index\"]", "another-index\"]");
    for (what, text) in [("bans", banned), ("licenses", licence), ("sources", source)] {
        assert_ne!(text, good, "{what}");
        let ended = check(&text);
        assert!(
            ended.code != Some(0) && ended.stderr.contains(&format!("{what} FAILED"))
                || ended.stdout.contains(&format!("{what} FAILED")),
            "{what}: {ended:?}"
        );
        times(1);
    }
}

/// A database of advisories as cargo-deny fetches it, with one against a package.
fn advisories_against(package: &str, folder: &Path) {
    let of_it = folder.join("crates").join(package);
    fs::create_dir_all(&of_it).unwrap();
    let advisory = format!(
        "```toml\n[advisory]\nid = \"RUSTSEC-2099-0001\"\npackage = \"{package}\"\ndate = \"2026-01-01\"\n\n[versions]\npatched = \
         []\n```\n\n# Planted\n\nBy a test.\n"
    );
    fs::write(of_it.join("RUSTSEC-2099-0001.md"), advisory).unwrap();
    let who = ["-c", "user.name=test", "-c", "user.email=test@localhost"];
    for args in [&["init", "-q", "-b", "main"][..], &["add", "-A"], &["commit", "-q", "-m", "planted"]] {
        let done = Command::new("git").current_dir(folder).args(who).args(args).status().unwrap();
        assert!(done.success(), "{args:?}");
    }
}

// G15: planted advisory. The database is a folder of ours: the real one needs the network.
#[test]
fn g15_a_dependency_with_an_advisory_is_refused() {
    let _row = row!();
    let there = |args: &[&str]| {
        let output = Command::new(args[0]).args(&args[1..]).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !there(&["cargo", "deny", "--version"]) || !there(&["git", "--version"]) {
        left_out("cargo-deny or git is not installed");
        return;
    }
    let root = env!("CARGO_MANIFEST_DIR");
    let good = fs::read_to_string(format!("{root}/deny.toml")).unwrap();
    for (package, refused) in [("serde_json", true), ("a-crate-that-is-not-there", false)] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        advisories_against(package, &folder.path().join("database"));
        // Whether a version was yanked is asked of the registry.
        let ours = format!(
            "yanked = \"allow\"\ndb-path = \"{}\"\ndb-urls = [\"https://planted.example/database\"]",
            path("home")
        );
        let text = good.replacen("yanked = \"deny\"", &ours, 1);
        assert_ne!(text, good);
        fs::write(path("deny.toml"), text).unwrap();
        let mut deny = Command::new("cargo");
        deny.current_dir(root).args(["deny", "--locked", "--config", &path("deny.toml"), "check", "advisories"]);
        deny.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_VALUE_0", "https://planted.example/database");
        deny.env("GIT_CONFIG_KEY_0", format!("url.file://{}.insteadOf", path("database")));
        let ended = Ended::of(&mut deny);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code != Some(0), refused, "{package}: {said}");
        let verdict = if refused { "advisories FAILED" } else { "advisories ok" };
        assert!(said.contains(verdict) && said.contains("RUSTSEC-2099-0001") == refused, "{package}: {said}");
        times(1);
    }
}
