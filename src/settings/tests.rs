//! The rules of the configuration as tables: text in, settings or findings out.

use super::*;
use crate::money::Currency;
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// A folder with a `treasuryd.toml`, and a process in it.
struct Bench {
    folder: TempDir,
    variables: BTreeMap<String, String>,
    flags: Vec<(String, String)>,
}

impl Bench {
    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), variables: BTreeMap::new(), flags: Vec::new() }
    }

    fn with(text: &str) -> Self {
        let bench = Self::empty();
        bench.write("treasuryd.toml", text);
        bench
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn flag(mut self, key: &str, value: &str) -> Self {
        self.flags.push((key.to_owned(), value.to_owned()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    fn surroundings(&self) -> Surroundings {
        let nowhere = self.path("etc");
        Surroundings::new(self.variables.clone(), self.folder.path().to_path_buf()).with_system_folder(nowhere)
    }

    fn load(&self) -> Result<Settings, SettingsError> {
        load(None, &self.flags, &self.surroundings())
    }

    fn good(&self) -> Settings {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// `file:line:column code` of everything found.
    fn findings(&self) -> Vec<String> {
        let list = match self.load() {
            Ok(settings) => settings.warnings,
            Err(error) => error.diagnostics().to_vec(),
        };
        list.iter().map(|found| format!("{}:{}:{} {}", found.file, found.line, found.column, found.code)).collect()
    }
}

fn mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn nothing_at_all_gives_the_defaults_of_the_contract() {
    let bench = Bench::empty();
    let settings = bench.good();
    assert_eq!(settings.file, None);
    assert_eq!(
        settings.kpay,
        KpaySettings {
            allow_private_addresses: false,
            base_url: "https://admin.kpay.site".to_owned(),
            environment: Environment::Sandbox,
            api_key_file: None,
            secret_key_file: None,
            gateway_secret_file: None,
            application_id: None,
            requests_per_minute: 100,
            resend_for: TimeDelta::hours(6),
            observe_every: Duration::from_mins(1),
            timeout: Duration::from_secs(10),
        }
    );
    assert_eq!(settings.policies, PolicySettings { path: bench.path("policies"), confirm_loosening: false });
    assert_eq!(settings.state, Path::new("/var/lib/treasuryd"));
    assert_eq!(settings.control_socket, Path::new("/run/treasuryd/control.sock"));
    assert_eq!(settings.http_listen.to_string(), "127.0.0.1:9749");
    assert_eq!(settings.webhooks, WebhookSettings::default());
    assert_eq!(settings.limits, Caps { max_transfers_per_hour: 100, max_per_day: BTreeMap::new() });
    assert_eq!(settings.conservation, ConservationSettings::default());
    assert_eq!((settings.log, settings.warnings), (LogFormat::Text, Vec::new()));
}

#[test]
fn systemd_gives_the_folders_and_relative_paths_start_from_the_file() {
    let bench = Bench::empty()
        .variable("STATE_DIRECTORY", "/var/lib/a:/var/lib/b")
        .variable("RUNTIME_DIRECTORY", "/run/a")
        .variable("TREASURYD__KPAY__SECRET_KEY_FILE", "from-here");
    bench.write("conf/treasuryd.toml", "[kpay]\napi_key_file = \"keys/api\"\n");
    let bench = Bench { variables: bench.variables.clone(), ..bench };
    let configuration = bench.path("conf").to_string_lossy().into_owned();
    let bench = bench.variable("CONFIGURATION_DIRECTORY", &configuration);
    let settings = bench.good();
    assert_eq!(settings.state, Path::new("/var/lib/a"));
    assert_eq!(settings.control_socket, Path::new("/run/a/control.sock"));
    assert_eq!(settings.policies.path, bench.path("conf/policies"));
    assert_eq!(settings.kpay.api_key_file, Some(bench.path("conf/keys/api")));
    assert_eq!(settings.kpay.secret_key_file, Some(bench.path("from-here")));
    assert_eq!(settings.file, Some(bench.path("conf/treasuryd.toml")));
}

#[test]
fn the_file_is_the_flags_else_systemds_else_here_else_the_systems() {
    let bench = Bench::empty();
    let named = |format: &str| format!("[log]\nformat = \"{format}\"\n");
    let system = bench.write("etc/treasuryd.toml", &named("json"));
    assert_eq!(bench.good().file, Some(system));
    let here = bench.write("treasuryd.toml", &named("text"));
    assert_eq!(bench.good().file, Some(here.clone()));
    // A folder of systemd without the file does not end the search.
    let configuration = bench.path("conf").to_string_lossy().into_owned();
    let bench = bench.variable("CONFIGURATION_DIRECTORY", &configuration);
    assert_eq!(bench.good().file, Some(here));
    let ours = bench.write("conf/treasuryd.toml", &named("json"));
    assert_eq!(bench.good().file, Some(ours));
    let flagged = bench.write("sub/other.toml", &named("text"));
    let settings = load(Some(Path::new("sub/other.toml")), &[], &bench.surroundings()).unwrap();
    assert_eq!((settings.file, settings.policies.path), (Some(flagged), bench.path("sub/policies")));
}

#[test]
fn defaults_give_way_to_the_file_the_file_to_the_environment_and_that_to_flags() {
    let text = "[kpay]\ntimeout = \"20s\"\nobserve_every = \"20s\"\nresend_for = \"20m\"\n";
    let bench = Bench::with(text)
        .variable("TREASURYD__KPAY__OBSERVE_EVERY", "30s")
        .variable("TREASURYD__KPAY__RESEND_FOR", "30m")
        .variable("TREASURYD__KPAY__REQUESTS_PER_MINUTE", "30")
        .variable("TREASURYD__POLICIES__CONFIRM_LOOSENING", "true")
        .flag("kpay.resend_for", "40m");
    let Settings { kpay, policies, .. } = bench.good();
    assert_eq!(kpay.timeout, Duration::from_secs(20));
    assert_eq!(kpay.observe_every, Duration::from_secs(30));
    assert_eq!(kpay.resend_for, TimeDelta::minutes(40));
    assert_eq!(kpay.requests_per_minute, 30);
    assert!(policies.confirm_loosening);
}

#[test]
fn daily_caps_are_exact_and_layers_add_up() {
    let text = "[limits.max_per_day]\nXAF = 50_000_000\nXOF = \"90 071 992 547 409 931\"\nKES = \"0.10\"\n";
    let bench = Bench::with(text).variable("TREASURYD__LIMITS__MAX_PER_DAY__UGX", "7_000 UGX");
    let caps = bench.good().limits.max_per_day;
    let caps: Vec<_> = caps.iter().map(|(currency, amount)| (*currency, amount.to_string())).collect();
    let expected = [
        (Currency::KES, "0.1"),
        (Currency::UGX, "7000"),
        (Currency::XAF, "50000000"),
        (Currency::XOF, "90071992547409931"),
    ];
    assert_eq!(caps, expected.map(|(currency, text)| (currency, text.to_owned())));
}

/// Every mistake at its place, in one go.
#[test]
fn all_problems_of_the_file_are_told_at_once() {
    let text = "\
[kpay]
base_url = \"\"
enviroment = \"sandbox\"
environment = \"prod\"
requests_per_minute = \"100\"
resend_for = \"6 hours\"
timeout = 90
observe_every = \"2h\"
application_id = \"B8AEFADD-88B4-561A-8A90-2F9814207BFB\"
api_key_file = \"kpay_test_0123456789\"

[http]
listen = \"0.0.0.0:9749\"

[limits]
max_transfers_per_hour = 0
max_per_day = { XAF = 1.5, xof = 1, EUR = 5, KES = [1], UGX = \"x\" }

[log]
format = \"xml\"

[colour]
on = true
";
    let expected = [
        "treasuryd.toml:2:12 empty",
        "treasuryd.toml:3:1 unknown-key",
        "treasuryd.toml:4:15 environment",
        "treasuryd.toml:5:23 wrong-type",
        "treasuryd.toml:6:14 duration",
        "treasuryd.toml:7:11 wrong-type",
        "treasuryd.toml:8:17 out-of-range",
        "treasuryd.toml:9:18 application-id",
        "treasuryd.toml:10:16 key-in-configuration",
        "treasuryd.toml:13:10 listen-not-loopback",
        "treasuryd.toml:16:26 out-of-range",
        "treasuryd.toml:17:23 float",
        "treasuryd.toml:17:28 unknown-currency",
        "treasuryd.toml:17:37 unknown-currency",
        "treasuryd.toml:17:52 wrong-type",
        "treasuryd.toml:17:63 amount",
        "treasuryd.toml:20:10 log-format",
        "treasuryd.toml:22:2 unknown-key",
    ];
    let bench = Bench::with(text);
    assert_eq!(bench.findings(), expected);
    let shown = bench.load().unwrap_err().to_string();
    assert!(shown.contains("did you mean `kpay.environment`?"), "{shown}");
    assert!(!shown.contains("kpay_test_"), "a key in the wrong place is shown: {shown}");
}

fn check(text: &str, expected: &[&str]) {
    assert_eq!(Bench::with(text).findings(), expected, "{text}");
}

#[test]
fn each_rule_is_told_at_its_place() {
    let syntax = ["treasuryd.toml:2:11 toml-syntax"];
    check("[kpay]\ntimeout = \n", &syntax);
    check("[kpay]\ntimeout = \"1s\"\ntimeout = \"2s\"\n", &["treasuryd.toml:3:1 toml-syntax"]);
    check("kpay = 5\n", &["treasuryd.toml:1:1 wrong-type"]);
    check("[[kpay]]\n", &["treasuryd.toml:1:3 wrong-type"]);
    check("kpay.timeout = \"1s\"\nkpay.tmeout = \"1s\"\n", &["treasuryd.toml:2:6 unknown-key"]);
    check("# é\n[kpay]\n  \"tïmeout\" = 5\n", &["treasuryd.toml:3:3 unknown-key"]);
    check("[policies]\nconfirm_loosening = \"yes\"\n", &["treasuryd.toml:2:21 wrong-type"]);
    check("[webhooks]\nlisten = \"0.0.0.0:9751\"\n", &["treasuryd.toml:2:10 listen-not-loopback"]);
    check("[webhooks]\nlisten = \"127.0.0.1:9749\"\n", &["treasuryd.toml:2:10 listen-twice"]);
    check(
        "[webhooks]\nlisten = \"127.0.0.1\"\nsecret_file = 5\n[http]\nlisten = \"127.0.0.1\"\n",
        &["treasuryd.toml:2:10 listen", "treasuryd.toml:3:15 wrong-type", "treasuryd.toml:5:10 listen"],
    );
    check("[limits]\nmax_per_day = 5\n", &["treasuryd.toml:2:1 wrong-type"]);
    check("[limits]\nmax_per_day.XAF = 2026-01-01\n", &["treasuryd.toml:2:19 wrong-type"]);
    check("[kpay]\nrequests_per_minute = 101\n", &["treasuryd.toml:2:23 many-requests"]);
    check("[kpay]\nrequests_per_minute = 0\n", &["treasuryd.toml:2:23 out-of-range"]);
    check("[kpay]\nrequests_per_minute = -1\n", &["treasuryd.toml:2:23 out-of-range"]);
    check("[kpay]\nrequests_per_minute = 99999999999\n", &["treasuryd.toml:2:23 out-of-range"]);
    check("[kpay]\nresend_for = \"1s\"\nobserve_every = \"1s\"\ntimeout = \"1s\"\n", &[]);
    check("[kpay]\nresend_for = \"0s\"\n", &["treasuryd.toml:2:14 out-of-range"]);
    check(
        "[kpay]\nobserve_every = \"0s\"\ntimeout = \"3m\"\n",
        &["treasuryd.toml:2:17 out-of-range", "treasuryd.toml:3:11 out-of-range"],
    );
    check("[state]\npath = \"a\\u0000b\"\n", &["treasuryd.toml:2:8 path"]);
    let long = format!("[control]\nsocket = \"/run/{}\"\n", "s".repeat(120));
    check(&long, &["treasuryd.toml:2:10 socket-path-too-long"]);
}

#[test]
fn who_may_release_and_what_freezes_is_read_from_every_layer() {
    let read = |bench: Bench| {
        let ConservationSettings { mode, freeze_above, release_by, .. } = bench.good().conservation;
        let above = freeze_above.iter().map(|(currency, amount)| format!("{currency} {amount}"));
        format!("{} [{}] [{}]", mode.word(), above.collect::<Vec<_>>().join(", "), release_by.join(", "))
    };
    assert_eq!(read(Bench::empty()), "warn [] []");
    let text = "[conservation]\nmode = \"freeze\"\nfreeze_above = { XAF = 10_000, KES = \"0.10\", UGX = 0 }\n\
                release_by = [\"Awa Diop\",\n  \" brice \"]\n";
    assert_eq!(read(Bench::with(text)), "freeze [KES 0.1, UGX 0, XAF 10000] [Awa Diop, brice]");
    let over = Bench::with(text)
        .variable("TREASURYD__CONSERVATION__FREEZE_ABOVE__XAF", "5_000 XAF")
        .variable("TREASURYD__CONSERVATION__RELEASE_BY", "chantal, dina");
    assert_eq!(read(over), "freeze [KES 0.1, UGX 0, XAF 5000] [chantal, dina]");
    assert_eq!(read(Bench::with(text).flag("conservation.release_by", "")), "freeze [KES 0.1, UGX 0, XAF 10000] []");
    assert_eq!(read(Bench::with("[conservation]\nrelease_by = []\n")), "warn [] []");
}

#[test]
fn how_far_a_wallet_may_rise_is_read_and_nothing_bounds_it_unless_it_is_said() {
    let read = |text: &str| {
        let ConservationSettings { rise_times, rise_above, .. } = Bench::with(text).good().conservation;
        format!("{rise_times:?} {:?}", rise_above.values().map(ToString::to_string).collect::<Vec<_>>())
    };
    assert_eq!(read(""), "None []");
    assert_eq!(read("[conservation]\nrise_times = 50\n"), "Some(50) []");
    let both = "[conservation]\nrise_times = 2\nrise_above = { XAF = 1_000_000, KES = \"0.10\" }\n";
    assert_eq!(read(both), "Some(2) [\"0.1\", \"1000000\"]");
    for times in ["1", "0", "-2", "4294967296"] {
        check(&format!("[conservation]\nrise_times = {times}\n"), &["treasuryd.toml:2:14 out-of-range"]);
    }
    check("[conservation]\nrise_times = 2.5\n", &["treasuryd.toml:2:14 wrong-type"]);
    check("[conservation]\nrise_times = 2\nrise_above = { XAF = -1 }\n", &["treasuryd.toml:3:22 amount"]);
    check("[conservation]\nrise_above = { XAF = 1 }\n", &["treasuryd.toml:2:22 freezes-nothing"]);
}

#[test]
fn each_mistake_about_falls_is_told_at_its_place() {
    let with = |line: &str| format!("[conservation]\nmode = \"freeze\"\n{line}\n");
    check("[conservation]\nmode = \"stop\"\n", &["treasuryd.toml:2:8 conservation-mode"]);
    check(&with("freeze_above = 5"), &["treasuryd.toml:3:1 wrong-type"]);
    check(&with("freeze_above = { XAF = 1.5 }"), &["treasuryd.toml:3:24 float"]);
    check(&with("freeze_above = { XAF = -1 }"), &["treasuryd.toml:3:24 amount"]);
    check(&with("freeze_above = { XAF = \"1 XOF\" }"), &["treasuryd.toml:3:24 wrong-currency"]);
    check(&with("freeze_above = { EUR = 1 }"), &["treasuryd.toml:3:18 unknown-currency"]);
    check(&with("release_by = 5"), &["treasuryd.toml:3:14 wrong-type"]);
    check(&with("release_by = [\"awa\", 5]"), &["treasuryd.toml:3:22 wrong-type"]);
    check(&with("release_by = [\"awa\", \" \"]"), &["treasuryd.toml:3:22 name"]);
    check(&with("release_by = [\"awa, brice\"]"), &["treasuryd.toml:3:15 name"]);
    check(&with("release_by = [\"awa\", \"AWA \"]"), &["treasuryd.toml:3:14 name-twice"]);
    check(&with("released_by = [\"awa\"]"), &["treasuryd.toml:3:1 unknown-key"]);
    check("[conservation]\nfreeze_above = { XAF = 1 }\n", &["treasuryd.toml:2:24 freezes-nothing"]);
    check("[conservation]\nrelease_by = [\"awa\"]\n", &[]);
}

#[test]
fn production_wants_daily_caps_and_time_to_resend_and_confirms_loosening() {
    check("[kpay]\nenvironment = \"production\"\n", &["treasuryd.toml:2:15 max-per-day-required"]);
    let empty = "[kpay]\nenvironment = \"production\"\n[limits]\nmax_per_day = {}\n";
    check(empty, &["treasuryd.toml:2:15 max-per-day-required"]);
    let full = |more: &str| {
        format!("[kpay]\nenvironment = \"production\"\n{more}\n[limits]\nmax_per_day = {{ XAF = 50_000_000 }}\n")
    };
    check(&full("resend_for = \"59s\""), &["treasuryd.toml:3:14 out-of-range"]);
    assert!(Bench::with(&full("")).good().policies.confirm_loosening);
    let off = full("") + "[policies]\nconfirm_loosening = false\n";
    assert!(!Bench::with(&off).good().policies.confirm_loosening);
}

#[test]
fn the_environment_is_checked_like_the_file() {
    let bench = Bench::empty()
        .variable("TREASURYD__KPAY__API_KEY", "kpay_live_secret")
        .variable("TREASURYD__kpay__timeout", "1s")
        .variable("TREASURYD__STATE__PATH", "a\u{fffd}")
        .variable("TREASURYD__KPAY__TIMEOUT", "soon")
        .variable("TREASURYD__LIMITS__MAX_PER_DAY__EUR", "5")
        .variable("TREASURYD_KPAY_TIMEOUT", "not ours")
        .flag("kpay.tmeout", "5s")
        .flag("http.listen", "1.2.3.4:5");
    let expected = [
        "environment:0:0 unknown-key",
        "environment:0:0 not-utf8",
        "environment:0:0 unknown-key",
        "environment:0:0 duration",
        "environment:0:0 unknown-currency",
        "flags:0:0 unknown-key",
        "flags:0:0 listen-not-loopback",
    ];
    assert_eq!(bench.findings(), expected);
    let shown = bench.load().unwrap_err().to_string();
    for wanted in ["TREASURYD__KPAY__API_KEY", "TREASURYD__KPAY__TIMEOUT: `soon`", "http.listen (a flag)"] {
        assert!(shown.contains(wanted), "{wanted} is not in {shown}");
    }
    assert!(!shown.contains("kpay_live"), "{shown}");
    assert!(!format!("{:?}", bench.surroundings()).contains("kpay_live"));
}

#[test]
fn a_file_that_cannot_be_used_is_told_from_one_that_may_not_be_read() {
    let bench = Bench::empty();
    let load_file = |name: &str| load(Some(Path::new(name)), &[], &bench.surroundings());
    let code = |name: &str| match load_file(name).unwrap_err() {
        SettingsError::Unusable(list) => list[0].code,
        SettingsError::Denied(list) => panic!("{name} is not denied: {list:?}"),
    };
    assert_eq!(code("missing.toml"), "config-file");
    assert_eq!(code(""), "config-file");
    assert_eq!(code("/dev/null"), "config-file");
    std::fs::create_dir(bench.path("folder")).unwrap();
    assert_eq!(code("folder"), "config-file");
    let here = load_file(".").unwrap_err().to_string();
    assert!(here.contains("error[config-file]") && !here.contains("\n: "), "a folder has its name told: {here}");
    std::fs::write(bench.path("latin1.toml"), b"# \xe9\n").unwrap();
    assert_eq!(code("latin1.toml"), "not-utf8");
    let open = bench.write("open.toml", "");
    mode(&open, 0o666);
    assert_eq!(code("open.toml"), "writable-by-others");
    let closed = bench.write("closed.toml", "");
    mode(&closed, 0o000);
    // Root reads everything, so this says nothing when run as root.
    if std::fs::read(&closed).is_err() {
        assert!(matches!(load_file("closed.toml"), Err(SettingsError::Denied(_))));
    }
}

#[test]
fn the_effective_configuration_shows_no_password() {
    let bench = Bench::with("[kpay]\nbase_url = \"https://me:hunter2@admin.kpay.site/x@y\"\n");
    let text = describe(&bench.good());
    assert!(text.contains("kpay.base_url = \"https://[redacted]@admin.kpay.site/x@y\"\n"), "{text}");
    assert!(text.contains("kpay.resend_for = \"6h\"\n"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    for known in known::KEYS {
        assert!(text.contains(known.name), "{} is not described", known.name);
    }
}

/// The example that is installed beside the unit shows every key, and every default as it is.
#[test]
fn the_example_file_is_valid_and_complete() {
    let example = include_str!("../../systemd/treasuryd.toml.example");
    let settings = Bench::with(example).good();
    assert_eq!(settings.warnings, []);
    assert_eq!(settings.kpay.environment, Environment::Sandbox);
    let uncommented: String =
        example.lines().map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n").collect();
    let all = Bench::with(&uncommented).good();
    assert_eq!(all.kpay.application_id.map(|id| id.as_str().len()), Some(36));
    for known in known::KEYS {
        let key = known.name.split_once('.').unwrap().1;
        assert!(uncommented.lines().any(|line| line.starts_with(&format!("{key} = "))), "{} is missing", known.name);
    }
}
