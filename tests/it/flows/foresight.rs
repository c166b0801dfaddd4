//! What a reading would freeze is shown by whoever only looks, as the daemon would record it.

use super::tools::{deposit, lanes, one_policy, plan, status, until_ready};
use crate::support::{EVENING, Merchant};
use treasuryd::money::{Amount, Country};

/// Whoever only looks sees what the daemon would do with this reading, and leaves no trace: with a daemon and without one.
#[test]
fn a_plan_shows_what_its_reading_would_freeze() {
    let evening = ["--at", EVENING];
    let moves = ["consolidate GAB>CMR 20000", "consolidate COG>CMR 20000"];
    let stays = ["consolidate GAB>CMR wallet_frozen", "consolidate COG>CMR wallet_frozen"];
    for with_daemon in [false, true] {
        let mut merchant = Merchant::new(&[("GAB", 400_000), ("COG", 300_000), ("CMR", 0)]);
        // The daemon reads at its start, and not again.
        merchant.set("kpay", "observe_every = \"1h\"");
        merchant.set("conservation", "mode = \"freeze\"\nfreeze_above = { XAF = 10_000 }\nrise_times = 2");
        // One minute of the year apart, no slot is up but the one that is asked about.
        let sweep = "{ from: [GAB, COG], into: CMR, above: 100_000 XAF, fixed: 20_000 XAF }";
        merchant.policies(&one_policy(sweep, "schedule: \"0 18 24 11 *\"\ncatch_up: 1m"));
        merchant.treasuryd(&["once"]).with_code(0);
        let _daemon = with_daemon.then(|| {
            let daemon = merchant.daemon();
            until_ready(&daemon);
            daemon
        });
        let planned = || lanes(&plan(&merchant, &evening));
        assert_eq!(planned(), moves);
        merchant.bank().withdraw(Country::GAB, Amount::whole(10_001)).unwrap();
        deposit(&merchant, "COG", 300_001);
        let records = merchant.treasuryd(&["journal", "verify"]).with_code(0).stdout;
        assert_eq!(planned(), stays, "{with_daemon}");
        let text = merchant.treasuryd(&[&["plan"][..], &evening].concat()).with_code(0).stdout;
        for words in ["this reading would freeze GAB: it fell by 10 001 XAF", "this reading would freeze COG: "] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let why = merchant.treasuryd(&[&["why", "GAB>CMR"][..], &evening].concat()).with_code(0).stdout;
        assert!(why.contains("wallet_frozen") && why.contains("this reading would freeze GAB"), "{why}");
        let dry = ["transfer", "GAB", "CMR", "1000", "--key", "k", "--dry-run"];
        let refused = merchant.treasuryd(&dry).with_code(77);
        assert!(refused.stderr.contains("wallet_frozen: this reading would freeze GAB"), "{refused:?}");
        // Nobody was told anything, and nothing was written.
        assert_eq!(merchant.treasuryd(&["journal", "verify"]).with_code(0).stdout, records);
        assert_eq!(frozen_wallets(&merchant), Vec::<String>::new());
        // What it says comes true, and is then shown as what it is.
        if !with_daemon {
            merchant.treasuryd(&["once"]).with_code(0);
            assert_eq!(frozen_wallets(&merchant), ["COG", "GAB"]);
            assert_eq!(planned(), stays);
            let text = merchant.treasuryd(&[&["plan"][..], &evening].concat()).with_code(0).stdout;
            assert!(text.contains("GAB is frozen since") && !text.contains("would freeze"), "{text}");
            // Told beside the plan where no lane has it for its reason.
            for (at, told) in [(EVENING, false), ("2026-11-24T18:02:00Z", true)] {
                let ended = merchant.treasuryd(&["plan", "--at", at]).with_code(0);
                assert_eq!(ended.stderr.contains("note: GAB is frozen since"), told, "{ended:?}");
            }
        }
    }
}

fn frozen_wallets(merchant: &Merchant) -> Vec<String> {
    let frozen = status(merchant)["frozen"].as_array().unwrap().clone();
    frozen.iter().map(|one| one["wallet"].as_str().unwrap().to_owned()).collect()
}
