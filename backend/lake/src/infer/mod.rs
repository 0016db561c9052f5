//! Format and column types of files, found by looking inside.
//!
//! Everything here blocks and reads foreign bytes: it runs in the sandbox's child, or on a blocking thread in tests.

mod cell;
mod csv;
mod input;
mod json;
mod merge;
mod names;
mod parquet;
mod sniff;

use lakegate_model::columns::ColumnType;
use lakegate_model::storage::FileFormat;
use serde::{Deserialize, Serialize};

pub(crate) use input::{Guarded, Input};
pub(crate) use merge::{compatible, merge_columns};
pub(crate) use names::fold_name;

use crate::LakeError;

/// Most columns of a file.
pub const MOST_COLUMNS: usize = 10_000;
/// Deepest nesting of a column.
pub const DEEPEST: usize = 32;
/// Largest single row of a text file, in bytes.
pub const LARGEST_ROW: u64 = 16 * 1024 * 1024;
/// Largest footer of a Parquet file, in bytes.
pub const LARGEST_FOOTER: u64 = 64 * 1024 * 1024;

/// How much of a file is looked at to find its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanBudget {
    /// Unpacked bytes per file; what comes after is taken to be alike, and said so.
    pub bytes: u64,
    /// Rows per file, likewise.
    pub rows: u64,
    /// Most bytes that a compressed file may unpack to; more is refused.
    pub unpacked: u64,
    /// Most unpacked bytes per packed byte, once 64 MiB are unpacked; more is refused.
    pub ratio: u64,
}

impl ScanBudget {
    /// For crawling: 64 MiB or a million rows of each file.
    pub const SAMPLE: Self =
        Self { bytes: 64 * 1024 * 1024, rows: 1_000_000, unpacked: 64 * 1024 * 1024 * 1024, ratio: 200 };

    /// For importing: the whole file, since each value is converted.
    pub const fn whole(unpacked: u64, ratio: u64) -> Self {
        Self { bytes: u64::MAX, rows: u64::MAX, unpacked, ratio }
    }
}

/// What one file was found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileShape {
    pub format: FileFormat,
    pub columns: Vec<ShapeColumn>,
    /// Rows seen; all of them if `complete`.
    pub rows: u64,
    /// Whether the whole file was looked at.
    pub complete: bool,
    /// Bytes of the largest row seen; 0 where that is not known.
    pub largest_row: u64,
}

/// A column of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShapeColumn {
    pub name: String,
    /// `None` if every value seen is empty: any type fits.
    pub column_type: Option<ColumnType>,
    pub nullable: bool,
    /// Digits of the longest integer seen; 0 where not counted. Keeps decimals narrow when files are merged.
    pub digits: u8,
}

impl ShapeColumn {
    /// The type to use: text where nothing is known.
    pub fn settled_type(&self) -> ColumnType {
        self.column_type.clone().unwrap_or(ColumnType::Text)
    }
}

/// Finds format and columns of one file.
///
/// # Errors
/// [`LakeError::Malformed`] or [`LakeError::Unsupported`] name the file and where possible the line.
pub(crate) fn infer(input: &Input, budget: &ScanBudget) -> Result<FileShape, LakeError> {
    match sniff::detect(input, budget)? {
        FileFormat::Parquet => parquet::infer(input),
        FileFormat::Csv { delimiter, compression, .. } => csv::infer(input, delimiter, compression, budget),
        FileFormat::JsonLines { compression } => json::infer(input, compression, budget),
    }
}

#[cfg(test)]
mod tests;
