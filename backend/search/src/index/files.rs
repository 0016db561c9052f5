//! The files of an index: opening them, and finding out whether they are whole.

use crate::error::{Result, SearchError};
use crate::schema::{ANALYSIS, Fields, column};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;
use tantivy::indexer::IndexWriterOptions;
use tantivy::{IndexSettings, IndexWriter, Searcher};

/// Memory for documents not yet written, in bytes. One thread writes.
const WRITER_BYTES: usize = 30_000_000;
/// The library's file that names the segments of an index.
const META: &str = "meta.json";

/// What stands beside the documents in each commit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Payload {
    pub position: i64,
    /// All bits of the position turned: the library's file has no checksum of its own.
    turned: i64,
    analysis: u32,
}

impl Payload {
    /// The payload of a commit at a position.
    pub fn at(position: i64) -> Self {
        Self { position, turned: !position, analysis: ANALYSIS }
    }
}

pub(super) fn open_or_create(dir: &Path, fields: &Fields) -> Result<tantivy::Index> {
    if !dir.join(META).exists() {
        if has_segments(dir)? {
            return Err(SearchError::NeedsRebuild(format!("{META} is missing")));
        }
        let directory = tantivy::directory::MmapDirectory::open(dir).map_err(tantivy::TantivyError::from)?;
        return Ok(tantivy::Index::create(directory, fields.schema.clone(), IndexSettings::default())?);
    }
    let index = tantivy::Index::open_in_dir(dir).map_err(unreadable)?;
    if index.schema() != fields.schema {
        return Err(SearchError::NeedsRebuild("it has the fields of another version".into()));
    }
    Ok(index)
}

/// Whether the folder holds files of segments: an index that lost its head, not an empty place.
fn has_segments(dir: &Path) -> Result<bool> {
    let mut entries = fs::read_dir(dir)?;
    let is_segment = |entry: std::io::Result<fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|e| e == "store" || e == "term" || e == "idx"))
    };
    Ok(entries.any(is_segment))
}

pub(super) fn writer(index: &tantivy::Index) -> tantivy::Result<IndexWriter> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .num_merge_threads(1)
        .memory_budget_per_thread(WRITER_BYTES)
        .build();
    index.writer_with_options(options)
}

/// Removes what a commit has written that was cut off or failed. Its numbers are given again, and with them the names of
/// its files: as long as one of them is there the next commit cannot write its own, and the index would stand still.
pub(super) fn remove_uncommitted(writer: &IndexWriter) -> tantivy::Result<()> {
    writer.garbage_collect_files().wait().map(drop)
}

pub(super) fn locked(error: tantivy::TantivyError, dir: &Path) -> SearchError {
    match SearchError::from(error) {
        SearchError::Locked(_) => SearchError::Locked(dir.to_owned()),
        SearchError::Failed(cause) => SearchError::NeedsRebuild(cause),
        other => other,
    }
}

/// While opening, whatever is not the disk's failure means that the files are not what they should be.
pub(super) fn unreadable(error: tantivy::TantivyError) -> SearchError {
    match SearchError::from(error) {
        SearchError::Failed(cause) => SearchError::NeedsRebuild(cause),
        SearchError::Io(cause) if is_content(&cause) => SearchError::NeedsRebuild(cause.to_string()),
        other => other,
    }
}

/// Errors of reading that stem from what a file holds, not from the disk.
fn is_content(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{InvalidData, InvalidInput, NotFound, Other, UnexpectedEof};
    matches!(error.kind(), InvalidData | InvalidInput | NotFound | Other | UnexpectedEof)
}

pub(super) fn checked(index: &tantivy::Index) -> Result<()> {
    let damaged = index.validate_checksum().map_err(unreadable)?;
    if damaged.is_empty() {
        return Ok(());
    }
    let mut names: Vec<String> = damaged.iter().map(|path| path.display().to_string()).collect();
    names.sort();
    Err(SearchError::NeedsRebuild(format!("damaged files: {}", names.join(", "))))
}

/// Whether each segment holds as many documents as the index believes.
pub(super) fn whole(searcher: &Searcher) -> Result<()> {
    for reader in searcher.segment_readers() {
        let held = reader.fast_fields().u64(column::ORDER).map_err(unreadable)?.num_docs();
        if held != reader.max_doc() {
            return Err(SearchError::NeedsRebuild("a segment holds another number of documents".into()));
        }
    }
    Ok(())
}

pub(super) fn position_of(index: &tantivy::Index) -> Result<i64> {
    let Some(payload) = index.load_metas().map_err(unreadable)?.payload else { return Ok(0) };
    let payload: Payload = serde_json::from_str(&payload)
        .map_err(|error| SearchError::NeedsRebuild(format!("its position cannot be read ({error})")))?;
    if payload.turned != !payload.position {
        return Err(SearchError::NeedsRebuild("its position is damaged".into()));
    }
    if payload.analysis != ANALYSIS {
        return Err(SearchError::NeedsRebuild("its words were made by another version".into()));
    }
    Ok(payload.position)
}

pub(super) fn folder_bytes(dir: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        // Files of merged segments may vanish while they are counted.
        bytes += entry?.metadata().map(|meta| meta.len()).unwrap_or(0);
    }
    Ok(bytes)
}
