//! `ledger export`: to standard output, or to a file that appears whole or not at all.

use super::when::{parse_from, parse_to};
use super::{LedgerError, Record};
use crate::books::{
    Camt053Export, CsvExport, Dialect, Export, Folder, JsonlExport, PlainTextExport, Range, XlsxExport,
};
use crate::model::Timestamp;
use chrono::SecondsFormat;
use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// Arguments of `ledger export`.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportArgs {
    /// The format to write
    #[arg(long, value_enum)]
    pub format: Format,
    /// Only entries booked at or after this time: YYYY-MM-DD (UTC) or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = parse_from)]
    pub from: Option<Timestamp>,
    /// Only entries booked before this time (RFC 3339), or up to the end of this day (YYYY-MM-DD, UTC)
    #[arg(long, value_name = "TIME", value_parser = parse_to)]
    pub to: Option<Timestamp>,
    /// Write to this file instead of standard output (`-`); it is replaced whole or not at all
    #[arg(short = 'o', long = "output", value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// The formats there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// RFC 4180, with a header; text that looks like a formula gets an apostrophe
    Csv,
    /// One JSON object a line; amounts as strings
    Jsonl,
    /// A journal for hledger, double entry
    Hledger,
    /// A ledger for beancount, double entry
    Beancount,
    /// A workbook for spreadsheets: entries and postings
    Xlsx,
    /// ISO 20022 camt.053.001.08, a statement a wallet
    Camt053,
}

fn writer<'a>(format: Format, range: Range, to: impl Write + 'a) -> io::Result<Box<dyn Export + 'a>> {
    Ok(match format {
        Format::Csv => Box::new(CsvExport::new(to)?),
        Format::Jsonl => Box::new(JsonlExport::new(to)),
        Format::Hledger => Box::new(PlainTextExport::new(Dialect::Hledger, to)?),
        Format::Beancount => Box::new(PlainTextExport::new(Dialect::Beancount, to)?),
        Format::Xlsx => Box::new(XlsxExport::new(to)?),
        Format::Camt053 => Box::new(Camt053Export::new(range, to)),
    })
}

impl ExportArgs {
    /// Whether bytes that are no text would go to standard output.
    pub(in crate::cli) fn writes_bytes_to_stdout(&self) -> bool {
        self.format == Format::Xlsx && self.file().is_none()
    }

    fn file(&self) -> Option<&PathBuf> {
        self.output.as_ref().filter(|path| path.as_os_str() != "-")
    }
}

pub(super) fn export<E: std::error::Error + 'static>(
    args: &ExportArgs,
    records: impl Iterator<Item = Result<Record, E>>,
    stdout: &mut dyn Write,
) -> Result<(), LedgerError<E>> {
    let range = range(args)?;
    let Some(path) = args.file() else {
        return write_entries(args.format, range, records, BufWriter::new(stdout), LedgerError::Stdout);
    };
    let target = target(path)?;
    let failed = |doing: &'static str| move |why| LedgerError::File { doing, path: path.clone(), why };
    // Beside the target, so that the rename stays inside one file system; the umask decides who may read it.
    let mut builder = tempfile::Builder::new();
    builder.prefix(".treasuryd-export-").permissions(Permissions::from_mode(0o666));
    let file: NamedTempFile = builder.tempfile_in(folder_of(&target)).map_err(failed("making a file beside"))?;
    write_entries(args.format, range, records, BufWriter::new(file.as_file()), failed("writing"))?;
    file.as_file().sync_all().map_err(failed("writing"))?;
    file.persist(&target).map_err(|error| failed("replacing")(error.error))?;
    Ok(())
}

fn write_entries<E: std::error::Error + 'static>(
    format: Format,
    range: Range,
    records: impl Iterator<Item = Result<Record, E>>,
    to: impl Write,
    failed: impl Fn(io::Error) -> LedgerError<E>,
) -> Result<(), LedgerError<E>> {
    // What a format has no room for is no fault of the disk's.
    let failed =
        |why: io::Error| if why.kind() == io::ErrorKind::Other { LedgerError::Format(why) } else { failed(why) };
    let mut writer = writer(format, range, to).map_err(&failed)?;
    let mut folder = Folder::new();
    for record in records {
        let (seq, at, event) = record.map_err(LedgerError::Journal)?;
        match folder.apply(seq, at, &event)? {
            Some(entry) if range.contains(at) => writer.write(&entry).map_err(&failed)?,
            Some(entry) => writer.pass(&entry).map_err(&failed)?,
            None => {}
        }
    }
    writer.finish().map_err(&failed)
}

fn range<E: std::error::Error + 'static>(args: &ExportArgs) -> Result<Range, LedgerError<E>> {
    match (args.from, args.to) {
        (Some(from), Some(to)) if from >= to => {
            let text = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
            Err(LedgerError::EmptyRange { from: text(from), to: text(to) })
        }
        (from, to) => Ok(Range { from, to }),
    }
}

/// The file to replace: what a link points at, never a folder, a pipe or a device.
fn target<E: std::error::Error + 'static>(path: &Path) -> Result<PathBuf, LedgerError<E>> {
    let Ok(existing) = path.canonicalize() else { return Ok(path.to_owned()) };
    if existing.is_file() { Ok(existing) } else { Err(LedgerError::NotAFile { path: path.to_owned() }) }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
