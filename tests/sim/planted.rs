//! The mistakes of `src/planted.rs`, each made in turn: the auditor has to notice it within a minute, and by a check that
//! is about it. `docs/planted.md` is made from this.
//!
//! ```sh
//! cargo test --test sim planted
//! UPDATE_PLANTED=1 cargo test --test sim planted
//! SIM_PLANTED=AmountInId,NewIdOnRetry cargo test --test sim planted
//! ```

use super::world::play;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use treasuryd::planted::{self, Mistake};

const PAGE: &str = "docs/planted.md";
const SOURCE: &str = include_str!("../../src/planted.rs");
/// The first seed for each mistake.
const FIRST: u64 = 1;
/// A mistake has to be noticed within so many schedules: in a debug build half a minute of one processor that has nothing
/// else to do, so that it holds on a busy one too.
const WITHIN: u64 = 5_000;
const OPINION: &str = "second opinion";

/// The checks that may notice a mistake: any other would notice something else.
#[allow(clippy::match_same_arms, reason = "in the order of the mistakes")]
fn checks(mistake: Mistake) -> &'static [&'static str] {
    use Mistake as M;
    match mistake {
        M::AmountInId => &["I1"],
        M::NewIdOnRetry => &["I2"],
        M::SlotDecidedAgainAfterStart => &["I1"],
        M::SendBeforeSync => &["I2", "I21"],
        // What was lost leaves a gap in the numbers.
        M::FailedSyncIsSuccess => &["I2", "I16", "I21"],
        M::TornTailKept | M::DamageIsATornTail | M::HashNotChecked => &["I16"],
        M::LockIgnored => &["I12"],
        M::ServerErrorIsRefusal
        | M::TooManyRequestsIsRefusal
        | M::GatewayPageIsRefusal
        | M::LostReplyIsRefusal
        | M::LostReplyIsNotSent
        | M::RefusalAfterUnknownIsFinal
        | M::GivenUpIsRejected
        | M::LeftOversWereNotSent => &["I3"],
        M::NotSentForgetsEarlierAttempt => &["I3", "I6"],
        M::AskedForEver => &["I1", "I18", "I19"],
        M::ReplyNotCompared => &["I5"],
        M::FirstConflictIsOurs | M::AnyConflictProvesOurAmount | M::ColdStartIsWarm | M::CopyProvesAmounts => &["I5"],
        M::RateInventedAfterConflict | M::PlannedRateIsBooked => &["I9", "I8, I9"],
        M::ResendRebuilt => &["I4"],
        M::TwoWorkersOnOneSource => &["I3", "I4"],
        M::PartsInAnyOrder | M::PartsGoOnAfterAConflict => &["I4"],
        M::HoldsForgottenAtStart
        | M::UnknownHoldsNothing
        | M::CallForAPersonHoldsNothing
        | M::MoneyInDoubtIsFree
        | M::FloorOnOldBalance
        | M::FloorOfTheDecision => &["I6"],
        M::OldReadingWillDo | M::ReadingFromBeforeOurMove | M::ReadingNotRepeated | M::UnmovedBalanceBelieved => {
            &["I6, I14", "I14"]
        }
        M::ExpiredIsSent | M::ClockNotChecked => &["I17"],
        M::LaneNoLongerAllowed | M::PoliciesNotLookedAtAgain => &["I13"],
        M::PauseIgnored
        | M::PauseNotLookedAtAgain
        | M::DecidedInAPause
        | M::CapCountedOnCompletion
        | M::DayLimitForgetsUnknown
        | M::LimitsForgottenAtStart => &["I11"],
        M::LaneTakenTwice => &[OPINION],
        M::LargestIgnored => &["I7"],
        M::AcceptedIsPaid | M::ProcessingIsCompleted | M::FailedIsPaid => &["I5"],
        M::WebhookBelieved => &["I5", "I8, I9"],
        M::CancelledIsNotHeard | M::AstrayForEver => &["I18"],
        M::FailedIsSentAgain => &["I4"],
        M::CreditIsTheDebit | M::ReturnNotBooked => &["I8, I9"],
        // Seen at the start, or by what it lets happen.
        M::PauseForgottenAtStart => &["I11", "I21"],
        M::FreezeForgottenAtStart => &["I8", "I8, I21"],
        M::FrozenIsSent | M::RiseIsForGood | M::OwnMovesAreARise | M::AnybodyReleases => &["I8"],
    }
}

/// What the table says of a mistake: the text at its place in the source.
fn texts() -> BTreeMap<String, String> {
    let (_, within) = SOURCE.split_once("pub enum Mistake {").unwrap();
    let (within, _) = within.split_once("\n}").unwrap();
    let mut texts = BTreeMap::new();
    let mut text = String::new();
    for line in within.lines().map(str::trim) {
        if let Some(words) = line.strip_prefix("/// ") {
            text.push_str(words);
        } else if let Some(name) = line.strip_suffix(',') {
            texts.insert(name.to_owned(), std::mem::take(&mut text));
        }
    }
    texts
}

/// How a mistake was noticed.
#[derive(Debug, Clone)]
struct Noticed {
    by: String,
    what: String,
    schedules: u64,
    seed: u64,
}

/// The check that a violation names.
fn check_of(violation: &str) -> String {
    if violation.contains("the second opinion objects") {
        return OPINION.to_owned();
    }
    violation.split(": ").nth(1).unwrap_or_default().to_owned()
}

/// Plays schedules with a mistake made until one is noticed, or its time is over.
fn search(mistake: Mistake) -> Option<Noticed> {
    let common = super::common();
    for seed in FIRST..=WITHIN {
        let ended = planted::with(mistake, || play(seed, &common));
        if let Some(what) = ended.violations.first() {
            let without = play(seed, &common);
            super::check(seed, &without);
            return Some(Noticed { by: check_of(what), what: what.clone(), schedules: seed - FIRST + 1, seed });
        }
    }
    None
}

#[test]
fn planted_mistakes_are_noticed_and_by_the_check_that_is_about_them() {
    let only = std::env::var("SIM_PLANTED").ok();
    let asked =
        |mistake: &Mistake| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == format!("{mistake:?}")));
    let mistakes: Vec<Mistake> = Mistake::ALL.into_iter().filter(asked).collect();
    let noticed: Mutex<BTreeMap<Mistake, Option<Noticed>>> = Mutex::default();
    let next = AtomicUsize::new(0);
    let work = || {
        super::with_timer(|| {
            while let Some(mistake) = mistakes.get(next.fetch_add(1, Ordering::Relaxed)) {
                let found = search(*mistake);
                let (by, what, schedules) = match &found {
                    Some(found) => (found.by.as_str(), found.what.as_str(), found.schedules),
                    None => ("-", "not noticed", 0),
                };
                println!("{mistake:?}: {by} after {schedules}: {what}");
                noticed.lock().unwrap().insert(*mistake, found);
            }
        });
    };
    let threads = super::number("SIM_THREADS").unwrap_or_else(super::processors);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    let noticed = noticed.into_inner().unwrap();
    if std::env::var_os("UPDATE_PLANTED").is_some() && only.is_none() {
        std::fs::write(PAGE, page(&noticed)).unwrap();
    }
    let mut wrong = Vec::new();
    let page = std::fs::read_to_string(PAGE).unwrap();
    let texts = texts();
    assert!(mistakes.len() >= 25 || only.is_some(), "only {} mistakes", mistakes.len());
    for (mistake, found) in &noticed {
        match found {
            None => wrong.push(format!("{mistake:?} was not noticed within {WITHIN} schedules")),
            Some(found) if !checks(*mistake).contains(&found.by.as_str()) => {
                wrong.push(format!("{mistake:?} was noticed by another check than {:?}: {found:?}", checks(*mistake)));
            }
            Some(_) => {}
        }
        let text = texts.get(&format!("{mistake:?}")).unwrap();
        if !page.contains(&format!("| `{mistake:?}` | {text} |")) {
            wrong.push(format!("{PAGE} lacks {mistake:?} ({text}): make it again"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn page(noticed: &BTreeMap<Mistake, Option<Noticed>>) -> String {
    let texts = texts();
    let mut page = HEAD.to_owned();
    for (mistake, found) in noticed {
        let text = &texts[&format!("{mistake:?}")];
        let Some(Noticed { by, schedules, seed, .. }) = found else {
            let _ = writeln!(page, "| `{mistake:?}` | {text} | – | – | – |");
            continue;
        };
        let _ = writeln!(page, "| `{mistake:?}` | {text} | {by} | {schedules} | {seed} |");
    }
    page
}

const HEAD: &str = "\
# Planted mistakes

Made by a run of the tests, not by hand. A check that never fails shows nothing. So each of these mistakes is planted in
the program in turn (`src/planted.rs`), and the [simulator](simulator.md) has to notice it within a minute, by a check that is about it.
The schedules with the seeds in the table break nothing where no mistake is planted.

The places are one line each, `if planted::is(Mistake::…)`. Nothing but a test can plant one: there is no flag, no
variable, no file. In a release build, which is what gets installed, `planted::is` is the constant `false` and a build in
which it were not would not compile.

To make this page again:

```sh
UPDATE_PLANTED=1 cargo test --test sim planted
```

| mistake | what the program does | noticed by | after schedules | seed |
|---|---|---|---|---|
";
