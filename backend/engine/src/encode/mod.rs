//! Rows as bytes: JSON, CSV, Arrow IPC, Parquet, streamed.
//!
//! After the first byte is sent a failure must not look like a whole file: JSON ends with an `error` member, the other
//! formats end the stream with an error, upon which the connection is to be aborted.

mod columnar;
mod csv;
mod json;

use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use futures::{Stream, StreamExt, stream::BoxStream};
use lakegate_model::Fault;

use arrow::array::RecordBatch;

pub use json::{JsonOptions, row_values};

/// A format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `{"columns":[..],"rows":[[..]],"row_count":n}`.
    Json {
        /// 64-bit integers and decimals as strings, because many readers of JSON round them.
        exact: bool,
    },
    /// RFC 4180, with a header.
    Csv {
        /// Puts `'` before text cells that a spreadsheet would take for a formula.
        spreadsheet_safe: bool,
    },
    /// An Arrow IPC stream.
    Arrow,
    /// One Parquet file, zstd.
    Parquet,
}

impl Format {
    /// The media type of the format.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json { .. } => "application/json",
            Self::Csv { .. } => "text/csv; charset=utf-8",
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Encodes rows as they come. The stream ends after its first error.
pub fn encode(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Fault>> + Send + 'static,
    format: Format,
) -> BoxStream<'static, Result<Bytes, Fault>> {
    match format {
        Format::Json { exact } => json::encode(schema, rows, JsonOptions { exact }).boxed(),
        Format::Csv { spreadsheet_safe } => csv::encode(schema, rows, spreadsheet_safe).boxed(),
        Format::Arrow => columnar::arrow(schema, rows).boxed(),
        Format::Parquet => columnar::parquet(schema, rows).boxed(),
    }
}
