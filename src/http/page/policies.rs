//! Policies with their slots, and why lanes got nothing.

use super::format::{Moment, local, outside};
use super::words::{Badge, Tone, reason};
use crate::daemon::view::PolicyView;
use crate::model::{Slot, Timestamp};
use crate::plan::Skip;

/// One policy.
pub(super) struct PolicyCard {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) badges: Vec<Badge>,
    pub(super) schedule: String,
    pub(super) zone: String,
    pub(super) last: Option<SlotText>,
    pub(super) next: Option<SlotText>,
    pub(super) skips: Vec<SkipRow>,
}

/// A slot in UTC and in the policy's own zone.
pub(super) struct SlotText {
    pub(super) moment: Moment,
    pub(super) local: Option<String>,
}

/// One lane that got nothing.
pub(super) struct SkipRow {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) lane: String,
    pub(super) reason: String,
    pub(super) detail: String,
    pub(super) would_move_if: String,
}

impl PolicyCard {
    pub(super) fn of(policy: &PolicyView, now: Timestamp) -> Self {
        let slot = |slot: Slot| SlotText {
            moment: Moment::of(slot.instant(), now),
            local: local(slot.instant(), &policy.timezone),
        };
        Self {
            name: outside(&policy.name),
            description: outside(&policy.description),
            badges: badges(policy),
            schedule: outside(&policy.schedule),
            zone: outside(&policy.timezone),
            last: policy.last_slot.map(slot),
            next: policy.next_slot.map(slot),
            skips: policy.skipped.iter().map(skip_row).collect(),
        }
    }
}

fn badges(policy: &PolicyView) -> Vec<Badge> {
    let mode = match policy.mode.as_str() {
        "live" => Badge::new("live", Tone::Good),
        "shadow" => Badge::new("shadow: decides, never sends", Tone::Quiet),
        other => Badge::new(&outside(other), Tone::Warn),
    };
    let paused = policy.paused.then(|| Badge::new("paused", Tone::Warn));
    let off = (!policy.enabled).then(|| Badge::new("switched off", Tone::Quiet));
    [mode].into_iter().chain(paused).chain(off).collect()
}

fn skip_row(skip: &Skip) -> SkipRow {
    SkipRow {
        from: skip.from.name().to_owned(),
        to: outside(&skip.to.name()),
        lane: format!("{}>{}", skip.from, skip.to),
        reason: reason(skip.reason.word()),
        detail: outside(&skip.detail),
        would_move_if: outside(&skip.would_move_if),
    }
}
