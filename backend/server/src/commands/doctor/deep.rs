//! The slow checks: rows, files and index entries, one by one.

use lakegate_model::Fault;
use lakegate_search::{IndexSet, MAX_KEYS, SearchError};
use lakegate_store::{
    in_read,
    upkeep::{self, TableFile},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use url::Url;

use super::{Finding, Patient, checks::unread};

/// Findings of one kind that are listed singly; more are counted.
const LISTED: usize = 20;

/// Rows that refer to nothing, and damaged pages.
pub async fn rows(patient: &Patient<'_>) -> Vec<Finding> {
    let found =
        in_read!(&patient.db, |tx, _scope| { Ok((upkeep::soundness(tx).await?, upkeep::orphan_rows(tx).await?)) });
    let (sound, orphans) = match found {
        Ok(found) => found,
        Err(fault) => return vec![unread("rows", &fault)],
    };
    let mut findings = Vec::new();
    if sound != "ok" {
        findings.push(Finding::bad("rows", format!("the database file is damaged: {sound}"), "restore a backup"));
    }
    for (table, count) in orphans {
        let text = format!("{count} row(s) of {table} refer to rows that do not exist");
        findings.push(Finding::bad("rows", text, "restore a backup, or delete those rows with the sqlite3 shell"));
    }
    if findings.is_empty() {
        findings.push(Finding::good("rows", "every row refers to rows that exist"));
    }
    findings
}

/// Files that tables name but are gone or changed, and files of the local lake that no table names.
pub async fn files(patient: &Patient<'_>) -> Vec<Finding> {
    let files = in_read!(&patient.db, |tx, _scope| { Ok(upkeep::all_files(tx).await?) });
    let files = match files {
        Ok(files) => files,
        Err(fault) => return vec![unread("files", &fault)],
    };
    let named: BTreeMap<PathBuf, &TableFile> =
        files.iter().filter_map(|file| Some((local_path(file)?, file))).collect();
    let mut findings = Vec::new();
    for (path, file) in &named {
        findings.extend(missing(path, file));
    }
    let known: BTreeSet<&Path> = named.keys().map(PathBuf::as_path).collect();
    for orphan in unnamed(&patient.dir.path.join("lake"), &known) {
        let text = format!("no table names {}", orphan.display());
        findings.push(Finding::bad("files", text, "delete it, if no upload or run is under way"));
    }
    let remote = files.iter().filter(|file| file.remote).count();
    if findings.is_empty() {
        findings.push(Finding::good("files", format!("{} local files are as the tables name them", named.len())));
    }
    if remote > 0 {
        findings.push(Finding::good("files", format!("{remote} files in object stores were not looked at")));
    }
    cut(findings)
}

fn local_path(file: &TableFile) -> Option<PathBuf> {
    let folder = Url::parse(&file.location).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()?;
    Some(folder.join(&file.path))
}

fn missing(path: &Path, file: &TableFile) -> Option<Finding> {
    let mend = if file.managed {
        "restore the file from a backup, or upload the table again"
    } else {
        "run the table's data source again"
    };
    match fs::metadata(path) {
        Err(error) => Some(Finding::bad("files", format!("{} of table {}: {error}", path.display(), file.table), mend)),
        Ok(found) if i64::try_from(found.len()).unwrap_or(i64::MAX) != file.size => {
            let text = format!("{} of table {} has another size than recorded", path.display(), file.table);
            Some(Finding::bad("files", text, mend))
        }
        Ok(_) => None,
    }
}

/// Files below a folder that are not known. Folders that cannot be read are passed over: `storage` tells of them.
fn unnamed(folder: &Path, known: &BTreeSet<&Path>) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(_) if !known.contains(path.as_path()) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// Index entries without an asset, and assets that are not in the index.
pub async fn index(patient: &Patient<'_>) -> Vec<Finding> {
    let assets = in_read!(&patient.db, |tx, _scope| { Ok(upkeep::all_assets(tx).await?) });
    let assets: BTreeSet<String> = match assets {
        Ok(ids) => ids.into_iter().map(|id| format!("asset:{id}")).collect(),
        Err(fault) => return vec![unread("index entries", &fault)],
    };
    if !patient.index_folder().exists() {
        return Vec::new();
    }
    match entries(&patient.index_folder()) {
        Ok(Some(entries)) => compare(&assets, &entries),
        Ok(None) => vec![Finding::good("index entries", "in use by the running server; stop it to compare them")],
        Err(fault) => vec![Finding::bad("index entries", fault.to_string(), "run `lakegate reindex`")],
    }
}

/// Keys of the asset entries; `None` while a server has the index open.
fn entries(folder: &Path) -> Result<Option<BTreeSet<String>>, Fault> {
    let set = match IndexSet::open(folder) {
        Err(SearchError::Locked(_)) => return Ok(None),
        other => other.map_err(Fault::internal)?,
    };
    let index = set.live().map_err(Fault::internal)?;
    let mut keys = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = index.keys(after.as_deref(), MAX_KEYS).map_err(Fault::internal)?;
        let Some(last) = page.last() else { return Ok(Some(keys)) };
        after = Some(last.key.clone());
        keys.extend(page.into_iter().map(|entry| entry.key).filter(|key| key.starts_with("asset:")));
    }
}

fn compare(assets: &BTreeSet<String>, entries: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in entries.difference(assets) {
        findings.push(Finding::bad("index entries", format!("{key} has no row"), "run `lakegate reindex`"));
    }
    for key in assets.difference(entries) {
        findings.push(Finding::bad(
            "index entries",
            format!("{key} is not in the index"),
            "start the server, which catches up; if it stays so, run `lakegate reindex`",
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::good("index entries", format!("{} assets, each with its entry", assets.len())));
    }
    cut(findings)
}

fn cut(mut findings: Vec<Finding>) -> Vec<Finding> {
    let more = findings.len().saturating_sub(LISTED);
    if more > 0 {
        findings.truncate(LISTED);
        findings.push(Finding::bad(
            "more",
            format!("{more} further findings of this kind"),
            "mend these and look again",
        ));
    }
    findings
}
