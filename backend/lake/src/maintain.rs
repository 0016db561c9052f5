//! Housekeeping: a table's files go, files that nothing names are found.

use std::collections::HashSet;

use futures::StreamExt as _;
use lakegate_model::Timestamp;

pub use crate::storage::staged_path;
use crate::storage::{Entry, StoredFile};
use crate::{LakeError, Storage};

/// Deletes files of a table, given relative to its storage; gives how many were there. Can be repeated.
///
/// # Errors
/// What the storage says; files deleted until then stay deleted.
pub async fn delete_files(storage: &Storage, paths: &[String]) -> Result<u64, LakeError> {
    let mut deleted = 0;
    for path in paths {
        deleted += u64::from(storage.delete(path).await?);
    }
    Ok(deleted)
}

/// Deletes a file that may be there whole, half-written, or not at all. Can be repeated.
///
/// # Errors
/// What the storage says.
pub async fn delete_unfinished(storage: &Storage, path: &str) -> Result<(), LakeError> {
    storage.delete(&staged_path(path)).await?;
    storage.delete(path).await.map(drop)
}

/// Files below a location that are not in `known` and were last changed before `before`, by path. Half-written files
/// of a killed server are among them, hidden as they are; `before` keeps those that are being written out.
///
/// # Errors
/// What the storage says.
pub async fn orphans(
    storage: &Storage,
    known: &HashSet<String>,
    before: Timestamp,
) -> Result<Vec<StoredFile>, LakeError> {
    let mut entries = storage.list("");
    let mut found = Vec::new();
    while let Some(entry) = entries.next().await {
        if let Entry::File(file) = entry?
            && file.modified < before
            && !known.contains(&file.path)
        {
            found.push(file);
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;
    use bytes::Bytes;
    use chrono::TimeDelta;
    use lakegate_model::storage::StorageAccess;

    #[tokio::test]
    async fn orphans_are_old_and_unnamed() {
        let dir = tempfile::tempdir().unwrap();
        let root = format!("file://{}", dir.path().canonicalize().unwrap().display());
        let storage = Storage::open(&StorageAccess::Folder, &root).unwrap();
        for path in ["t/known.parquet", "t/lost.parquet", "t/.half.parquet.writing"] {
            storage.put(path, Bytes::from_static(b"x")).await.unwrap();
        }
        let written = storage.head("t/lost.parquet").await.unwrap().modified;
        let known = HashSet::from(["t/known.parquet".to_owned()]);
        let later = written + TimeDelta::minutes(1);
        let paths = |found: Vec<StoredFile>| found.into_iter().map(|f| f.path).collect::<Vec<_>>();
        let found = paths(orphans(&storage, &known, later).await.unwrap());
        assert_eq!(found, ["t/.half.parquet.writing", "t/lost.parquet"]);
        let earlier = written - TimeDelta::minutes(1);
        assert!(orphans(&storage, &known, earlier).await.unwrap().is_empty());
        assert_eq!(delete_files(&storage, &found).await.unwrap(), 2);
        assert_eq!(delete_files(&storage, &found).await.unwrap(), 0);
        for left in ["t/.cut.parquet.writing", "t/cut.parquet"] {
            storage.put(left, Bytes::from_static(b"x")).await.unwrap();
            delete_unfinished(&storage, "t/cut.parquet").await.unwrap();
        }
        assert!(orphans(&storage, &known, later).await.unwrap().is_empty());
    }
}
