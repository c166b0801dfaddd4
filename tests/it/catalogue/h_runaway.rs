//! H: a runaway, a deaf watcher, and questions that pile up.

use super::stage::PATIENCE;
use crate::played::row;
use crate::support::{Daemon, Merchant, eventually, wallets_of};
use std::collections::BTreeMap;
use std::time::Duration;
use treasuryd::money::Amount;
use treasuryd::sandbox::SandboxSettings;

const SOURCES: [&str; 4] = ["GAB", "COG", "SEN", "BEN"];

const POLICIES: &str = "version: 1
policies:
  - name: cemac
    schedule: \"* * * * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 50_000 XAF }
  - name: uemoa
    schedule: \"* * * * * *\"
    sweep: { from: [SEN, BEN], into: CIV, above: 50_000 XOF }
";

fn merchant() -> Merchant {
    let wallets = [("CMR", 0), ("GAB", 90_000), ("COG", 90_000), ("SEN", 90_000), ("BEN", 90_000), ("CIV", 0)];
    let settings =
        SandboxSettings { wallets: wallets_of(&wallets), requests_per_minute: 0, ..SandboxSettings::default() };
    let mut merchant = Merchant::with(settings);
    merchant.policies(POLICIES);
    merchant.set("kpay", "requests_per_minute = 60000\nobserve_every = \"1s\"\ntimeout = \"1s\"");
    merchant
}

fn posts(merchant: &Merchant) -> Vec<String> {
    let all = merchant.bank().requests();
    all.into_iter().filter(|request| request.path.ends_with("/wallets/transfer")).map(|request| request.body).collect()
}

fn pay(merchant: &Merchant) {
    for source in SOURCES {
        merchant.bank().deposit(source.parse().unwrap(), Amount::whole(20_000)).unwrap();
    }
}

fn end(mut daemon: Daemon) {
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
}

// H1: bug plans 10⁶ transfers · cap at the socket trips, latch stays over restart; resends are not stopped. (Policy and mock
// built to explode.)
#[test]
fn h01_the_cap_an_hour_holds_over_restarts_and_stops_no_resend() {
    let _row = row!();
    let mut merchant = merchant();
    merchant.set("limits", "max_transfers_per_hour = 5");
    crate::crash::begin_before_the_first_slot(&merchant);
    // The last that the cap lets go loses its reply, and is asked again over the cap.
    merchant.bank().set_faults(&["transfer:ok=4", "transfer:lost-after-apply=1"]).unwrap();
    for _ in 0..3 {
        let daemon = merchant.daemon();
        for _ in 0..4 {
            pay(&merchant);
            std::thread::sleep(Duration::from_millis(500));
        }
        end(daemon);
    }
    eventually("all is settled", PATIENCE, || {
        pay(&merchant);
        merchant.treasuryd(&["once"]);
        let open = ["sending", "unknown"];
        merchant.books().transfers.len() >= 5
            && merchant.transfers().iter().all(|one| !open.contains(&one["state"].as_str().unwrap()))
    });
    assert_eq!(merchant.books().transfers.len(), 5, "the cap");
    let bodies = posts(&merchant);
    assert!(bodies.len() > 5, "the lost one was not asked again");
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    for body in &bodies {
        *times.entry(body).or_default() += 1;
    }
    assert_eq!(times.len(), 5, "{times:#?}");
    crate::crash::agreement::assert_books_agree(&merchant);
}

// H5: unknown intents pile up · per-wallet stop at N open (N is one a lane). (All responses lost.)
#[test]
fn h05_while_replies_are_lost_one_a_lane_is_open_and_no_more() {
    let _row = row!();
    let merchant = merchant();
    crate::crash::begin_before_the_first_slot(&merchant);
    merchant.bank().set_faults(&["transfer:hang@always"]).unwrap();
    let daemon = merchant.daemon();
    for _ in 0..7 {
        pay(&merchant);
        std::thread::sleep(Duration::from_secs(1));
    }
    let open = merchant.transfers();
    assert!(open.iter().all(|one| ["sending", "unknown"].contains(&one["state"].as_str().unwrap())), "{open:#?}");
    assert_eq!(open.len(), SOURCES.len(), "{open:#?}");
    let asked = posts(&merchant).len();
    assert!(asked <= SOURCES.len() * 6, "{asked} requests in 7 s: no pause grows");
    assert!(merchant.books().transfers.len() <= SOURCES.len());
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    eventually("what was open is settled, and it goes on", PATIENCE, || {
        let all = merchant.transfers();
        all.len() > SOURCES.len()
            && open
                .iter()
                .all(|one| all.iter().any(|now| now["external_id"] == one["external_id"] && now["state"] == "applied"))
    });
    end(daemon);
    merchant.treasuryd(&["once"]);
    assert_eq!(merchant.books().applied_twice.len(), 0);
}

/// The figure of a series of seconds without labels.
fn figure(daemon: &Daemon, name: &str) -> Duration {
    let (status, text) = daemon.get("/metrics");
    assert_eq!(status, 200);
    let line = text.lines().find(|line| line.starts_with(&format!("treasuryd_{name} "))).unwrap_or_default().to_owned();
    Duration::from_secs_f64(line.rsplit(' ').next().unwrap().parse().unwrap())
}

// H3: alert path dead · a heartbeat metric the watcher can miss; exit code.
#[test]
fn h03_a_watcher_sees_that_nothing_is_read_any_more() {
    let _row = row!();
    let mut merchant = merchant();
    let daemon = merchant.daemon();
    eventually("it reads", PATIENCE, || daemon.get("/readyz").0 == 200);
    let beats = |times: usize| {
        let mut beaten = 0;
        let mut last = figure(&daemon, "last_success_timestamp_seconds");
        eventually("the heartbeat goes on", PATIENCE, || {
            pay(&merchant);
            let now = figure(&daemon, "last_success_timestamp_seconds");
            beaten += usize::from(now > last);
            last = now;
            beaten >= times
        });
    };
    beats(2);
    merchant.close_the_bank();
    std::thread::sleep(Duration::from_secs(2));
    let (last, age) = (figure(&daemon, "last_success_timestamp_seconds"), figure(&daemon, "balance_age_seconds"));
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(figure(&daemon, "last_success_timestamp_seconds"), last, "the heartbeat beats without KPay");
    assert!(
        figure(&daemon, "balance_age_seconds") > age + Duration::from_secs(2),
        "the age of the balances does not grow"
    );
    assert_eq!((daemon.get("/readyz").0, daemon.get("/healthz").0), (503, 200));
    drop(daemon);
    let ended = merchant.treasuryd(&["once"]);
    assert_eq!(ended.code, Some(75), "{ended:?}");
}
