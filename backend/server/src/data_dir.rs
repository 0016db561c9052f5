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
        make_private(path).with_context(|| format!("the data directory {} cannot be made", path.display()))?;
        check_version(path)?;
        let lock =
            take_lock(path).with_context(|| format!("the data directory {} cannot be locked", path.display()))?;
        Ok(Self { path: path.to_owned(), lock })
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
    fs::rename(aside, file)
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
