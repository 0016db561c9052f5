//! The slow checks: rows, files and index entries, one by one.

use lakegate_app::sources::unfinished;
use lakegate_lake::maintain;
use lakegate_model::Fault;
use lakegate_search::{IndexSet, MAX_KEYS, SearchError};
use lakegate_store::{
    changes, in_read,
    upkeep::{self, TableFile},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
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

/// Files that tables name but are gone or changed, and files of the local lake that no table names, nor named until a query
/// made it anew.
pub async fn files(patient: &Patient<'_>) -> Vec<Finding> {
    // In this order, files, notes, rows, an upload that goes on meanwhile is never taken for what a crash left.
    let there = below(&patient.dir.path.join("lake"));
    let unfinished = match unfinished(&patient.dir.path) {
        Ok(unfinished) => unfinished,
        Err(error) => return vec![Finding::bad("files", error.to_string(), "let the server's user read its folder")],
    };
    let files =
        in_read!(&patient.db, |tx, _scope| { Ok((upkeep::all_files(tx).await?, upkeep::all_leftovers(tx).await?)) });
    let (files, leftovers) = match files {
        Ok(files) => files,
        Err(fault) => return vec![unread("files", &fault)],
    };
    let replaced: BTreeSet<PathBuf> =
        leftovers.iter().filter_map(|(location, path)| Some(local_folder(location)?.join(path))).collect();
    let named: BTreeMap<PathBuf, &TableFile> =
        files.iter().filter_map(|file| Some((local_path(file)?, file))).collect();
    let mut findings: Vec<Finding> = named.iter().filter_map(|(path, file)| missing(path, file)).collect();
    let (under_way, orphans): (Vec<_>, Vec<_>) = there
        .into_iter()
        .filter(|path| !named.contains_key(path) && !replaced.contains(path) && path.exists())
        .partition(|path| unfinished.contains(path));
    findings.extend(
        orphans.iter().map(|orphan| Finding::bad("files", format!("no table names {}", orphan.display()), "delete it")),
    );
    if findings.is_empty() {
        findings.push(Finding::good("files", format!("{} local files are as the tables name them", named.len())));
    }
    findings.extend(aside(under_way.len(), files.iter().filter(|file| file.remote).count()));
    cut(findings)
}

/// What is as it should be, and yet not as the tables name it.
fn aside(under_way: usize, remote: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    if under_way > 0 {
        let text = format!("{under_way} of uploads under way, or cut off and removed by the next start");
        findings.push(Finding::good("files", text));
    }
    if remote > 0 {
        findings.push(Finding::good("files", format!("{remote} files in object stores were not looked at")));
    }
    findings
}

fn local_path(file: &TableFile) -> Option<PathBuf> {
    Some(local_folder(&file.location)?.join(&file.path))
}

fn local_folder(location: &str) -> Option<PathBuf> {
    Url::parse(location).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()
}

/// Files that an upload may have written and not yet entered, under either of their names.
fn unfinished(data_dir: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let noted = unfinished::list(data_dir)?;
    let places = noted.iter().filter_map(|note| Some((local_folder(&note.location)?, &note.path)));
    Ok(places.flat_map(|(folder, path)| [folder.join(path), folder.join(maintain::staged_path(path))]).collect())
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

/// Files below a folder. Folders that cannot be read are passed over: `storage` tells of them.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(entry.path()),
                _ => found.push(entry.path()),
            }
        }
    }
    found.sort();
    found
}

/// Index entries without an asset, and assets that are not in the index.
pub async fn index(patient: &Patient<'_>) -> Vec<Finding> {
    let found =
        in_read!(&patient.db, |tx, _scope| { Ok((upkeep::all_assets(tx).await?, changes::change_last(tx).await?)) });
    let (assets, last): (BTreeSet<String>, i64) = match found {
        Ok((ids, last)) => (ids.into_iter().map(|id| format!("asset:{id}")).collect(), last),
        Err(fault) => return vec![unread("index entries", &fault)],
    };
    if !patient.index_folder().exists() {
        return Vec::new();
    }
    match entries(&patient.index_folder()) {
        Ok(Some((_, position))) if position < last => {
            vec![Finding::good("index entries", "behind; start the server, which catches up, to compare them")]
        }
        Ok(Some((entries, _))) => compare(&assets, &entries),
        Ok(None) => vec![Finding::good("index entries", "in use by the running server; stop it to compare them")],
        Err(fault) => vec![Finding::bad("index entries", fault.to_string(), "run `lakegate reindex`")],
    }
}

/// Keys of the asset entries, and the change up to which they stand; `None` while a server has the index open.
fn entries(folder: &Path) -> Result<Option<(BTreeSet<String>, i64)>, Fault> {
    let set = match IndexSet::open(folder) {
        Err(SearchError::Locked(_)) => return Ok(None),
        other => other.map_err(Fault::internal)?,
    };
    let index = set.live().map_err(Fault::internal)?;
    let mut keys = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = index.keys(after.as_deref(), MAX_KEYS).map_err(Fault::internal)?;
        let Some(last) = page.last() else { return Ok(Some((keys, index.position()))) };
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
