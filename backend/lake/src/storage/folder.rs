//! A folder of this machine as an object store that never follows a link.
//!
//! Before each access every part of the path below the root is looked at; a part that is a link refuses the access.
//! (A local user who may write into the folder could still swap a file for a link between the look and the use:
//! folders that strangers of the machine write to belong behind an S3 server.)

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use lakegate_model::Timestamp;
use object_store::local::LocalFileSystem;
use object_store::path::Path as ObjectPath;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tokio::sync::mpsc;

use super::{Entry, StoredFile};

/// Files that a walk may be ahead of its reader.
const AHEAD: usize = 1_000;

/// An object store over one folder.
#[derive(Debug, Clone)]
pub struct FolderStore {
    root: PathBuf,
    inner: Arc<LocalFileSystem>,
}

impl fmt::Display for FolderStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FolderStore")
    }
}

impl FolderStore {
    /// Opens an existing folder, which no link leads to.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        let real = root.canonicalize()?;
        if real != root {
            return Err(crate::LakeError::Location("the folder is reached through a link".to_owned()).into());
        }
        if !real.is_dir() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inner = LocalFileSystem::new_with_prefix(&real).map_err(io::Error::other)?;
        Ok(Self { root: real, inner: Arc::new(inner) })
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The file system's path of an object, after a look that no part of it is a link.
    pub(super) fn checked(&self, path: &ObjectPath) -> Result<PathBuf> {
        let mut full = self.root.clone();
        refuse_link(&full, path)?;
        for part in path.parts() {
            full.push(part.as_ref());
            refuse_link(&full, path)?;
        }
        Ok(full)
    }

    /// Every file below `below`, links skipped and told.
    pub(super) fn walk(&self, below: &ObjectPath) -> BoxStream<'static, Result<Entry>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        let store = self.clone();
        let below = below.clone();
        tokio::task::spawn_blocking(move || {
            let ended = store.checked(&below).and_then(|start| walk_folder(&start, below.as_ref(), &sender));
            if let Err(error) = ended {
                // A receiver that is gone has no use for the error.
                let _ = sender.blocking_send(Err(error));
            }
        });
        futures::stream::unfold(receiver, |mut r| async { r.recv().await.map(|entry| (entry, r)) }).boxed()
    }
}

fn refuse_link(full: &Path, path: &ObjectPath) -> Result<()> {
    match fs::symlink_metadata(full) {
        Ok(found) if found.is_symlink() => {
            let source = "a part of the path is a link".into();
            Err(Error::PermissionDenied { path: path.to_string(), source })
        }
        // What is not there yet cannot be a link; the access itself says that it is missing.
        _ => Ok(()),
    }
}

/// Depth first, by name, so that the same folder always lists alike.
fn walk_folder(start: &Path, prefix: &str, sender: &mpsc::Sender<Result<Entry>>) -> Result<()> {
    let mut open = vec![(start.to_path_buf(), prefix.to_owned())];
    while let Some((folder, prefix)) = open.pop() {
        let mut children = match fs::read_dir(&folder).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(children) => children,
            // A folder that vanished while walking is no longer below the start; the start itself must be there.
            Err(e) if e.kind() == io::ErrorKind::NotFound && folder != start => continue,
            Err(e) => return Err(failed(&prefix, e)),
        };
        children.sort_by_key(fs::DirEntry::file_name);
        let mut folders = Vec::new();
        for child in children {
            match look(&child, &prefix)? {
                Look::Folder(path) => folders.push((child.path(), path)),
                Look::Entry(entry) => {
                    if sender.blocking_send(Ok(entry)).is_err() {
                        return Ok(());
                    }
                }
                Look::Nothing => {}
            }
        }
        open.extend(folders.into_iter().rev());
    }
    Ok(())
}

enum Look {
    Folder(String),
    Entry(Entry),
    Nothing,
}

fn look(child: &fs::DirEntry, prefix: &str) -> Result<Look> {
    let name = child.file_name();
    let Some(name) = name.to_str().filter(|n| fits(n)) else {
        return Ok(Look::Entry(Entry::Unreadable));
    };
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    // `DirEntry::metadata` does not follow links.
    let meta = match child.metadata() {
        Ok(meta) => meta,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Look::Nothing),
        Err(e) => return Err(failed(&path, e)),
    };
    Ok(match meta.file_type() {
        kind if kind.is_symlink() => Look::Entry(Entry::Link),
        kind if kind.is_dir() => Look::Folder(path),
        kind if kind.is_file() => Look::Entry(Entry::File(describe(path, &meta))),
        // Sockets, pipes and devices are no data.
        _ => Look::Entry(Entry::Unreadable),
    })
}

/// Whether the object store can carry the name: it keeps `name#123` for itself while it writes.
fn fits(name: &str) -> bool {
    let staged = name
        .split_once('#')
        .is_some_and(|(_, suffix)| !suffix.is_empty() && suffix.bytes().all(|b| b.is_ascii_digit()));
    !staged && ObjectPath::parse(name).is_ok()
}

fn describe(path: String, meta: &fs::Metadata) -> StoredFile {
    let micros = meta.mtime() * 1_000_000 + meta.mtime_nsec() / 1_000;
    StoredFile {
        path,
        size: meta.len(),
        // The form that the object store gives for a single file, so that both can be compared.
        etag: Some(format!("{:x}-{micros:x}-{:x}", meta.ino(), meta.len())),
        modified: Timestamp::from_timestamp_micros(micros).unwrap_or_default(),
    }
}

fn failed(path: &str, error: io::Error) -> Error {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound { path, source: Box::new(error) },
        io::ErrorKind::PermissionDenied => Error::PermissionDenied { path, source: Box::new(error) },
        _ => Error::Generic { store: "folder", source: Box::new(error) },
    }
}

fn meta_of(file: StoredFile) -> Result<ObjectMeta> {
    Ok(ObjectMeta {
        location: ObjectPath::parse(&file.path)?,
        last_modified: file.modified,
        size: file.size,
        e_tag: file.etag,
        version: None,
    })
}

#[async_trait]
impl ObjectStore for FolderStore {
    async fn put_opts(&self, location: &ObjectPath, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        self.checked(location)?;
        self.inner.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(
        &self,
        location: &ObjectPath,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.checked(location)?;
        self.inner.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &ObjectPath, options: GetOptions) -> Result<GetResult> {
        self.checked(location)?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<ObjectPath>>,
    ) -> BoxStream<'static, Result<ObjectPath>> {
        let store = self.clone();
        let checked = locations.map(move |location| {
            let location = location?;
            store.checked(&location)?;
            Ok(location)
        });
        self.inner.delete_stream(checked.boxed())
    }

    fn list(&self, prefix: Option<&ObjectPath>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.walk(&prefix.cloned().unwrap_or_default())
            .filter_map(|entry| {
                futures::future::ready(match entry {
                    Ok(Entry::File(file)) => Some(meta_of(file)),
                    Ok(_) => None,
                    // As object stores do, an absent prefix lists nothing.
                    Err(Error::NotFound { .. }) => None,
                    Err(error) => Some(Err(error)),
                })
            })
            .boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&ObjectPath>) -> Result<ListResult> {
        let prefix = prefix.cloned().unwrap_or_default();
        let folder = self.checked(&prefix)?;
        let children = tokio::task::spawn_blocking(move || one_level(&folder, prefix.as_ref())).await??;
        Ok(children)
    }

    async fn copy_opts(&self, from: &ObjectPath, to: &ObjectPath, options: CopyOptions) -> Result<()> {
        self.checked(from)?;
        self.checked(to)?;
        self.inner.copy_opts(from, to, options).await
    }
}

fn one_level(folder: &Path, prefix: &str) -> Result<ListResult> {
    let mut result = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
    let children = match fs::read_dir(folder) {
        Ok(children) => children,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(result),
        Err(e) => return Err(failed(prefix, e)),
    };
    for child in children {
        match look(&child.map_err(|e| failed(prefix, e))?, prefix)? {
            Look::Folder(path) => result.common_prefixes.push(ObjectPath::parse(path)?),
            Look::Entry(Entry::File(file)) => result.objects.push(meta_of(file)?),
            _ => {}
        }
    }
    Ok(result)
}
