//! The quick checks.

use lakegate_app::keys::Keys;
use lakegate_model::{Clock, Fault, clock::SystemClock};
use lakegate_search::{IndexSet, SearchError};
use lakegate_store::{
    changes, in_read,
    migrate::{self, Schema},
    upkeep,
};
use std::{fs, path::Path};
use url::Url;

use super::{Finding, Patient};

/// Less free space than this is too little, on a disk that has more than ten times as much.
const SPACE_BYTES: u64 = 1 << 30;
/// Clocks may differ by this much.
const DRIFT_SECONDS: i64 = 5;

/// The schema.
pub async fn database(patient: &Patient<'_>) -> Vec<Finding> {
    let kind = patient.db.kind();
    vec![match migrate::inspect(&patient.db).await {
        Ok(Schema::Current) => Finding::good("database", format!("{kind}, schema current")),
        Ok(Schema::Behind(missing)) => Finding::bad(
            "database",
            format!("{} migration(s) are missing", missing.len()),
            "run `lakegate migrate` (SQLite: or start the server)",
        ),
        Ok(Schema::Ahead(_)) => {
            Finding::bad("database", "a newer Lakegate has migrated it", "run that version, or restore a backup")
        }
        Err(error) => Finding::bad("database", error.to_string(), "see that the database runs and can be reached"),
    }]
}

/// The data directory and the folders of environments.
pub async fn storage(patient: &Patient<'_>) -> Vec<Finding> {
    let mut findings = vec![writable("data directory", &patient.dir.path)];
    for root in &patient.config.sources.roots {
        findings.push(readable("storage root", root));
    }
    let folders = in_read!(&patient.db, |tx, _scope| { Ok(upkeep::local_environments(tx).await?) });
    match folders {
        Ok(folders) => findings.extend(folders.iter().filter_map(|uri| environment(uri))),
        Err(fault) => findings.push(unread("environments", &fault)),
    }
    findings
}

fn environment(uri: &str) -> Option<Finding> {
    let folder = Url::parse(uri).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()?;
    Some(writable("environment", &folder))
}

fn readable(about: &'static str, folder: &Path) -> Finding {
    match fs::read_dir(folder) {
        Ok(_) => Finding::good(about, folder.display().to_string()),
        Err(error) => Finding::bad(
            about,
            format!("{} cannot be read: {error}", folder.display()),
            "mount it, or let the server's user read it",
        ),
    }
}

fn writable(about: &'static str, folder: &Path) -> Finding {
    match tempfile::NamedTempFile::new_in(folder) {
        Ok(_) => Finding::good(about, format!("{} can be written", folder.display())),
        Err(error) => Finding::bad(
            about,
            format!("{} cannot be written: {error}", folder.display()),
            "mount it, and let the server's user write there",
        ),
    }
}

/// A check that could not be made.
pub fn unread(about: &'static str, fault: &Fault) -> Finding {
    let cause = fault.cause.as_deref().unwrap_or_default();
    Finding::bad(about, format!("could not be looked at: {fault} {cause}"), "mend the database first")
}

/// The master key.
pub fn keys(patient: &Patient<'_>) -> Vec<Finding> {
    let config = patient.config;
    let file = config.key_file();
    let keys = match &config.keys.master_key {
        Some(key) => Keys::from_base64(key.reveal()),
        None if !file.exists() => {
            let text = format!("the master key {} is absent", file.display());
            return vec![Finding::bad("keys", text, "bring the key back; without it sealed secrets are lost")];
        }
        None => Keys::from_file(&file, &crate::random::SystemRandom),
    };
    vec![match keys {
        Ok(keys) => {
            Finding::good("keys", format!("master key {}", keys.ids().collect::<Vec<_>>().join(", before it ")))
        }
        Err(fault) => Finding::bad("keys", fault.message.clone(), fault.fix.unwrap_or_default()),
    }]
}

/// The clocks.
pub async fn clock(patient: &Patient<'_>) -> Vec<Finding> {
    vec![match upkeep::database_time(&patient.db).await {
        Ok(theirs) => {
            let drift = (SystemClock.now() - theirs).num_seconds().abs();
            if drift <= DRIFT_SECONDS {
                Finding::good("clock", format!("{drift} s from the database's"))
            } else {
                Finding::bad("clock", format!("{drift} s from the database's"), "let both machines keep time by NTP")
            }
        }
        Err(error) => Finding::bad("clock", error.to_string(), "see that the database runs"),
    }]
}

/// The disk.
pub fn space(patient: &Patient<'_>) -> Vec<Finding> {
    let folder = &patient.dir.path;
    vec![match room(folder) {
        Ok((free, total)) if free >= SPACE_BYTES.min(total / 10) => {
            Finding::good("disk", format!("{} MiB free", free >> 20))
        }
        Ok((free, _)) => Finding::bad(
            "disk",
            format!("only {} MiB free for {}", free >> 20, folder.display()),
            "make room, or move the data directory to a larger disk",
        ),
        Err(error) => Finding::bad("disk", error.to_string(), "see that the data directory is mounted"),
    }]
}

/// Free and all bytes of the disk of a folder.
fn room(folder: &Path) -> std::io::Result<(u64, u64)> {
    Ok((fs4::available_space(folder)?, fs4::total_space(folder)?))
}

/// How far the index has followed.
pub async fn index(patient: &Patient<'_>) -> Vec<Finding> {
    let last = in_read!(&patient.db, |tx, _scope| { Ok(changes::change_last(tx).await?) });
    let last = match last {
        Ok(last) => last,
        Err(fault) => return vec![unread("search index", &fault)],
    };
    if !patient.index_folder().exists() {
        return vec![Finding::good("search index", "not built yet; the next start builds it")];
    }
    vec![match IndexSet::open(&patient.index_folder()) {
        Err(SearchError::Locked(_)) => Finding::good("search index", "in use by the running server"),
        Err(error) => Finding::bad("search index", error.to_string(), "run `lakegate reindex`"),
        Ok(set) => match set.live() {
            Ok(index) if index.position() > last => Finding::bad(
                "search index",
                format!("it has seen change {}, the database ends at {last}", index.position()),
                "the database was replaced by an older one: run `lakegate reindex`",
            ),
            Ok(index) => {
                let behind = last - index.position();
                Finding::good("search index", format!("{behind} change(s) behind; the server catches up"))
            }
            Err(error) => Finding::bad("search index", error.to_string(), "run `lakegate reindex`"),
        },
    }]
}
