//! Notes of uploads under way: which file a crash may leave in the storage without a row that names it.
//!
//! A note is on the disk before the file is, and goes after the row is committed or the file is deleted again. What it
//! names is looked up when the server starts: a file that reached the catalog stays, any other goes. So nothing is deleted
//! but what an upload of this server wrote and never acknowledged.

use lakegate_lake::{LakeError, Storage, maintain};
use lakegate_model::{Fault, ids::ConnectionId, storage::StorageAccess};
use lakegate_store::{in_read, tables};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, DirBuilder, File},
    io::{self, Write as _},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};
use uuid::Uuid;

use super::access;
use crate::{App, places::outgoing::check_access};

/// The folder of the data directory that holds the notes.
const FOLDER: &str = "unfinished";

/// The file of an upload under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// How the storage is reached; `None` is a folder of this machine.
    pub connection: Option<ConnectionId>,
    /// Location of the table.
    pub location: String,
    /// Path of the file below the location.
    pub path: String,
}

/// A note that is on the disk.
#[derive(Debug)]
pub(crate) struct Noted {
    place: PathBuf,
    pub what: Unfinished,
}

impl Noted {
    /// Writes a note; when this returns it survives a power cut.
    ///
    /// # Errors
    /// `storage_full`, or what the disk says.
    pub async fn write(app: &App, id: Uuid, what: Unfinished) -> Result<Self, Fault> {
        let place = app.settings.data_dir.join(FOLDER).join(format!("{id}.json"));
        let noted = Self { place, what };
        let (place, text) = (noted.place.clone(), serde_json::to_vec(&noted.what).map_err(Fault::internal)?);
        blocking(move || write_synced(&place, &text)).await?;
        Ok(noted)
    }

    /// Drops the note: the file is in the catalog, or gone. A note that stays is looked at by the next start.
    pub async fn settled(self) {
        if let Err(error) = tokio::fs::remove_file(&self.place).await {
            tracing::warn!(%error, "the note of an upload could not be removed; the next start does it");
        }
    }

    /// Deletes the file unless the catalog names it, then the note. Where either is not certain both stay.
    pub async fn take_back(self, app: &App) {
        match settle(app, &self.what).await {
            Ok(()) => {
                lakegate_model::failpoint!("upload.taken_back");
                self.settled().await;
            }
            Err(error) => {
                tracing::warn!(?error, "the file of a failed upload could not be deleted; the next start tries again");
            }
        }
    }
}

/// At start, before the first upload: settles what a killed server left. What cannot be reached now waits for the next
/// start.
///
/// # Errors
/// What the disk of the data directory says.
pub async fn recover(app: &App) -> Result<(), Fault> {
    let folder = app.settings.data_dir.join(FOLDER);
    for place in blocking(move || notes(&folder)).await? {
        match read(&place) {
            Some(what) => Noted { place, what }.take_back(app).await,
            // Cut off while it was written, so its upload had not begun.
            None => tokio::fs::remove_file(&place).await.map_err(Fault::internal)?,
        }
    }
    Ok(())
}

/// What uploads of this data directory have under way, or have left by a crash.
///
/// # Errors
/// What the disk says.
pub fn list(data_dir: &Path) -> io::Result<Vec<Unfinished>> {
    Ok(notes(&data_dir.join(FOLDER))?.iter().filter_map(|place| read(place)).collect())
}

fn notes(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| entry.map(|entry| entry.path())).collect(),
    }
}

fn read(place: &Path) -> Option<Unfinished> {
    serde_json::from_slice(&fs::read(place).ok()?).ok()
}

async fn settle(app: &App, what: &Unfinished) -> Result<(), Fault> {
    let access = in_read!(&app.db, |tx, _scope| {
        if tables::path_known(tx, &what.location, [what.path.as_str()]).await? {
            return Ok(None);
        }
        access(app, tx, what.connection).await.map(Some)
    })?;
    let Some(access) = access else { return Ok(()) };
    check_access(&access).await?;
    Ok(delete(&access, what).await?)
}

async fn delete(access: &StorageAccess, what: &Unfinished) -> Result<(), LakeError> {
    match Storage::open(access, &what.location) {
        Err(LakeError::FolderGone { .. }) => Ok(()),
        storage => maintain::delete_unfinished(&storage?, &what.path).await,
    }
}

fn write_synced(place: &Path, text: &[u8]) -> io::Result<()> {
    let folder = place.parent().unwrap_or(place);
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file = File::create(place)?;
    file.write_all(text)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T, Fault> {
    let done = tokio::task::spawn_blocking(work).await.map_err(Fault::internal)?;
    done.map_err(|error| match error.kind() {
        io::ErrorKind::StorageFull => LakeError::StorageFull.into(),
        _ => Fault::internal(error),
    })
}
