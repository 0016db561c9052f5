//! Where the bytes of a table lie and how they are written, as plain data.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

use crate::{Timestamp, columns::ColumnType, outgoing::OutgoingRules};

/// How to reach a storage: a folder of this machine, or a bucket of an S3-compatible store.
///
/// `Debug` never prints the secret key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StorageAccess {
    /// Files below an absolute folder; links are not followed.
    Folder,
    /// An S3-compatible endpoint. Lakegate never falls back to credentials of its surroundings.
    S3 {
        /// `None` means Amazon's own endpoint of the region.
        endpoint: Option<String>,
        region: String,
        access_key_id: String,
        secret_access_key: String,
        /// Where connections may lead: whoever opens the storage checks each of them.
        outgoing: OutgoingRules,
    },
}

impl fmt::Debug for StorageAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder => f.write_str("Folder"),
            Self::S3 { endpoint, region, access_key_id, .. } => f
                .debug_struct("S3")
                .field("endpoint", endpoint)
                .field("region", region)
                .field("access_key_id", access_key_id)
                .finish_non_exhaustive(),
        }
    }
}

/// A format of data files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "format")]
pub enum FileFormat {
    Parquet,
    /// Comma- or otherwise separated values.
    Csv {
        /// One byte: `,` `;` tab or `|`.
        delimiter: u8,
        /// Whether the first line names the columns.
        header: bool,
        compression: Compression,
    },
    /// One JSON object a line.
    JsonLines {
        compression: Compression,
    },
}

impl FileFormat {
    /// The word people see.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Parquet => "Parquet",
            Self::Csv { .. } => "CSV",
            Self::JsonLines { .. } => "JSON lines",
        }
    }
}

/// Compression of a whole text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    None,
    Gzip,
}

/// One file of a table version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path relative to the table's location, `/`-separated, not percent-encoded.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// The store's entity tag, or for folders one made of size and modification time.
    pub etag: Option<String>,
    pub modified: Timestamp,
    /// Values of the partition columns, keys case-folded; a value is `None` for Hive's null partition.
    pub partitions: BTreeMap<String, Option<String>>,
}

/// A column as found in the files, before the catalog gives it an id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundColumn {
    /// The name as written in the files (case kept); a partition key is case-folded.
    pub name: String,
    pub column_type: ColumnType,
    pub nullable: bool,
    /// Whether the value comes from the path and not from the file.
    pub partition: bool,
}

/// A table found under a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundTable {
    /// Suggested table name, an SQL identifier.
    pub name: String,
    /// Absolute location: `file:///folder/` or `s3://bucket/prefix/`.
    pub location: String,
    pub format: FileFormat,
    pub columns: Vec<FoundColumn>,
    pub files: Vec<DataFile>,
}
