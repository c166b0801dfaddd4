//! The rules, by books of the search's own: the bank's entries, and what each state was told so far.

use super::bank::Answer;
use super::moves::Table;
use super::setting::KEEP;
use super::world::{Work, units};
use treasuryd::intent::{Event, Evidence, Outcome, Reply, State, Tracked};

/// Within CONTRACT's rule on a 409, and all the same not what the bank applied.
pub const ANOTHERS_AMOUNT: &str = "another state's amount is booked as ours";

/// CONTRACT 1, what holds: the same in each intent and in what the planner sees.
pub fn holds(state: &State) -> Result<(), String> {
    for (id, tracked) in &state.open {
        let expected = match tracked.outcome {
            Outcome::Planned | Outcome::AwaitingApproval | Outcome::Sending | Outcome::Unknown => true,
            Outcome::NeedsOperator => tracked.may_have_arrived,
            Outcome::Applied | Outcome::Rejected | Outcome::Cancelled => false,
        };
        if tracked.holds != expected || state.standing.holds.contains_key(id) != expected {
            return Err(format!("holds: {id} is {} and holds: {}", tracked.outcome.word(), tracked.holds));
        }
    }
    match state.standing.holds.keys().find(|id| !state.open.contains_key(*id)) {
        Some(id) => Err(format!("holds: {id} is over and still holds")),
        None => Ok(()),
    }
}

/// I4 and, on a first attempt, I6.
pub fn attempted(table: &mut Table<'_>, daemon: usize, slot: u8, before: &Tracked, bytes: u64) -> Result<(), String> {
    let balance = table.world.bank.balance;
    let story = &mut table.world.daemons[daemon].disk.stories[usize::from(slot)];
    if *story.bytes.get_or_insert(bytes) != bytes {
        return Err(format!("I4: slot {slot} is asked again with other bytes"));
    }
    if !story.lost {
        story.before = Some(balance);
        if units(before.intent.amount) + KEEP > balance {
            return Err(format!("I6: slot {slot} sends {:?} of {balance}", before.intent.amount));
        }
    }
    let by = table.world.daemons.iter();
    let by = by.filter(|daemon| daemon.disk.stories[usize::from(slot)].bytes.is_some()).count();
    if by > 1 {
        table.note("both daemons attempt one slot");
    }
    Ok(())
}

/// I3 and I5, before an event of a reply counts.
pub fn settled(table: &mut Table<'_>, daemon: usize, slot: u8, sending: &Tracked, event: &Event) -> Result<(), String> {
    let it = &table.world.daemons[daemon];
    let (work, story, is_wiped) = (it.work, it.disk.stories[usize::from(slot)], it.is_wiped);
    let answer = match work {
        Work::Answered(_, answer) => Some(answer),
        _ => None,
    };
    if answer == Some(Answer::Conflict) && is_wiped {
        table.note("wiped or put back, and 409");
    }
    match event {
        Event::Rejected { .. } if answer != Some(Answer::Refused) || story.lost => {
            Err(format!("I3: slot {slot} is rejected, and the bank never said so of all that was sent"))
        }
        Event::Rejected { .. } => {
            table.note("rejected");
            Ok(())
        }
        Event::Applied { evidence: Evidence::Response, facts, .. } => {
            table.note("applied by response");
            booked(table, slot, units(facts.amount), answer == Some(Answer::Applied))
        }
        Event::Applied { facts, .. } => {
            let after = table.world.bank.balance;
            let ours = units(sending.intent.amount);
            let fell = story.before.is_some_and(|before| before - after == ours);
            let by_journal = story.journal_before && !story.is_copied;
            let is_proven = answer == Some(Answer::Conflict) && story.lost && (by_journal || fell);
            if !is_proven {
                return Err(format!("I5: slot {slot} books a 409 without CONTRACT's proof"));
            }
            table.note(if by_journal { "applied by conflict, journal" } else { "applied by conflict, balance" });
            booked(table, slot, units(facts.amount), true)
        }
        Event::NeedsOperator { .. } => {
            let first = !story.lost;
            table.note(if first { "needs_operator by a first 409" } else { "needs_operator by a 409 without proof" });
            Ok(())
        }
        Event::Unknown { .. } => {
            table.note(match answer {
                Some(Answer::Refused) => "a refused resend stays unknown",
                _ => "unknown",
            });
            Ok(())
        }
        _ => Ok(()),
    }
}

/// What is booked was applied, with that amount.
fn booked(table: &mut Table<'_>, slot: u8, amount: i64, is_said: bool) -> Result<(), String> {
    let applied = table.world.bank.amount_of(slot);
    if !is_said || applied.is_none() {
        return Err(format!("books: slot {slot} is booked, and the bank applied nothing"));
    }
    if applied == Some(amount) {
        return Ok(());
    }
    if table.setting.one_amount_an_id {
        return Err(format!("books: slot {slot} is booked with {amount}, and the bank applied {applied:?}"));
    }
    table.note(ANOTHERS_AMOUNT);
    Ok(())
}

/// Keeps our own book of what got no answer.
pub fn after_reply(table: &mut Table<'_>, daemon: usize, slot: u8, reply: &Reply) {
    let story = &mut table.world.daemons[daemon].disk.stories[usize::from(slot)];
    story.lost |= matches!(reply, Reply::Lost { .. });
}
