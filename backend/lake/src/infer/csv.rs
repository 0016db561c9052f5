//! Column types and header of a CSV file. Quoted values may hold line breaks.

use std::io::{self, Read};

use lakegate_model::storage::{Compression, FileFormat};

use super::cell::{Cell, Seen};
use super::{FileShape, Guarded, Input, MOST_COLUMNS, ScanBudget, ShapeColumn, names};
use crate::LakeError;

/// Reads rows up to the budget and finds types, header and names.
pub(super) fn infer(
    input: &Input,
    delimiter: u8,
    compression: Compression,
    budget: &ScanBudget,
) -> Result<FileShape, LakeError> {
    let watched = QuoteWatch::new(input.text(compression, budget)?, delimiter);
    let mut scan = Scan::new(&input.name, watched, delimiter);
    let first = scan.first_row()?;
    let complete = scan.rest(budget)?;
    let header = is_header(&first, &scan.seen);
    Ok(FileShape {
        format: FileFormat::Csv { delimiter, header, compression },
        columns: columns(first, scan.seen, header),
        rows: scan.rows + u64::from(!header),
        complete,
        largest_row: scan.largest_row,
    })
}

struct Scan<'a> {
    name: &'a str,
    reader: csv::Reader<QuoteWatch>,
    record: csv::ByteRecord,
    seen: Vec<Seen>,
    /// Rows after the first.
    rows: u64,
    largest_row: u64,
}

impl<'a> Scan<'a> {
    fn new(name: &'a str, watched: QuoteWatch, delimiter: u8) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .delimiter(delimiter)
            .buffer_capacity(64 * 1024)
            .from_reader(watched);
        Self { name, reader, record: csv::ByteRecord::new(), seen: Vec::new(), rows: 0, largest_row: 0 }
    }

    fn first_row(&mut self) -> Result<Vec<String>, LakeError> {
        if !self.advance()? {
            return Err(LakeError::malformed(self.name, None, "there are no rows in it"));
        }
        if self.record.len() > MOST_COLUMNS {
            return Err(LakeError::TooMany { what: format!("columns in {}", self.name), limit: MOST_COLUMNS as u64 });
        }
        self.seen = vec![Seen::default(); self.record.len()];
        (0..self.record.len()).map(|at| self.value(at).map(str::to_owned)).collect()
    }

    /// Whether the end of the file was reached within the budget.
    fn rest(&mut self, budget: &ScanBudget) -> Result<bool, LakeError> {
        while self.rows < budget.rows && self.reader.get_ref().inner.unpacked < budget.bytes {
            if !self.advance()? {
                return self.check_end().map(|()| true);
            }
            self.rows += 1;
            for at in 0..self.record.len() {
                let cell = Cell::of(self.value(at)?);
                self.seen[at].add(cell);
            }
        }
        Ok(false)
    }

    fn advance(&mut self) -> Result<bool, LakeError> {
        let more = self.reader.read_byte_record(&mut self.record).map_err(|e| failed(self.name, e))?;
        self.reader.get_mut().inner.row_ended();
        self.largest_row = self.largest_row.max(self.record.as_slice().len() as u64);
        Ok(more)
    }

    fn value(&self, at: usize) -> Result<&str, LakeError> {
        let line = self.record.position().map(csv::Position::line);
        std::str::from_utf8(&self.record[at])
            .map_err(|_| LakeError::malformed(self.name, line, "the text is not UTF-8"))
    }

    fn check_end(&self) -> Result<(), LakeError> {
        match self.reader.get_ref().open_quote() {
            Some(line) => Err(LakeError::malformed(self.name, line, "a quote opened here is never closed")),
            None => Ok(()),
        }
    }
}

/// An error without the row that it is about: rows are data.
fn failed(name: &str, error: csv::Error) -> LakeError {
    let line = error.position().map(csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(e) => LakeError::io(name, e),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            LakeError::malformed(name, line, format!("{len} values where the first line has {expected_len}"))
        }
        _ => LakeError::malformed(name, line, "this is not CSV"),
    }
}

/// The first row names the columns unless it looks like data: it holds numbers, dates or the like and no column has
/// a word above typed values.
fn is_header(first: &[String], below: &[Seen]) -> bool {
    let cells: Vec<Cell> = first.iter().map(|v| Cell::of(v)).collect();
    let is_typed = |seen: &Seen| !matches!(seen.column_type(), None | Some(lakegate_model::columns::ColumnType::Text));
    let word_above_typed = cells.iter().zip(below).any(|(cell, seen)| *cell == Cell::Text && is_typed(seen));
    let any_word = cells.contains(&Cell::Text);
    word_above_typed || (any_word && !cells.iter().any(|cell| cell.is_typed()))
}

fn columns(first: Vec<String>, seen: Vec<Seen>, header: bool) -> Vec<ShapeColumn> {
    if header {
        return names::positional(first).into_iter().zip(seen).map(|(name, seen)| seen.column(name)).collect();
    }
    let column =
        |(at, (value, seen)): (usize, (String, Seen))| seen.with(Cell::of(&value)).column(format!("column_{}", at + 1));
    first.into_iter().zip(seen).enumerate().map(column).collect()
}

/// Follows quotes as the reader of CSV does, to tell at the end whether one was left open: the reader itself takes
/// the rest of the file for the value and says nothing.
struct QuoteWatch {
    inner: Guarded,
    delimiter: u8,
    state: Quote,
    line: u64,
    opened: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quote {
    FieldStart,
    Bare,
    Inside,
    /// After a quote within quotes: the end of the value, or the first half of a doubled quote.
    Closing,
}

impl QuoteWatch {
    fn new(inner: Guarded, delimiter: u8) -> Self {
        Self { inner, delimiter, state: Quote::FieldStart, line: 1, opened: 0 }
    }

    fn open_quote(&self) -> Option<u64> {
        (self.state == Quote::Inside).then_some(self.opened)
    }

    fn follow(&mut self, byte: u8) {
        let ends_field = byte == self.delimiter || byte == b'\n' || byte == b'\r';
        self.state = match (self.state, byte) {
            (Quote::FieldStart, b'"') => {
                self.opened = self.line;
                Quote::Inside
            }
            (Quote::Inside, b'"') => Quote::Closing,
            (Quote::Inside, _) | (Quote::Closing, b'"') => Quote::Inside,
            _ if ends_field => Quote::FieldStart,
            _ => Quote::Bare,
        };
        self.line += u64::from(byte == b'\n');
    }
}

impl Read for QuoteWatch {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let at_start = self.inner.unpacked == 0;
        let read = self.inner.read(buffer)?;
        let bytes = &buffer[..read];
        // A byte order mark is no part of the first value.
        let bytes = if at_start { bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes) } else { bytes };
        bytes.iter().for_each(|byte| self.follow(*byte));
        Ok(read)
    }
}
