//! The guard on rates in a plan.

use super::check;
use super::rules::policy;

#[track_caller]
fn crossing(words: &str, lines: &str, expected: &str) {
    check(
        &format!("wallets CMR=9000 SEN=0\npolicy p CMR:0:0 >SEN fx {words}\n{lines}"),
        &format!("p due: CMR>SEN {expected}"),
    );
}

#[test]
fn a_rate_too_far_from_its_reference_moves_nothing() {
    crossing("spread=1.5%", "rate XAF/XOF=1.015", "9000");
    crossing("spread=1.5%", "rate XAF/XOF=1.0151", "fx_spread");
    crossing("spread=1.5%", "rate XAF/XOF=0.985", "9000");
    crossing("spread=1.5%", "rate XAF/XOF=0.9849", "fx_spread");
    crossing("", "rate XAF/XOF=0.5", "9000");
    crossing("spread=0%", "rate XAF/XOF=1", "9000");
    // Another reference than the peg.
    crossing("spread=1% ref=last", "rate XAF/XOF=1.0153\napplied XAF/XOF=1.0153", "9000");
    crossing("spread=1% ref=last", "rate XAF/XOF=1\napplied XAF/XOF=1.0153", "fx_spread");
    crossing("spread=1% ref=XAF/XOF:1.0153", "rate XAF/XOF=1.0153", "9000");
    crossing("spread=1% ref=XOF/XAF:0.985", "rate XAF/XOF=1.0153", "9000");
    crossing("spread=1% ref=XOF/XAF:0.97", "rate XAF/XOF=1.0153", "fx_spread");
    crossing("ref=XAF/XOF:1.0153", "rate XAF/XOF=2", "9000");
}

/// KPay may write a rate with more digits than a hundred times it could have: nobody's plan fails for it.
#[test]
fn a_rate_of_many_digits_is_compared_like_any_other() {
    let long = "rate XAF/XOF=1.01234567890123456789012345";
    crossing("spread=1.5%", long, "9000");
    crossing("spread=1%", long, "fx_spread");
    crossing("spread=1%", "rate XAF/XOF=0.99000000000000000000000001", "9000");
    crossing("spread=1.33333%", long, "9000");
    for rule in ["^SEN:200000:500000 CMR:0", "^SEN:200000:500000 CMR:0 canary=10%", "SEN:50% CMR:50% tol=5%"] {
        let world = format!(
            "wallets CMR=900000 SEN=0\npolicy p {rule} fx spread=1.5%\n{long}\nrate XOF/XAF=0.98765432109876543210987654"
        );
        let scene = super::Scene::read(&world);
        let plan = scene.plan();
        scene.assert_sound(&plan);
        assert_eq!(plan.policies[0].transfers.len(), 1, "{rule}: {:?}", plan.policies[0]);
    }
}

#[test]
fn without_a_reference_there_is_nothing_to_compare_with() {
    crossing("spread=1% ref=last", "rate XAF/XOF=1", "fx_rate_missing");
    crossing("spread=1% ref=last", "rate XAF/XOF=1\napplied XOF/XAF=1", "fx_rate_missing");
    crossing("spread=1% ref=XAF/KES:1", "rate XAF/XOF=1", "fx_rate_missing");
    let kenya = "wallets CMR=9000 KEN=0\npolicy p CMR:0:0 >KEN fx spread=1%\nrate XAF/KES=0.22";
    check(kenya, "p due: CMR>KEN fx_rate_missing");
    check(&format!("{kenya}\napplied XAF/KES=0.221"), "p due: CMR>KEN 9000");
    check(&format!("{kenya}\napplied XAF/KES=0.23"), "p due: CMR>KEN fx_spread");
    // Within one currency nothing is compared.
    check("wallets GAB=9000 CMR=0\npolicy p GAB:0:0 >CMR fx spread=0%", "p due: GAB>CMR 9000");
}

#[test]
fn figures_that_do_not_fit_are_no_rate() {
    crossing("spread=1% ref=XOF/XAF:0.98765432109876543", "rate XAF/XOF=1.012345678901234567", "wallet_frozen");
}

/// The rates that are asked for.
#[test]
fn a_policy_needs_the_rates_of_its_lanes_and_into_its_base() {
    let cases = [
        ("GAB:0:0 >CMR", ""),
        ("GAB:0:0 SEN:0:0 >CMR fx", "XOF/XAF"),
        ("GAB:0:0 SEN:0:0 >CMR", ""),
        ("^SEN:1:2 CIV:0 CMR:0 fx", "XAF/XOF"),
        ("CMR:50% SEN:50% tol=5% fx", "XAF/XOF XOF/XAF"),
        ("CMR:50% SEN:50% tol=5% base=KES fx", "XAF/KES XAF/XOF XOF/KES XOF/XAF"),
        ("CMR:50% GAB:50% tol=5% base=KES fx", ""),
    ];
    for (words, expected) in cases {
        let policy = policy("p", &words.split(' ').collect::<Vec<_>>());
        let pairs: Vec<String> = policy.rate_pairs().into_iter().map(|(from, to)| format!("{from}/{to}")).collect();
        assert_eq!(pairs.join(" "), expected, "{words}");
    }
}
