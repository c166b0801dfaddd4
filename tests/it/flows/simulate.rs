//! `simulate` on the built binary: the journal's own decisions made again, and histories from files.

use crate::support::Merchant;
use serde_json::json;

const POLICY: &str = "version: 1
policies:
  - name: consolidate
    schedule: \"* * * * *\"
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF }
    limits: { max_per_day: 500_000 }
";

#[test]
fn the_journals_own_decisions_come_out_exactly_as_recorded() {
    let merchant = Merchant::new(&[("GAB", 330_000), ("COG", 50_000), ("CMR", 0)]);
    merchant.policies(POLICY);
    let before = merchant.treasuryd(&["simulate", "--since", "1d"]).with_code(1);
    assert!(before.stderr.contains("no journal"), "{before:?}");
    for (evening, country, more) in
        [("2026-11-24", "GAB", 0), ("2026-11-25", "COG", 300_000), ("2026-11-26", "GAB", 90_000)]
    {
        if more > 0 {
            merchant.bank().deposit(country.parse().unwrap(), treasuryd::money::Amount::whole(more)).unwrap();
        }
        let at = format!("{evening}T18:00:30Z");
        merchant.treasuryd(&["once", "--json", "--at", &at]).with_code(0);
    }
    let shown = merchant.treasuryd(&["simulate", "--since", "1d", "--json"]).with_code(0).json();
    assert_eq!(shown["replay"], json!({ "decisions": 3, "exact": 3, "cannot": {}, "differences": [] }));
    assert_eq!(shown["runs"].as_array().unwrap().len(), 1);
    let text = merchant.treasuryd(&["simulate", "--since", "1d", "--against", "policies.yaml"]).with_code(0).stdout;
    assert!(text.contains("3 decisions replayed, 3 exactly as recorded"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

/// One policy of each kind, with what makes a decision hang on more than its balances: rates, approvals, canaries, reserves
/// and holidays of days, lanes in common, a set that changes on the way.
const EVERY_KIND: &str = "version: 1
timezone: Africa/Douala
reserves:
  - { wallet: CMR, amount: 100_000 XAF }
  - { wallet: CMR, amount: 900_000 XAF, during: \"24..25\" }
holidays: { COG: [2026-11-25] }
beneficiaries:
  landlord: { provider: MTN_MOMO_CMR, phone: \"237653456780\" }
policies:
  - name: consolidate
    schedule: every minute
    sweep: { from: [GAB, COG], into: CMR, above: 100_000 XAF, fraction: 50% }
    limits: { max_transfer: 60_000, round_down_to: 1_000 }
  - name: fill
    schedule: every minute
    top_up: { wallet: SEN, below: 400_000, to: 500_000, from: [CIV, { wallet: CMR, keep: 1_000_000 }] }
    fx: { allow: true, max_spread: 3% }
    approval: { above: 150_000, approvers: 1 }
  - name: level
    schedule: every minute
    priority: 200
    rebalance: { weights: { CIV: 50%, BEN: 50% }, tolerance: 2%, base: XOF }
    mode: canary
    canary: { share: 10%, max: 40_000 }
  - name: rent
    schedule: every minute
    priority: 300
    payout: { from: CMR, to: landlord, above: 1_300_000, keep: 1_200_000 }
    limits: { max_per_slot: 400_000 }
  - name: trial
    schedule: every minute
    mode: shadow
    sweep: { from: [BEN], into: SEN, above: 100_000 }
";

#[test]
fn decisions_of_every_kind_come_out_exactly_as_recorded() {
    let wallets =
        [("CMR", 1_500_000), ("GAB", 330_000), ("COG", 450_000), ("SEN", 100_000), ("CIV", 150_000), ("BEN", 300_000)];
    let merchant = Merchant::new(&wallets);
    merchant.policies(EVERY_KIND);
    for day in 23..=26 {
        if day == 25 {
            merchant.policies(
                &EVERY_KIND.replace("fraction: 50%", "fraction: 60%").replace("keep: 1_200_000", "keep: 1_100_000"),
            );
        }
        let at = format!("2026-11-{day}T18:00:30Z");
        merchant.treasuryd(&["once", "--json", "--at", &at]);
    }
    let shown = merchant.treasuryd(&["simulate", "--since", "1d", "--json"]).with_code(0).json();
    assert!(!shown.to_string().contains("237653456780"), "{shown}");
    let replay = &shown["replay"];
    assert_eq!(replay["differences"], json!([]), "{replay}");
    assert_eq!(replay["cannot"], json!({}), "{replay}");
    assert_eq!(replay["decisions"], replay["exact"]);
    assert_eq!(replay["decisions"], json!(20), "five policies on four evenings");
    let moved: std::collections::BTreeSet<String> =
        merchant.transfers().iter().map(|it| it["policy"].as_str().unwrap_or_default().to_owned()).collect();
    let expected = ["consolidate", "fill", "level", "rent"].map(str::to_owned);
    assert_eq!(moved, expected.into(), "each kind has moved something");
}

#[test]
fn files_are_simulated_or_refused_with_their_place() {
    let merchant = Merchant::without_a_bank();
    merchant.policies(&POLICY.replace("* * * * *", "0 18 * * *"));
    merchant.write(
        "h.csv",
        "at,country,currency,available\n2026-11-24T12:00:00Z,GAB,XAF,330000\n2026-11-24T12:00:00Z,CMR,XAF,0\n\
         2026-11-25T12:00:00Z,GAB,XAF,330000\n",
    );
    let run = merchant.treasuryd(&["simulate", "--history", "h.csv", "--json", "--html", "r.html"]).with_code(0);
    let run = &run.json()["runs"][0];
    assert_eq!((&run["moves"], &run["wallets"][0]["end"]), (&json!(1), &json!("230000")));
    let page = std::fs::read_to_string(merchant.path("r.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script"), "{page}");
    merchant.write("bad.csv", "at,country,currency,available\n2026-11-24T12:00:00Z,GAB,XAF,x\n");
    for (args, code, said) in [
        (&["simulate"][..], 2, "--history"),
        (&["simulate", "--history", "bad.csv"], 2, "bad.csv:2:30"),
        (&["simulate", "--history", "none.csv"], 2, "cannot be read"),
        (&["simulate", "--history", "h.csv", "--from", "2027-01-01"], 2, "no reading"),
        (&["simulate", "--history", "h.csv", "--policies", "none.yaml"], 78, "none.yaml"),
        (&["simulate", "--history", "h.csv", "--rate", "XAF/XOF"], 2, "XAF/XOF=1.0153"),
        (&["simulate", "--generate", "days=0"], 2, "days"),
    ] {
        let ended = merchant.treasuryd(args).with_code(code);
        assert!(ended.stderr.contains(said), "{ended:?}");
    }
}
