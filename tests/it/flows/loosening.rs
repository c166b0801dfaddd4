//! A change that loosens a guard waits for a person, where that is asked for: neither a restart nor `once` is a way round.

use super::tools::{PATIENCE, in_force, metrics, moved, often, once_at, one_policy, policy, status, sum, until_ready};
use crate::support::{Daemon, Ended, Merchant, eventually};
use treasuryd::intent::Event;

/// Sweeps at ten and at six, and leaves `above` behind.
fn rules(above: &str, more: &str) -> String {
    let sweep = format!("{{ from: [GAB], into: CMR, above: {above} XAF }}");
    one_policy(&sweep, &format!("schedule: \"0 10,18 * * *\"\n{more}"))
}

fn careful() -> Merchant {
    let mut merchant = Merchant::new(&[("GAB", 400_000), ("CMR", 0)]);
    merchant.set("policies", "confirm_loosening = true");
    merchant
}

/// The first set is in force and has moved 300 000; a looser one is on disk.
fn held() -> Merchant {
    let merchant = careful();
    merchant.policies(&rules("100_000", ""));
    once_at(&merchant, "2026-11-24T10:00:05Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 300000"]);
    merchant.policies(&rules("40_000", ""));
    merchant
}

fn waits(merchant: &Merchant) -> Option<String> {
    status(merchant)["held_policies"]["hash"].as_str().map(str::to_owned)
}

fn accept(merchant: &Merchant, hash: &str) -> Ended {
    merchant.treasuryd(&["policies", "accept", hash, "--by", "awa"])
}

#[test]
fn once_works_with_the_old_ones_until_somebody_accepts() {
    let merchant = held();
    let hash = waits(&merchant).expect("they wait");
    // However often it is started, and whatever becomes of the copy beside the journal.
    for (at, tamper) in [("2026-11-24T18:00:05Z", ""), ("2026-11-25T10:00:05Z", "{}"), ("2026-11-25T18:00:05Z", "-")] {
        let copy = merchant.path("state/policies/in-force.json");
        match tamper {
            "" => {}
            "-" => std::fs::remove_file(&copy).unwrap(),
            text => std::fs::write(&copy, text).unwrap(),
        }
        let ended = once_at(&merchant, at).with_code(0);
        assert!(ended.stderr.contains("loosen") && ended.stderr.contains(&hash[..12]), "{ended:?}");
        assert!(ended.stderr.contains("100 000") && ended.stderr.contains("40 000"), "finance's words: {ended:?}");
        assert_eq!(moved(&merchant), ["GAB>CMR 300000"], "{at}: the old floor of 100 000 holds");
        let planned = merchant.treasuryd(&["plan", "--at", at]).with_code(0);
        assert!(planned.stderr.contains("policies last in force"), "{planned:?}");
        assert_eq!(waits(&merchant), Some(hash.clone()));
    }
    let text = merchant.treasuryd(&["status"]).with_code(0).stdout;
    assert!(text.contains(&format!("treasuryd policies accept {hash}")), "{text}");
    let diff = merchant.treasuryd(&["policies", "diff", "--json"]).with_code(0).json();
    assert_eq!((diff["waits"].as_bool(), diff["on_disk"].as_str()), (Some(true), Some(hash.as_str())), "{diff}");
    assert!(diff["differences"].as_array().unwrap().iter().any(|one| one["effect"] == "loosens"), "{diff}");

    for wrong in
        [&["policies", "accept"][..], &["policies", "accept", &hash], &["policies", "accept", "12", "--by", "a"]]
    {
        merchant.treasuryd(wrong).with_code(2);
    }
    merchant.treasuryd(&["policies", "accept", &hash, "--by", " "]).with_code(2);
    let other = accept(&merchant, "0123456789abcdef").with_code(77);
    assert!(other.stderr.contains(&hash) && other.stderr.contains("40 000"), "{other:?}");
    assert_eq!(waits(&merchant), Some(hash.clone()), "nothing changed so far");

    accept(&merchant, &hash[..15]).with_code(2);
    accept(&merchant, &hash[..16]).with_code(0);
    assert_eq!(waits(&merchant), None);
    let again = accept(&merchant, &hash).with_code(77);
    assert!(again.stderr.contains("no policies wait"), "{again:?}");
    let ended = once_at(&merchant, "2026-11-26T10:00:05Z").with_code(0);
    assert!(!ended.stderr.contains("loosen"), "{ended:?}");
    assert_eq!(moved(&merchant), ["GAB>CMR 300000", "GAB>CMR 60000"]);
    let accepted = merchant.events().into_iter().filter_map(|event| match event {
        Event::PoliciesAccepted { hash, by, .. } => Some((hash, by)),
        _ => None,
    });
    assert_eq!(accepted.collect::<Vec<_>>(), [(hash, "awa".to_owned())]);
    merchant.treasuryd(&["journal", "verify"]).with_code(0);
}

/// Moves by hand are no way round either: without a daemon, too, they keep to the policies last in force.
#[test]
fn by_hand_the_old_guards_hold_until_somebody_accepts() {
    let with = |reserve: &str, approval: &str| {
        rules("100_000", &format!("approval: {{ above: {approval} XAF, approvers: 1 }}"))
            + &format!("reserves: {{ GAB: {reserve} XAF }}\n")
    };
    let transfer = ["transfer", "GAB", "CMR", "60_000"];
    let payout = ["payout", "GAB", "60_000", "--provider", "AIRTEL_GAB", "--phone", "24174345678"];
    for command in [&transfer[..], &payout] {
        let merchant = careful();
        merchant.policies(&with("50_000", "500_000"));
        once_at(&merchant, "2026-11-24T10:00:05Z").with_code(0);
        merchant.policies(&with("30_000", "500_000"));
        let by_hand = |mode: &str| merchant.treasuryd(&[command, &["--key", "k", mode][..]].concat());
        for mode in ["--dry-run", "--yes"] {
            let ended = by_hand(mode).with_code(77);
            assert!(ended.stderr.contains("its reserve of 50 000 XAF stays"), "{command:?} {mode}: {ended:?}");
        }
        let hash = waits(&merchant).expect("they wait");
        assert_eq!(merchant.transfers().len(), 1, "{command:?}");
        accept(&merchant, &hash).with_code(0);
        let ended = by_hand("--yes");
        assert!(matches!(ended.code, Some(0 | 75)), "{ended:?}");
        assert_eq!(merchant.transfers().len(), 2, "{command:?}");
    }
    // And an approval that would not be asked for any more.
    let merchant = careful();
    merchant.policies(&with("0", "50_000"));
    once_at(&merchant, "2026-11-24T10:00:05Z").with_code(0);
    merchant.policies(&with("0", "500_000"));
    let ended = merchant.treasuryd(&["transfer", "GAB", "COG", "60_000", "--key", "k", "--yes", "--json"]).with_code(0);
    assert_eq!(ended.json()[0]["state"], "awaiting_approval");
    assert!(waits(&merchant).is_some());
}

/// What is tighter comes into force at once; with a single looser guard in it, the whole set waits.
#[test]
fn a_set_is_held_or_in_force_as_a_whole() {
    let looser_and_tighter = rules("40_000", "limits: { max_per_slot: 1_000 XAF }");
    let new_destination = rules("100_000", "").replace("version: 1", "version: 1\n# a comment")
        + &policy("another", "{ from: [CMR], into: COG, above: 100_000 XAF }", "");
    let cases = [
        ("a comment", format!("# quarterly review\n{}", rules("100_000", "")), false),
        ("tighter", rules("120_000", ""), false),
        ("a new limit", rules("100_000", "limits: { max_per_slot: 1_000 XAF }"), false),
        ("switched off", rules("100_000", "enabled: false"), false),
        ("looser and tighter", looser_and_tighter, true),
        ("a new destination", new_destination, true),
    ];
    for (what, text, is_held) in cases {
        let merchant = held();
        merchant.policies(&text);
        once_at(&merchant, "2026-11-24T18:00:05Z").with_code(0);
        assert_eq!(waits(&merchant).is_some(), is_held, "{what}");
        let last = merchant.events().into_iter().rev().find_map(|event| match event {
            Event::PoliciesInForce { files, .. } => Some(files[0].text.clone()),
            _ => None,
        });
        assert_eq!(last.unwrap() == text, !is_held, "{what}: in force by the journal");
    }
}

/// Accepted once is not accepted for ever: what was tightened since waits again; and going back clears what waits.
#[test]
fn accepted_once_and_loosened_again_it_waits_again() {
    let merchant = held();
    accept(&merchant, &waits(&merchant).unwrap()).with_code(0);
    merchant.policies(&rules("20_000", ""));
    assert!(waits(&merchant).is_some(), "looser still");
    merchant.policies(&rules("40_000", ""));
    assert_eq!(waits(&merchant), None, "back to what is in force");
    merchant.policies(&rules("100_000", ""));
    once_at(&merchant, "2026-11-24T18:00:05Z").with_code(0);
    merchant.policies(&rules("40_000", ""));
    assert!(waits(&merchant).is_some(), "the same set, against a tighter one");
}

#[test]
fn in_the_sandbox_nothing_waits_unless_asked_for() {
    let merchant = Merchant::new(&[("GAB", 400_000), ("CMR", 0)]);
    merchant.policies(&rules("100_000", ""));
    once_at(&merchant, "2026-11-24T10:00:05Z").with_code(0);
    merchant.policies(&rules("40_000", ""));
    once_at(&merchant, "2026-11-24T18:00:05Z").with_code(0);
    assert_eq!(moved(&merchant), ["GAB>CMR 300000", "GAB>CMR 60000"]);
}

/// A policy that only the waiting set knows is not there yet; one that it renames is still there.
#[test]
fn names_are_those_in_force() {
    let merchant = held();
    let at = "2026-11-24T18:00:05Z";
    merchant.policies(&rules("40_000", "").replace("consolidate", "renamed"));
    merchant.treasuryd(&["once", "--at", at, "--policy", "renamed"]).with_code(2);
    merchant.treasuryd(&["plan", "--at", at, "--policy", "renamed"]).with_code(2);
    merchant.treasuryd(&["once", "--at", at, "--policy", "consolidate"]).with_code(0);
}

fn held_gauge(daemon: &Daemon) -> f64 {
    sum(&metrics(daemon), "policies_held", &[]).unwrap()
}

#[test]
fn a_running_daemon_goes_on_with_the_old_ones() {
    let merchant = careful();
    merchant.policies(&often("first"));
    let mut daemon = merchant.daemon();
    until_ready(&daemon);
    eventually("money moves", PATIENCE, || !moved(&merchant).is_empty());
    let looser = often("second").replace("above: 100_000", "above: 90_000");
    merchant.policies(&looser);
    eventually("they wait", PATIENCE, || waits(&merchant).is_some());
    let hash = waits(&merchant).unwrap();
    daemon.signal("HUP");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!((in_force(&merchant), held_gauge(&daemon) > 0.5), (vec!["first".to_owned()], true));
    assert_eq!(daemon.get("/readyz").0, 200);
    let problems = status(&merchant)["last_errors"].to_string();
    assert!(problems.contains("wait for a person"), "{problems}");

    // Killed and started again, it still waits.
    daemon.signal("KILL");
    daemon.wait(PATIENCE);
    let daemon = merchant.daemon();
    until_ready(&daemon);
    assert_eq!((in_force(&merchant), waits(&merchant)), (vec!["first".to_owned()], Some(hash.clone())));

    // Gone and back again is no way round either.
    std::fs::remove_file(merchant.path("policies.yaml")).unwrap();
    eventually("they are gone", PATIENCE, || in_force(&merchant).is_empty());
    merchant.policies(&looser);
    eventually("the old ones are back", PATIENCE, || in_force(&merchant) == ["first"]);

    accept(&merchant, "0123456789abcdef").with_code(77);
    accept(&merchant, &hash).with_code(0);
    assert_eq!((in_force(&merchant), waits(&merchant)), (vec!["second".to_owned()], None));
    assert!(held_gauge(&daemon) < 0.5);
    drop(daemon);
    let daemon = merchant.daemon();
    until_ready(&daemon);
    assert_eq!((in_force(&merchant), waits(&merchant)), (vec!["second".to_owned()], None), "remembered");
}

/// Back to what is in force: nothing waits any more.
#[test]
fn a_running_daemon_forgets_what_was_taken_back() {
    let merchant = careful();
    merchant.policies(&often("first"));
    let daemon = merchant.daemon();
    until_ready(&daemon);
    eventually("they are recorded", PATIENCE, || !moved(&merchant).is_empty());
    merchant.policies(&often("first").replace("1_000 XAF", "2_000 XAF"));
    eventually("they wait", PATIENCE, || waits(&merchant).is_some());
    merchant.policies(&often("first"));
    eventually("nothing waits", PATIENCE, || waits(&merchant).is_none());
    merchant.policies(&often("first").replace("1_000 XAF", "500 XAF"));
    eventually("a tighter one comes into force", PATIENCE, || {
        merchant.events().iter().filter(|event| matches!(event, Event::PoliciesInForce { .. })).count() == 2
    });
    assert_eq!(waits(&merchant), None);
}
