//! The stage: a merchant with one sweep policy and a slot, either with a journal that was here in the hour before the
//! slot or with a fresh state, and the way a row ends.

use super::oracle::{Evidence, violations};
use crate::played::Tally;
use crate::support::{Daemon, EVENING, Ended, Merchant, eventually, wallets_of};
use chrono::{DateTime, Duration as Span, SecondsFormat, Timelike, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use treasuryd::money::{Amount, Country};
use treasuryd::sandbox::{Books, SandboxSettings};

/// How long anything may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// More `once` runs than this are not needed to settle anything.
const MOST_RUNS: usize = 3;
/// Nor more requests.
const MOST_REQUESTS: usize = 60;
/// Rows of a table that are played side by side: they mostly wait.
const SIDE_BY_SIDE: usize = 8;

/// What the journal knows of the hour before the slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// Nothing: the state is fresh (or was lost), and the balance has to tell.
    Fresh,
    /// It has a record from then.
    Remembers,
}

/// Both.
pub const MEMORIES: [Memory; 2] = [Memory::Fresh, Memory::Remembers];

/// What a play begins with.
pub struct Scene {
    /// Opening balances.
    pub wallets: Vec<(&'static str, i64)>,
    /// Sources, comma between.
    pub from: &'static str,
    /// Destination.
    pub into: &'static str,
    /// Trigger and floor of each source, in the source's currency.
    pub above: i64,
    /// More lines of the policy.
    pub rules: &'static str,
    /// Lines of the configuration, by section.
    pub config: Vec<(&'static str, &'static str)>,
    /// See [`Memory`].
    pub memory: Memory,
    /// Answers to KPay's open questions.
    pub sandbox: SandboxSettings,
}

impl Default for Scene {
    /// Gabon's 30,000 over the floor into Cameroon, on a fresh state.
    fn default() -> Self {
        Self {
            wallets: vec![("CMR", 0), ("GAB", 130_000)],
            from: "GAB",
            into: "CMR",
            above: 100_000,
            rules: "",
            config: Vec::new(),
            memory: Memory::Fresh,
            sandbox: SandboxSettings::default(),
        }
    }
}

impl Scene {
    /// The default with a memory.
    pub fn with(memory: Memory) -> Self {
        Self { memory, ..Self::default() }
    }

    /// 30,000 and 15,000 out of two wallets.
    pub fn two() -> Self {
        Self { wallets: vec![("CMR", 0), ("GAB", 130_000), ("COG", 115_000)], from: "GAB, COG", ..Self::default() }
    }

    /// 100,000 across currencies.
    pub fn across() -> Self {
        Self {
            wallets: vec![("CMR", 200_000), ("SEN", 0)],
            from: "CMR",
            into: "SEN",
            rules: "    fx: { allow: true }\n",
            ..Self::default()
        }
    }

    /// With a line of configuration.
    pub fn set(mut self, section: &'static str, line: &'static str) -> Self {
        self.config.push((section, line));
        self
    }

    /// Starts the sandbox, writes the files, and makes the memory.
    pub fn open(self) -> Play {
        let sandbox = SandboxSettings { wallets: wallets_of(&self.wallets), ..self.sandbox };
        let mut merchant = Merchant::with(sandbox);
        for (section, line) in &self.config {
            merchant.set(section, line);
        }
        let soon = (Utc::now() + Span::minutes(30)).with_second(0).unwrap().with_nanosecond(0).unwrap();
        let slot = match self.memory {
            Memory::Fresh => EVENING.parse::<DateTime<Utc>>().unwrap() - Span::seconds(30),
            Memory::Remembers => soon,
        };
        let mut floors = BTreeMap::new();
        for country in self.from.split(", ") {
            floors.insert(country.parse().unwrap(), Amount::whole(self.above));
        }
        let Self { from, into, above, rules, .. } = self;
        let play = Play { merchant, slot, floors, from, into, rules, since: 0, per_minute: 100 };
        play.policy(above, &play.daily());
        if self.memory == Memory::Remembers {
            play.once_now().with_code(0);
            assert_eq!(play.books().transfers.len(), 0, "the slot of yesterday is long missed");
        }
        play
    }
}

/// A play under way.
pub struct Play {
    /// Folder, sandbox, binary.
    pub merchant: Merchant,
    slot: DateTime<Utc>,
    floors: BTreeMap<Country, Amount>,
    from: &'static str,
    into: &'static str,
    rules: &'static str,
    /// Requests before this one were somebody else's, or of a state that was lost.
    pub since: u64,
    /// The configured budget.
    pub per_minute: usize,
}

impl Play {
    fn daily(&self) -> String {
        format!("{} {} * * *", self.slot.minute(), self.slot.hour())
    }

    /// Writes the policy with another trigger and floor, or schedule.
    pub fn policy(&self, above: i64, schedule: &str) {
        let Self { from, into, rules, .. } = self;
        self.merchant.policies(&format!(
            "version: 1\npolicies:\n  - name: consolidate\n    schedule: \"{schedule}\"\n    sweep: {{ from: [{from}], \
             into: {into}, above: {above} }}\n{rules}"
        ));
    }

    /// The same with the slot's own schedule.
    pub fn above(&self, above: i64) {
        self.policy(above, &self.daily());
    }

    /// The fault script from now on.
    pub fn faults(&self, rules: &[&str]) {
        self.merchant.bank().set_faults(rules).unwrap();
    }

    /// `once` for the slot.
    pub fn once(&self) -> Ended {
        self.once_later(0)
    }

    /// `once` for the slot so many days later.
    pub fn once_later(&self, days: i64) -> Ended {
        let at = self.slot + Span::days(days) + Span::seconds(30);
        self.merchant.treasuryd(&["once", "--json", "--at", &at.to_rfc3339_opts(SecondsFormat::Secs, true)])
    }

    /// `once` by the machine's clock.
    pub fn once_now(&self) -> Ended {
        self.merchant.treasuryd(&["once", "--json"])
    }

    /// The sandbox's books.
    pub fn books(&self) -> Books {
        self.merchant.books()
    }

    /// A daemon whose slot is due at its start (fresh), or some seconds after it (so that it remembers).
    pub fn daemon(&self, memory: Memory) -> Daemon {
        let slot = match memory {
            Memory::Fresh => Utc::now() - Span::minutes(5),
            Memory::Remembers => Utc::now() + Span::seconds(5),
        };
        let above = self.floors.values().next().unwrap();
        let schedule = format!("{} {} {} * * *", slot.second(), slot.minute(), slot.hour());
        self.policy(above.to_string().parse().unwrap(), &schedule);
        self.merchant.daemon()
    }

    /// Waits until the sandbox's books say so.
    pub fn until(&self, what: &str, is_so: impl Fn(&Books) -> bool) {
        eventually(what, PATIENCE, || is_so(&self.books()));
    }

    /// The newest intent out of a country.
    pub fn intent(&self, from: &str) -> Value {
        let all = self.merchant.transfers();
        let found = all.iter().filter(|transfer| transfer["from"] == from);
        found.max_by_key(|transfer| transfer["external_id"].to_string()).cloned().unwrap_or(Value::Null)
    }

    /// The newest intent out of a country must stand so; `evidence` is empty for none.
    pub fn expect(&self, from: &str, state: &str, evidence: &str) -> Value {
        let intent = self.intent(from);
        let known_by = intent["evidence"].as_str().unwrap_or_default();
        assert_eq!((intent["state"].as_str(), known_by), (Some(state), evidence), "{intent:#}");
        intent
    }

    /// The state is lost.
    pub fn wipe(&mut self) {
        std::fs::remove_dir_all(self.merchant.path("state")).unwrap();
        self.since = self.books().counters.requests;
    }

    /// Every invariant against the sandbox's books, in which so many transfers must stand.
    pub fn judge(&self, applied: usize) {
        let evidence = self.evidence();
        let found = violations(&evidence);
        assert!(found.is_empty(), "{found:#?}\n{:#?}\n{:#?}", evidence.transfers, evidence.books.transfers);
        assert_eq!(evidence.books.transfers.len(), applied, "{:#?}", evidence.transfers);
    }

    /// What the oracle judges.
    pub fn evidence(&self) -> Evidence {
        Evidence::of(&self.merchant, &self.floors, self.since, self.per_minute)
    }

    /// Judges, ends the faults, runs until all is settled (I18), and judges again.
    pub fn settle(&self, applied_now: usize, applied_at_last: usize) {
        self.settle_by(applied_now, applied_at_last, Self::once);
    }

    /// The same for a play that does not run by `--at`.
    pub fn settle_by(&self, applied_now: usize, applied_at_last: usize, once: impl Fn(&Self) -> Ended) {
        self.judge(applied_now);
        self.faults(&[]);
        let before = self.merchant.bank().requests().len();
        let mut runs = 0;
        loop {
            let ended = once(self);
            runs += 1;
            let open = ["planned", "sending", "unknown"];
            let all = self.merchant.transfers();
            let is_open = |transfer: &&Value| open.contains(&transfer["state"].as_str().unwrap());
            let Some(left) = all.iter().find(is_open) else { break };
            assert!(runs < MOST_RUNS, "not settled after {runs} runs: {left:#}\n{ended:?}");
        }
        let spent = self.merchant.bank().requests().len() - before;
        assert!(spent <= MOST_REQUESTS, "{spent} requests to settle");
        self.judge(applied_at_last);
    }
}

/// Plays each row, some side by side, and fails if any does.
pub fn each<Row: Sync>(rows: &[Row], play: impl Fn(&Row) + Sync) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let tally = Tally::current();
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(rows.len()) {
            scope.spawn(|| {
                Tally::work_for(tally.clone());
                while let Some(row) = rows.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    play(row);
                }
            });
        }
    });
}
