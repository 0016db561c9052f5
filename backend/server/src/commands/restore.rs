//! `lakegate restore`: fills an unused data directory from a backup.

use anyhow::{Context, bail, ensure};
use flate2::read::GzDecoder;
use lakegate_model::{Clock, Timestamp, audit::AuditEvent, clock::SystemClock};
use lakegate_store::{
    Db, in_read, in_write, migrate,
    upkeep::{self, TableFile},
};
use std::{
    fs::{self, File},
    io::Read as _,
    path::{Component, Path, PathBuf},
    process::ExitCode,
};
use url::Url;

use super::backup::{ANCHORS, DATABASE, FILES, FORMAT, MANIFEST, Manifest, is_archive, place_in};
use crate::{
    config::Config,
    data_dir::{DataDir, HALF_RESTORED, is_half_restored, is_unused, make_private},
    say, wire,
};

/// The folder in the data directory for an archive's content, while it is restored.
const UNPACKED: &str = "restore.unpacked";

/// Restores a backup. Every session, token and link of it ends. `former` names a data directory that was in use after
/// the backup was made: what was taken away there since is listed, because the backup still grants it.
///
/// # Errors
/// The data directory is in use, the backup is incomplete or newer, or its secrets need another master key.
pub async fn run(config: &Config, backup: &Path, former: Option<&Path>) -> anyhow::Result<ExitCode> {
    let target = config.absolute_data_dir()?;
    ensure!(config.database.url.is_none(), "database.url: a backup is restored into SQLite; use pg_restore here");
    ensure!(
        is_unused(&target)? || is_half_restored(&target),
        "the data directory {} holds something; restore into a new one",
        target.display()
    );
    let archive = is_archive(backup);
    let manifest = if archive { manifest_of_archive(backup)? } else { read_manifest(backup)? };
    let taken_away = later(former, manifest.made_at).await?;
    let lock = begin(&target)?;
    let unpacked = target.join(UNPACKED);
    let source = if archive { unpack(backup, &unpacked)? } else { backup.to_owned() };
    fill(&source, &target)?;
    let ended = renew(&target, &manifest).await?;
    end(&target, &unpacked)?;
    drop(lock);
    tell(config, &manifest, ended, &taken_away)?;
    Ok(ExitCode::SUCCESS)
}

/// Marks the folder as one that only a restore may go on with, and empties it of what an earlier one left.
fn begin(target: &Path) -> anyhow::Result<DataDir> {
    make_private(target)?;
    File::create(target.join(HALF_RESTORED))?.sync_all()?;
    File::open(target)?.sync_all()?;
    let lock = DataDir::lock_half_restored(target)?;
    for entry in fs::read_dir(target)? {
        let path = entry?.path();
        if path.is_dir() {
            fs::remove_dir_all(path)?;
        } else if !DataDir::is_own_file(&path) {
            fs::remove_file(path)?;
        }
    }
    lakegate_model::failpoint!("restore.begun");
    Ok(lock)
}

/// From here on the folder is a data directory like any other.
fn end(target: &Path, unpacked: &Path) -> anyhow::Result<()> {
    if unpacked.exists() {
        fs::remove_dir_all(unpacked)?;
    }
    lakegate_model::failpoint!("restore.renewed");
    fs::remove_file(target.join(HALF_RESTORED))?;
    Ok(File::open(target)?.sync_all()?)
}

/// The archive's own paths are checked by the unpacker: none leaves the folder.
fn unpack(archive: &Path, to: &Path) -> anyhow::Result<PathBuf> {
    let file = File::open(archive).with_context(|| archive.display().to_string())?;
    make_private(to)?;
    tar::Archive::new(GzDecoder::new(file)).unpack(to).with_context(|| format!("{} is damaged", archive.display()))?;
    Ok(to.to_owned())
}

/// Whether a path of an archive is the manifest, and not a file of a table with the same name.
fn is_manifest(path: &Path) -> bool {
    path.components().filter(|part| *part != Component::CurDir).eq(Path::new(MANIFEST).components())
}

/// Found before anything is written: an archive that is no backup leaves no trace.
fn manifest_of_archive(archive: &Path) -> anyhow::Result<Manifest> {
    let file = File::open(archive).with_context(|| archive.display().to_string())?;
    let damaged = || format!("{} is damaged", archive.display());
    let mut entries = tar::Archive::new(GzDecoder::new(file));
    for entry in entries.entries().with_context(damaged)? {
        let mut entry = entry.with_context(damaged)?;
        if is_manifest(&entry.path().with_context(damaged)?) {
            let mut text = String::new();
            entry.read_to_string(&mut text).with_context(damaged)?;
            return manifest_from(&text, archive);
        }
    }
    bail!("{} is not a whole backup", archive.display())
}

fn read_manifest(source: &Path) -> anyhow::Result<Manifest> {
    let path = source.join(MANIFEST);
    let text = fs::read_to_string(&path).with_context(|| format!("{} is not a whole backup", source.display()))?;
    manifest_from(&text, &path)
}

fn manifest_from(text: &str, path: &Path) -> anyhow::Result<Manifest> {
    let manifest: Manifest = serde_json::from_str(text).with_context(|| path.display().to_string())?;
    ensure!(manifest.format <= FORMAT, "the backup was written by a newer Lakegate ({})", manifest.version);
    Ok(manifest)
}

fn fill(source: &Path, target: &Path) -> anyhow::Result<()> {
    copy_tree(&source.join(FILES), target)?;
    lakegate_model::failpoint!("restore.files_copied");
    for name in [ANCHORS, DATABASE] {
        if source.join(name).exists() {
            fs::copy(source.join(name), target.join(name)).with_context(|| name.to_owned())?;
            File::open(target.join(name))?.sync_all()?;
        }
    }
    lakegate_model::failpoint!("restore.database_copied");
    Ok(())
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
    Ok(File::open(to)?.sync_all()?)
}

/// Brings the restored database up to date, to its new place, and to nobody being signed in.
async fn renew(target: &Path, manifest: &Manifest) -> anyhow::Result<u64> {
    let db = Db::sqlite(&target.join(DATABASE)).await?;
    migrate::run(&db).await?;
    let (from, to) = (folder_url(&manifest.data_dir)?, folder_url(target)?);
    let now = SystemClock.now();
    let ended = in_write!(&db, |tx, _scope| {
        upkeep::relocate(tx, &from, &to).await?;
        for file in upkeep::all_files(tx).await? {
            if let Some(modified) = copied_at(target, &file) {
                upkeep::restamp(tx, &file, modified).await?;
            }
        }
        Ok(upkeep::end_all_access(tx, now).await?)
    });
    let folders = in_read!(&db, |tx, _scope| { Ok(upkeep::local_environments(tx).await?) });
    db.close().await;
    make_folders(target, &folders?)?;
    Ok(ended?)
}

/// When the restored copy of a file was written; `None` for files that were not copied.
fn copied_at(target: &Path, file: &TableFile) -> Option<Timestamp> {
    let copy = target.join(place_in(target, file)?);
    let modified = fs::metadata(copy).and_then(|meta| meta.modified()).ok()?;
    Timestamp::from_timestamp_micros(Timestamp::from(modified).timestamp_micros())
}

/// A backup holds files; environments that had none need their folders all the same.
fn make_folders(target: &Path, locations: &[String]) -> std::io::Result<()> {
    let folders = locations.iter().filter_map(|uri| Url::parse(uri).ok()?.to_file_path().ok());
    folders.filter(|folder| folder.starts_with(target)).try_for_each(|folder| make_private(&folder))
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
    let same_key = has_key && wire::keys(config)?.ids().any(|id| id == manifest.key_id);
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
