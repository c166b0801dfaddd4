//! Wrong usage: exit 2, with what is right; before any file is opened and without a word to KPay.

use super::scene::{Refusal, merchant};

const USAGE: &[(&[&str], &[&str])] = &[
    (&[], &["Usage", "demo", "check"]),
    (&["--frob"], &["--frob"]),
    (&["frob"], &["unrecognized subcommand", "frob"]),
    (&["once", "--dry-run"], &["--dry-run"]),
    (&["plan", "extra"], &["extra"]),
    (&["why"], &["WALLET|LANE"]),
    (&["why", "USA"], &["USA", "CMR"]),
    (&["explain", "nosuch"], &["nosuch", "consolidate"]),
    (&["explain", "--lang", "de"], &["de", "en", "fr"]),
    (&["exposure", "--policy", "nosuch"], &["nosuch", "consolidate"]),
    (&["simulate", "--history", "x.csv"], &["x.csv"]),
    (&["approve", "x"], &["--by"]),
    (&["reject", "x", "--by", " "], &["--by"]),
    (&["policies", "accept", "x"], &["--by"]),
    (&["release"], &["WALLET", "--by", "--note"]),
    (&["release", "GAB", "--note", "x"], &["--by"]),
    (&["release", "GAB", "--by", "awa"], &["--note"]),
    (&["release", "USA", "--by", "awa", "--note", "x"], &["USA", "CMR"]),
    (&["release", "GAB", "--by", " ", "--note", "x"], &["--by"]),
    (&["release", "GAB", "--by", "awa", "--note", " "], &["--note"]),
    (&["help"], &["help"]),
    (&["transfer", "GAB", "CMR", "100"], &["--key"]),
    (&["transfer", "GAB", "CMR", "100", "--key", "k"], &["--yes", "--dry-run"]),
    (&["transfer", "GAB", "CMR", "1e6", "--key", "k", "--yes"], &["1e6", "exponent"]),
    (&["transfer", "GAB", "CMR", "100 XOF", "--key", "k", "--yes"], &["XOF", "GAB", "XAF"]),
    (&["transfer", "GAB", "CMR", "100.5", "--key", "k", "--yes"], &["whole units"]),
    (&["transfer", "GAB", "CMR", "99", "--key", "k", "--yes"], &["99 XAF", "smallest"]),
    (&["transfer", "GAB", "CMR", "-5", "--key", "k", "--yes"], &["negative"]),
    (&["transfer", "GAB", "CMR", "100", "--key", "a b", "--yes"], &["a b", "rent-2026-11"]),
    (&["transfer", "GAB", "GAB", "100", "--key", "k", "--yes"], &["GAB", "both ends"]),
    (&["transfer", "GAB", "USA", "100", "--key", "k", "--yes"], &["USA", "CMR"]),
    // Paying out by hand.
    (&["payout"], &["AMOUNT", "--key"]),
    (&["payout", "CMR", "500", "--key", "k", "--yes"], &["--provider"]),
    (&["payout", "CMR", "500", "--provider", "MTN_MOMO_CMR", "--key", "k", "--yes"], &["--phone"]),
    (&["payout", "CMR", "500", "--phone", "237653456789", "--key", "k", "--yes"], &["--provider"]),
    (&["payout", "CMR", "500", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789"], &["--key"]),
    (
        &["payout", "USA", "500", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789", "--key", "k", "--yes"],
        &["USA", "CMR"],
    ),
    (
        &["payout", "CMR", "500", "--provider", "mtn", "--phone", "237653456789", "--key", "k", "--yes"],
        &["mtn", "MTN_MOMO_CMR"],
    ),
    (
        &["payout", "CMR", "500", "--provider", "MTN_MOMO_FRA", "--phone", "237653456789", "--key", "k", "--yes"],
        &["MTN_MOMO_FRA", "no country"],
    ),
    (
        &["payout", "CMR", "500", "--provider", "MTN_MOMO_CMR", "--phone", "+237653456789", "--key", "k", "--yes"],
        &["+237653456789", "not a phone number"],
    ),
    (
        &["payout", "CMR", "500", "--provider", "MTN_MOMO_CMR", "--phone", "24174345678", "--key", "k", "--yes"],
        &["does not begin with 237"],
    ),
    (
        &["payout", "CMR", "99", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789", "--key", "k", "--yes"],
        &["99 XAF", "smallest"],
    ),
    (
        &["payout", "CMR", "500.5", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789", "--key", "k", "--yes"],
        &["whole units"],
    ),
    (
        &["payout", "CMR", "500 XOF", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789", "--key", "k", "--yes"],
        &["XOF", "CMR", "XAF"],
    ),
    (
        &["payout", "UGA", "500.5", "--provider", "AIRTEL_OAPI_UGA", "--phone", "256753456789", "--key", "k", "--yes"],
        &["whole units"],
    ),
    (
        &["payout", "CMR", "500", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789", "--key", "a b", "--yes"],
        &["a b", "rent-2026-11"],
    ),
    (
        &["payout", "CMR", "500", "--provider", "MTN_MOMO_CMR", "--phone", "237653456789", "--key", "k"],
        &["--yes", "--dry-run"],
    ),
    (
        &[
            "payout",
            "CMR",
            "500",
            "--provider",
            "MTN_MOMO_CMR",
            "--phone",
            "237653456789",
            "--gateway",
            "--key",
            "k",
            "--yes",
        ],
        &["cannot be used with"],
    ),
    (
        &[
            "payout",
            "CMR",
            "500",
            "--provider",
            "MTN_MOMO_CMR",
            "--phone",
            "237653456789",
            "--return-url",
            "https://a.example/",
            "--key",
            "k",
            "--yes",
        ],
        &["--gateway"],
    ),
    (&["payout", "CMR", "500", "--gateway", "--key", "k", "--yes"], &["--return-url"]),
    (
        &["payout", "CMR", "500", "--gateway", "--return-url", "http://a.example/", "--key", "k", "--yes"],
        &["--return-url", "https"],
    ),
    (
        &["payout", "CMR", "500", "--gateway", "--return-url", "https://a:b@a.example/", "--key", "k", "--yes"],
        &["--return-url", "https"],
    ),
    (
        &[
            "payout",
            "CMR",
            "500",
            "--gateway",
            "--return-url",
            "https://a.example/",
            "--cancel-url",
            "ftp://a.example",
            "--key",
            "k",
            "--yes",
        ],
        &["--cancel-url", "https"],
    ),
    (
        &["payout", "CMR", "500_001", "--gateway", "--return-url", "https://a.example/", "--key", "k", "--yes"],
        &["500 000 XAF", "one withdrawal"],
    ),
    (
        &["payout", "CMR", "500", "--gateway", "--return-url", "https://a.example/?sig=1", "--key", "k", "--yes"],
        &["--return-url", "`sig`", "rename"],
    ),
    // What comes back from the hosted page.
    (&["payout", "verify-return"], &["<URL>"]),
    (&["payout", "verify-return", "https://a.example/", "x"], &["x"]),
    (&["payout", "verify-return", "a.example"], &["cannot be read as an address", "quotes"]),
    (&["payout", "verify-return", "https://a.example/?status=COMPLETED"], &["`reference` is missing", "quotes"]),
    (&["payout", "CMR", "500", "verify-return", "https://a.example/"], &["nothing of what pays out"]),
    (&["payout", "--key", "k", "verify-return", "https://a.example/"], &["nothing of what pays out"]),
    (&["payout", "--yes", "verify-return", "https://a.example/"], &["not provided"]),
    // Values.
    (&["plan", "--at", "yesterday"], &["yesterday", "2026-11-24T17:00:00Z"]),
    (&["plan", "--at", "2026-11-24"], &["2026-11-24T17:00:00Z"]),
    (&["plan", "--at", "2026-02-30T00:00:00Z"], &["2026-11-24T17:00:00Z"]),
    (&["plan", "--at", ""], &["--at"]),
    (&["once", "--at", "2026-11-24 17:00"], &["2026-11-24T17:00:00Z"]),
    (&["once", "--at"], &["--at"]),
    (&["plan", "--policy", "nosuch"], &["nosuch", "consolidate"]),
    (&["once", "--policy", "nosuch"], &["nosuch", "consolidate"]),
    (&["pause", "nosuch"], &["nosuch", "consolidate"]),
    (&["resume", "nosuch"], &["nosuch", "consolidate"]),
    (&["plan", "--balances", "missing.json"], &["missing.json", "cannot be read"]),
    (&["plan", "--balances", "."], &["directory"]),
    (&["plan", "--balances", "cut.json"], &["cut.json:1:", "write it like"]),
    (&["plan", "--balances", "figure.json"], &["figure.json:1:", "33x", "write it like"]),
    (&["plan", "--balances", "twice.json"], &["twice"]),
    (&["plan", "--balances", "unknown.json"], &["unknown.json:1:", "gabon"]),
    // An operator's finding.
    (&["transfers"], &["list", "show", "resolve"]),
    (&["transfers", "show"], &["<ID>"]),
    (&["transfers", "resolve", "X"], &["--applied", "--not-applied"]),
    (&["transfers", "resolve", "X", "--applied", "--not-applied"], &["cannot be used with"]),
    (&["transfers", "resolve", "X", "--not-applied", "--amount", "5"], &["cannot be used with"]),
    (&["transfers", "resolve", "X", "--applied", "--amount", "five"], &["five"]),
    (&["transfers", "resolve", "X", "--applied", "--rate", "1"], &["--credited"]),
    (&["transfers", "resolve", "X", "--not-applied", "--fee", "5"], &["cannot be used with"]),
    (&["transfers", "resolve", "X", "--applied", "--fee", "five"], &["five"]),
    (&["transfers", "resolve", "X", "--applied", "--rate", "0", "--credited", "1"], &["positive"]),
    (&["transfers", "resolve", "X", "--applied", "--by", "ann"], &["--note"]),
    (&["transfers", "resolve", "X", "--applied", "--note", "seen"], &["--by"]),
    (&["transfers", "resolve", "X", "--applied", "--by", " ", "--note", "seen"], &["--by"]),
    // The books.
    (&["ledger"], &["export", "rates", "payouts"]),
    (&["ledger", "export"], &["--format"]),
    (&["ledger", "export", "--format", "pdf"], &["pdf", "csv", "xlsx"]),
    (&["ledger", "export", "--format", "csv", "--from", "today"], &["today", "2026-11-24"]),
    (&["ledger", "export", "--format", "csv", "--from", "2026-12-01", "--to", "2026-11-01"], &["--from", "--to"]),
    (&["ledger", "rates", "--last", "many"], &["many"]),
    (&["ledger", "payouts", "--last", "many"], &["many"]),
    (&["journal"], &["verify"]),
    (&["state"], &["backup", "verify"]),
    (&["state", "backup"], &["<DIR>"]),
    (&["state", "verify"], &["<DIR>"]),
    (&["state", "verify", "x", "--against"], &["--against"]),
    // The sandbox and the demo.
    (&["sandbox", "--listen", "8.8.8.8:80"], &["this machine only"]),
    (&["sandbox", "--wallets", "FRA=5"], &["FRA", "CMR"]),
    (&["sandbox", "--fault", "nosuch"], &["nosuch", "lost-after-apply"]),
    (&["sandbox", "--rate", "XAF/XOF=0"], &["positive"]),
    (&["sandbox", "--webhook", "http://10.0.0.1/"], &["this machine only", "10.0.0.1"]),
    (&["sandbox", "--webhook-secret-file", "none"], &["--webhook"]),
    (&["sandbox", "--fault", "webhook:hang"], &["lost-before, duplicate, late or forged"]),
    (&["demo", "--for", "soon"], &["soon", "30s"]),
    (&["demo", "--for", "-5s"], &["-5"]),
    (&["drill", "--rows", "a01,z99"], &["z99", "a01", "h02"]),
    (&["drill", "--rows", ""], &["a01", "h02"]),
];

#[test]
fn wrong_usage_is_exit_2_and_touches_nothing() {
    let merchant = merchant();
    merchant.once().with_code(0);
    merchant.write("cut.json", "[{\"wallet\":\"GAB\"");
    merchant.write("figure.json", "[{\"wallet\":\"GAB\",\"currency\":\"XAF\",\"available\":\"33x\"}]");
    merchant.write("unknown.json", "[{\"wallet\":\"gabon\",\"currency\":\"XAF\",\"available\":\"1\"}]");
    let row = "{\"wallet\":\"GAB\",\"currency\":\"XAF\",\"available\":\"1\"}";
    merchant.write("twice.json", &format!("[{row},{row}]"));
    for (args, says) in USAGE {
        Refusal { args, env: &[], code: 2, says, may_ask: false }.check(&merchant);
    }
}

#[test]
fn what_is_not_there_or_cannot_be_written_is_exit_1_with_a_way_on() {
    let merchant = merchant();
    merchant.once().with_code(0);
    for (args, says) in [
        (&["transfers", "show", "TRD-nosuch"][..], &["TRD-nosuch", "treasuryd transfers list"][..]),
        (
            &["transfers", "resolve", "TRD-nosuch", "--not-applied", "--by", "a", "--note", "b"],
            &["TRD-nosuch", "transfers list"],
        ),
        (&["ledger", "export", "--format", "csv", "-o", "."], &["folder", "-o"]),
        (&["ledger", "export", "--format", "csv", "-o", "/dev/full"], &["device", "-o"]),
        (&["ledger", "export", "--format", "csv", "-o", "no/such/x.csv"], &["No such file", "folder exists"]),
        (&["drill", "-o", "no/such/x.txt"], &["No such file", "no/such/x.txt", "-o"]),
    ] {
        Refusal { args, env: &[], code: 1, says, may_ask: false }.check(&merchant);
    }
    // One sentence, and not one a row.
    let (env, says) = (&[("TMPDIR", "/no/such")], &["the drill cannot begin", "/no/such", "TMPDIR"]);
    let ended = Refusal { args: &["drill"], env, code: 1, says, may_ask: false }.check(&merchant);
    assert_eq!((ended.stdout.as_str(), ended.stderr.trim().lines().count()), ("", 1), "{ended:?}");
}

#[test]
fn a_finding_is_taken_once_and_only_where_something_is_open() {
    let merchant = merchant();
    merchant.once().with_code(0);
    let id = merchant.transfers()[0]["external_id"].as_str().unwrap().to_owned();
    for finding in ["--applied", "--not-applied"] {
        let args = ["transfers", "resolve", &id, finding, "--by", "ann", "--note", "seen"];
        Refusal { args: &args, env: &[], code: 77, says: &[&id, "applied already"], may_ask: false }.check(&merchant);
    }
}

#[test]
fn help_and_version_are_on_stdout_and_narrow_enough_to_read() {
    let merchant = merchant();
    let commands: &[&[&str]] = &[
        &[],
        &["demo"],
        &["sandbox"],
        &["drill"],
        &["run"],
        &["once"],
        &["plan"],
        &["check"],
        &["test"],
        &["schema"],
        &["status"],
        &["why"],
        &["transfers"],
        &["transfers", "list"],
        &["transfers", "show"],
        &["transfers", "resolve"],
        &["transfer"],
        &["payout"],
        &["payout", "verify-return"],
        &["pause"],
        &["resume"],
        &["ledger"],
        &["ledger", "rates"],
        &["ledger", "payouts"],
        &["ledger", "balance"],
        &["ledger", "check"],
        &["journal"],
        &["journal", "verify"],
        &["state"],
        &["state", "backup"],
        &["state", "verify"],
    ];
    for command in commands {
        let ended = merchant.treasuryd(&[*command, &["--help"]].concat()).with_code(0);
        assert!(ended.stdout.contains("Usage: treasuryd") && ended.stderr.is_empty(), "{command:?}: {ended:?}");
        let widest = ended.stdout.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 100, "{command:?}: {} columns: {widest}", widest.chars().count());
    }
    assert!(merchant.treasuryd(&["--version"]).with_code(0).stdout.starts_with("treasuryd 0."));
}
