//! What has to hold when the bytes of an attempt are about to leave.

use super::auditor::Story;
use super::books::units;
use super::stage::Stage;
use chrono::TimeDelta;
use treasuryd::model::{Intent, Timestamp};

impl Stage {
    /// Bytes of an attempt are about to leave.
    pub fn on_send(&mut self, machine: usize, intent: &Intent) {
        let id = intent.external_id.as_str().to_owned();
        self.tally.sends += 1;
        self.tell(machine, format_args!("{id} leaves"));
        self.note(id.as_bytes());
        let (disk, process) = (self.posts[machine].disk, self.posts[machine].process);
        let amount = units(intent.amount.decimal());
        if self.calls.iter().any(|call| call.id == id && call.process == process && !call.is_over) {
            self.violation(format!("I4: two attempts of {id} at once"));
        }
        if !(100..=10_000_000).contains(&amount) || intent.lane.to == intent.lane.from {
            self.violation(format!("I7: {amount} over {}", intent.lane));
        }
        if self.posts[machine].is_paused {
            self.violation(format!("I11: {id} leaves while everything is paused"));
        }
        let escaped = serde_json::to_string(&intent.body).unwrap();
        let Some(story) = self.disks[disk].model.intents.get_mut(&id) else {
            self.violation(format!("I2: {id} leaves, and no intent is durable"));
            return;
        };
        story.sent += 1;
        let (was_in_hand, expires_at, gated_at) = (story.in_hand, story.expires_at, story.gated_at.clone());
        let (sent, attempts, word) = (story.sent, story.attempts, story.word.clone());
        let is_same = story.body == escaped[1..escaped.len() - 1] && story.amount == amount;
        if sent > attempts || word != "attempted" {
            self.violation(format!("I2: {id} leaves {sent} times, {attempts} attempts are durable, it is `{word}`"));
        }
        if !is_same {
            self.violation(format!("I4: {id} leaves with other bytes than the journal has"));
        }
        if was_in_hand {
            self.violation(format!("I4: {id} leaves again, and KPay had it in hand"));
        }
        let gated_at = gated_at.and_then(|at| at.parse::<Timestamp>().ok());
        if attempts == 1 && expires_at.zip(gated_at).is_some_and(|(end, at)| at - end > TimeDelta::seconds(1)) {
            self.violation(format!(
                "I17: {id} leaves for the first time at {gated_at:?}, and could until {expires_at:?}"
            ));
        }
        if let Some(before) = self.disks[disk].model.part_before(&id) {
            self.violation(format!("I4: {id} leaves, and {before}… before it is not applied"));
        }
        if attempts == 1 {
            self.on_leaving(machine, &id, intent.lane.from.country.code());
            self.on_first(machine, intent, amount, &id);
        }
    }

    fn on_first(&mut self, machine: usize, intent: &Intent, amount: i64, id: &str) {
        let now = self.now;
        let source = intent.lane.from.country.code();
        let post = &self.posts[machine];
        let gated_at = self.disks[post.disk].model.intents.get(id).and_then(|story| story.gated_at.as_deref());
        let gated_at = gated_at.and_then(|at| at.parse().ok()).map(|at| post.when(at)).unwrap_or_default();
        let passed = |at: &Timestamp| *at <= now && now - *at < TimeDelta::hours(12);
        let gated_at: Vec<Timestamp> = gated_at.into_iter().filter(passed).collect();
        let Some(first) = gated_at.first().copied() else { return };
        let touched = post.touched.get(&intent.lane.from);
        let is_fresh = |gated_at: Timestamp, at: &Timestamp| {
            let age = gated_at - *at;
            age >= TimeDelta::milliseconds(-2)
                && age <= TimeDelta::milliseconds(10_100)
                && touched.is_none_or(|last| at > last)
        };
        // Where its clock was set between the two, only the daemon itself knows how old it took a reading to be.
        let was_set = |gated_at, at: &Timestamp| post.was_ahead.iter().any(|(set, _)| (*at..=gated_at).contains(set));
        // The instant at which it may have been looked at, and the most that was there.
        let looked = |gated_at| {
            let fresh = post.reads.iter().filter(|(at, _)| is_fresh(gated_at, at) || was_set(gated_at, at));
            let read = fresh.filter_map(|(_, read)| read.get(&intent.lane.from)).copied().max();
            read.map(|read| (gated_at, read))
        };
        let Some((gated_at, read)) = gated_at.into_iter().filter_map(looked).max_by_key(|(_, read)| *read) else {
            let reads: Vec<_> = post.reads.iter().map(|(at, _)| *at).collect();
            let what = format!(
                "I6, I14: {id}, recorded at {first}, leaves, and {source} was read at {reads:?}, last moved at {touched:?}"
            );
            self.violation(what);
            return;
        };
        // What people ask for keeps to the reserves alone, and there are none.
        let is_a_policys = intent.origin.policy().is_some();
        let floor = |rules: usize| {
            let floors = self.rules[rules].floors.iter();
            floors.filter(|(country, _)| *country == source).map(|(_, floor)| *floor).next()
        };
        // At the earliest of the instants that its clock may have meant.
        let before = post.ruled.iter().filter(|(until, _)| *until >= first).map(|(_, rules)| *rules);
        let in_force: Vec<usize> = before.chain([post.rules.0, post.rules.1]).collect();
        if is_a_policys && in_force.iter().all(|rules| floor(*rules).is_none()) {
            self.violation(format!("I13: {id} leaves {source}, and no policy in force takes from it"));
            return;
        }
        let floor = in_force.iter().map(|rules| floor(*rules).filter(|_| is_a_policys).unwrap_or(0)).min().unwrap_or(0);
        let in_doubt = self.disks[post.disk].model.in_doubt(source, id);
        if read - amount - in_doubt < floor {
            self.violation(format!(
                "I6: {id} takes {amount} from {source} with {read}, {in_doubt} in doubt and a floor of {floor}"
            ));
        }
        let most: Vec<Option<i64>> = in_force.iter().map(|rules| self.rules[*rules].per_day).collect();
        let most = if most.contains(&None) { None } else { most.into_iter().flatten().max() };
        let day = format!("{} {:?}", intent.limit_day, intent.origin.policy());
        let disk = self.posts[machine].disk;
        let is_timed = self.posts.iter().all(|post| post.disk != disk || post.is_timed);
        let disk = &mut self.disks[disk];
        disk.firsts.push((gated_at, amount, day.clone(), id.to_owned()));
        let stories = &disk.model.intents;
        let is_off = |id: &String| stories.get(id).is_some_and(Story::has_not_moved);
        let of_day = disk.firsts.iter().filter(|(_, _, of, id)| *of == day && !is_off(id));
        let of_day: i64 = of_day.map(|(_, amount, ..)| amount).sum();
        // What leaves long after its record may be the last to leave and not the last of its hour.
        let is_within = |at: &Timestamp, end: &Timestamp| *at <= *end && *end - *at < TimeDelta::minutes(59);
        let ends = disk.firsts.iter().map(|(at, ..)| at).filter(|end| is_within(&gated_at, end));
        let in_hour =
            ends.map(|end| disk.firsts.iter().filter(|(at, ..)| is_within(at, end)).count()).max().unwrap_or(0);
        if is_timed && in_hour > self.per_hour {
            self.violation(format!("I11: {in_hour} first attempts in an hour"));
        }
        if most.is_some_and(|most| is_a_policys && of_day > most) {
            self.violation(format!("I11: {of_day} in a day, of {most:?}"));
        }
    }
}
