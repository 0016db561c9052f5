//! Migrated databases that nobody else uses.

use lakegate_store::{Db, migrate};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;

/// A migrated database, and how to open it again as another process would.
pub struct Fresh {
    db: Db,
    /// Where it is.
    pub place: Place,
    _folder: TempDir,
}

/// Where a database is.
#[derive(Debug, Clone)]
pub enum Place {
    File(PathBuf),
    Address(String),
}

impl Fresh {
    /// One on SQLite, and one on PostgreSQL if there is a server.
    pub async fn each() -> Vec<Self> {
        let mut all = vec![Self::sqlite().await];
        all.extend(Self::postgres().await);
        all
    }

    /// A migrated SQLite file.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("lakegate.db"));
        Self::migrated(place, folder).await
    }

    /// A migrated PostgreSQL database; `None` without a server.
    pub async fn postgres() -> Option<Self> {
        let server = std::env::var("LAKEGATE_TEST_POSTGRES").ok()?;
        let name = format!("lakegate_store_{}", Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.unwrap();
        let (address, _) = server.rsplit_once('/').expect("an address that ends in the name of a database");
        Some(Self::migrated(Place::Address(format!("{address}/{name}")), tempfile::tempdir().unwrap()).await)
    }

    async fn migrated(place: Place, folder: TempDir) -> Self {
        let db = place.open().await;
        // Shown with a failure: which database it happened on.
        eprintln!("on {}", db.kind());
        migrate::run(&db).await.unwrap();
        Self { db, place, _folder: folder }
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The same database with connections and a turn of its own, as a second server has.
    pub async fn second_server(&self) -> Db {
        self.place.open().await
    }
}

impl Place {
    /// Connections of their own, as another process has.
    pub async fn open(&self) -> Db {
        match self {
            Self::File(path) => Db::sqlite(path).await.unwrap(),
            Self::Address(address) => Db::postgres(address).await.unwrap(),
        }
    }
}
