//! Payouts in any legal order (I8): every entry balances, in transit is what is open, and wallets lost what left.

use super::super::testing::{
    accepted, amount, applied, at, followed, found, less_fee, not_found, payout, requested, returned,
};
use crate::books::{Account, Folder, TrialBalance};
use crate::intent::{AppliedFacts, Event, Evidence};
use crate::model::ExternalId;
use crate::money::Amount;
use proptest::prelude::*;

const LANES: [&str; 4] =
    ["CMR>MTN_MOMO_CMR:237653456789", "CMR>ORANGE_GAB:237653456789", "CMR>MTN_MOMO_CIV:2250503456789", "CMR>GATEWAY"];

/// How a payout goes on after it was requested; every history is one that the table of legal steps allows.
#[derive(Debug, Clone)]
struct Story {
    lane: usize,
    hundreds: u32,
    /// Whether KPay's word on it was seen before its end.
    accepted: bool,
    /// Which figures KPay gives at first: fee, credit, rate.
    gives: [bool; 3],
    followed: usize,
    needs_operator: bool,
    end: End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Open,
    Completed,
    Returned,
    FoundApplied,
    FoundNotApplied,
}

impl Story {
    fn figures(&self) -> AppliedFacts {
        let sent = self.hundreds * 100;
        let fee = self.hundreds * 5;
        let net = sent - fee;
        if self.lane == 2 {
            // Not quite the product, as in the seed.
            let credited = format!("{}.25 XOF", net + 7);
            return less_fee(&sent.to_string(), &format!("{fee} XAF"), &credited, Some("1.0150"));
        }
        less_fee(&sent.to_string(), &format!("{fee} XAF"), &format!("{net} XAF"), None)
    }

    /// Its events, the first of which asks for it.
    fn events(&self, id: &str) -> Vec<Event> {
        let full = self.figures();
        let [fee, credit, rate] = self.gives;
        let first = AppliedFacts {
            fee: full.fee.filter(|_| fee),
            credited: full.credited.filter(|_| credit),
            exchange_rate: full.exchange_rate.filter(|_| rate),
            ..full.clone()
        };
        let external_id = ExternalId::from_text(id);
        let called = |detail: String| Event::NeedsOperator {
            external_id: external_id.clone(),
            holds: true,
            amount_is_ours: true,
            detail,
        };
        let mut events = vec![requested(vec![payout(id, LANES[self.lane], &full.amount.to_string(), None)])];
        if self.accepted {
            events.push(accepted(id, first.clone()));
            events.extend(
                (0..self.followed).map(|nth| followed(id, if nth == 0 { first.clone() } else { full.clone() })),
            );
        }
        if self.needs_operator || matches!(self.end, End::FoundApplied | End::FoundNotApplied) {
            events.push(called("look".to_owned()));
        }
        match self.end {
            End::Open => {}
            End::FoundApplied => events.push(found(id, full)),
            End::FoundNotApplied => events.push(not_found(id)),
            // KPay's own end comes only after KPay's own word.
            End::Completed => events.extend([accepted(id, first), applied(id, Evidence::Status, full)]),
            End::Returned => events.extend([accepted(id, first), returned(id)]),
        }
        events
    }

    /// What is booked as gone, and whether it is still on its way.
    fn left(&self) -> (Amount, bool) {
        let sent = self.figures().amount;
        match self.end {
            End::Open if self.accepted => (sent, true),
            End::Open | End::Returned | End::FoundNotApplied => (Amount::ZERO, false),
            End::Completed | End::FoundApplied => (sent, false),
        }
    }
}

fn stories() -> impl Strategy<Value = Vec<Story>> {
    let end =
        prop::sample::select(vec![End::Open, End::Completed, End::Returned, End::FoundApplied, End::FoundNotApplied]);
    let one = (0..LANES.len(), 1_u32..5_000, any::<bool>(), any::<[bool; 3]>(), 0_usize..4, any::<bool>(), end)
        .prop_map(|(lane, hundreds, accepted, gives, followed, needs_operator, end)| Story {
            lane,
            hundreds,
            accepted,
            gives,
            followed,
            needs_operator,
            end,
        });
    prop::collection::vec(one, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_history_balances_and_in_transit_is_what_is_open(
        stories in stories(),
        picks in prop::collection::vec(any::<prop::sample::Index>(), 64),
    ) {
        let mut queues: Vec<_> = (0..)
            .zip(&stories)
            .map(|(nth, story)| story.events(&format!("PAY-{nth}")).into_iter())
            .collect();
        let (mut folder, mut balance) = (Folder::new(), TrialBalance::new());
        let mut picks = picks.into_iter().cycle();
        let mut seq = 0;
        while !queues.is_empty() {
            let nth = picks.next().map_or(0, |pick| pick.index(queues.len()));
            let Some(event) = queues[nth].next() else {
                drop(queues.remove(nth));
                continue;
            };
            seq += 1;
            // The fold refuses an entry that does not balance.
            if let Some(entry) = folder.apply(seq, at(seq), &event).unwrap() {
                balance.add(&entry).unwrap();
            }
        }
        balance.totals().unwrap();
        let sum = |wanted: fn(&Account) -> bool| {
            let lines = balance.accounts().into_iter().filter(|line| wanted(&line.account));
            lines.fold(amount("0"), |sum, line| sum.checked_add(line.balance).unwrap())
        };
        let (mut gone, mut on_its_way) = (Amount::ZERO, Amount::ZERO);
        for (left, is_open) in stories.iter().map(Story::left) {
            gone = gone.checked_add(left).unwrap();
            if is_open {
                on_its_way = on_its_way.checked_add(left).unwrap();
            }
        }
        prop_assert_eq!(sum(|account| matches!(account, Account::Wallet(_))), Amount::ZERO.checked_sub(gone).unwrap());
        prop_assert_eq!(sum(|account| matches!(account, Account::InTransit(_))), on_its_way);
    }
}
