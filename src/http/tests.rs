use super::*;
use crate::daemon::metrics::Metrics;
use crate::daemon::view::sample;
use std::sync::{Arc, Mutex};

#[test]
#[ignore = "writes the page with sample data to the temporary directory, to be looked at"]
fn pages_to_look_at() {
    let mut paused = sample::bare();
    paused.paused = true;
    let mut production = sample::busy();
    production.environment = "production".to_owned();
    for (name, view) in [("busy", sample::busy()), ("bare", paused), ("production", production)] {
        let style = format!("<style>{}</style>", include_str!("style.css"));
        let link = "<link rel=\"stylesheet\" href=\"/style.css\">";
        let page = page::render(&view, false).unwrap().replace(link, &style);
        std::fs::write(std::env::temp_dir().join(format!("treasuryd-page-{name}.html")), page).unwrap();
    }
}
