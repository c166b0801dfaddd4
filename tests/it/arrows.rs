//! The arrows between the rooms, and the habits that a program can check: `src/lib.rs` says the order, a room uses
//! only rooms above it, and the rooms that compute touch nothing.

mod source;

use source::{Path, Source};
use std::collections::{BTreeMap, BTreeSet};

/// Rooms that compute: no clock, disk, network, randomness or async of their own, and no floats. `planted` is none: in a
/// debug build it asks its thread which mistake a test planted. In a release build it is a constant.
const PURE: &[&str] = &["money", "model", "slot", "policy", "plan", "intent", "books", "simulate"];

/// What a pure room may not name outside of its tests. A `*` inside stands for any one word.
const IMPURE: &[&[&str]] = &[
    &["std", "fs"],
    &["std", "net"],
    &["std", "env"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "os"],
    &["std", "io", "stdin"],
    &["std", "io", "stdout"],
    &["std", "io", "stderr"],
    &["std", "time", "*"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["SystemTime"],
    &["Instant"],
    &["Utc", "now"],
    &["Local", "now"],
    &["chrono", "Local"],
    &["chrono", "*"],
    &["tokio"],
    &["reqwest"],
    &["axum"],
    &["rand"],
    &["getrandom"],
    &["fastrand"],
    &["sled"],
    &["tempfile"],
    &["f64"],
    &["f32"],
];

/// A room may use nothing but these of other rooms.
const ONLY: &[(&str, &[&[&str]])] = &[("sandbox", &[&["money"], &["kpay", "wire"]])];

/// A room may not use these, though they are above it: the page and the metrics read, and move nothing.
const NEVER: &[(&str, &[&[&str]])] = &[(
    "http",
    &[
        &["kpay"],
        &["intent", "*"],
        &["intent", "Event"],
        &["intent", "State"],
        &["intent", "Step"],
        &["intent", "Reply"],
        &["intent", "next_outcome"],
        &["intent", "verdict"],
        &["intent", "conflict_verdict"],
    ],
)];

/// The longest file, in lines.
const MOST_LINES: usize = 500;

/// A tree of sources: path below the repository → text.
type Tree = BTreeMap<String, String>;

#[test]
fn the_tree_keeps_its_arrows_and_habits() {
    let tree = real_tree();
    assert!(tree.len() > 20, "only {} files were found in src", tree.len());
    let broken = violations(&tree);
    assert!(broken.is_empty(), "{} broken:\n{}", broken.len(), broken.join("\n"));
}

fn real_tree() -> Tree {
    fn collect(folder: &std::path::Path, name: &str, tree: &mut Tree) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = format!("{name}/{}", path.file_name().unwrap().to_str().unwrap());
            if path.is_dir() {
                collect(&path, &name, tree);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                tree.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut tree = Tree::new();
    collect(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "src", &mut tree);
    tree
}

/// Everything that is wrong in a tree, as `file:line: what`.
fn violations(tree: &Tree) -> Vec<String> {
    let rooms = rooms_in_order(tree.get("src/lib.rs").map_or("", String::as_str));
    let read: BTreeMap<&String, Source> = tree.iter().map(|(file, text)| (file, source::read(text))).collect();
    let tests = test_files(&read);
    let mut found = Vec::new();
    for (file, text) in tree {
        habits(file, text, &mut found);
        let module = module_of(file);
        let Some(room) = module.first() else { continue };
        let Some(rank) = rooms.iter().position(|known| known == room) else {
            found.push(format!("{file}:1: the room `{room}` is not in src/lib.rs"));
            continue;
        };
        let checked = Checked { file, room, module: &module, above: &rooms[..=rank], rooms: &rooms };
        checked.arrows(&read[file], &mut found);
        if !tests.contains(file) {
            checked.plants_nothing(&read[file], &mut found);
            if PURE.contains(&room.as_str()) {
                checked.purity(&read[file], &mut found);
            }
        }
    }
    found
}

/// The `pub mod` lines of `src/lib.rs`, in their order.
fn rooms_in_order(library: &str) -> Vec<String> {
    let declared = library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    declared.map(str::to_owned).collect()
}

/// `src/a/b.rs` and `src/a/b/mod.rs` are the module `a::b`; `main.rs` and `lib.rs` are in no room.
fn module_of(file: &str) -> Vec<String> {
    let inside = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    let words = inside.split('/').map(str::to_owned).collect();
    if ["lib", "main"].contains(&inside) { Vec::new() } else { words }
}

/// The files that are compiled for tests only, with everything below them.
fn test_files(read: &BTreeMap<&String, Source>) -> BTreeSet<String> {
    let declared = read.iter().flat_map(|(file, source)| {
        let module = module_of(file);
        source.test_modules.iter().map(move |name| [module.as_slice(), std::slice::from_ref(name)].concat())
    });
    let declared: Vec<Vec<String>> = declared.collect();
    let is_test = |file: &str| declared.iter().any(|module| module_of(file).starts_with(module));
    read.keys().filter(|file| is_test(file)).map(|file| (*file).clone()).collect()
}

fn habits(file: &str, text: &str, found: &mut Vec<String>) {
    if !text.starts_with("//!") {
        found.push(format!("{file}:1: a module begins with `//!`: what it is for and what is deliberately absent"));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        found.push(format!("{file}:{lines}: {lines} lines, {MOST_LINES} at most"));
    }
}

struct Checked<'a> {
    file: &'a str,
    room: &'a str,
    module: &'a [String],
    above: &'a [String],
    rooms: &'a [String],
}

impl Checked<'_> {
    /// Tests of a room keep the arrows too.
    fn arrows(&self, source: &Source, found: &mut Vec<String>) {
        for path in &source.paths {
            let Some(target) = self.seen_from_root(path) else { continue };
            let Some(other) = target.first().filter(|first| self.rooms.contains(first) && *first != self.room) else {
                continue;
            };
            let mut broken = |what: &str| {
                found.push(format!(
                    "{}:{}: `{}` uses `{}`: {what}",
                    self.file,
                    path.line,
                    self.room,
                    target.join("::")
                ));
            };
            if !self.above.contains(other) {
                broken(&format!("`{other}` is below `{}` in src/lib.rs", self.room));
            } else if ONLY.iter().any(|(room, allowed)| *room == self.room && !starts_with_any(&target, allowed)) {
                broken("it may not");
            } else if NEVER.iter().any(|(room, never)| *room == self.room && starts_with_any(&target, never)) {
                broken("it may only read");
            }
        }
    }

    /// The path from the crate's root, where it is written from there or climbs up to it.
    fn seen_from_root(&self, path: &Path) -> Option<Vec<String>> {
        let climbs = path.words.iter().take_while(|word| *word == "super").count();
        if path.words[0] == "crate" {
            return Some(path.words[1..].to_vec());
        }
        let here = self.module.len() + path.inline.len();
        (climbs > 0 && climbs == here).then(|| path.words[climbs..].to_vec())
    }

    /// Only tests make mistakes on purpose.
    fn plants_nothing(&self, source: &Source, found: &mut Vec<String>) {
        let tails = [["planted", "with"], ["planted", "*"]];
        let plants =
            |path: &&Path| !path.in_test && tails.iter().any(|tail| path.words.ends_with(&tail.map(String::from)));
        for path in source.paths.iter().filter(plants) {
            found.push(format!("{}:{}: only tests may plant a mistake", self.file, path.line));
        }
    }

    fn purity(&self, source: &Source, found: &mut Vec<String>) {
        for path in source.paths.iter().filter(|path| !path.in_test) {
            let tails = (0..path.words.len()).map(|from| &path.words[from..]);
            let impure = tails.clone().any(|tail| IMPURE.iter().any(|banned| is_named(tail, path.words.len(), banned)));
            if impure {
                let (file, line, room, path) = (self.file, path.line, self.room, path.words.join("::"));
                found.push(format!("{file}:{line}: `{room}` computes and touches nothing, but names `{path}`"));
            }
        }
        for (method, line) in source.calls.iter().filter(|(method, _)| method == "unwrap" || method == "expect") {
            found.push(format!("{}:{line}: `.{method}()` in a room that handles money", self.file));
        }
    }
}

/// Whether a tail of a path is a banned thing: a crate or `std` from the path's first word on, a type anywhere.
fn is_named(tail: &[String], whole: usize, banned: &[&str]) -> bool {
    let from_start = tail.len() == whole;
    let a_crate = banned[0].starts_with(|first: char| first.is_lowercase()) && !["f64", "f32"].contains(&banned[0]);
    // `tokio` alone may be a name of our own; `tokio::…` is the crate.
    let long_enough = tail.len() > 1 || !a_crate;
    (from_start || !a_crate) && long_enough && starts_with(tail, banned)
}

fn starts_with_any(path: &[String], prefixes: &[&[&str]]) -> bool {
    prefixes.iter().any(|prefix| starts_with(path, prefix))
}

fn starts_with(path: &[String], prefix: &[&str]) -> bool {
    path.len() >= prefix.len() && path.iter().zip(prefix).all(|(word, wanted)| word == wanted)
}

/// The check can fail: each kind of violation, planted in a small tree.
mod planted {
    use super::*;

    const LIBRARY: &str = "//! Map.\npub mod planted;\npub mod money;\npub mod policy;\npub mod plan;\npub mod intent;\npub mod kpay;\n\
                           pub mod http;\npub mod sandbox;\npub mod cli;\n";

    fn check(file: &str, text: &str, expected: &[&str]) {
        let mut tree = Tree::from([("src/lib.rs".to_owned(), LIBRARY.to_owned())]);
        tree.insert(file.to_owned(), format!("//! Doc.\n{text}"));
        tree.insert("src/money/mod.rs".to_owned(), "//! Doc.\n#[cfg(test)]\nmod checks;\n".to_owned());
        let found = violations(&tree);
        let matches = found.len() == expected.len() && found.iter().zip(expected).all(|(got, want)| got.contains(want));
        assert!(matches, "{file} with {text:?} gave {found:#?}, not {expected:?}");
    }

    #[test]
    fn a_room_uses_only_rooms_above_it() {
        check("src/plan/a.rs", "use crate::{money::Amount, policy};", &[]);
        check("src/policy/a.rs", "use crate::plan::Plan;", &["src/policy/a.rs:2: `policy` uses `plan::Plan`"]);
        check("src/policy/a.rs", "fn f() { crate::plan::x() }", &["`plan` is below `policy`"]);
        check("src/policy/a.rs", "use crate::{money, plan::{Plan, Skip}};", &["plan::Plan", "plan::Skip"]);
        check("src/policy/a.rs", "use super::super::plan;", &["`policy` uses `plan`"]);
        check("src/policy/a/mod.rs", "use super::super::plan;", &["`policy` uses `plan`"]);
        check("src/policy/a.rs", "mod b { use super::super::super::plan::X; use super::plan; }", &["plan::X"]);
        check("src/policy.rs", "use super::plan::X;", &["plan::X"]);
        check("src/policy/a.rs", "#[cfg(test)] mod tests { use crate::cli::run; }", &["cli::run"]);
        check("src/policy/a.rs", "// crate::plan\nconst A: &str = \"crate::plan::X\";", &[]);
        check("src/cli/a.rs", "use crate::{kpay, intent::Event, http, sandbox};", &[]);
        check("src/main.rs", "use treasuryd::cli;", &[]);
        check("src/zoo/mod.rs", "", &["the room `zoo` is not in src/lib.rs"]);
    }

    #[test]
    fn some_rooms_may_use_less() {
        check("src/sandbox/a.rs", "use crate::kpay::wire::Me; use crate::money::Amount;", &[]);
        check("src/sandbox/a.rs", "use crate::kpay::Client;", &["`sandbox` uses `kpay::Client`: it may not"]);
        check("src/sandbox/a.rs", "use crate::kpay;", &["it may not"]);
        check("src/http/a.rs", "use crate::intent::Outcome;", &[]);
        check("src/http/a.rs", "use crate::kpay::wire::Me;", &["it may only read"]);
        check("src/http/a.rs", "use crate::intent::{Outcome, Event};", &["intent::Event"]);
        check("src/http/a.rs", "use crate::intent::*;", &["it may only read"]);
    }

    #[test]
    fn rooms_that_compute_touch_nothing() {
        for impure in [
            "use std::fs::File;",
            "use std::{fmt, fs};",
            "fn f() { std::net::lookup() }",
            "use std::time::{Duration, Instant};",
            "use std::time::*;",
            "fn f() { Utc::now() }",
            "fn f() { chrono::Utc::now() }",
            "async fn f() { tokio::time::sleep(x).await }",
            "fn f() -> f64 { 0 }",
            "fn f() { f64::from(1) }",
            "fn f() { rand::random() }",
            "use sled::Db;",
            "fn f() { x.unwrap() }",
            "fn f() { x.y().expect(\"z\") }",
        ] {
            check("src/money/a.rs", impure, &["src/money/a.rs:2:"]);
            check("src/kpay/a.rs", impure, &[]);
            check("src/money/a.rs", &format!("#[cfg(test)] mod tests {{ {impure} }}"), &[]);
            check("src/money/checks.rs", impure, &[]);
        }
        for pure in ["use std::{fmt, time::Duration};", "fn unwrap() {}", "let tokio = 1;", "use chrono::Utc;"] {
            check("src/money/a.rs", pure, &[]);
        }
    }

    #[test]
    fn only_tests_plant_a_mistake() {
        for plants in ["fn f() { planted::with(m, g) }", "use crate::planted::with;", "use crate::planted::*;"] {
            check("src/money/a.rs", plants, &["src/money/a.rs:2: only tests may plant a mistake"]);
            check("src/cli/a.rs", plants, &["only tests may plant a mistake"]);
            check("src/cli/a.rs", &format!("#[cfg(test)] mod tests {{ {plants} }}"), &[]);
        }
        check("src/money/a.rs", "use crate::planted::{self, Mistake}; fn f() { planted::is(Mistake::A) }", &[]);
    }

    #[test]
    fn files_are_short_and_say_what_they_are_for() {
        check("src/money/a.rs", &"\n".repeat(MOST_LINES - 1), &[]);
        check("src/money/a.rs", &"\n".repeat(MOST_LINES), &["501 lines"]);
        let bare = Tree::from([("src/main.rs".to_owned(), "fn main() {}\n".to_owned())]);
        assert_eq!(violations(&bare).len(), 1);
    }
}
