//! Lists a location and groups its files into tables.
//!
//! The rules, in short: hidden and empty files do not count; folders named `key=value` are partitions of the table
//! above them; files of one folder that are alike are one table. [`group`] and [`naming`] tell them in full.

mod group;
mod naming;
mod partitions;
mod walk;

use lakegate_model::storage::{FoundTable, StorageAccess};
use tokio_util::sync::CancellationToken;

pub use walk::{Skipped, may_be_data};

use crate::infer::{FileShape, ScanBudget};
use crate::storage::StoredFile;
use crate::{LakeError, Sandbox, Storage};

/// Files that one child process looks at.
const FILES_AT_ONCE: usize = 64;

/// Limits of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscoverLimits {
    /// Most files below the location.
    pub files: u64,
    /// Files of one folder that are looked into; the rest is taken to be like the last of those, and said so.
    pub looked_into: usize,
    /// How much of each file is looked at.
    pub budget: ScanBudget,
}

impl Default for DiscoverLimits {
    /// A million files, 2,000 of each folder looked into.
    fn default() -> Self {
        Self { files: 1_000_000, looked_into: 2_000, budget: ScanBudget::SAMPLE }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Files listed so far.
    Listed { files: u64 },
    /// Files looked into, of those that will be.
    LookedInto { files: u64, of: u64 },
}

/// Something that a person should know about a run; names files, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A file or folder relative to the location.
    pub path: String,
    pub message: String,
}

/// What a run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Discovery {
    /// By location and first file.
    pub tables: Vec<FoundTable>,
    /// Files that could not be read, and what was assumed.
    pub notes: Vec<Note>,
    pub skipped: Skipped,
}

/// A run over a location.
pub struct Discover<'a> {
    pub access: &'a StorageAccess,
    /// `file:///folder/` or `s3://bucket/prefix/`.
    pub location: &'a str,
    pub sandbox: &'a Sandbox,
    pub limits: DiscoverLimits,
    pub progress: &'a (dyn Fn(Progress) + Send + Sync),
    pub cancel: &'a CancellationToken,
}

/// A file with what was found in it.
pub(crate) struct Looked {
    pub file: StoredFile,
    pub shape: FileShape,
}

impl Discover<'_> {
    /// Lists, looks and groups. A file that cannot be read becomes a note and is left out.
    ///
    /// # Errors
    /// The location is gone or refuses, holds too many files, or the run was cancelled.
    pub async fn run(&self) -> Result<Discovery, LakeError> {
        let work = self.run_to_end();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(LakeError::Cancelled),
            done = work => done,
        }
    }

    async fn run_to_end(&self) -> Result<Discovery, LakeError> {
        let storage = Storage::open(self.access, self.location)?;
        let (files, skipped) = walk::list(&storage, self.limits.files, self.progress).await?;
        let folders = group::by_folder(files);
        let total = folders.iter().map(|f| f.files.len().min(self.limits.looked_into) as u64).sum();
        let mut notes = Vec::new();
        let mut clusters = Vec::new();
        let mut done = 0;
        for mut folder in folders {
            let rest = folder.files.split_off(folder.files.len().min(self.limits.looked_into));
            let looked = self.look_into(&storage, folder.files, &mut notes, (&mut done, total)).await?;
            clusters.extend(group::cluster(&folder.path, looked, rest, &mut notes));
        }
        let tables = naming::tables(&storage, clusters)?;
        Ok(Discovery { tables, notes, skipped })
    }

    async fn look_into(
        &self,
        storage: &Storage,
        mut files: Vec<StoredFile>,
        notes: &mut Vec<Note>,
        (done, total): (&mut u64, u64),
    ) -> Result<Vec<Looked>, LakeError> {
        let mut looked = Vec::with_capacity(files.len());
        while !files.is_empty() {
            let later = files.split_off(files.len().min(FILES_AT_ONCE));
            let shapes = self.shapes(storage, &files).await?;
            *done += files.len() as u64;
            (self.progress)(Progress::LookedInto { files: *done, of: total });
            // What never waits would never look up.
            if self.cancel.is_cancelled() {
                return Err(LakeError::Cancelled);
            }
            for (file, shape) in files.into_iter().zip(shapes) {
                match shape {
                    Ok(shape) => looked.push(partial_note(file, shape, notes)),
                    // The storage itself fails: the run cannot tell what is there.
                    Err(error @ (LakeError::Refused { .. } | LakeError::Storage { .. })) => return Err(error),
                    Err(error) => notes.push(Note { message: error.to_string(), path: file.path }),
                }
            }
            files = later;
        }
        Ok(looked)
    }

    async fn shapes(
        &self,
        storage: &Storage,
        files: &[StoredFile],
    ) -> Result<Vec<Result<FileShape, LakeError>>, LakeError> {
        match self.ask(storage, files).await {
            // One file of many killed the child: each alone tells which.
            Err(LakeError::ReaderLimit { .. } | LakeError::ReaderFailed { .. }) if files.len() > 1 => {
                let mut shapes = Vec::with_capacity(files.len());
                for file in files {
                    shapes.push(self.one_shape(storage, file).await?);
                }
                Ok(shapes)
            }
            Err(error @ (LakeError::ReaderLimit { .. } | LakeError::ReaderFailed { .. })) => Ok(vec![Err(error)]),
            other => other,
        }
    }

    async fn one_shape(&self, storage: &Storage, file: &StoredFile) -> Result<Result<FileShape, LakeError>, LakeError> {
        match self.ask(storage, std::slice::from_ref(file)).await {
            Ok(shapes) => shapes.into_iter().next().ok_or_else(|| LakeError::internal("one file gave no answer")),
            Err(error @ (LakeError::ReaderLimit { .. } | LakeError::ReaderFailed { .. })) => Ok(Err(error)),
            Err(error) => Err(error),
        }
    }

    async fn ask(
        &self,
        storage: &Storage,
        files: &[StoredFile],
    ) -> Result<Vec<Result<FileShape, LakeError>>, LakeError> {
        let files = files.iter().map(|f| (f.path.clone(), f.size)).collect();
        self.sandbox.infer_files(self.access, storage.location(), files, self.limits.budget).await
    }
}

fn partial_note(file: StoredFile, shape: FileShape, notes: &mut Vec<Note>) -> Looked {
    if !shape.complete {
        let message = format!("types are taken from the first {} rows of this file", shape.rows);
        notes.push(Note { path: file.path.clone(), message });
    }
    Looked { file, shape }
}

#[cfg(test)]
mod tests;
