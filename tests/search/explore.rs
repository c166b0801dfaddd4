//! Breadth first through every position, so that the first trace to a broken rule is a shortest one.

use super::moves::{Move, Seen, play};
use super::setting::Setting;
use super::world::World;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What a whole search came to.
pub struct Explored {
    pub states: usize,
    pub transitions: usize,
    /// Moves on the shortest way to the farthest position.
    pub depth: usize,
    /// How often each `sometimes` property was seen, by transitions.
    pub seen: Seen,
}

/// A rule that does not hold, and how to get there.
#[derive(Debug)]
pub struct Broken {
    pub rule: String,
    pub trace: Vec<Move>,
}

pub fn explore(setting: &Setting) -> Result<Explored, Broken> {
    let start = World::new(setting);
    let mut known = BTreeSet::from([start.key(setting)]);
    // How each position was first reached.
    let mut ways: Vec<(usize, Option<Move>)> = vec![(0, None)];
    let mut frontier = vec![(0_usize, start)];
    let mut explored = Explored { states: 1, transitions: 0, depth: 0, seen: Seen::new() };
    loop {
        let mut next = Vec::new();
        for (number, world) in frontier {
            for step in Move::all(setting, &world) {
                let after = play(setting, &world, step, &mut explored.seen);
                let after = after.map_err(|rule| broken(&ways, number, step, rule))?;
                let Some(after) = after else { continue };
                explored.transitions += 1;
                if known.insert(after.key(setting)) {
                    next.push((ways.len(), after));
                    ways.push((number, Some(step)));
                }
            }
        }
        if next.is_empty() {
            explored.states = ways.len();
            return Ok(explored);
        }
        explored.depth += 1;
        frontier = next;
    }
}

fn broken(ways: &[(usize, Option<Move>)], last: usize, step: Move, rule: String) -> Broken {
    let mut trace = vec![step];
    let mut at = last;
    while let (before, Some(step)) = ways[at] {
        trace.push(step);
        at = before;
    }
    trace.reverse();
    Broken { rule, trace }
}

impl Broken {
    pub fn told(&self) -> String {
        let mut text = format!("{}\nafter {} moves:\n", self.rule, self.trace.len());
        for (number, step) in self.trace.iter().enumerate() {
            let _ = writeln!(text, "{:3}. {step:?}", number + 1);
        }
        text
    }
}
