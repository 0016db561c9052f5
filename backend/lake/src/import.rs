//! Turns an upload into Parquet at a location.
//!
//! The bytes go to a spool folder under a cap, a sandboxed child converts them, and the result appears in the table's
//! folder at once. When [`import`] returns, the file is synced: it survives a kill and a power cut. When it fails or is
//! dropped, nothing is visible.

use std::fmt::Display;
use std::path::Path;

use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use lakegate_model::storage::{DataFile, FileFormat, FoundColumn, FoundTable, StorageAccess};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use crate::convert::Converted;
use crate::infer::ScanBudget;
use crate::storage::StoredFile;
use crate::{LakeError, Sandbox, Storage};

/// Names of spool folders begin so; [`wipe_spool`] removes what a killed server left.
const SPOOLED: &str = "upload-";

/// The converted file in its spool folder.
const OUTPUT: &str = "part.parquet";

/// Caps of one upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Bytes as sent.
    pub bytes: u64,
    /// Bytes unpacked.
    pub unpacked: u64,
    /// Unpacked bytes per sent byte, once 64 MiB are unpacked.
    pub ratio: u64,
}

impl Default for UploadLimits {
    /// 1 GiB sent, 16 GiB unpacked, 200 to one.
    fn default() -> Self {
        Self { bytes: 1 << 30, unpacked: 16 << 30, ratio: 200 }
    }
}

/// What to import and where to.
#[derive(Debug)]
pub struct ImportRequest<'a> {
    pub access: &'a StorageAccess,
    /// Location of the table; its folder is made if it is not there.
    pub location: &'a str,
    /// Name of the table, an SQL identifier.
    pub table: &'a str,
    /// Name of the file as the sender calls it: tells the format where the content does not, and stands in errors.
    pub file_name: &'a str,
    /// Unique name of the new file, without ending, such as `part-<id>`.
    pub part_name: &'a str,
    /// Absolute folder of this machine for the spooled bytes.
    pub spool: &'a Path,
    pub limits: UploadLimits,
    pub sandbox: &'a Sandbox,
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// The table as this one file shows it.
    pub table: FoundTable,
    pub rows: u64,
}

/// Imports a stream of bytes.
///
/// # Errors
/// [`LakeError::TooLarge`] over a cap, [`LakeError::BrokenUpload`] if the stream fails, [`LakeError::StorageFull`],
/// and what is wrong with the content.
pub async fn import<S, E>(stream: S, request: ImportRequest<'_>) -> Result<Imported, LakeError>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Display,
{
    prepare(stream, &request).await?.store(&request).await
}

/// An upload that was received and converted, and that nobody can see yet. Dropping it leaves nothing.
#[derive(Debug)]
pub struct Prepared {
    folder: tempfile::TempDir,
    converted: Converted,
}

/// The first half of [`import`]: takes the bytes and converts them. Nothing of it is outside of the spool folder.
///
/// # Errors
/// As [`import`].
pub async fn prepare<S, E>(stream: S, request: &ImportRequest<'_>) -> Result<Prepared, LakeError>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Display,
{
    let folder = spool_folder(request.spool)?;
    let spooled = folder.path().join("upload");
    spool(stream, &spooled, request.limits.bytes).await?;
    let budget = ScanBudget::whole(request.limits.unpacked, request.limits.ratio);
    let output = folder.path().join(OUTPUT);
    let converted = request.sandbox.convert(&spooled, &shown(request.file_name), &output, budget).await?;
    Ok(Prepared { folder, converted })
}

impl Prepared {
    /// The second half of [`import`]: lets the file appear in the table's folder. Once begun it has to be waited for:
    /// whoever drops it does not know whether the file will appear.
    ///
    /// # Errors
    /// What the storage says.
    pub async fn store(self, request: &ImportRequest<'_>) -> Result<Imported, LakeError> {
        let storage = Storage::create(request.access, request.location)?;
        let stored = storage.put_file(&part_path(request.part_name), &self.folder.path().join(OUTPUT)).await?;
        Ok(found(request.table, &storage, stored, self.converted))
    }
}

/// The path below the location under which the file of an import appears.
pub fn part_path(part_name: &str) -> String {
    format!("{part_name}.parquet")
}

/// Removes what uploads of a killed server left in the spool folder. Call at start, before the first upload.
///
/// # Errors
/// What the operating system says; a spool folder that is not there is none.
pub fn wipe_spool(spool: &Path) -> Result<(), LakeError> {
    let failed = |e| LakeError::io("the spool folder", e);
    let children = match std::fs::read_dir(spool) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(failed)?,
    };
    for child in children {
        let child = child.map_err(failed)?;
        if child.file_name().to_string_lossy().starts_with(SPOOLED) && child.path().is_dir() {
            std::fs::remove_dir_all(child.path()).map_err(failed)?;
        }
    }
    Ok(())
}

fn spool_folder(spool: &Path) -> Result<tempfile::TempDir, LakeError> {
    let failed = |e| LakeError::io("the spool folder", e);
    let spool = spool.canonicalize().map_err(failed)?;
    tempfile::Builder::new().prefix(SPOOLED).tempdir_in(spool).map_err(failed)
}

async fn spool<S, E>(stream: S, to: &Path, limit: u64) -> Result<(), LakeError>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Display,
{
    let failed = |e| LakeError::io("the upload", e);
    let mut file = File::create(to).await.map_err(failed)?;
    let mut stream = std::pin::pin!(stream);
    let mut received = 0_u64;
    while let Some(bytes) = stream.next().await {
        let bytes = bytes.map_err(|e| LakeError::BrokenUpload { cause: e.to_string() })?;
        received += bytes.len() as u64;
        if received > limit {
            return Err(LakeError::TooLarge { what: "the upload".to_owned(), limit });
        }
        file.write_all(&bytes).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)
}

/// The sender's name of the file, fit to stand in a message.
fn shown(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name);
    lakegate_model::text::line("file", base, 255).unwrap_or_else(|_| "the upload".to_owned())
}

fn found(table: &str, storage: &Storage, stored: StoredFile, converted: Converted) -> Imported {
    let columns = converted.columns.into_iter().map(|column| FoundColumn {
        column_type: column.settled_type(),
        nullable: column.nullable,
        partition: false,
        name: column.name,
    });
    let table = FoundTable {
        name: table.to_owned(),
        location: storage.location().to_string(),
        format: FileFormat::Parquet,
        columns: columns.collect(),
        files: vec![DataFile {
            path: stored.path,
            size: stored.size,
            etag: stored.etag,
            modified: stored.modified,
            partitions: Default::default(),
        }],
    };
    Imported { table, rows: converted.rows }
}
