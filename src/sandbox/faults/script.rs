//! Which rule is due: counts, every n-th, always, and seeded chance.

use super::Fault;
use super::parse::{Rule, Times};
use crate::sandbox::endpoint::{Endpoint, Target};
use crate::sandbox::random::Random;

/// The rules in force with how often each has been asked and played.
pub(in crate::sandbox) struct Script {
    rules: Vec<Standing>,
}

struct Standing {
    rule: Rule,
    asked: u64,
    played: u32,
}

/// A rule that was due: its text and its fault.
pub(in crate::sandbox) struct Due {
    pub(in crate::sandbox) rule: String,
    pub(in crate::sandbox) fault: Fault,
}

impl Script {
    pub(in crate::sandbox) fn new(rules: Vec<Rule>) -> Self {
        Self { rules: rules.into_iter().map(|rule| Standing { rule, asked: 0, played: 0 }).collect() }
    }

    /// The rule to play on this request, if any.
    pub(in crate::sandbox) fn pick(&mut self, endpoint: Endpoint, random: &mut Random) -> Option<Due> {
        self.pick_where(|target| target.covers(endpoint), random)
    }

    /// The rule to play on a webhook, if any.
    pub(in crate::sandbox) fn pick_for_webhook(&mut self, random: &mut Random) -> Option<Due> {
        self.pick_where(|target| target == Target::Webhook, random)
    }

    fn pick_where(&mut self, is_meant: impl Fn(Target) -> bool, random: &mut Random) -> Option<Due> {
        let standing = self
            .rules
            .iter_mut()
            .filter(|standing| is_meant(standing.rule.target))
            .find_map(|standing| standing.is_due(random).then_some(standing))?;
        standing.played = standing.played.saturating_add(1);
        match &standing.rule.fault {
            Fault::Ok => None,
            fault => Some(Due { rule: standing.rule.text.clone(), fault: fault.clone() }),
        }
    }

    /// Each rule's text and how often it was played.
    pub(in crate::sandbox) fn played(&self) -> Vec<(String, u32)> {
        self.rules.iter().map(|standing| (standing.rule.text.clone(), standing.played)).collect()
    }
}

impl Standing {
    fn is_due(&mut self, random: &mut Random) -> bool {
        self.asked += 1;
        match self.rule.times {
            Times::Count(count) => self.played < count,
            Times::Always => true,
            Times::Every(n) => self.asked.is_multiple_of(u64::from(n)),
            Times::Chance(parts_per_million) => random.chance(parts_per_million),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(rules: &[&str], requests: usize) -> Vec<String> {
        let mut script = Script::new(rules.iter().map(|rule| rule.parse().unwrap()).collect());
        let mut random = Random::new(1);
        (0..requests).map(|_| script.pick(Endpoint::Transfer, &mut random).map_or("-".into(), |due| due.rule)).collect()
    }

    #[test]
    fn rules_are_played_in_order_and_as_often_as_they_say() {
        assert_eq!(played(&["lost-before"], 2), ["lost-before", "-"]);
        assert_eq!(played(&["ok=2", "hang"], 4), ["-", "-", "hang", "-"]);
        assert_eq!(played(&["lost-before=2", "hang"], 4), ["lost-before=2", "lost-before=2", "hang", "-"]);
        assert_eq!(played(&["hang=every:2"], 4), ["-", "hang=every:2", "-", "hang=every:2"]);
        assert_eq!(played(&["hang=always"], 2), ["hang=always", "hang=always"]);
        assert_eq!(played(&["balance:hang", "drop-wallet=GAB", "no-rate"], 1), ["-"]);
        assert_eq!(played(&["any:hang"], 1), ["any:hang"]);
        assert_eq!(played(&["hang=p:0", "lost-before=p:1"], 1), ["lost-before=p:1"]);
        assert!(played(&["hang=0", "ok=always", "lost-before=always"], 5).iter().all(|rule| rule == "-"));
    }
}
