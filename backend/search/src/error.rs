//! What can go wrong with an index.

use lakegate_model::{Code, Fault};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenReadError};

/// A failure of the index. Queries of users never cause one.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Another live process (or another handle in this one) has the folder open for writing.
    #[error("the search index in {} is in use by another running process; stop it, or use another data directory", .0.display())]
    Locked(PathBuf),
    /// Files are missing, damaged or written by another version: build the index anew.
    #[error("the search index must be rebuilt: {0}")]
    NeedsRebuild(String),
    /// The index was replaced by a newer generation: take the live one again and follow from its position.
    #[error("this generation of the search index was replaced by a newer one")]
    Retired,
    /// A new generation has not yet seen all changes that the live one has.
    #[error("the new generation stands at change {at}, the live one at {live}; catch up before the swap")]
    Behind {
        /// Position of the generation that was to go live.
        at: i64,
        /// Position of the live index.
        live: i64,
    },
    /// The disk failed or is full.
    #[error("the search index could not be read or written: {0}")]
    Io(#[from] io::Error),
    /// The index library failed otherwise.
    #[error("the search index failed: {0}")]
    Failed(String),
}

/// The answer of everything here that can fail.
pub(crate) type Result<T> = std::result::Result<T, SearchError>;

impl From<TantivyError> for SearchError {
    fn from(error: TantivyError) -> Self {
        match &error {
            TantivyError::IoError(cause) => Self::Io(io::Error::new(cause.kind(), cause.to_string())),
            TantivyError::DataCorruption(_)
            | TantivyError::IncompatibleIndex(_)
            | TantivyError::SchemaError(_)
            | TantivyError::FieldNotFound(_)
            | TantivyError::DeserializeError(_)
            | TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_)) => {
                Self::NeedsRebuild(error.to_string())
            }
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Locked(PathBuf::new()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl From<SearchError> for Fault {
    fn from(error: SearchError) -> Self {
        let fault = match &error {
            SearchError::NeedsRebuild(_) => Self::new(Code::Unavailable, "search is being repaired")
                .fix("an administrator rebuilds it with `lakegate reindex`"),
            SearchError::Locked(_) => Self::new(Code::Unavailable, "the search index is in use by another process"),
            SearchError::Retired | SearchError::Behind { .. } => {
                Self::new(Code::Unavailable, "search is being rebuilt").retry_after(1)
            }
            SearchError::Io(cause) if cause.kind() == io::ErrorKind::StorageFull => {
                Self::new(Code::StorageFull, "the disk that holds the search index is full")
            }
            SearchError::Io(_) | SearchError::Failed(_) => return Self::internal(error),
        };
        fault.caused_by(error)
    }
}

/// Runs `work` and turns a panic into [`SearchError::NeedsRebuild`].
///
/// The index library trusts its files: a damaged byte that no checksum caught in time makes it panic.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("unknown");
        Err(SearchError::NeedsRebuild(format!("reading it failed ({text})")))
    })
}
