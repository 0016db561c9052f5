//! Bringing a database to the present schema.

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use std::collections::BTreeSet;

use crate::{Db, StoreError};

static SQLITE: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("../../migrations/postgres");

/// What stands between a database and this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schema {
    Current,
    /// These migrations are missing.
    Behind(Vec<i64>),
    /// The database was migrated by a newer program.
    Ahead(Vec<i64>),
}

/// Names of all migrations, in order: number and description.
pub fn names() -> Vec<(i64, String)> {
    SQLITE.iter().map(|migration| (migration.version, migration.description.to_string())).collect()
}

/// Applies what is missing.
///
/// SQLite callers hold the lock of the data directory; PostgreSQL is locked by the driver.
///
/// # Errors
/// A migration error that names the migration, also when a newer program has been here.
pub async fn run(db: &Db) -> Result<(), StoreError> {
    let done = match db {
        Db::Sqlite { writer, .. } => SQLITE.run(writer).await,
        Db::Postgres { pool, .. } => POSTGRES.run(pool).await,
    };
    done.map_err(explain)
}

/// Compares the database with this program, changing nothing but the table that records migrations.
pub async fn inspect(db: &Db) -> Result<Schema, StoreError> {
    let applied = match db {
        Db::Sqlite { writer, .. } => applied(&mut *writer.acquire().await?, &SQLITE).await,
        Db::Postgres { pool, .. } => applied(&mut *pool.acquire().await?, &POSTGRES).await,
    }
    .map_err(explain)?;
    let known: BTreeSet<i64> = SQLITE.iter().map(|migration| migration.version).collect();
    let ahead: Vec<i64> = applied.difference(&known).copied().collect();
    let behind: Vec<i64> = known.difference(&applied).copied().collect();
    Ok(match (ahead.is_empty(), behind.is_empty()) {
        (false, _) => Schema::Ahead(ahead),
        (true, false) => Schema::Behind(behind),
        (true, true) => Schema::Current,
    })
}

async fn applied<C: Migrate>(connection: &mut C, migrator: &Migrator) -> Result<BTreeSet<i64>, MigrateError> {
    connection.ensure_migrations_table(&migrator.table_name).await?;
    let rows = connection.list_applied_migrations(&migrator.table_name).await?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

fn explain(error: MigrateError) -> StoreError {
    StoreError::Migration(match error {
        MigrateError::VersionMissing(version) => {
            format!(
                "the database was migrated by a newer Lakegate (migration {version}); use that version or restore a backup"
            )
        }
        MigrateError::VersionMismatch(version) => format!("migration {version} was changed after it was applied"),
        other => other.to_string(),
    })
}
