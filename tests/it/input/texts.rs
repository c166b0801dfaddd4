//! What people see fits a terminal of 80 columns: no table wraps, whatever the state.

use super::scene::{is_fit_to_read, run};
use crate::support::{EVENING, Merchant};

const POLICIES: &str = "version: 1
policies:
  - name: consolidate-cemac
    schedule: \"0 18 * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }
  - name: fund-senegal
    schedule: \"0 18 * * *\"
    fx: { allow: true }
    sweep: { from: [CMR], into: SEN, above: 100_000 XAF }
";

const SCREENS: [&[&str]; 7] = [
    &["status"],
    &["plan", "--at", EVENING],
    &["transfers", "list"],
    &["ledger", "balance"],
    &["check"],
    &["test"],
    &["journal", "verify"],
];

fn fits(merchant: &Merchant) {
    for args in SCREENS {
        let ended = run(merchant.command(args));
        is_fit_to_read(&ended.stdout);
        // Sentences may wrap; rows of a table may not.
        let table = ended.stdout.lines().filter(|line| {
            !line.contains(". ") && !line.contains("hash") && !line.contains(" – ") && !line.contains("moves if")
        });
        for line in table {
            assert!(line.chars().count() <= 80, "{args:?}: {} columns: {line}", line.chars().count());
        }
    }
}

#[test]
fn screens_fit_before_and_after_money_moved() {
    let merchant = Merchant::new(&[("CMR", 9_000_000), ("GAB", 9_130_000), ("COG", 115_000), ("SEN", 0)]);
    merchant.policies(POLICIES);
    fits(&merchant);
    let status = run(merchant.command(&["status"])).with_code(0).stdout;
    assert!(status.contains("not running") && status.contains("balances: not read yet"), "{status}");
    run(merchant.command(&["once", "--at", EVENING])).with_code(0);
    fits(&merchant);
    let list = run(merchant.command(&["transfers", "list"])).with_code(0).stdout;
    assert!(list.contains("XOF arrived at 1.0153"), "{list}");
}

#[test]
fn a_plan_says_what_would_change_it() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 50_000), ("COG", 115_000)]);
    let plan = run(merchant.command(&["plan", "--at", EVENING])).with_code(0).stdout;
    assert!(
        plan.contains("GAB>CMR  nothing: below_trigger") && plan.contains("moves if more than 50 000 XAF"),
        "{plan}"
    );
    assert!(plan.contains("COG>CMR  15 000 XAF  TRD-261124180000-COGCMR-01-"), "{plan}");
}
