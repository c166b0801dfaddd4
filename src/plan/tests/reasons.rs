//! Wallets, lanes and currencies that stand in the way.

use super::check;

#[test]
fn an_open_intent_holds_its_lane() {
    for (outcome, reason) in [
        ("planned", "lane_open"),
        ("awaiting_approval", "awaiting_approval"),
        ("sending", "lane_open"),
        ("unknown", "lane_open"),
        ("needs_operator", "lane_open"),
    ] {
        check(
            &format!("wallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR\nhold GAB>CMR=100 {outcome}"),
            &format!("p due: GAB>CMR {reason}"),
        );
    }
    check("wallets GAB=9000 CMR=9000\npolicy p GAB:0:0 >CMR\nhold CMR>GAB=100 unknown", "p due: GAB>CMR 9000");
}

/// C2: a wallet that is missing is unknown, never zero. A destination never seen before may be credited.
#[test]
fn c02_a_missing_wallet_is_no_source() {
    let policy = "policy p GAB:0:0 COG:0:0 >CMR";
    check(&format!("wallets GAB=9000\n{policy}"), "p due: GAB>CMR 9000; COG>CMR wallet_missing");
    check(policy, "p due: GAB>CMR wallet_missing; COG>CMR wallet_missing");
    // I14: one bad wallet does not stop the others.
    check(
        &format!("wallets GAB=9000 COG=9000\nproblem GAB balance is NaN\n{policy}"),
        "p due: COG>CMR 9000; GAB>CMR wallet_missing",
    );
    check(
        &format!("wallets GAB=9000 COG=9000\nproblem CMR balance is NaN\n{policy}"),
        "p due: GAB>CMR wallet_missing; COG>CMR wallet_missing",
    );
}

/// C6: a wallet in another currency than its own is frozen, on either side.
#[test]
fn c06_a_changed_currency_freezes_the_wallet() {
    let policy = "policy p GAB:0:0 >CMR";
    check(&format!("wallets GAB/XOF=9000 CMR=0\n{policy}"), "p due: GAB>CMR wallet_frozen");
    check(&format!("wallets GAB/AAA=9000 CMR=0\n{policy}"), "p due: GAB>CMR wallet_frozen");
    check(&format!("wallets GAB/ZZZ=9000 CMR=0\n{policy}"), "p due: GAB>CMR wallet_frozen");
    check(&format!("wallets GAB=9000 CMR/XOF=0\n{policy}"), "p due: GAB>CMR wallet_frozen");
    check(&format!("wallets GAB=9000 GAB/XOF=1 CMR=0 CMR/USD=1\n{policy}"), "p due: GAB>CMR 9000");
}

/// C7: a balance that may not show our own last move gives nothing more.
#[test]
fn c07_a_stale_balance_gives_nothing() {
    let scene = "wallets GAB=9000 COG=9000 CMR=0\npolicy p GAB:0:0 COG:0:0 >CMR";
    let stale = "p due: COG>CMR 9000; GAB>CMR balance_stale";
    check(&format!("{scene}\noutflow GAB=9000 S-1d"), stale);
    check(&format!("{scene}\noutflow GAB=9000.00 S+5s"), stale);
    check(&format!("{scene}\noutflow GAB=50000 S+6s"), stale);
    check(&format!("{scene}\noutflow GAB=50000 S+5s"), "p due: GAB>CMR 9000; COG>CMR 9000");
}

#[test]
fn currencies_are_crossed_only_where_allowed_and_with_a_rate() {
    let scene = "wallets CMR=9000 SEN=0\npolicy p CMR:0:0 >SEN";
    check(scene, "p due: CMR>SEN fx_not_allowed");
    check(&format!("{scene} fx"), "p due: CMR>SEN fx_rate_missing");
    check(&format!("{scene} fx\nrate XOF/XAF=1.0"), "p due: CMR>SEN fx_rate_missing");
    check(&format!("{scene} fx\nrate XAF/XOF=1.0"), "p due: CMR>SEN 9000");
}

#[test]
fn the_first_reason_in_order_is_told() {
    let mut scene = "wallets GAB/XOF=1 CMR=0\npolicy p GAB:0:0 >SEN\nhold GAB>SEN=1 unknown".to_owned();
    check(&scene, "p due: GAB>SEN lane_open");
    scene = scene.replace("hold GAB>SEN=1 unknown", "");
    check(&scene, "p due: GAB>SEN wallet_frozen");
    scene = scene.replace("GAB/XOF=1", "GAB=1") + "\noutflow GAB=1 S-1d";
    check(&scene, "p due: GAB>SEN balance_stale");
    scene = scene.replace("outflow GAB=1 S-1d", "");
    check(&scene, "p due: GAB>SEN fx_not_allowed");
}
