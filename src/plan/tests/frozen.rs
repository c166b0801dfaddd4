//! A frozen wallet: nothing new leaves it, whatever the rule, and money may come in.

use super::check;
use super::scene::{Scene, lane};
use crate::money::Amount;
use crate::plan::{Reason, by_hand};

#[test]
fn nothing_leaves_a_frozen_wallet_and_the_others_go_on() {
    let sweep = "wallets GAB=9000 COG=9000 CMR=0\npolicy p GAB:0:0 COG:0:0 >CMR";
    check(&format!("{sweep}\nfrozen GAB=1 S-1d"), "p due: COG>CMR 9000; GAB>CMR wallet_frozen");
    check(&format!("{sweep}\nfrozen CMR=1 S-1d"), "p due: GAB>CMR 9000; COG>CMR 9000");
    // By its currency, too.
    check(&format!("{sweep}\nfrozen GAB/XOF=1 S-1d"), "p due: GAB>CMR 9000; COG>CMR 9000");
    let fill = "wallets SEN=0 CIV=900000 BEN=900000\npolicy p ^SEN:200000:500000 CIV:0 BEN:0";
    check(&format!("{fill}\nfrozen CIV=1 S-1d"), "p due: BEN>SEN 500000; CIV>SEN wallet_frozen");
    check(&format!("{fill}\nfrozen SEN=1 S-1d"), "p due: CIV>SEN 500000; BEN>SEN below_trigger");
}

#[test]
fn the_others_settle_a_rebalance_without_a_frozen_wallet() {
    let three = "policy p CMR:50% GAB:30% COG:20% tol=5%\nwallets CMR=200000 GAB=500000 COG=300000";
    check(
        &format!("{three}\nfrozen GAB=1 S-1d"),
        "p due: COG>CMR 100000; CMR>GAB within_tolerance; CMR>COG within_tolerance; GAB>CMR wallet_frozen; GAB>COG \
         within_tolerance; COG>CMR source_short; COG>GAB within_tolerance",
    );
    let into = "policy p CMR:70% GAB:30% tol=5%\nwallets CMR=900000 GAB=100000";
    check(&format!("{into}\nfrozen GAB=1 S-1d"), "p due: CMR>GAB 200000; GAB>CMR within_tolerance");
}

#[test]
fn it_stands_between_a_missing_wallet_and_a_stale_one() {
    let scene = "policy p GAB:0:0 >CMR\nfrozen GAB=1 S-1d";
    check(scene, "p due: GAB>CMR wallet_missing");
    check(&format!("{scene}\nwallets GAB=9000\noutflow GAB=9000 S-1h"), "p due: GAB>CMR wallet_frozen");
}

#[test]
fn a_person_moves_nothing_out_of_it_either() {
    let reason = |frozen: &str| {
        let scene = Scene::read(&format!("wallets GAB=9000 CMR=0\n{frozen}"));
        by_hand(&scene.inputs(), lane("GAB>CMR"), Amount::whole(500)).err().map(|skip| skip.reason)
    };
    assert_eq!(reason("frozen GAB=1 S-1d"), Some(Reason::WalletFrozen));
    assert_eq!(reason("frozen CMR=1 S-1d"), None);
}
