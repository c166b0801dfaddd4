//! H2: the kill switch in a storm.

use super::{assert_books_agree, begin_before_the_first_slot, deposit, transfer_posts};
use crate::played::row;
use crate::support::{Merchant, eventually, wallets_of};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use treasuryd::sandbox::SandboxSettings;

const PATIENCE: Duration = Duration::from_mins(1);

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
    let faults = ["lost-after-apply=p:0.2", "http-503-before=p:0.2", "slow=300@p:0.3"];
    let settings = SandboxSettings {
        wallets: wallets_of(&wallets),
        requests_per_minute: 0,
        faults: faults.iter().map(|rule| rule.parse().unwrap()).collect(),
        ..SandboxSettings::default()
    };
    let mut merchant = Merchant::with(settings);
    merchant.policies(POLICIES);
    merchant.set("kpay", "requests_per_minute = 60000\nobserve_every = \"1s\"");
    merchant.set("limits", "max_transfers_per_hour = 1000000");
    begin_before_the_first_slot(&merchant);
    merchant
}

fn keep_paying(merchant: &Merchant, over: &AtomicBool) {
    while !over.load(Ordering::SeqCst) {
        for source in ["GAB", "COG", "SEN", "BEN"] {
            deposit(merchant, source, 20_000);
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Pauses while money moves; by the sandbox's own log nothing is sent more than a second after the command returned,
/// new or again, while balances are still read; also by the next daemon.
fn pause_in_the_storm(merchant: &Merchant) {
    let daemon = merchant.daemon();
    eventually("the storm is on", PATIENCE, || transfer_posts(merchant).len() > 12);
    merchant.treasuryd(&["pause"]).with_code(0);
    let returned = merchant.books().at;
    let requests = |merchant: &Merchant| merchant.books().counters.requests;
    let (posts, before) = (transfer_posts(merchant).len(), requests(merchant));
    eventually("reading goes on", PATIENCE, || requests(merchant) > before + 2);
    drop(daemon);
    let daemon = merchant.daemon();
    let before = requests(merchant);
    eventually("reading goes on after a restart", PATIENCE, || requests(merchant) > before + 3);
    let late: Vec<_> = transfer_posts(merchant)
        .into_iter()
        .skip(posts)
        .filter(|post| post.at > returned + chrono::TimeDelta::seconds(1))
        .collect();
    assert!(late.is_empty(), "paused at {returned}: {late:#?}");
    let paused_at = transfer_posts(merchant).len();
    merchant.treasuryd(&["resume"]).with_code(0);
    eventually("it goes on", PATIENCE, || transfer_posts(merchant).len() > paused_at);
    drop(daemon);
}

#[test]
fn h02_nothing_is_sent_more_than_a_second_after_a_pause() {
    let _row = row!();
    let merchant = merchant();
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| keep_paying(&merchant, &over));
        let paused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pause_in_the_storm(&merchant)));
        over.store(true, Ordering::SeqCst);
        paused.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    merchant.bank().set_faults::<&str>(&[]).unwrap();
    let mut daemon = merchant.daemon();
    let open = ["planned", "sending", "unknown"];
    eventually("everything is settled", PATIENCE, || {
        merchant.transfers().iter().all(|one| !open.contains(&one["state"].as_str().unwrap()))
    });
    daemon.signal("TERM");
    assert_eq!(daemon.wait(PATIENCE), Some(0));
    assert_books_agree(&merchant);
}
