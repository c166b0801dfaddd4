//! `drill` on the built binary: its report, and that it leaves the operator's own things alone.

use crate::support::{Ended, Merchant};
use std::fs;

#[test]
fn it_plays_the_rows_asked_for_and_touches_nothing_of_the_operators() {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    fs::create_dir(merchant.path("tmp")).unwrap();
    let mut command = merchant.command(&["drill", "--json", "--rows", "a01,D07,d10", "-o", "report.json"]);
    command.env("TMPDIR", merchant.path("tmp"));
    // Nor does it work with what is configured there.
    command.env("TREASURYD__KPAY__BASE_URL", merchant.base_url()).env("TREASURYD__STATE__PATH", merchant.path("state"));
    let ended = Ended::of(&mut command).with_code(0);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("report.json"), "{ended:?}");
    let report: serde_json::Value = serde_json::from_slice(&fs::read(merchant.path("report.json")).unwrap()).unwrap();
    let rows = report["rows"].as_array().unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row["row"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a01", "a01", "d07", "d10"], "{report:#}");
    assert!(rows.iter().all(|row| row["held"] == true && row["happened"] != ""), "{report:#}");
    assert_eq!(report["exit_code"], 0);
    assert!(report["machine"].as_str().unwrap().contains("Linux"), "{report:#}");
    assert_eq!((&report["ok"], &report["held"], &report["of"]), (&true.into(), &4.into(), &4.into()));
    assert_eq!(merchant.books().counters.requests, 0, "it has a sandbox of its own");
    assert!(!merchant.path("state").exists());
    assert_eq!(fs::read_dir(merchant.path("tmp")).unwrap().count(), 0, "its folders are gone");
}
