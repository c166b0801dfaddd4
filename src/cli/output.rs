//! Printing: JSON for programs, aligned columns for people.

use super::exit::{CliError, Exit};
use serde::Serialize;
use std::fmt::Display;
use std::io::Write;

/// One JSON value on standard output.
///
/// # Errors
/// Where standard output is gone.
pub fn json<T: Serialize>(value: &T) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(|error| CliError::new(Exit::Failed, error))?;
    line(&text)
}

/// A line on standard output. A reader that closed the pipe early is no failure.
///
/// # Errors
/// Where standard output is gone.
pub fn line(text: &str) -> Result<(), CliError> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A line on standard error. Where even that cannot be written (a full disk behind it), there is nobody left to tell,
/// and it is no reason to stop.
pub fn talk(text: impl Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// Columns as wide as their widest cell; the ones named in `right` are set to the right.
#[must_use]
pub fn table(head: &[&str], rows: &[Vec<String>], right: &[usize]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let set = |cells: Vec<&str>| {
        let mut out = String::new();
        for (column, cell) in cells.into_iter().enumerate() {
            let pad = " ".repeat(widths[column].saturating_sub(cell.chars().count()));
            let cell = if right.contains(&column) { format!("{pad}{cell}") } else { format!("{cell}{pad}") };
            out.push_str(&cell);
            out.push_str("  ");
        }
        out.trim_end().to_owned()
    };
    let head_line = set(head.to_vec());
    let lines = rows.iter().map(|row| set(row.iter().map(String::as_str).collect()));
    std::iter::once(head_line).chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["GAB".to_owned(), "330 000".to_owned()], vec!["CMR".to_owned(), "5".to_owned()]];
        assert_eq!(
            table(&["wallet", "available"], &rows, &[1]),
            "wallet  available\nGAB       330 000\nCMR             5"
        );
    }
}
