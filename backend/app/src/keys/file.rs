//! The file of the master keys: readable by its owner alone, whole or not there.

use lakegate_model::{Code, Fault, Random};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

use super::{Keys, new_master};

impl Keys {
    /// Reads the master keys from a file that only its owner may read; makes one if the file is absent.
    ///
    /// # Errors
    /// `invalid` if others may read the file, or if it cannot be read or written.
    pub fn from_file(path: &Path, random: &dyn Random) -> Result<Self, Fault> {
        if !path.exists() {
            let fresh = Self::of(new_master(random), Vec::new(), Vec::new());
            write_new(path, fresh.to_base64().as_bytes()).map_err(|error| unreadable(path, &error))?;
        }
        check_mode(path)?;
        // What a crash left of making the key; whoever only reads may not be able to remove it.
        let _left = remove_staged(path);
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|error| unreadable(path, &error))?);
        Self::from_base64(&text)
    }

    /// Puts a new master in front of those of the file. What they sealed opens as before.
    ///
    /// # Errors
    /// As [`Keys::from_file`].
    pub fn rotate_file(path: &Path, random: &dyn Random) -> Result<Self, Fault> {
        let keys = Self::from_file(path, random)?.with_new(random);
        replace(path, keys.to_base64().as_bytes()).map_err(|error| unreadable(path, &error))?;
        Ok(keys)
    }

    /// Takes all masters but the newest out of the file. The caller has made sure that nothing is sealed with them.
    ///
    /// # Errors
    /// As [`Keys::from_file`].
    pub fn retire_file(path: &Path, random: &dyn Random) -> Result<Self, Fault> {
        let keys = Self::from_file(path, random)?.without_older();
        replace(path, keys.to_base64().as_bytes()).map_err(|error| unreadable(path, &error))?;
        Ok(keys)
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let place = path.display();
    Fault::new(Code::Invalid, format!("the master key file {place} cannot be used: {error}")).on("keys.master_key_file")
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), Fault> {
    use std::os::unix::fs::MetadataExt;
    let mode = fs::metadata(path).map_err(|error| unreadable(path, &error))?.mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let place = path.display();
    Err(Fault::invalid("keys.master_key_file", format!("others may read {place}"))
        .fix(format!("run `chmod 600 {place}`")))
}

#[cfg(not(unix))]
fn check_mode(_path: &Path) -> Result<(), Fault> {
    Ok(())
}

/// Written aside and linked to its name: a crash leaves the whole key or none, and a key that another server has made
/// meanwhile stays.
fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let staged = stage(path, bytes)?;
    lakegate_model::failpoint!("keys.staged");
    match fs::hard_link(&staged, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // Not every file system knows links.
        Err(_) => fs::rename(&staged, path)?,
    }
    lakegate_model::failpoint!("keys.linked");
    sync_folder(path)
}

/// Written aside and renamed over the old: a crash leaves the one or the other.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let staged = stage(path, bytes)?;
    fs::rename(&staged, path)?;
    sync_folder(path)
}

fn stage(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    remove_staged(path)?;
    let staged = staged(path);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&staged)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(staged)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

fn staged(path: &Path) -> PathBuf {
    path.with_extension("new")
}

fn remove_staged(path: &Path) -> io::Result<()> {
    match fs::remove_file(staged(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
