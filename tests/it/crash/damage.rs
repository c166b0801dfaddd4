//! D5 and D10: a journal that is not what was written, and one from a backup.

use super::{assert_books_agree, copy_state, deposit, segment};
use crate::played::{row, times};
use crate::support::Merchant;
use std::fs;

const NEXT_EVENING: &str = "2026-11-25T18:00:30Z";

fn merchant() -> Merchant {
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    merchant.once().with_code(0);
    deposit(&merchant, "GAB", 50_000);
    merchant
}

/// Places in each line but the last: its beginning, some within, its newline.
fn places(journal: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    let mut start = 0;
    for line in journal.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len() - 1;
        if end + 1 < journal.len() {
            places.extend([start, start + line.len() / 3, start + line.len() / 2, end - 3, end]);
        }
        start = end + 1;
    }
    places
}

#[test]
fn d10_a_changed_bit_stops_everything_that_could_move_money() {
    let _row = row!();
    let merchant = merchant();
    let path = segment(&merchant);
    let journal = fs::read(&path).unwrap();
    let before = (merchant.books().counters.requests, merchant.books().transfers.len());
    let places = places(&journal);
    assert!(places.len() > 30, "{places:?}");
    for (index, place) in places.into_iter().enumerate() {
        let mut damaged = journal.clone();
        damaged[place] ^= 1 << (index % 7);
        fs::write(&path, &damaged).unwrap();
        for args in [&["once", "--at", NEXT_EVENING][..], &["journal", "verify"], &["status"], &["run"]] {
            let ended = merchant.treasuryd(args);
            assert_eq!(ended.code, Some(77), "{args:?} with byte {place} changed: {ended:?}");
            assert!(ended.stderr.contains("damaged") || ended.stderr.contains("format"), "{ended:?}");
        }
        assert_eq!(fs::read(&path).unwrap(), damaged, "damage is not touched");
    }
    assert_eq!((merchant.books().counters.requests, merchant.books().transfers.len()), before);
    fs::write(&path, &journal).unwrap();
    merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(0);
    assert_books_agree(&merchant);
}

/// Of every byte another bit, and of some two; the built binary gets a sample of them above, and all of them are the
/// journal's own tests. Only in the last record may a changed bit pass for a torn tail, and then it is one record less,
/// never another.
#[test]
fn d10_a_changed_bit_of_any_byte_is_noticed() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000)]);
    merchant.treasuryd(&["pause"]).with_code(0);
    merchant.treasuryd(&["resume"]).with_code(0);
    let path = segment(&merchant);
    let journal = fs::read(&path).unwrap();
    let state = merchant.path("state");
    let read = || treasuryd::journal::records(&state).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let whole = read().unwrap();
    let last = journal[..journal.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap();
    let bits: Vec<usize> = (0..journal.len() * 8).step_by(7).collect();
    for bit in &bits {
        let place = bit / 8;
        let mut damaged = journal.clone();
        damaged[place] ^= 1 << (bit % 8);
        fs::write(&path, &damaged).unwrap();
        if let Ok(left) = read() {
            assert!(place >= last, "bit {bit} was not noticed");
            assert_eq!(left, whole[..whole.len() - 1], "bit {bit}");
        }
    }
    times(bits.len());
}

#[test]
fn d10_a_torn_tail_is_cut_and_reported() {
    let _row = row!();
    let merchant = merchant();
    let path = segment(&merchant);
    let whole = fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for cut in [last + 1, last + 9, usize::midpoint(last, whole.len()), whole.len() - 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        let verified = merchant.treasuryd(&["journal", "verify"]).with_code(0);
        assert!(verified.stdout.contains("torn tail"), "{verified:?}");
        let ended = merchant.once().with_code(0);
        assert!(ended.stderr.contains("was cut short"), "{ended:?}");
        assert_eq!(merchant.books().transfers.len(), 2);
        assert_books_agree(&merchant);
    }
}

/// The torn record is the outcome of a transfer: its attempt is still there, and it is asked for again.
#[test]
fn d10_a_torn_outcome_is_asked_for_again() {
    let _row = row!();
    let merchant = merchant();
    let path = segment(&merchant);
    let whole = fs::read_to_string(&path).unwrap();
    let applied = whole.find("\"type\":\"applied\"").unwrap();
    fs::write(&path, &whole[..applied]).unwrap();
    let ended = merchant.once().with_code(75);
    assert!(ended.stderr.contains("was cut short"), "{ended:?}");
    assert_eq!(merchant.books().transfers.len(), 2);
    assert_eq!(merchant.books().applied_twice.len(), 0);
}

#[test]
fn d05_an_older_state_put_back_moves_nothing_twice() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    merchant.once().with_code(0);
    copy_state(&merchant, "state", "backup");
    deposit(&merchant, "GAB", 50_000);
    merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(0);
    assert_eq!(merchant.books().transfers.len(), 3);

    fs::remove_dir_all(merchant.path("state")).unwrap();
    copy_state(&merchant, "backup", "state");
    deposit(&merchant, "GAB", 20_000);
    merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(75);
    let books = merchant.books();
    assert_eq!((books.transfers.len(), books.applied_twice.len()), (3, 0));
    let states: Vec<_> = merchant.transfers().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(states, ["applied", "applied", "needs_operator"]);
}

#[test]
fn d05_an_older_journal_beside_a_newer_index_is_noticed() {
    let _row = row!();
    let merchant = Merchant::new(&[("CMR", 0), ("GAB", 130_000), ("COG", 115_000)]);
    merchant.once().with_code(0);
    copy_state(&merchant, "state/journal", "backup");
    deposit(&merchant, "GAB", 50_000);
    merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(0);
    fs::remove_dir_all(merchant.path("state/journal")).unwrap();
    copy_state(&merchant, "backup", "state/journal");
    deposit(&merchant, "GAB", 20_000);
    let ended = merchant.treasuryd(&["once", "--at", NEXT_EVENING]).with_code(75);
    assert!(ended.stderr.contains("an older journal was restored"), "{ended:?}");
    assert_eq!(merchant.books().applied_twice.len(), 0);
}
