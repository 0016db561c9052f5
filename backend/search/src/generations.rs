//! The live index and the one being built beside it.

use crate::error::{Result, SearchError};
use crate::index::Index;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The file that names the live generation.
const POINTER: &str = "current";
/// The pointer before it is renamed.
const POINTER_NEXT: &str = "current.next";
/// Held while the set is open; the system frees it when a process ends, however it ends.
const LOCK: &str = "lock";

/// A folder of index generations: `root/00000007/`, and `root/current` that names the live one.
///
/// Take [`IndexSet::live`] anew for every search and every batch of changes: a swap replaces it.
#[derive(Debug)]
pub struct IndexSet {
    root: PathBuf,
    live: RwLock<Live>,
    /// One build at a time; holds the number of the last generation made.
    building: Mutex<u64>,
    _lock: File,
}

#[derive(Debug)]
enum Live {
    Ready(Arc<Index>),
    Broken(String),
}

/// An index under construction, used like any [`Index`]. Dropped without [`IndexSet::swap`], it leaves a folder that
/// the next [`IndexSet::open`] removes.
#[derive(Debug)]
pub struct Generation {
    index: Arc<Index>,
    name: String,
}

impl Deref for Generation {
    type Target = Index;

    fn deref(&self) -> &Index {
        &self.index
    }
}

impl IndexSet {
    /// Opens the set in `root`, makes an empty first generation if there is none, and removes what a rebuild that
    /// crashed has left. A damaged live index does not fail here: see [`IndexSet::needs_rebuild`].
    ///
    /// # Errors
    /// [`SearchError::Locked`] while another live process has it open, [`SearchError::Io`] if the disk fails.
    pub fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root)?;
        let lock = take_lock(root)?;
        let name = match read_pointer(root)? {
            Some(name) => name,
            None => first_generation(root)?,
        };
        remove_leftovers(root, &name)?;
        let live = match Index::open(&root.join(&name)) {
            Ok(index) => Live::Ready(Arc::new(index)),
            Err(SearchError::NeedsRebuild(reason)) => Live::Broken(reason),
            Err(error) => return Err(error),
        };
        let building = Mutex::new(name.parse().unwrap_or(0));
        Ok(Self { root: root.to_owned(), live: RwLock::new(live), building, _lock: lock })
    }

    /// The index that answers searches and takes changes.
    ///
    /// # Errors
    /// [`SearchError::NeedsRebuild`] if it was found damaged at opening.
    pub fn live(&self) -> Result<Arc<Index>> {
        match &*self.live.read().unwrap_or_else(PoisonError::into_inner) {
            Live::Ready(index) => Ok(index.clone()),
            Live::Broken(reason) => Err(SearchError::NeedsRebuild(reason.clone())),
        }
    }

    /// Why there is no live index, if so. Build a generation and swap it in.
    pub fn needs_rebuild(&self) -> Option<String> {
        match &*self.live.read().unwrap_or_else(PoisonError::into_inner) {
            Live::Ready(_) => None,
            Live::Broken(reason) => Some(reason.clone()),
        }
    }

    /// An empty generation beside the live one. Searches go on meanwhile.
    ///
    /// # Errors
    /// [`SearchError::Io`] if the disk fails.
    pub fn build_generation(&self) -> Result<Generation> {
        let mut last = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        let name = generation_name(*last);
        let index = Arc::new(Index::open(&self.root.join(&name))?);
        Ok(Generation { index, name })
    }

    /// Commits `generation`, makes it live in one step (also across a crash) and deletes the former one. Searches that
    /// run finish on the former one; changes to it answer [`SearchError::Retired`] from then on.
    ///
    /// # Errors
    /// [`SearchError::Behind`] if the live index has seen more changes: apply them to the generation and try again.
    pub fn swap(&self, generation: &Generation) -> Result<()> {
        let _one_at_a_time = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        let at = generation.commit()?;
        let former = self.live().ok();
        if let Some(live) = former.as_ref().map(|former| former.position()).filter(|&live| live > at) {
            return Err(SearchError::Behind { at, live });
        }
        let former_name = read_pointer(&self.root)?;
        write_pointer(&self.root, &generation.name)?;
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Live::Ready(generation.index.clone());
        if let Some(former) = former.filter(|former| !Arc::ptr_eq(former, &generation.index)) {
            former.retire();
        }
        if let Some(name) = former_name.filter(|name| *name != generation.name) {
            remove_former(&self.root.join(name));
        }
        Ok(())
    }
}

fn take_lock(root: &Path) -> Result<File> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(root.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(SearchError::Locked(root.to_owned())),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn generation_name(number: u64) -> String {
    format!("{number:08}")
}

fn is_generation(name: &str) -> bool {
    name.len() >= 8 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name in the pointer file; `None` if there is no such file or it does not name a generation.
fn read_pointer(root: &Path) -> io::Result<Option<String>> {
    match fs::read(root.join(POINTER)) {
        Ok(bytes) => Ok(String::from_utf8(bytes).ok().map(|name| name.trim().to_owned()).filter(|n| is_generation(n))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Written aside, synced, renamed, and the folder synced: a crash leaves the old name or the new one.
fn write_pointer(root: &Path, name: &str) -> io::Result<()> {
    let next = root.join(POINTER_NEXT);
    let mut file = File::create(&next)?;
    file.write_all(name.as_bytes())?;
    file.sync_all()?;
    lakegate_model::failpoint!("index.pointer_staged");
    fs::rename(&next, root.join(POINTER))?;
    File::open(root)?.sync_all()?;
    lakegate_model::failpoint!("index.pointer_switched");
    Ok(())
}

/// Without a pointer no generation was ever live (or the pointer was lost): start with an empty one of a new number.
fn first_generation(root: &Path) -> Result<String> {
    let used = generations(root)?.iter().filter_map(|name| name.parse::<u64>().ok()).max().unwrap_or(0);
    let name = generation_name(used + 1);
    write_pointer(root, &name)?;
    Ok(name)
}

fn generations(root: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if let Some(name) = entry.file_name().to_str().filter(|name| is_generation(name) && entry.path().is_dir()) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

fn remove_leftovers(root: &Path, live: &str) -> io::Result<()> {
    for name in generations(root)?.into_iter().filter(|name| name != live) {
        tracing::info!(generation = %name, "removing a search index that is not live");
        fs::remove_dir_all(root.join(name))?;
    }
    match fs::remove_file(root.join(POINTER_NEXT)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Searches may still read the files; where the system keeps open files from going, the next start removes them.
fn remove_former(dir: &Path) {
    if let Err(error) = fs::remove_dir_all(dir) {
        tracing::warn!(dir = %dir.display(), %error, "the replaced search index is removed at the next start");
    }
}
