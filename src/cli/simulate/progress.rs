//! How far a long run is, on standard error: only on a terminal, and only after a second.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Shown from then on.
const PATIENCE: Duration = Duration::from_secs(1);
/// Drawn at most this often.
const PAUSE: Duration = Duration::from_millis(100);
/// Blocks of the whole bar.
const BLOCKS: usize = 30;

pub(super) struct Progress {
    began: Instant,
    drawn: Option<Instant>,
    calls: u32,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), drawn: None, calls: 0, is_terminal: std::io::stderr().is_terminal() }
    }

    /// `all` of 0: nobody knows how much there is.
    pub(super) fn tell(&mut self, what: &str, done: usize, all: usize) {
        self.calls = self.calls.wrapping_add(1);
        // A look at the clock costs more than a step.
        if !self.is_terminal || !self.calls.is_multiple_of(256) {
            return;
        }
        let now = Instant::now();
        if now - self.began < PATIENCE || self.drawn.is_some_and(|drawn| now - drawn < PAUSE) {
            return;
        }
        self.drawn = Some(now);
        draw(&line(what, done, all));
    }

    /// Wipes the bar away.
    pub(super) fn end(&mut self) {
        if self.drawn.take().is_some() {
            draw("");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}

/// `simulating [#####.........................]  17 %`.
pub(in crate::cli) fn line(what: &str, done: usize, all: usize) -> String {
    if all == 0 {
        return format!("{what}: {done}");
    }
    let filled = (done * BLOCKS / all).min(BLOCKS);
    format!("{what} [{}{}] {:3} %", "#".repeat(filled), ".".repeat(BLOCKS - filled), (done * 100 / all).min(100))
}

/// Over the line before: plain blanks, no colour and no escape sequence.
pub(in crate::cli) fn draw(text: &str) {
    let mut out = std::io::stderr().lock();
    // A bar that cannot be drawn is no reason to stop.
    let _ = write!(out, "\r{text:<78}\r").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn the_bar_grows() {
        assert_eq!(line("simulating", 1, 6), "simulating [#####.........................]  16 %");
        assert_eq!(line("simulating", 6, 6), format!("simulating [{}] 100 %", "#".repeat(30)));
        assert_eq!(line("reading the journal", 5_000, 0), "reading the journal: 5000");
    }
}
