//! Which format a file has: by its content, and where that is silent by its name.

use std::io::Read as _;

use lakegate_model::storage::{Compression, FileFormat};

use super::{Input, ScanBudget};
use crate::LakeError;

/// Bytes of text that decide format and delimiter.
const SAMPLE: u64 = 256 * 1024;
/// Rows of the sample that decide the delimiter.
const SAMPLE_ROWS: usize = 200;
/// Candidates, in the order of preference among equals.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What a name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    Csv(Option<u8>),
    Json,
    Parquet,
    Nothing,
}

fn hint(path: &str) -> Hint {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("csv") => Hint::Csv(None),
        Some("tsv" | "tab") => Hint::Csv(Some(b'\t')),
        Some("psv") => Hint::Csv(Some(b'|')),
        Some("json" | "jsonl" | "ndjson") => Hint::Json,
        Some("parquet" | "parq" | "pq") => Hint::Parquet,
        _ => Hint::Nothing,
    }
}

/// Finds the format. The header of a CSV is left open (`header: false`): only the types of its columns tell.
pub(super) fn detect(input: &Input, budget: &ScanBudget) -> Result<FileFormat, LakeError> {
    let magic = input.range(0, input.size.min(4))?;
    if magic.as_ref() == b"PAR1" {
        return Ok(FileFormat::Parquet);
    }
    let hint = hint(&input.name);
    if hint == Hint::Parquet {
        return Err(LakeError::malformed(&input.name, None, "this is not a Parquet file: its mark is missing"));
    }
    let compression = if magic.starts_with(&[0x1f, 0x8b]) { Compression::Gzip } else { Compression::None };
    let (sample, whole) = sample(input, compression, budget)?;
    check_text(&input.name, &sample, whole)?;
    of_text(input, hint, &sample, whole, compression)
}

fn sample(input: &Input, compression: Compression, budget: &ScanBudget) -> Result<(Vec<u8>, bool), LakeError> {
    let mut bytes = Vec::new();
    let reader = input.text(compression, budget)?;
    reader.take(SAMPLE).read_to_end(&mut bytes).map_err(|e| LakeError::io(&input.name, e))?;
    let whole = (bytes.len() as u64) < SAMPLE;
    let start = if bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    Ok((bytes.split_off(start), whole))
}

fn check_text(name: &str, sample: &[u8], whole: bool) -> Result<(), LakeError> {
    if sample.starts_with(b"PAR1") {
        return Err(LakeError::Unsupported(format!("{name} is a Parquet file packed with gzip; unpack it first")));
    }
    if sample.trim_ascii().is_empty() {
        return Err(LakeError::malformed(name, None, "there is no text in it"));
    }
    let line_of = |at: usize| 1 + sample[..at].iter().filter(|b| **b == b'\n').count() as u64;
    if let Some(at) = sample.iter().position(|b| *b == 0) {
        return Err(LakeError::malformed(name, line_of(at), "this is not text: there is a zero byte"));
    }
    match std::str::from_utf8(sample) {
        Err(e) if whole || e.error_len().is_some() => {
            Err(LakeError::malformed(name, line_of(e.valid_up_to()), "the text is not UTF-8"))
        }
        _ => Ok(()),
    }
}

fn of_text(
    input: &Input,
    hint: Hint,
    sample: &[u8],
    whole: bool,
    compression: Compression,
) -> Result<FileFormat, LakeError> {
    let first = sample.trim_ascii_start().first();
    let json = FileFormat::JsonLines { compression };
    match (hint, first) {
        (Hint::Json, Some(b'[')) => {
            Err(LakeError::malformed(&input.name, 1, "a JSON array; write one object a line instead"))
        }
        (Hint::Json, _) => Ok(json),
        (Hint::Nothing, Some(b'{')) => Ok(json),
        (Hint::Csv(Some(delimiter)), _) => Ok(FileFormat::Csv { delimiter, header: false, compression }),
        _ => {
            let (delimiter, columns) = delimiter(sample, whole);
            if hint == Hint::Nothing && columns < 2 {
                let why = format!("{} is of no known format: neither Parquet, CSV nor JSON lines", input.name);
                return Err(LakeError::Unsupported(why));
            }
            Ok(FileFormat::Csv { delimiter, header: false, compression })
        }
    }
}

/// The delimiter that cuts most rows alike, and into how many columns. Prefers many columns among equals.
fn delimiter(sample: &[u8], whole: bool) -> (u8, usize) {
    let mut best = (0, 1, b',');
    for candidate in DELIMITERS {
        let (share, columns) = usual_columns(sample, candidate, whole);
        if columns > 1 && (share, columns) > (best.0, best.1) {
            best = (share, columns, candidate);
        }
    }
    (best.2, best.1)
}

/// The commonest number of columns, and the share of rows that have it, in thousandths.
fn usual_columns(sample: &[u8], delimiter: u8, whole: bool) -> (usize, usize) {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(sample);
    let mut counts: Vec<usize> =
        reader.byte_records().take(SAMPLE_ROWS).filter_map(|row| row.ok().map(|r| r.len())).collect();
    if !whole && counts.len() > 1 && counts.len() < SAMPLE_ROWS {
        // The sample may end in the middle of a row.
        counts.pop();
    }
    let rows = counts.len().max(1);
    counts.sort_unstable();
    let usual = counts.chunk_by(|a, b| a == b).max_by_key(|run| (run.len(), run[0]));
    usual.map_or((0, 1), |run| (run.len() * 1000 / rows, run[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delimiter_is_the_one_that_cuts_alike() {
        for (text, expected) in [
            ("a,b\n1,2\n", (b',', 2)),
            ("a;b\n1,5;2,5\n3,5;4\n", (b';', 2)),
            ("a\tb\tc\n1\t2\t3\n", (b'\t', 3)),
            ("a|b\n\"x|y\"|2\n", (b'|', 2)),
            ("a,b\n\"x;y\nz;w\",2\n", (b',', 2)),
            ("single\nvalue\n", (b',', 1)),
        ] {
            assert_eq!(delimiter(text.as_bytes(), true), expected, "{text:?}");
        }
    }

    #[test]
    fn names_hint_through_gzip() {
        assert_eq!(hint("a/b/X.CSV.GZ"), Hint::Csv(None));
        assert_eq!(hint("x.ndjson"), Hint::Json);
        assert_eq!(hint("csv/part-00000"), Hint::Nothing);
    }
}
