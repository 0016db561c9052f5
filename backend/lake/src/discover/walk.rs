//! Lists the data files of a location.

use futures::StreamExt as _;
use serde::{Deserialize, Serialize};

use super::Progress;
use crate::storage::{Entry, StoredFile};
use crate::{LakeError, Storage};

/// Files between two reports of progress.
const REPORT: u64 = 1_000;
/// Endings that are surely no data of ours.
const FOREIGN: [&str; 28] = [
    "md", "html", "htm", "pdf", "png", "jpg", "jpeg", "gif", "svg", "zip", "tar", "tgz", "7z", "bz2", "xz", "zst",
    "xls", "xlsx", "doc", "docx", "ppt", "pptx", "avro", "orc", "crc", "py", "sql", "xml",
];

/// Files that were left out, counted by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Files whose name, or a folder above, begins with `_` or `.`.
    pub hidden: u64,
    /// Files without a byte.
    pub empty: u64,
    /// Links, to files or folders.
    pub links: u64,
    /// Names that are not UTF-8, and what is no file.
    pub unreadable: u64,
    /// Files whose ending says that they are no table.
    pub foreign: u64,
}

/// Data files by path.
pub(super) async fn list(
    storage: &Storage,
    limit: u64,
    progress: &(dyn Fn(Progress) + Send + Sync),
) -> Result<(Vec<StoredFile>, Skipped), LakeError> {
    let mut entries = storage.list("");
    let (mut files, mut skipped, mut met) = (Vec::new(), Skipped::default(), 0);
    while let Some(entry) = entries.next().await {
        met += 1;
        if met > limit {
            return Err(LakeError::TooMany { what: "files below the location".to_owned(), limit });
        }
        if met % REPORT == 0 {
            progress(Progress::Listed { files: met });
        }
        sort_in(entry?, &mut files, &mut skipped);
    }
    progress(Progress::Listed { files: met });
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((files, skipped))
}

fn sort_in(entry: Entry, files: &mut Vec<StoredFile>, skipped: &mut Skipped) {
    let counter = match entry {
        Entry::Link => &mut skipped.links,
        Entry::Unreadable => &mut skipped.unreadable,
        Entry::File(file) if file.path.split('/').any(is_hidden) => &mut skipped.hidden,
        Entry::File(file) if file.size == 0 => &mut skipped.empty,
        Entry::File(file) if is_foreign(&file.path) => &mut skipped.foreign,
        Entry::File(file) => return files.push(file),
    };
    *counter += 1;
}

/// Whether a file of this path may belong to a table: it is not hidden, and not of a kind that surely holds no data.
pub fn may_be_data(path: &str) -> bool {
    !path.split('/').any(is_hidden) && !is_foreign(path)
}

/// `_SUCCESS`, `.part.crc` and the like; a partition key may begin with `_`.
fn is_hidden(segment: &str) -> bool {
    segment.starts_with('.') || (segment.starts_with('_') && !segment.contains('='))
}

fn is_foreign(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    name.rsplit_once('.').is_some_and(|(_, ending)| FOREIGN.contains(&ending))
}
