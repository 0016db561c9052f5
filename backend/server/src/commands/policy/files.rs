//! Reading the files of rules that a command names.

use anyhow::{Context, bail, ensure};
use lakegate_app::policy_files::{PolicyFile, format::FILE_BYTES};
use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// Folders within folders.
const DEPTH: usize = 16;

/// Reads files, and the .yaml and .yml files of folders. A file of a folder is named by its path inside it.
///
/// # Errors
/// A path that is not there, is no text, or is far too large.
pub fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<PolicyFile>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            folder(path, path, 0, &mut files)?;
        } else {
            let name = path.file_name().with_context(|| format!("{} is no file", path.display()))?;
            files.push(file(path, Path::new(name))?);
        }
    }
    ensure!(!files.is_empty(), "there is no .yaml or .yml file in the folder");
    files.sort();
    Ok(files)
}

fn folder(root: &Path, folder_path: &Path, depth: usize, files: &mut Vec<PolicyFile>) -> anyhow::Result<()> {
    ensure!(depth < DEPTH, "{} lies too deep", folder_path.display());
    let entries = fs::read_dir(folder_path).with_context(|| format!("{} cannot be read", folder_path.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("{} cannot be read", folder_path.display()))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        let is_yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
        if path.is_dir() && !hidden {
            folder(root, &path, depth + 1, files)?;
        } else if is_yaml && !hidden {
            files.push(file(&path, path.strip_prefix(root).unwrap_or(&path))?);
        }
    }
    Ok(())
}

fn file(path: &Path, name: &Path) -> anyhow::Result<PolicyFile> {
    let size = fs::metadata(path).with_context(|| format!("{} cannot be read", path.display()))?.len();
    ensure!(size <= FILE_BYTES as u64, "{} is too large: the limit is {FILE_BYTES} bytes", path.display());
    let text = fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let parts: Vec<String> = name.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    Ok(PolicyFile { name: parts.join("/"), text })
}

/// The name of a file from elsewhere, if it stays inside the folder that it is written to.
///
/// # Errors
/// A name that leads out of it.
pub fn inside(name: &str) -> anyhow::Result<&Path> {
    let path = Path::new(name);
    if name.is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_))) {
        bail!("the server names a file that does not stay in the folder: {name}");
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn names_stay_inside() {
        assert!(inside("a.yaml").is_ok() && inside("sales/b.yaml").is_ok());
        for name in ["", "/etc/passwd", "../x.yaml", "a/../../b.yaml"] {
            assert!(inside(name).is_err(), "{name}");
        }
    }
}
