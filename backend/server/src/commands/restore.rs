//! `lakegate restore`: fills an unused data directory from a backup.

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;
use lakegate_model::{Clock, Timestamp, audit::AuditEvent, clock::SystemClock};
use lakegate_store::{
    Db, in_read, in_write, migrate,
    upkeep::{self, TableFile},
};
use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::ExitCode,
};
use url::Url;

use super::backup::{ANCHORS, DATABASE, FILES, FORMAT, MANIFEST, Manifest, is_archive, place_in};
use crate::{
    config::Config,
    data_dir::{DataDir, is_unused, make_private},
    say, wire,
};

/// Restores a backup. Every session, token and link of it ends. `former` names a data directory that was in use after
/// the backup was made: what was taken away there since is listed, because the backup still grants it.
///
/// # Errors
/// The data directory is in use, the backup is incomplete or newer, or its secrets need another master key.
pub async fn run(config: &Config, backup: &Path, former: Option<&Path>) -> anyhow::Result<ExitCode> {
    let target = config.absolute_data_dir()?;
    ensure!(config.database.url.is_none(), "database.url: a backup is restored into SQLite; use pg_restore here");
    ensure!(is_unused(&target)?, "the data directory {} holds something; restore into a new one", target.display());
    let parent = target.parent().context("data_dir")?;
    make_private_if_absent(parent)?;
    let unpacked = tempfile::Builder::new().prefix(".lakegate-restore").tempdir_in(parent)?;
    let source = if is_archive(backup) { unpack(backup, unpacked.path())? } else { backup.to_owned() };
    let manifest = read_manifest(&source)?;
    let taken_away = later(former, manifest.made_at).await?;
    let dir = fill(&source, &target)?;
    let ended = renew(&dir, &manifest).await?;
    tell(config, &manifest, ended, &taken_away)?;
    Ok(ExitCode::SUCCESS)
}

fn make_private_if_absent(path: &Path) -> std::io::Result<()> {
    if path.exists() { Ok(()) } else { make_private(path) }
}

/// The archive's own paths are checked by the unpacker: none leaves the folder.
fn unpack(archive: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    let file = File::open(archive).with_context(|| archive.display().to_string())?;
    tar::Archive::new(GzDecoder::new(file)).unpack(to).with_context(|| format!("{} is damaged", archive.display()))?;
    Ok(to.to_owned())
}

fn read_manifest(source: &Path) -> anyhow::Result<Manifest> {
    let path = source.join(MANIFEST);
    let text = fs::read_to_string(&path).with_context(|| format!("{} is not a whole backup", source.display()))?;
    let manifest: Manifest = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    ensure!(manifest.format <= FORMAT, "the backup was written by a newer Lakegate ({})", manifest.version);
    Ok(manifest)
}

fn fill(source: &Path, target: &Path) -> anyhow::Result<DataDir> {
    let dir = DataDir::open(target)?;
    copy_tree(&source.join(FILES), target)?;
    let anchors = source.join(ANCHORS);
    if anchors.exists() {
        fs::copy(&anchors, target.join(ANCHORS))?;
    }
    fs::copy(source.join(DATABASE), dir.database())?;
    File::open(dir.database())?.sync_all()?;
    Ok(dir)
}

fn copy_tree(from: &Path, to: &Path) -> anyhow::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            make_private(&target)?;
            copy_tree(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| source.display().to_string())?;
            File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}

/// Brings the restored database up to date, to its new place, and to nobody being signed in.
async fn renew(dir: &DataDir, manifest: &Manifest) -> anyhow::Result<u64> {
    let db = Db::sqlite(&dir.database()).await?;
    migrate::run(&db).await?;
    let (from, to) = (folder_url(&manifest.data_dir)?, folder_url(&dir.path)?);
    let now = SystemClock.now();
    let ended = in_write!(&db, |tx, _scope| {
        upkeep::relocate(tx, &from, &to).await?;
        for file in upkeep::all_files(tx).await? {
            if let Some(modified) = copied_at(dir, &file) {
                upkeep::restamp(tx, &file, modified).await?;
            }
        }
        Ok(upkeep::end_all_access(tx, now).await?)
    });
    let folders = in_read!(&db, |tx, _scope| { Ok(upkeep::local_environments(tx).await?) });
    db.close().await;
    make_folders(dir, &folders?)?;
    Ok(ended?)
}

/// When the restored copy of a file was written; `None` for files that were not copied.
fn copied_at(dir: &DataDir, file: &TableFile) -> Option<Timestamp> {
    let copy = dir.path.join(place_in(&dir.path, file)?);
    let modified = fs::metadata(copy).and_then(|meta| meta.modified()).ok()?;
    Timestamp::from_timestamp_micros(Timestamp::from(modified).timestamp_micros())
}

/// A backup holds files; environments that had none need their folders all the same.
fn make_folders(dir: &DataDir, locations: &[String]) -> std::io::Result<()> {
    let folders = locations.iter().filter_map(|uri| Url::parse(uri).ok()?.to_file_path().ok());
    folders.filter(|folder| folder.starts_with(&dir.path)).try_for_each(|folder| make_private(&folder))
}

fn folder_url(path: &Path) -> anyhow::Result<String> {
    let url = Url::from_directory_path(path).map_err(|()| anyhow::anyhow!("{} is not absolute", path.display()))?;
    Ok(url.to_string())
}

async fn later(former: Option<&Path>, since: Timestamp) -> anyhow::Result<Vec<AuditEvent>> {
    let Some(former) = former else { return Ok(Vec::new()) };
    let path = former.join(DATABASE);
    ensure!(path.exists(), "{} holds no database", former.display());
    let db = Db::sqlite(&path).await?;
    let found = in_read!(&db, |tx, _scope| { Ok(upkeep::narrowed_since(tx, since).await?) });
    db.close().await;
    Ok(found?)
}

fn tell(config: &Config, manifest: &Manifest, ended: u64, taken_away: &[AuditEvent]) -> anyhow::Result<()> {
    say::line(format!("restored the backup of {}; {ended} sessions and tokens have ended", manifest.made_at));
    for event in taken_away {
        say::line(format!(
            "taken away since, and granted again by this backup: {} {} by {}",
            event.at, event.action, event.actor_name
        ));
    }
    let has_key = config.keys.master_key.is_some() || config.key_file().exists();
    let same_key = has_key && wire::keys(config)?.key_id == manifest.key_id;
    if !same_key {
        say::line(format!(
            "bring the master key {}, as keys.master_key or in {}, before the first start: secrets were sealed with it",
            manifest.key_id,
            config.key_file().display()
        ));
    }
    say::line("the search index is built at the first start");
    Ok(())
}
