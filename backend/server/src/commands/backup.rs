//! `lakegate backup`: a consistent copy while everything goes on.
//!
//! A backup holds the database, the audit's anchors and every file of a table that lies in the data directory. It never
//! holds the master key. The index, kept results and spill are made anew.

use anyhow::{Context, bail, ensure};
use flate2::{Compression, write::GzEncoder};
use lakegate_app::{App, audit::chain};
use lakegate_model::Timestamp;
use lakegate_store::{
    Db, in_read,
    upkeep::{self, TableFile},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::Write,
    path::{Component, Path, PathBuf},
    process::ExitCode,
};
use url::Url;

use crate::{
    config::Config,
    data_dir::make_private,
    say,
    wire::{self, Use},
};

/// The form of backups that this program writes and reads.
pub const FORMAT: u32 = 1;
/// Names inside a backup.
pub const MANIFEST: &str = "manifest.json";
pub const DATABASE: &str = "lakegate.db";
pub const ANCHORS: &str = "audit-anchors.log";
pub const FILES: &str = "files";
/// Tables can be replaced while their files are copied; then all is copied anew.
const ATTEMPTS: u32 = 3;

/// What stands in a backup beside the data.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Manifest {
    pub format: u32,
    /// The program that wrote it.
    pub version: String,
    pub made_at: Timestamp,
    /// The data directory it was taken from.
    pub data_dir: PathBuf,
    /// The master key that its secrets were sealed with.
    pub key_id: String,
    /// Files of tables that are part of it.
    pub files: usize,
    /// Files of tables that lie elsewhere and have backups of their own.
    pub files_elsewhere: usize,
}

/// Writes a backup to a folder, or to a file that ends in `.tar.gz`.
///
/// # Errors
/// The target exists, the database is PostgreSQL (which has `pg_dump`), the disk is full.
pub async fn run(config: &Config, target: &Path) -> anyhow::Result<ExitCode> {
    ensure!(!target.exists(), "{} exists already; name a new folder or file", target.display());
    let opened = wire::open(config, Use::Visit, false).await?;
    ensure!(
        matches!(opened.app.db, Db::Sqlite { .. }),
        "the database is PostgreSQL: back it up with pg_dump, and its files with the means of their storage"
    );
    let aside = beside(target, "partial")?;
    remove(&aside)?;
    let manifest = copy_all(&opened.app, &opened.dir.path, &aside).await?;
    opened.app.db.close().await;
    finish(&aside, target)?;
    say::line(format!("{} files of tables and the database were copied to {}", manifest.files, target.display()));
    if manifest.files_elsewhere > 0 {
        say::line(format!(
            "{} files of tables lie outside of the data directory and are not part of it",
            manifest.files_elsewhere
        ));
    }
    say::line(format!("keep the master key {} apart: the backup does not hold it", manifest.key_id));
    Ok(ExitCode::SUCCESS)
}

async fn copy_all(app: &App, data_dir: &Path, aside: &Path) -> anyhow::Result<Manifest> {
    for _ in 0..ATTEMPTS {
        make_private(aside)?;
        copy_anchors(app, aside)?;
        app.db.copy_to(&aside.join(DATABASE)).await?;
        sync(&aside.join(DATABASE))?;
        lakegate_model::failpoint!("backup.database_copied");
        let files = files_of_copy(&aside.join(DATABASE)).await?;
        let (inside, elsewhere): (Vec<_>, Vec<_>) =
            files.iter().map(|file| place_in(data_dir, file)).partition(Option::is_some);
        if copy_files(data_dir, &aside.join(FILES), inside.iter().flatten())? {
            lakegate_model::failpoint!("backup.files_copied");
            let manifest = manifest(app, data_dir, inside.len(), elsewhere.len());
            write_synced(&aside.join(MANIFEST), serde_json::to_string_pretty(&manifest)?.as_bytes())?;
            lakegate_model::failpoint!("backup.described");
            return Ok(manifest);
        }
        remove(aside)?;
    }
    bail!("tables were replaced faster than they could be copied; try again at a quieter time")
}

fn manifest(app: &App, data_dir: &Path, files: usize, files_elsewhere: usize) -> Manifest {
    Manifest {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        made_at: app.now(),
        data_dir: data_dir.to_owned(),
        key_id: app.keys.key_id.clone(),
        files,
        files_elsewhere,
    }
}

/// Before the database: batches without an anchor are anchored later, anchors without a batch mean a cut tail.
fn copy_anchors(app: &App, aside: &Path) -> anyhow::Result<()> {
    let anchors = chain::anchor_path(app);
    if anchors.exists() {
        fs::copy(&anchors, aside.join(ANCHORS)).with_context(|| anchors.display().to_string())?;
        sync(&aside.join(ANCHORS))?;
    }
    Ok(())
}

async fn files_of_copy(database: &Path) -> anyhow::Result<Vec<TableFile>> {
    let db = Db::sqlite(database).await?;
    let files = in_read!(&db, |tx, _scope| { Ok(upkeep::all_files(tx).await?) });
    db.close().await;
    Ok(files?)
}

/// The file's path below the data directory, if it lies there.
pub fn place_in(data_dir: &Path, file: &TableFile) -> Option<PathBuf> {
    let folder = Url::parse(&file.location).ok().filter(|url| url.scheme() == "file")?.to_file_path().ok()?;
    let place = folder.join(&file.path).strip_prefix(data_dir).ok()?.to_owned();
    place.components().all(|part| matches!(part, Component::Normal(_))).then_some(place)
}

/// Copies files. `false` if one has gone meanwhile.
fn copy_files<'a>(from: &Path, to: &Path, places: impl Iterator<Item = &'a PathBuf>) -> anyhow::Result<bool> {
    for place in places {
        let (source, target) = (from.join(place), to.join(place));
        if let Some(folder) = target.parent() {
            make_private(folder)?;
        }
        match fs::copy(&source, &target) {
            Ok(_) => {
                sync(&target)?;
                target.parent().map_or(Ok(()), sync)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error).with_context(|| source.display().to_string()),
        }
    }
    Ok(true)
}

/// Makes the content of a file, or the names in a folder, durable.
fn sync(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name beside the target, on the same disk.
fn beside(target: &Path, ending: &str) -> anyhow::Result<PathBuf> {
    let name = target.file_name().context("name a folder or file")?.to_string_lossy();
    Ok(target.with_file_name(format!("{name}.{ending}")))
}

fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether a path names an archive.
pub fn is_archive(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".tar.gz")
}

/// The whole backup appears under its name at once, as the last thing: what a crash leaves before, the next attempt
/// writes over.
fn finish(aside: &Path, target: &Path) -> anyhow::Result<()> {
    let whole = if is_archive(target) { pack(aside, target)? } else { aside.to_owned() };
    fs::rename(whole, target).with_context(|| target.display().to_string())?;
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(sync(folder)?)
}

/// Packs a folder into an archive beside the target, and removes the folder.
fn pack(aside: &Path, target: &Path) -> anyhow::Result<PathBuf> {
    let packed = beside(target, "packing")?;
    let mut archive = tar::Builder::new(GzEncoder::new(private_file(&packed)?, Compression::default()));
    archive.append_dir_all(".", aside)?;
    archive.into_inner()?.finish()?.sync_all()?;
    remove(aside)?;
    lakegate_model::failpoint!("backup.packed");
    Ok(packed)
}

fn private_file(path: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
