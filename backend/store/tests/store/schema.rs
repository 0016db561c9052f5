//! What a migrated database looks like, in words that both databases share.

use lakegate_store::{Db, error::CONSTRAINTS};
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use std::collections::{BTreeMap, BTreeSet};

use crate::databases::Fresh;

/// Unique indexes that no caller can run into, because the column is made by the server; and why.
const INTERNAL: &[(&str, &str)] = &[
    ("job_trigger_events_key", "an event that is told again is passed over"),
    ("job_runs_queued_key", "keys are made by use cases, and a run whose key is taken is not put in"),
    ("job_runs_open_key", "keys are made by use cases, and a run whose key is taken is not put in"),
    ("job_runs_serial_key", "whoever takes a run has seen that no other of its key is at work"),
    ("run_deliveries_once", "the same news of a run is told once, and a second notice is not put in"),
    ("workflow_runs_day", "a backfill is locked by whoever starts its days, one after the other"),
    ("workflow_runs_cause", "a run of the queue starts a workflow in the transaction in which it holds itself"),
    ("workflow_parts_run", "each part has runs of its own, whose ids are made by the server"),
    ("job_schedules_subject", "whoever sets a schedule replaces the one that is there"),
];

/// A database's tables, columns and unique indexes.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Schema {
    /// `table.column` to its type and whether it may be absent.
    pub columns: BTreeMap<String, Column>,
    /// A table to the columns of its primary key.
    pub primary_keys: BTreeMap<String, String>,
    /// A unique index's name to its columns (`table.column, …`) and whether it covers only some rows.
    pub unique: BTreeMap<String, (String, bool)>,
    /// `table.column` to the `table.column` it refers to.
    pub references: BTreeSet<String>,
}

/// A column in shared words.
#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    pub kind: String,
    pub nullable: bool,
}

/// Reads the schema of a migrated database.
pub async fn read(db: &Db) -> Schema {
    match db {
        Db::Sqlite { writer, .. } => of_sqlite(writer).await,
        Db::Postgres { pool, .. } => of_postgres(pool).await,
    }
}

async fn of_sqlite(pool: &SqlitePool) -> Schema {
    let mut schema = Schema::default();
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> '_sqlx_migrations'",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    for (table,) in tables {
        sqlite_columns(pool, &table, &mut schema).await;
        sqlite_indexes(pool, &table, &mut schema).await;
        let sql = format!("SELECT \"from\", \"table\", \"to\" FROM pragma_foreign_key_list('{table}')");
        let keys: Vec<(String, String, String)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
        schema.references.extend(keys.into_iter().map(|(from, to, key)| format!("{table}.{from} {to}.{key}")));
    }
    schema
}

async fn sqlite_columns(pool: &SqlitePool, table: &str, schema: &mut Schema) {
    let sql = format!("SELECT name, type, \"notnull\" FROM pragma_table_info('{table}')");
    let columns: Vec<(String, String, bool)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
    for (name, declared, required) in columns {
        schema.columns.insert(format!("{table}.{name}"), Column { kind: declared, nullable: !required });
    }
}

async fn sqlite_indexes(pool: &SqlitePool, table: &str, schema: &mut Schema) {
    let sql = format!("SELECT name, origin, partial FROM pragma_index_list('{table}') WHERE \"unique\" = 1");
    let indexes: Vec<(String, String, bool)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
    for (index, origin, partial) in indexes {
        let sql = format!("SELECT name FROM pragma_index_info('{index}') ORDER BY seqno");
        let names: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
        let columns = names.iter().map(|(name,)| format!("{table}.{name}")).collect::<Vec<_>>().join(", ");
        add_index(schema, table, (index, columns, origin == "pk", partial));
    }
    // A whole-number key is the row's own number and has no index.
    if !schema.primary_keys.contains_key(table) {
        let sql = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0 ORDER BY pk");
        let names: Vec<(String,)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
        let columns = names.iter().map(|(name,)| format!("{table}.{name}")).collect::<Vec<_>>().join(", ");
        schema.primary_keys.insert(table.to_owned(), columns);
    }
}

fn add_index(schema: &mut Schema, table: &str, (name, columns, primary, partial): (String, String, bool, bool)) {
    if primary {
        schema.primary_keys.insert(table.to_owned(), columns);
    } else {
        schema.unique.insert(name, (columns, partial));
    }
}

const PG_COLUMNS: &str = "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> '_sqlx_migrations'";
const PG_INDEXES: &str = "SELECT t.relname::text, i.relname::text, string_agg(t.relname || '.' || a.attname, ', ' ORDER BY k.place)::text, x.indisprimary, x.indpred IS NOT NULL FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k (number, place) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number WHERE x.indisunique AND n.nspname = current_schema() AND t.relname <> '_sqlx_migrations' GROUP BY t.relname, i.relname, x.indisprimary, x.indpred IS NOT NULL";
const PG_REFERENCES: &str = "SELECT f.relname || '.' || fa.attname || ' ' || t.relname || '.' || ta.attname FROM pg_constraint c JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid JOIN pg_attribute fa ON fa.attrelid = f.oid AND fa.attnum = c.conkey[1] JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = c.confkey[1] WHERE c.contype = 'f'";

async fn of_postgres(pool: &PgPool) -> Schema {
    let mut schema = Schema::default();
    let columns: Vec<(String, String, String, bool)> = sqlx::query_as(PG_COLUMNS).fetch_all(pool).await.unwrap();
    for (table, name, kind, nullable) in columns {
        schema.columns.insert(format!("{table}.{name}"), Column { kind, nullable });
    }
    let indexes: Vec<(String, String, String, bool, bool)> = sqlx::query_as(PG_INDEXES).fetch_all(pool).await.unwrap();
    for (table, index, columns, primary, partial) in indexes {
        add_index(&mut schema, &table, (index, columns, primary, partial));
    }
    let references: Vec<(String,)> = sqlx::query_as(PG_REFERENCES).fetch_all(pool).await.unwrap();
    schema.references = references.into_iter().map(|row| row.0).collect();
    schema
}

#[tokio::test]
async fn both_schemas_say_the_same() {
    let Some(postgres) = Fresh::postgres().await else { return };
    let (sqlite, postgres) = (read(Fresh::sqlite().await.db()).await, read(postgres.db()).await);
    assert!(sqlite.columns.len() > 100 && sqlite.unique.len() > 20, "the schema was read");
    assert_eq!(sqlite.columns.keys().collect::<Vec<_>>(), postgres.columns.keys().collect::<Vec<_>>());
    for (name, ours) in &sqlite.columns {
        let theirs = &postgres.columns[name];
        assert_eq!(ours.nullable, theirs.nullable, "{name}");
        let fits = match ours.kind.as_str() {
            "BLOB" => theirs.kind == "uuid",
            "BIGINT" => theirs.kind == "bigint",
            "BOOLEAN" => theirs.kind == "boolean",
            "TEXT" => ["text", "timestamp with time zone", "jsonb"].contains(&theirs.kind.as_str()),
            _ => false,
        };
        assert!(fits, "{name}: {} and {}", ours.kind, theirs.kind);
    }
    assert_eq!(sqlite.primary_keys, postgres.primary_keys);
    assert_eq!(sqlite.unique, postgres.unique);
    assert_eq!(sqlite.references, postgres.references);
}

#[tokio::test]
async fn texts_under_an_index_compare_bytewise() {
    const UNLIKE: &str = "SELECT DISTINCT t.relname || '.' || a.attname FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace CROSS JOIN LATERAL unnest(x.indkey) AS k (number) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number JOIN pg_collation c ON c.oid = a.attcollation WHERE n.nspname = current_schema() AND t.relname <> '_sqlx_migrations' AND c.collname <> 'C'";
    let Some(postgres) = Fresh::postgres().await else { return };
    let Db::Postgres { pool, .. } = postgres.db() else { panic!("PostgreSQL is expected") };
    let unlike: Vec<(String,)> = sqlx::query_as(UNLIKE).fetch_all(pool).await.unwrap();
    assert!(unlike.is_empty(), "{unlike:?}");
}

#[tokio::test]
async fn whoever_runs_into_a_unique_index_is_told_in_words() {
    for fresh in Fresh::each().await {
        let schema = read(fresh.db()).await;
        for (name, (columns, _)) in &schema.unique {
            let told = CONSTRAINTS.iter().find(|constraint| constraint.name == name);
            let internal = INTERNAL.iter().any(|(internal, _)| internal == name);
            assert!(told.is_some() != internal, "{name} is listed nowhere, or twice");
            assert!(told.is_none_or(|constraint| constraint.columns == columns), "{name}: {columns}");
        }
        for constraint in CONSTRAINTS {
            assert!(schema.unique.contains_key(constraint.name), "{} is gone", constraint.name);
        }
    }
}

#[test]
fn migrations_come_in_pairs_of_equal_names() {
    let folder = |database: &str| -> BTreeSet<String> {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(database);
        std::fs::read_dir(path).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(folder("sqlite"), folder("postgres"));
    assert_eq!(folder("sqlite").len(), lakegate_store::migrate::names().len());
}
