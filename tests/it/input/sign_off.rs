//! `exposure`, `check --max-exposure` and `explain`: what finance signs before a change goes live.

use super::scene::{Refusal, merchant, run};
use crate::support::CONSOLIDATE;

#[test]
fn what_was_signed_off_passes_and_what_is_over_it_does_not() {
    let merchant = merchant();
    merchant.policies(&format!("{CONSOLIDATE}    limits: {{ max_per_slot: 1_000_000 XAF }}\n"));
    let signed = run(merchant.command(&["exposure", "--json"])).with_code(0);
    merchant.write("ceiling.json", &signed.stdout);
    let ceiling = merchant.path("ceiling.json");
    let check = ["check", "--max-exposure", ceiling.to_str().unwrap()];
    run(merchant.command(&check)).with_code(0);
    let table = run(merchant.command(&["exposure"])).with_code(0).stdout;
    assert!(table.contains("max_per_slot") && table.lines().all(|line| line.chars().count() <= 100), "{table}");

    merchant.policies(&format!("{CONSOLIDATE}    limits: {{ max_per_slot: 1_000_500 XAF }}\n"));
    let says = ["exposure-over-ceiling", "1 000 500 XAF", "the ceiling is 1 000 000 XAF", "hint", "max_per_slot"];
    Refusal { args: &check, env: &[], code: 78, says: &says, may_ask: false }.check(&merchant);

    merchant.write("ceiling.json", "{}");
    Refusal { args: &check, env: &[], code: 78, says: &["ceiling.json:1:", "bad-ceiling"], may_ask: false }
        .check(&merchant);
    let gone = ["check", "--max-exposure", "gone.json"];
    Refusal { args: &gone, env: &[], code: 2, says: &["gone.json"], may_ask: false }.check(&merchant);
}

#[test]
fn the_policies_are_said_in_both_languages_and_no_other() {
    let merchant = merchant();
    merchant.policies(CONSOLIDATE);
    let english = run(merchant.command(&["explain"])).with_code(0).stdout;
    assert!(english.contains("Sends to Cameroon everything"), "{english}");
    let french = run(merchant.command(&["explain", "--lang", "fr"])).with_code(0).stdout;
    assert!(french.contains("Vire vers le Cameroun") && french.contains('\u{202f}'), "{french}");
    let other = ["explain", "--lang", "xx"];
    Refusal { args: &other, env: &[], code: 2, says: &["en and fr"], may_ask: false }.check(&merchant);
    let unknown = ["explain", "nothing"];
    Refusal { args: &unknown, env: &[], code: 2, says: &["nothing", "consolidate"], may_ask: false }.check(&merchant);
}
