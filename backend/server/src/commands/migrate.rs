//! `lakegate migrate`.

use lakegate_store::{
    Db,
    migrate::{self, Schema},
};
use std::process::ExitCode;

use crate::{config::Config, data_dir::DataDir, say, wire};

/// Brings the database to the schema of this program.
///
/// # Errors
/// A newer program has been here, a migration failed, or (SQLite) a server is running.
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let dir = DataDir::open_shared(&config.absolute_data_dir()?)?;
    let db = wire::database(config, &dir).await?;
    anyhow::ensure!(
        dir.is_ours() || matches!(db, Db::Postgres { .. }),
        "a running Lakegate uses the data directory {}; stop it first",
        dir.path.display()
    );
    let before = migrate::inspect(&db).await?;
    migrate::run(&db).await?;
    db.close().await;
    match before {
        Schema::Behind(missing) => say::line(format!("{} migration(s) applied to {}", missing.len(), db.kind())),
        Schema::Current | Schema::Ahead(_) => say::line(format!("{} is current already", db.kind())),
    }
    Ok(ExitCode::SUCCESS)
}
