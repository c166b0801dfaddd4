//! Whether the machine's clock may be believed: it has not stepped back behind the journal, and it is near KPay's own.
//!
//! A wrong clock keeps new slots from being decided, and nothing first sent, cancelled or given up by its age. What is open
//! is asked about all the same.

use super::engine::Engine;
use crate::model::Timestamp;
use crate::planted::{self, Mistake};
use chrono::TimeDelta;

/// A clock that stands this much before the journal's last record has stepped back.
const STEP_BACK: TimeDelta = TimeDelta::seconds(5);
/// A clock this far from KPay's is wrong. Nearer than that no slot is mistaken for another that matters.
const FAR_FROM_KPAY: TimeDelta = TimeDelta::minutes(5);
/// A clock this near to KPay's is right, whatever an earlier, wrong one left in the journal.
const NEAR_KPAY: TimeDelta = TimeDelta::minutes(1);

/// What is wrong with a clock that stands at `now`, in a sentence; `None` where nothing is.
///
/// `high_water` is the time of the journal's latest record, `ahead_of_kpay` what KPay's last reply told. A journal that is
/// far in the future of a clock that KPay confirms was written by a clock that was ahead: it does not keep a state still
/// for years. Slots before the last one decided on their lane stay closed by that alone.
pub(super) fn trouble(
    now: Timestamp,
    high_water: Option<Timestamp>,
    ahead_of_kpay: Option<TimeDelta>,
) -> Option<String> {
    let is_confirmed = ahead_of_kpay.is_some_and(|ahead| ahead.abs() <= NEAR_KPAY);
    if let Some(high_water) = high_water.filter(|high_water| now + STEP_BACK < *high_water) {
        let was_ahead = is_confirmed && high_water - now > FAR_FROM_KPAY;
        if !was_ahead {
            return Some(format!(
                "the clock stands before the journal's last record of {}: nothing new is decided until it has passed it; \
                 check the machine's time",
                high_water.format("%Y-%m-%dT%H:%M:%SZ")
            ));
        }
    }
    let ahead = ahead_of_kpay.filter(|ahead| ahead.abs() > FAR_FROM_KPAY)?;
    let side = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
    Some(format!(
        "the machine's clock is {} {side} KPay's: nothing new is decided until they agree; check the machine's time",
        in_words(ahead.abs())
    ))
}

/// The largest unit that fits, whole: a text that stays the same from look to look.
fn in_words(gap: TimeDelta) -> String {
    match (gap.num_days(), gap.num_hours(), gap.num_minutes()) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, _) => format!("{hours} h"),
        (days, _, _) => format!("{days} d"),
    }
}

impl Engine {
    /// Whether the clock cannot be believed; says so where it cannot. An instant that a person named (`--at`) is taken as
    /// it is.
    pub(super) fn clock_is_wrong(&self) -> bool {
        let trouble = self.clock_trouble();
        if let Some(trouble) = &trouble {
            self.note_problem(trouble);
        }
        trouble.is_some()
    }

    /// What KPay's clock shows while ours shows `now`, by its last reply; ours where none told.
    pub(super) fn bank_now(&self, now: Timestamp) -> Timestamp {
        let ahead = self.bank.clock_ahead_seconds().and_then(TimeDelta::try_seconds);
        ahead.and_then(|ahead| now.checked_sub_signed(ahead)).unwrap_or(now)
    }

    /// What is wrong with the clock, in a sentence.
    pub(super) fn clock_trouble(&self) -> Option<String> {
        if self.ahead != TimeDelta::zero() || planted::is(Mistake::ClockNotChecked) {
            return None;
        }
        let high_water = self.store.with_state(|state| state.high_water);
        let ahead = self.bank.clock_ahead_seconds().map(|seconds| {
            // A gap that no `TimeDelta` holds is far enough.
            TimeDelta::try_seconds(seconds).unwrap_or(TimeDelta::MAX)
        });
        trouble(self.clock.now(), high_water, ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-24T18:00:00Z";
    const YEARS: i64 = 10 * 365 * 86_400;

    /// `ahead` of KPay's clock in seconds, the journal's last record so many seconds before ours, and words of the trouble.
    fn check(ahead: Option<i64>, journal_is_ahead: i64, expected: Option<&str>) {
        let now: Timestamp = NOW.parse().unwrap();
        let high_water = now + TimeDelta::seconds(journal_is_ahead);
        let told = trouble(now, Some(high_water), ahead.map(TimeDelta::seconds));
        let as_expected = match (&told, expected) {
            (Some(told), Some(words)) => told.contains(words),
            (told, words) => told.is_none() && words.is_none(),
        };
        assert!(as_expected, "{ahead:?} {journal_is_ahead}: {told:?}, not {expected:?}");
    }

    #[test]
    fn e01_a_clock_far_from_kpays_is_not_believed() {
        for near in [0, 1, 60, 300, -1, -300] {
            check(Some(near), -60, None);
        }
        check(None, -60, None);
        check(Some(301), -60, Some("5 min ahead of KPay's"));
        check(Some(-301), -60, Some("5 min behind KPay's"));
        check(Some(7_300), -60, Some("2 h ahead of KPay's"));
        check(Some(86_400), -60, Some("1 d ahead of KPay's"));
        check(Some(YEARS), -60, Some("3650 d ahead of KPay's"));
        check(Some(-YEARS), -60, Some("3650 d behind KPay's"));
    }

    #[test]
    fn e02_a_clock_before_the_journal_is_not_believed() {
        let before = Some("before the journal's last record of 2026-11-24T18:0");
        check(None, 5, None);
        check(None, 6, before);
        for ahead in [None, Some(0), Some(60), Some(-300)] {
            check(ahead, 300, before);
        }
    }

    #[test]
    fn e01_a_journal_written_by_a_wrong_clock_does_not_keep_a_right_one_still() {
        for journal_is_ahead in [301, 86_400, YEARS] {
            check(Some(0), journal_is_ahead, None);
            check(Some(-60), journal_is_ahead, None);
            check(Some(61), journal_is_ahead, Some("before the journal's last record"));
            check(Some(-86_400), journal_is_ahead, Some("before the journal's last record"));
            check(None, journal_is_ahead, Some("before the journal's last record"));
        }
    }
}
