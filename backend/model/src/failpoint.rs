//! Points between two durable effects at which a test lets the program die, as a power cut would.
//!
//! `failpoint!("upload.file_visible")` stands where one effect is done and the next is not. In a build without debug
//! assertions it is nothing. Otherwise the process aborts there if the environment variable `LAKEGATE_FAILPOINT` names the
//! point: `name` for the first time it is reached, `name:3` for the third. A name that is not in [`ALL`] does not compile,
//! and a name of [`ALL`] that no scenario of `tests/it/failpoints/` reaches fails that test.

/// Every point, by the area whose use cases pass it.
pub const ALL: &[&str] = &[
    "data_dir.version_staged",
    "start.migrated",
    "keys.staged",
    "keys.linked",
    "demo.told",
    "environment.folder_made",
    "upload.noted",
    "upload.staged",
    "upload.file_visible",
    "upload.committed",
    "upload.refused",
    "upload.taken_back",
    "source.claimed",
    "source.listed",
    "source.table_registered",
    "source.registered",
    "derived.file_visible",
    "derived.committed",
    "notice.sent",
    "change.committed",
    "audit.sealed",
    "audit.anchor_written",
    "search.read",
    "search.prepared",
    "search.committed",
    "index.generation_built",
    "index.pointer_staged",
    "index.pointer_switched",
    "query.started",
    "query.rows_sent",
    "kept.staged",
    "kept.written",
    "kept.row_gone",
    "backup.database_copied",
    "backup.files_copied",
    "backup.described",
    "backup.packed",
    "restore.begun",
    "restore.files_copied",
    "restore.database_copied",
    "restore.renewed",
];

/// The environment variable that names a point.
pub const VARIABLE: &str = "LAKEGATE_FAILPOINT";

/// Marks a point between two durable effects; see [`mod@crate::failpoint`].
#[macro_export]
macro_rules! failpoint {
    ($name:literal) => {{
        const { assert!($crate::failpoint::is_listed($name), "add the point to lakegate_model::failpoint::ALL") };
        $crate::failpoint::reached($name);
    }};
}

/// Whether a point is in [`ALL`].
pub const fn is_listed(name: &str) -> bool {
    let mut at = 0;
    while at < ALL.len() {
        if is_same(ALL[at], name) {
            return true;
        }
        at += 1;
    }
    false
}

const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// Dies here if the environment says so. Called by [`failpoint!`](crate::failpoint!), which checks the name.
#[cfg(debug_assertions)]
pub fn reached(name: &'static str) {
    use std::{
        env,
        io::Write as _,
        sync::atomic::{AtomicU64, Ordering},
    };
    static TIMES: AtomicU64 = AtomicU64::new(0);
    let Some(wanted) = env::var_os(VARIABLE) else { return };
    let wanted = wanted.to_string_lossy();
    let (point, count) = wanted.split_once(':').unwrap_or((&wanted, "1"));
    if point == name && TIMES.fetch_add(1, Ordering::SeqCst) + 1 == count.parse().unwrap_or(1) {
        // The test looks for this line, to know that it was this point and no other end.
        let _lost = std::io::stderr().write_all(format!("\nfailpoint {name} reached\n").as_bytes());
        std::process::abort();
    }
}

/// Nothing, in the program that people run.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub fn reached(_name: &'static str) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_once() {
        for (at, name) in ALL.iter().enumerate() {
            assert!(is_listed(name));
            assert!(!ALL[..at].contains(name), "{name} stands twice");
        }
        assert!(!is_listed("upload"));
        assert!(!is_listed("upload.noted.twice"));
    }
}
