//! The README's tour, played as it is written: its files, its commands, and what they print. Instants, ids and the order
//! of lines may differ.
//!
//! Where the program's words changed: `UPDATE_README=1 cargo test --test it tour` writes what it prints now into the
//! README, to be looked at as a diff.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const FROM: &str = "### Your own rules";
const TO: &str = "## Install";
/// The sandbox's address in the README; the real one has a free port.
const ADDRESS: &str = "127.0.0.1:9750";

/// A reader of the README at their terminals.
struct Reader {
    folder: tempfile::TempDir,
    /// Where the second terminal is.
    here: PathBuf,
    bank: Option<Bank>,
}

/// The first terminal.
struct Bank {
    process: Child,
    address: String,
}

impl Drop for Bank {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Reader {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path().to_owned();
        Self { folder, here, bank: None }
    }

    /// Does what a block says, and returns the block as it would be written now.
    fn follow(&mut self, info: &str, text: &str) -> String {
        match info {
            "sh" if text.starts_with("cargo build") => {}
            "sh" => {
                self.shell(&format!("set -e\n{text}"));
                self.here = self.folder.path().join("shop");
            }
            "yaml policy" => std::fs::write(self.here.join("policies/consolidate.yaml"), text).unwrap(),
            "console" => return self.converse(text),
            other => panic!("nobody knows what to do with a block of `{other}`"),
        }
        text.to_owned()
    }

    fn converse(&mut self, text: &str) -> String {
        let commands = text.lines().filter_map(|line| line.strip_prefix("$ "));
        let mut said = String::new();
        for command in commands {
            let output = match command.strip_prefix("treasuryd sandbox ") {
                Some(arguments) => self.open_the_bank(arguments),
                None => self.shell(command),
            };
            let gap = if said.is_empty() || output.is_empty() { "" } else { "\n" };
            said = format!("{said}{gap}$ {command}\n{output}");
        }
        said
    }

    fn open_the_bank(&mut self, arguments: &str) -> String {
        self.bank = None;
        let arguments = arguments.replace(ADDRESS, "127.0.0.1:0");
        let mut command = Command::new(env!("CARGO_BIN_EXE_treasuryd"));
        command.arg("sandbox").args(arguments.split_whitespace()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit('/').next().unwrap().to_owned();
        assert!(line.starts_with("sandbox listening on "), "{line}");
        let line = line.replace(&address, ADDRESS);
        self.bank = Some(Bank { process, address });
        self.point_at_the_bank();
        line
    }

    /// The configuration names the README's port.
    fn point_at_the_bank(&self) {
        let file = self.here.join("treasuryd.toml");
        let Ok(text) = std::fs::read_to_string(&file) else { return };
        let line = text.lines().find(|line| line.starts_with("base_url")).unwrap();
        let address = &self.bank.as_ref().unwrap().address;
        std::fs::write(&file, text.replace(line, &format!("base_url = \"http://{address}\""))).unwrap();
    }

    /// Runs a script and returns what it shows, without lines of the log.
    fn shell(&self, script: &str) -> String {
        let address = self.bank.as_ref().map_or(ADDRESS, |bank| &bank.address);
        let programs = Path::new(env!("CARGO_BIN_EXE_treasuryd")).parent().unwrap();
        let path = format!("{}:/usr/bin:/bin", programs.display());
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("exec 2>&1\n{}", script.replace(ADDRESS, address)));
        command.current_dir(&self.here).env_clear().env("PATH", path).stdin(Stdio::null());
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let lines = said.lines().filter(|line| !line.contains(" WARN ")).map(|line| format!("{}\n", line.trim_end()));
        lines.collect::<String>().replace(address, ADDRESS)
    }
}

/// What must be equal: words without blanks between them, ids and instants made alike, lines in any order.
fn essence(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(line_essence).filter(|line| !line.is_empty()).collect();
    lines.sort();
    lines
}

fn line_essence(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(word_essence).collect();
    words.join(" ")
}

fn word_essence(word: &str) -> String {
    const ID_LENGTH: usize = 35;
    if let Some(at) = word.find("TRD-").filter(|at| word.len() >= at + ID_LENGTH) {
        return format!("{}ID{}", &word[..at], &word[at + ID_LENGTH..]);
    }
    let is_instant = word.contains(':') || (word.len() == 10 && word.as_bytes()[4] == b'-');
    let shown = |letter: char| if is_instant && letter.is_ascii_digit() { '0' } else { letter };
    word.chars().map(shown).collect()
}

#[test]
fn the_tour_goes_as_the_readme_says() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = std::fs::read_to_string(&file).unwrap();
    let begin = readme.find(FROM).expect("the tour's beginning");
    let end = readme.find(TO).expect("the tour's end");
    let mut reader = Reader::new();
    let mut pieces = readme[begin..end].split("```");
    let mut played = pieces.next().unwrap_or_default().to_owned();
    while let (Some(block), Some(prose)) = (pieces.next(), pieces.next()) {
        let (info, text) = block.split_once('\n').unwrap();
        let now = reader.follow(info, text);
        played = format!("{played}```{info}\n{now}```{prose}");
    }
    if std::env::var_os("UPDATE_README").is_some() {
        let written = format!("{}{played}{}", &readme[..begin], &readme[end..]);
        std::fs::write(&file, written).unwrap();
        return;
    }
    let (told, got) = (essence(&readme[begin..end]), essence(&played));
    let gone: Vec<_> = told.iter().filter(|line| !got.contains(line)).collect();
    let new: Vec<_> = got.iter().filter(|line| !told.contains(line)).collect();
    assert!(told == got, "the README says {gone:#?}\nand it is {new:#?}\n{played}");
}
