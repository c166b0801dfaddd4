//! The index's room on the disk follows what is in it, not how often it was written.

use super::fixture::{opened, slot, whole_move};
use crate::intent::State;
use crate::journal::index::{Anchor, Index};
use crate::journal::lookup::Catalog;
use crate::journal::segment::{Month, Place};
use crate::journal::{Hash, Head};
use chrono::TimeDelta;
use std::path::Path;

fn size_of(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).unwrap().map(Result::unwrap);
    let sizes = entries
        .map(|entry| if entry.path().is_dir() { size_of(&entry.path()) } else { entry.metadata().unwrap().len() });
    sizes.sum()
}

#[test]
fn many_checkpoints_of_a_state_with_an_hours_attempts_take_no_more_room_than_a_few() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("index");
    let index = Index::open(&dir).unwrap();
    let start = slot(0).instant();
    let mut state = State::default();
    state.apply(start, &opened()).unwrap();
    let mut seq = 1;
    let checkpoint = |seq: &mut u64, state: &mut State, moves: std::ops::Range<i64>| {
        let mut catalog = Catalog::default();
        let mut anchor = None;
        for n in moves {
            for event in whole_move(n) {
                *seq += 1;
                let place = Place { month: Month::of(start), offset: 1_300 * *seq };
                state.apply(start + TimeDelta::milliseconds(500 * n), &event).unwrap();
                catalog.note(place, &event);
                anchor = Some(Anchor { head: Head { seq: *seq, hash: Hash::of(&seq.to_le_bytes()) }, place });
            }
        }
        index.save(anchor.unwrap(), state, &catalog).unwrap();
        anchor.unwrap()
    };
    checkpoint(&mut seq, &mut state, 0..7_200);
    let few = size_of(&dir);
    let mut last = None;
    for n in 7_200..7_400 {
        last = Some(checkpoint(&mut seq, &mut state, n..n + 1));
    }
    assert_eq!(state.standing.first_attempts.len(), 7_200, "an hour's attempts are in it");
    let many = size_of(&dir);
    assert!(many <= 2 * few + 1024 * 1024, "{few} bytes, {many} after 200 more checkpoints");
    assert_eq!(index.load().unwrap(), last.map(|anchor| (anchor, state)), "and the last one counts");
}
