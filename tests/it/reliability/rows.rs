//! The rows of the catalogue, and the tests that carry their names.

use std::path::Path;

/// One row of the fault catalogue.
pub struct Row {
    /// Such as `A1`.
    pub id: String,
    /// What goes wrong.
    pub fault: String,
    /// What is expected then.
    pub expected: String,
}

/// A test that plays rows.
pub struct Test {
    /// Its function's name.
    pub name: String,
    /// The rows in it, such as `A1`.
    pub rows: Vec<String>,
}

const CATALOGUE: &str = include_str!("../../data/reliability/catalogue.txt");

/// Every row, in order.
pub fn catalogue() -> Vec<Row> {
    let lines = CATALOGUE.lines().filter(|line| !line.starts_with('#'));
    let cells = lines.map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    let rows = cells.filter(|cells| cells.len() == 3);
    rows.map(|mut cells| {
        let expected = cells.pop().unwrap();
        let fault = cells.pop().unwrap();
        Row { id: cells.pop().unwrap(), fault, expected }
    })
    .collect()
}

/// The heading of a row's part.
pub fn heading(part: &str) -> &'static str {
    let line = CATALOGUE.lines().find(|line| line.split_once('\t').is_some_and(|(id, _)| id == part));
    line.and_then(|line| line.split_once('\t')).map_or("", |(_, heading)| heading)
}

/// Tests below a folder of the repository that are named after rows, such as `a06_a07_b03_…`.
pub fn tests_of_rows(folder: &str) -> Vec<Test> {
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    found.sort_by(|one, other| one.name.cmp(&other.name));
    found
}

fn collect(folder: &Path, found: &mut Vec<Test>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.extend(text.lines().filter_map(test_in));
        }
    }
}

fn test_in(line: &str) -> Option<Test> {
    let line = line.trim_start().trim_start_matches("async ");
    let name = line.strip_prefix("fn ")?.split('(').next()?;
    let rows = rows_in(name);
    (!rows.is_empty()).then(|| Test { name: name.to_owned(), rows })
}

/// The rows that a name begins with.
pub fn rows_in(name: &str) -> Vec<String> {
    name.split('_').map_while(row_of).collect()
}

/// `a01` is `A1`.
fn row_of(word: &str) -> Option<String> {
    let (part, number) = (word.get(..1)?, word.get(1..)?);
    let is_row = ("a"..="h").contains(&part) && number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
    is_row.then(|| format!("{}{}", part.to_uppercase(), number.trim_start_matches('0')))
}
