//! Writing so that what was acknowledged is there after a power cut, and nothing half-written is ever visible.
//!
//! In a folder: a hidden temporary file beside the target, synced, renamed, and the folder synced. In a bucket: one
//! put or a multipart upload, which appears only when it is complete.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStore, ObjectStoreExt as _, WriteMultipart};
use tokio::io::AsyncReadExt as _;

use super::FolderStore;
use crate::LakeError;

/// Files up to this size go to a bucket in one request; larger ones in parts of it.
const PART: usize = 8 * 1024 * 1024;
/// Parts in flight at once.
const PARALLEL: usize = 4;

/// Makes a folder and those above it, mode 0700, each synced into its parent. Links on the way are refused.
pub(super) fn make_folders(folder: &Path) -> Result<(), LakeError> {
    make(folder).map_err(|e| LakeError::io(&folder.to_string_lossy(), e))
}

fn make(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder.ancestors().take_while(|f| fs::symlink_metadata(f).is_err()).collect();
    let Some(above) = folder.ancestors().nth(missing.len()) else { return Ok(()) };
    if above.canonicalize()? != above {
        return Err(LakeError::Location("the folder is reached through a link".to_owned()).into());
    }
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(0o700).create(folder) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
            _ => sync_parent(folder)?,
        }
    }
    Ok(())
}

fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

/// Where a target stands, and the hidden name under which it is written first.
fn places(folder: &FolderStore, path: &ObjectPath) -> Result<(PathBuf, PathBuf), LakeError> {
    let target = folder.checked(path).map_err(|e| LakeError::store(path.as_ref(), e))?;
    let name = path.filename().unwrap_or_default();
    let parent = target.parent().unwrap_or(folder.root());
    let staged = parent.join(staged_name(name));
    Ok((target, staged))
}

fn staged_name(name: &str) -> String {
    format!(".{name}.writing")
}

/// The path under which a file of a folder is written before it appears at `path`.
pub fn staged_path(path: &str) -> String {
    match path.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/{}", staged_name(name)),
        None => staged_name(path),
    }
}

pub(super) async fn bytes_to_folder(folder: &FolderStore, path: &ObjectPath, bytes: Bytes) -> Result<(), LakeError> {
    let (target, staged) = places(folder, path)?;
    blocking(path.to_string(), move || appear(&target, &staged, |staged| File::create(staged)?.write_all(&bytes))).await
}

pub(super) async fn file_to_folder(folder: &FolderStore, path: &ObjectPath, local: &Path) -> Result<(), LakeError> {
    let (target, staged) = places(folder, path)?;
    let local = local.to_path_buf();
    blocking(path.to_string(), move || appear(&target, &staged, |staged| bring(&local, staged))).await
}

/// A rename where both lie on one file system, else a copy.
fn bring(local: &Path, staged: &Path) -> io::Result<()> {
    match fs::rename(local, staged) {
        Err(e) if e.kind() == io::ErrorKind::CrossesDevices => fs::copy(local, staged).map(|_| ()),
        other => other,
    }
}

/// Fills the staged file and lets it appear under its name; a failure leaves neither.
fn appear(target: &Path, staged: &Path, fill: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        make(parent)?;
    }
    let done = fill(staged)
        .and_then(|()| File::open(staged)?.sync_all())
        .and_then(|()| {
            lakegate_model::failpoint!("upload.staged");
            fs::rename(staged, target)
        })
        .and_then(|()| sync_parent(target));
    if done.is_err() {
        // Best effort: the name is hidden, and `maintain` finds what is left.
        let _ = fs::remove_file(staged);
    }
    done
}

async fn blocking(path: String, work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Result<(), LakeError> {
    tokio::task::spawn_blocking(work).await.map_err(LakeError::internal)?.map_err(|e| LakeError::io(&path, e))
}

pub(super) async fn file_to_bucket(store: &dyn ObjectStore, path: &ObjectPath, local: &Path) -> Result<(), LakeError> {
    let of_store = |e| LakeError::store(path.as_ref(), e);
    let of_file = |e| LakeError::io(path.as_ref(), e);
    let mut file = tokio::fs::File::open(local).await.map_err(of_file)?;
    let size = file.metadata().await.map_err(of_file)?.len();
    if size <= PART as u64 {
        let mut whole = Vec::new();
        file.read_to_end(&mut whole).await.map_err(of_file)?;
        return store.put(path, whole.into()).await.map(|_| ()).map_err(of_store);
    }
    let upload = store.put_multipart(path).await.map_err(of_store)?;
    let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
    match send_parts(&mut file, &mut writer).await {
        Ok(()) => writer.finish().await.map(|_| ()).map_err(of_store),
        Err(error) => {
            // Without the abort the parts would lie, unseen and paid for, in the bucket.
            let _ = writer.abort().await;
            Err(of_file(error))
        }
    }
}

async fn send_parts(file: &mut tokio::fs::File, writer: &mut WriteMultipart) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match file.read(&mut buffer).await? {
            0 => return Ok(()),
            read => {
                writer.wait_for_capacity(PARALLEL).await.map_err(io::Error::other)?;
                writer.write(&buffer[..read]);
            }
        }
    }
}

/// Removes folders that became empty, from the deepest up; what is not empty stays.
pub(super) fn remove_empty_folders(folder: &FolderStore, below: &ObjectPath) {
    if let Ok(start) = folder.checked(below) {
        prune(&start);
    }
}

fn prune(folder: &Path) {
    let Ok(children) = fs::read_dir(folder) else { return };
    for child in children.flatten() {
        if child.file_type().is_ok_and(|kind| kind.is_dir()) {
            prune(&child.path());
        }
    }
    // Fails for a folder that is not empty, and that is what is wanted.
    let _ = fs::remove_dir(folder);
}
