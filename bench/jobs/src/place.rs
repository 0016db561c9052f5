//! Databases to measure on.

use anyhow::{Context, Result};
use lakegate_store::{Db, migrate};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;

use crate::settings::Settings;

/// Which database, and on PostgreSQL on which server.
#[derive(Debug, Clone)]
pub enum Server {
    Sqlite,
    Postgres(String),
}

/// An empty database of its own, until [`Place::remove`].
#[derive(Debug)]
pub struct Place {
    /// Address of PostgreSQL, or path of the file.
    pub address: String,
    server: Server,
    _folder: TempDir,
}

impl Server {
    /// SQLite, and PostgreSQL if there is a server.
    pub fn each(settings: &Settings) -> Vec<Self> {
        let postgres = settings.postgres.clone().map(Self::Postgres);
        [Self::Sqlite].into_iter().chain(postgres).collect()
    }

    /// The word for tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }

    /// A new database without tables.
    pub async fn place(&self) -> Result<Place> {
        let folder = tempfile::tempdir()?;
        let address = match self {
            Self::Sqlite => folder.path().join("jobs.db").to_str().context("a path that is not UTF-8")?.to_owned(),
            Self::Postgres(server) => {
                let name = format!("lakegate_bench_{}", Uuid::now_v7().simple());
                ask(server, &format!("CREATE DATABASE {name}")).await?;
                let (address, _) = server.rsplit_once('/').context("an address ends in the name of a database")?;
                format!("{address}/{name}")
            }
        };
        Ok(Place { address, server: self.clone(), _folder: folder })
    }
}

impl Place {
    /// The database with the program's tables.
    pub async fn migrated(&self) -> Result<Db> {
        let db = open(&self.address).await?;
        migrate::run(&db).await?;
        Ok(db)
    }

    /// Writes everything to its place and counts the rows of tables, so that nothing of it falls into what is measured.
    pub async fn settle(&self) -> Result<()> {
        if let Server::Postgres(_) = self.server {
            ask(&self.address, "VACUUM ANALYZE").await?;
            ask(&self.address, "CHECKPOINT").await?;
        }
        Ok(())
    }

    /// Takes the database away.
    pub async fn remove(self) -> Result<()> {
        if let Server::Postgres(server) = &self.server {
            let (_, name) = self.address.rsplit_once('/').context("an address ends in the name of a database")?;
            ask(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
        }
        Ok(())
    }
}

/// Opens what an address or a path names, with the connections of one process.
pub async fn open(address: &str) -> Result<Db> {
    Ok(if address.starts_with("postgres") {
        Db::postgres(address).await?
    } else {
        Db::sqlite(Path::new(address)).await?
    })
}

/// Tells PostgreSQL something.
pub async fn ask(address: &str, sql: &str) -> Result<()> {
    let mut connection = PgConnection::connect(address).await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Settings of PostgreSQL that decide whether commits are durable, as it says itself.
pub async fn durability(address: &str) -> Result<String> {
    let mut connection = PgConnection::connect(address).await?;
    let (version, fsync, commit): (String, String, String) = sqlx::query_as(
        "SELECT current_setting('server_version'), current_setting('fsync'), current_setting('synchronous_commit')",
    )
    .fetch_one(&mut connection)
    .await?;
    connection.close().await?;
    Ok(format!("PostgreSQL {version}, fsync={fsync}, synchronous_commit={commit}"))
}
