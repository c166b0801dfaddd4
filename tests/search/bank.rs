//! KPay as the search needs it: one source wallet, the ids it has applied, and requests that are still on their way.

use super::world::Known;

/// An applied transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub slot: u8,
    pub amount: i64,
    pub tick: u8,
    /// Whether it still answers 409 to the id.
    pub remembered: bool,
}

/// What KPay makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Applied,
    Conflict,
    Refused,
}

/// One request as it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub id: String,
    pub slot: u8,
    pub amount: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    pub balance: i64,
    pub entries: Vec<Entry>,
    /// Given up by the sender, and not there yet.
    pub in_the_air: Vec<Request>,
}

impl Bank {
    /// A second transfer for one slot is the one thing that must never be.
    pub fn receive(&mut self, request: &Request, tick: u8) -> Result<Answer, String> {
        if self.entries.iter().any(|entry| entry.remembered && entry.id == request.id) {
            return Ok(Answer::Conflict);
        }
        if self.balance < request.amount {
            return Ok(Answer::Refused);
        }
        self.balance -= request.amount;
        let Request { id, slot, amount } = request.clone();
        self.entries.push(Entry { id, slot, amount, tick, remembered: true });
        let of_slot = self.entries.iter().filter(|entry| entry.slot == slot).count();
        if of_slot > 1 {
            return Err(format!("I1: {of_slot} transfers were applied for slot {slot}"));
        }
        Ok(Answer::Applied)
    }

    /// What it has applied for a slot.
    pub fn amount_of(&self, slot: u8) -> Option<i64> {
        self.entries.iter().find(|entry| entry.slot == slot).map(|entry| entry.amount)
    }

    /// All that decides how it goes on, for telling positions apart.
    pub fn write_key(&self, with_times: bool, is_live: impl Fn(u8) -> bool, known: &mut Known) {
        known.number(self.balance);
        for entry in self.entries.iter().filter(|entry| is_live(entry.slot)) {
            known.byte(entry.slot.into());
            known.number(entry.amount);
            known.byte(if with_times { entry.tick.into() } else { 0 });
            known.byte(entry.remembered.into());
        }
        known.byte(255);
        for request in &self.in_the_air {
            known.byte(request.slot.into());
            known.number(request.amount);
        }
    }
}
