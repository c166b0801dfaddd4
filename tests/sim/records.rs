//! What has to hold when records became durable, and when money moved.

use super::auditor::{Lineage, Said, Story, text};
use super::stage::{Disk, Stage};
use chrono::TimeDelta;

/// The longest record, in bytes: a decision over all lanes, or the texts of the policies.
const LONGEST: usize = 16 * 1024;
/// The number that payouts go to, as it stands without its country's code too.
const NUMBER: &str = "653456789";

impl Stage {
    /// Bytes became durable.
    pub fn on_durable(&mut self, machine: usize, bytes: &[u8]) {
        self.note(bytes);
        let disk = self.posts[machine].disk;
        let lines = std::str::from_utf8(bytes).unwrap().to_owned();
        for line in lines.lines() {
            self.tally.records += 1;
            self.tell(machine, format_args!("durable: {line}"));
            if line.contains("\"type\":\"decided\"") {
                self.on_decision(machine, line);
            }
            if line.contains("\"type\":\"copied\"") {
                self.disks[disk].is_copy = false;
                self.tally.once("a copy was known as one");
            }
            if line.contains("\"type\":\"policies_in_force\"") {
                self.on_policies(machine, line);
            }
            self.on_frozen(machine, line);
            if line.len() > LONGEST {
                self.violation(format!("I19: a record of {} bytes: {line}", line.len()));
            }
            let tells_all = ["decided", "requested", "policies_in_force"];
            if tells_all.iter().all(|word| !line.contains(&format!("\"type\":\"{word}\""))) {
                self.on_told(line);
            }
            let said = match self.disks[disk].model.take(line) {
                Ok(said) => said,
                Err(broken) => {
                    self.violation(broken);
                    None
                }
            };
            if let Some(said) = said {
                self.on_said(machine, &said);
            }
            self.on_booked(machine, line);
        }
    }

    /// The books have a record more.
    fn on_booked(&mut self, machine: usize, line: &str) {
        let lineage = self.lineage(machine);
        let Disk { ledger, model, .. } = &mut self.disks[lineage.0];
        let found = ledger.take(line).and_then(|booked| match booked {
            Some(id) => ledger.objection(&id, model, &self.books, lineage),
            None => Ok(()),
        });
        if let Err(flaw) = found {
            self.violation(format!("I8, I9: {flaw}"));
        }
    }

    /// How much an intent may write: it is asked again for six hours, at least every five minutes once the pauses are that
    /// long, and once more by each start.
    fn is_too_much(&self, id: &str, story: &Story) -> Option<String> {
        let starts = self.posts.iter().map(|post| post.process).max().unwrap_or_default();
        let most = 90 + u32::try_from(starts).unwrap();
        let (attempts, records) = (story.attempts, story.records);
        let is_much = attempts > most || records > 3 * attempts + 20;
        is_much.then(|| format!("I19: {id}: {attempts} attempts, {records} records"))
    }

    /// A text that people read: no beneficiary's number stands in it, whatever KPay repeats.
    pub fn on_told(&mut self, text: &str) {
        // What a policy loosens is told to the person who accepts it, with whom it pays.
        if text.contains(NUMBER) && !text.contains("\"policies_accepted\"") {
            self.violation(format!("I15: a beneficiary's number is told: {text}"));
        }
    }

    /// Which of the policies a hash is of.
    fn rules_of(&self, hash: Option<&str>) -> Option<usize> {
        self.rules.iter().position(|rules| Some(rules.set.hash.as_str()) == hash)
    }

    fn on_policies(&mut self, machine: usize, line: &str) {
        let model = &self.disks[self.posts[machine].disk].model;
        let (before, after) = (self.rules_of(model.in_force.as_deref()), self.rules_of(text(line, "hash")));
        let is_accepted = model.accepted.as_deref() == text(line, "hash");
        let Some(after) = after else { return self.violation("I13: policies that nobody wrote are in force") };
        let is_looser = before.is_some_and(|before| self.rules[before].is_loosened_by(&self.rules[after]));
        if self.confirms && is_looser && is_accepted {
            self.tally.once("looser policies were accepted");
        }
        if self.confirms && is_looser && !is_accepted {
            self.violation("I13: looser policies come into force, and nobody accepted them");
        }
        if self.confirms {
            let (now, post) = (self.now, &mut self.posts[machine]);
            post.ruled.push((now, post.rules.0));
            post.rules.0 = after;
        }
    }

    /// What is in force once a set was taken up: that set, unless it waits for a person.
    pub fn settle_rules(&mut self, machine: usize) {
        let waits = self.disks[self.posts[machine].disk].model.in_force.as_deref().filter(|_| self.confirms);
        let in_force = self.rules_of(waits);
        let (now, post) = (self.now, &mut self.posts[machine]);
        post.ruled.push((now, post.rules.0));
        post.rules.0 = in_force.unwrap_or(post.rules.1);
    }

    fn on_decision(&mut self, machine: usize, line: &str) {
        let post = &self.posts[machine];
        let hash = text(line, "policy_hash").unwrap_or_default();
        let in_force = [post.rules.0, post.rules.1].map(|rules| self.rules[rules].set.hash.clone());
        let ahead = post.ahead;
        let is_far = post.ahead.abs() > TimeDelta::seconds(330);
        let knew = post.deciding_since.is_some_and(|since| post.ahead_since < since);
        if !in_force.iter().any(|known| known == hash) {
            self.violation(format!("I13: decided by policies {hash}, and in force is {}", in_force[0]));
        }
        let recorded = self.disks[self.posts[machine].disk].model.in_force.as_deref();
        if recorded != Some(hash) {
            self.violation(format!("I13: decided by policies {hash}, and {recorded:?} are in force by the journal"));
        }
        if is_far && knew {
            self.violation(format!("I17: decided with a clock that is {ahead} off"));
        }
    }

    fn on_said(&mut self, machine: usize, said: &Said<'_>) {
        let lineage = self.lineage(machine);
        let id = said.id.to_owned();
        let known = self.books.ids.get(&id);
        let is_ours = known.is_some_and(|known| known.by.contains(&lineage));
        let broken = match said.word {
            "rejected" | "cancelled" | "declined" => {
                self.closed.insert((id.clone(), lineage));
                is_ours.then(|| format!("I3: {id} is `{}`, and its money moved", said.word))
            }
            "resolved" if !self.disks[lineage.0].model.intents[&id].is_found => {
                self.closed.insert((id.clone(), lineage));
                let stands = known.is_some_and(|known| is_ours && !known.is_returned());
                stands.then(|| format!("I3: {id} is found not to have moved, and it had"))
            }
            "returned" => match known {
                Some(known) if known.is_returned() => None,
                other => Some(format!("I3: {id} is `returned`, and KPay has {:?}", other.map(|it| it.status))),
            },
            "applied" if text(said.line, "evidence") == Some("conflict") && !self.is_proven(machine, &id) => {
                Some(format!("I5: {id} is booked by a 409 that does not prove our amount"))
            }
            "applied" => match known {
                None => Some(format!("I5: {id} is `applied`, and KPay never moved it")),
                // Another state's request under the same id: a 409 can prove no amount of it (CONTRACT 5).
                Some(known) if !is_ours && !self.is_one_at_a_time(machine, &id, &known.by) => None,
                Some(known) => {
                    let amount = text(said.line, "amount").and_then(|amount| amount.parse::<i64>().ok());
                    let rate = text(said.line, "exchange_rate").map(str::to_owned);
                    let rate_is_wrong = rate.is_some_and(|rate| rate.parse() != Ok(known.rate));
                    if amount != Some(known.amount) {
                        Some(format!("I5: {id} is booked with {amount:?}, and KPay moved {}", known.amount))
                    } else if known.status != "COMPLETED" {
                        Some(format!("I5: {id} is `applied`, and KPay says {}", known.status))
                    } else if rate_is_wrong {
                        Some(format!("I9: {id} is booked at another rate than {}", known.rate))
                    } else {
                        None
                    }
                }
            },
            _ => None,
        };
        let once = match (said.word, text(said.line, "evidence")) {
            ("applied", Some("response")) => Some("applied by KPay's reply"),
            ("applied", Some("conflict")) => Some("applied by a 409"),
            ("applied", Some("status")) => Some("applied by KPay's word on a payout"),
            ("rejected", _) => Some("rejected"),
            ("returned", _) => Some("returned"),
            ("cancelled", _) => Some("cancelled"),
            ("unknown", _) => Some("unknown"),
            ("needs_operator", _) => Some("needs_operator"),
            ("declined", _) => Some("declined"),
            ("resolved", _) => Some("resolved"),
            _ => None,
        };
        if let Some(once) = once {
            self.tally.once(once);
        }
        let story = &self.disks[lineage.0].model.intents[&id];
        let broken = broken.or_else(|| self.is_too_much(&id, story));
        if said.word == "needs_operator" && said.line.contains("knows nothing of that any more") {
            self.tally.once("a person was called for a payout that KPay forgot");
        }
        if said.word == "cancelled" && said.line.contains("wallet_frozen") {
            self.tally.once("a move was stopped by a freeze");
        }
        if said.word == "applied" && story.approvers > 0 {
            self.tally.once("applied after approvals");
        }
        if said.word == "applied" && story.is_by_hand {
            self.tally.once("applied by hand");
        }
        if said.word == "applied" && id.contains("-03-") {
            self.tally.once("three parts in order");
        }
        if let Some(broken) = broken {
            self.violation(broken);
        }
    }

    /// Whether a 409 proves that an attempt of this journal's moved its amount: one may have arrived, and the journal was
    /// here before the slot, or the source fell by exactly that.
    fn is_proven(&self, machine: usize, id: &str) -> bool {
        let post = &self.posts[machine];
        let Some(story) = self.disks[post.disk].model.intents.get(id) else { return false };
        let fell = |read: i64| story.balance_before.map(|before| before - read) == Some(story.amount);
        let mut reads = post.reads.iter().flat_map(|(_, wallets)| wallets);
        let has_fallen = reads.any(|(wallet, read)| wallet.country.code() == story.source && fell(*read));
        story.doubted && (story.was_here || has_fallen)
    }

    /// Whether a journal's own records prove what moved, and it never ran beside another one: wiped, copied or put back,
    /// it books no other amount than KPay moved. Not where a clock was set, so that a slot came before its time.
    fn is_one_at_a_time(&self, machine: usize, id: &str, by: &[Lineage]) -> bool {
        let post = &self.posts[machine];
        let was_here = self.disks[post.disk].model.intents.get(id).is_some_and(|story| story.was_here);
        was_here && post.is_timed && by.iter().all(|(disk, _)| *disk == post.disk)
    }

    /// Money moved at KPay.
    pub fn on_moved(&mut self, id: &str, by: Lineage) {
        if self.closed.contains(&(id.to_owned(), by)) {
            self.violation(format!("I3: {id} moves after it was closed"));
        }
    }
}
