//! Opens a location so that nothing outside of it can be reached.
//!
//! A [`Storage`] holds an object store whose root *is* the location: paths are relative to it, `/`-separated and not
//! percent-encoded, and no path leads out. Folders do not follow links. Buckets use the credentials they are given
//! and never those of the surroundings.

mod folder;
mod s3;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DurationRound as _, TimeDelta};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use lakegate_model::storage::StorageAccess;
use lakegate_model::{Timestamp, clock::to_micros};
use object_store::path::Path as ObjectPath;
use object_store::prefix::PrefixStore;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _};

pub use folder::FolderStore;
pub use write::staged_path;

use crate::{LakeError, LocationUri};

/// A file as a storage lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Relative to the storage, `/`-separated, not percent-encoded.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// The store's entity tag; for folders made of inode, modification time and size.
    pub etag: Option<String>,
    /// Last change, as the store tells it.
    pub modified: Timestamp,
}

/// What a listing meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A file.
    File(StoredFile),
    /// A link, not followed.
    Link,
    /// A name that is not UTF-8 or that object stores cannot carry.
    Unreadable,
}

/// An opened location.
#[derive(Debug, Clone)]
pub struct Storage {
    location: LocationUri,
    store: Arc<dyn ObjectStore>,
    folder: Option<FolderStore>,
}

impl Storage {
    /// Opens a location that is there. For a bucket nothing is asked of the network yet.
    ///
    /// # Errors
    /// [`LakeError::Location`] if access and location do not fit or a folder is reached through a link,
    /// [`LakeError::FolderGone`] if the folder is not there.
    pub fn open(access: &StorageAccess, location: &str) -> Result<Self, LakeError> {
        let location = LocationUri::parse(location)?;
        match (access, location.folder_path(), location.bucket()) {
            (StorageAccess::Folder, Some(root), _) => Self::open_folder(location, root),
            (StorageAccess::S3 { .. }, _, Some(bucket)) => {
                let bucket = s3::open(access, bucket)?;
                let prefix = object_path(&location.path())?;
                let store: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(bucket, prefix));
                Ok(Self { location, store, folder: None })
            }
            _ => Err(LakeError::Location("the connection and the location are of two kinds of storage".to_owned())),
        }
    }

    /// Opens a location, and first makes its folder if it is not there (readable by the server alone).
    ///
    /// # Errors
    /// As [`Storage::open`], and what the operating system says when the folder cannot be made.
    pub fn create(access: &StorageAccess, location: &str) -> Result<Self, LakeError> {
        if let (StorageAccess::Folder, Some(root)) = (access, LocationUri::parse(location)?.folder_path()) {
            write::make_folders(&root)?;
        }
        Self::open(access, location)
    }

    fn open_folder(location: LocationUri, root: PathBuf) -> Result<Self, LakeError> {
        let folder = FolderStore::open(&root).map_err(|e| match LakeError::io(&location.to_string(), e) {
            LakeError::FileGone { path } => LakeError::FolderGone { location: path },
            other => other,
        })?;
        Ok(Self { location, store: Arc::new(folder.clone()), folder: Some(folder) })
    }

    /// The location, in its normal form.
    pub fn location(&self) -> &LocationUri {
        &self.location
    }

    /// The store, rooted at the location.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The path of the location within [`Storage::store`]: always the empty path, since the store is rooted there.
    pub fn root(&self) -> ObjectPath {
        ObjectPath::default()
    }

    /// The file on this machine behind `path`, if the storage is a folder and no link stands in the way.
    pub(crate) fn local_file(&self, path: &str) -> Option<Result<PathBuf, LakeError>> {
        let folder = self.folder.as_ref()?;
        Some(object_path(path).and_then(|p| folder.checked(&p).map_err(|e| LakeError::store(path, e))))
    }

    /// Whether the location answers: a folder that can be listed, a bucket that accepts the keys.
    ///
    /// # Errors
    /// [`LakeError::FolderGone`], [`LakeError::Refused`] or [`LakeError::Storage`], within seconds.
    pub async fn probe(&self) -> Result<(), LakeError> {
        match self.list("").next().await {
            Some(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// The bytes of a file, at most `limit` of them.
    ///
    /// # Errors
    /// [`LakeError::TooLarge`] if the file is larger, else what the storage says.
    pub async fn read(&self, path: &str, limit: u64) -> Result<Bytes, LakeError> {
        let answer = self.store.get(&object_path(path)?).await.map_err(|e| LakeError::store(path, e))?;
        if answer.meta.size > limit {
            return Err(LakeError::TooLarge { what: path.to_owned(), limit });
        }
        answer.bytes().await.map_err(|e| LakeError::store(path, e))
    }

    /// The bytes from `start` to before `end`.
    ///
    /// # Errors
    /// What the storage says.
    pub async fn read_range(&self, path: &str, start: u64, end: u64) -> Result<Bytes, LakeError> {
        self.store.get_range(&object_path(path)?, start..end).await.map_err(|e| LakeError::store(path, e))
    }

    /// What the storage knows of a file.
    ///
    /// # Errors
    /// [`LakeError::FileGone`] if it is not there.
    pub async fn head(&self, path: &str) -> Result<StoredFile, LakeError> {
        let found = self.store.head(&object_path(path)?).await.map_err(|e| LakeError::store(path, e))?;
        let found = if self.folder.is_some() { stored(found) } else { stored_in_bucket(found) };
        // The store of a prefix lists relative paths, but answers for one file with the full key.
        Ok(StoredFile { path: path.to_owned(), ..found })
    }

    /// Everything below a folder of the location (`""` for all of it), in no particular order, page by page.
    pub fn list(&self, below: &str) -> BoxStream<'static, Result<Entry, LakeError>> {
        let location = self.location.to_string();
        let prefix = match object_path(below) {
            Ok(prefix) => prefix,
            Err(error) => return futures::stream::once(async { Err(error) }).boxed(),
        };
        if let Some(folder) = &self.folder {
            return folder.walk(&prefix).map(move |e| e.map_err(|e| listing_failed(&location, e))).boxed();
        }
        let prefix = (!below.is_empty()).then_some(prefix);
        self.store
            .list(prefix.as_ref())
            .filter(|found| {
                // "Folders" that consoles write are empty objects whose key ends in a slash: their path is the prefix.
                let itself = found.as_ref().is_ok_and(|meta| meta.location.as_ref().is_empty());
                futures::future::ready(!itself)
            })
            .map(move |found| found.map(|m| Entry::File(stored_in_bucket(m))).map_err(|e| listing_failed(&location, e)))
            .boxed()
    }

    /// Writes a file at once: a reader sees all of it or nothing. In a folder it also survives a power cut.
    ///
    /// # Errors
    /// [`LakeError::StorageFull`] or what the storage says.
    pub async fn put(&self, path: &str, bytes: Bytes) -> Result<StoredFile, LakeError> {
        let object = object_path(path)?;
        match &self.folder {
            Some(folder) => write::bytes_to_folder(folder, &object, bytes).await?,
            None => {
                self.store.put(&object, bytes.into()).await.map_err(|e| LakeError::store(path, e))?;
            }
        }
        self.head(path).await
    }

    /// Moves a local file into the storage with the promise of [`Storage::put`]; the local file may be gone after.
    ///
    /// # Errors
    /// [`LakeError::StorageFull`] or what the storage says.
    pub async fn put_file(&self, path: &str, local: &std::path::Path) -> Result<StoredFile, LakeError> {
        let object = object_path(path)?;
        match &self.folder {
            Some(folder) => write::file_to_folder(folder, &object, local).await?,
            None => write::file_to_bucket(&*self.store, &object, local).await?,
        }
        self.head(path).await
    }

    /// Deletes a file; one that is not there counts as deleted.
    ///
    /// # Errors
    /// What the storage says.
    pub async fn delete(&self, path: &str) -> Result<bool, LakeError> {
        match self.store.delete(&object_path(path)?).await.map_err(|e| LakeError::store(path, e)) {
            Ok(()) => Ok(true),
            Err(LakeError::FileGone { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes every file below a folder of the location; gives their number. Folders left empty go too.
    ///
    /// # Errors
    /// What the storage says; files deleted until then stay deleted.
    pub async fn delete_prefix(&self, below: &str) -> Result<u64, LakeError> {
        let mut entries = self.list(below);
        let mut deleted = 0;
        while let Some(entry) = entries.next().await {
            if let Entry::File(file) = entry? {
                deleted += u64::from(self.delete(&file.path).await?);
            }
        }
        if let (Some(folder), false) = (&self.folder, below.is_empty()) {
            write::remove_empty_folders(folder, &object_path(below)?);
        }
        Ok(deleted)
    }
}

/// The path of the object store that means `path`.
///
/// # Errors
/// `.`, `..` or control characters among its parts.
pub fn object_path(path: &str) -> Result<ObjectPath, LakeError> {
    ObjectPath::parse(path).map_err(|e| LakeError::store(path, e.into()))
}

fn stored(meta: ObjectMeta) -> StoredFile {
    StoredFile {
        path: meta.location.as_ref().to_owned(),
        size: meta.size,
        etag: meta.e_tag,
        modified: to_micros(meta.last_modified),
    }
}

/// Whole seconds: a bucket tells finer ones when it lists than when it is asked for one file.
fn stored_in_bucket(meta: ObjectMeta) -> StoredFile {
    let modified = meta.last_modified.duration_trunc(TimeDelta::seconds(1)).unwrap_or(meta.last_modified);
    StoredFile { modified, ..stored(meta) }
}

/// While listing, "not found" means that the whole place is gone.
fn listing_failed(location: &str, error: object_store::Error) -> LakeError {
    match LakeError::store(location, error) {
        LakeError::FileGone { .. } => LakeError::FolderGone { location: location.to_owned() },
        other => other,
    }
}

#[cfg(test)]
mod tests;
