//! The folder of everything that a server keeps by itself.

use anyhow::{Context, bail};
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write,
    path::{Path, PathBuf},
};

/// The layout of the folder. A newer one is refused.
const VERSION: u32 = 1;
const VERSION_FILE: &str = "VERSION";
const LOCK_FILE: &str = "lock";
/// Stands in a folder that a restore has begun to fill and not ended.
pub const HALF_RESTORED: &str = "half-restored";

/// A data directory in use. The lock, if held, is freed when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDir {
    pub path: PathBuf,
    lock: Option<File>,
}

impl DataDir {
    /// Opens the folder for a server; makes it if absent.
    ///
    /// # Errors
    /// Another process uses it, it is of a newer version, or it cannot be written.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let dir = Self::open_shared(path)?;
        if dir.lock.is_none() {
            bail!("the data directory {} is used by another running Lakegate; stop that one first", path.display());
        }
        Ok(dir)
    }

    /// Opens the folder also beside a running server: [`DataDir::is_ours`] tells whether the lock could be had.
    ///
    /// # Errors
    /// It is of a newer version, or it cannot be written.
    pub fn open_shared(path: &Path) -> anyhow::Result<Self> {
        if is_half_restored(path) {
            bail!("a restore into {} was cut off; run `lakegate restore` again", path.display());
        }
        Self::open_any(path)
    }

    /// Opens the folder for a restore that has marked it.
    ///
    /// # Errors
    /// As [`DataDir::open`].
    pub fn lock_half_restored(path: &Path) -> anyhow::Result<Self> {
        let dir = Self::open_any(path)?;
        if dir.lock.is_none() {
            bail!("another process uses the data directory {}", path.display());
        }
        Ok(dir)
    }

    fn open_any(path: &Path) -> anyhow::Result<Self> {
        make_private(path).with_context(|| format!("the data directory {} cannot be made", path.display()))?;
        check_version(path)?;
        let lock =
            take_lock(path).with_context(|| format!("the data directory {} cannot be locked", path.display()))?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// Whether a path is one of the files by which a folder is known as a data directory, of which a restore keeps hold.
    pub fn is_own_file(path: &Path) -> bool {
        path.file_name().is_some_and(|name| [VERSION_FILE, LOCK_FILE, HALF_RESTORED].iter().any(|own| name == *own))
    }

    /// Whether this process holds the lock.
    pub fn is_ours(&self) -> bool {
        self.lock.is_some()
    }

    /// The SQLite database.
    pub fn database(&self) -> PathBuf {
        self.path.join("lakegate.db")
    }
}

/// Whether a folder is absent or empty.
pub fn is_unused(path: &Path) -> anyhow::Result<bool> {
    if !path.exists() {
        return Ok(true);
    }
    let mut entries = fs::read_dir(path).with_context(|| path.display().to_string())?;
    Ok(entries.next().is_none())
}

/// Whether a restore has begun to fill a folder and not ended.
pub fn is_half_restored(path: &Path) -> bool {
    path.join(HALF_RESTORED).exists()
}

/// Makes a folder that only its owner may enter.
pub fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

fn check_version(path: &Path) -> anyhow::Result<()> {
    let file = path.join(VERSION_FILE);
    if !file.exists() {
        return write_version(&file).with_context(|| format!("{} cannot be written", file.display()));
    }
    let text = fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    match text.trim().parse::<u32>() {
        Ok(version) if version <= VERSION => Ok(()),
        Ok(version) => bail!(
            "the data directory {} is of version {version}, which a newer Lakegate made; this one knows version {VERSION}",
            path.display()
        ),
        Err(_) => bail!("{} does not hold a version; is this a data directory of Lakegate?", file.display()),
    }
}

/// Written aside and renamed, so that a crash leaves no half-written version.
fn write_version(file: &Path) -> std::io::Result<()> {
    let aside = file.with_extension("new");
    let mut new = File::create(&aside)?;
    writeln!(new, "{VERSION}")?;
    new.sync_all()?;
    lakegate_model::failpoint!("data_dir.version_staged");
    fs::rename(aside, file)?;
    sync_parent(file)
}

/// Without it a power cut could bring the former name back.
fn sync_parent(file: &Path) -> std::io::Result<()> {
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn take_lock(path: &Path) -> std::io::Result<Option<File>> {
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK_FILE))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn one_server_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("data");
        let first = DataDir::open(&path).unwrap();
        assert!(DataDir::open(&path).unwrap_err().to_string().contains("used by another"));
        assert!(!DataDir::open_shared(&path).unwrap().is_ours());
        drop(first);
        assert!(DataDir::open(&path).unwrap().is_ours());
    }

    #[test]
    fn a_newer_layout_is_refused() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(VERSION_FILE), "2\n").unwrap();
        assert!(DataDir::open(root.path()).unwrap_err().to_string().contains("version 2"));
    }
}
