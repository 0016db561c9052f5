//! The store on both databases: equal schemas, texts that both accept, writers that lose nothing.
//!
//! The PostgreSQL half runs if `LAKEGATE_TEST_POSTGRES` holds the address of a server on which databases may be created.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "store/databases.rs"]
mod databases;
#[path = "store/schema.rs"]
mod schema;
#[path = "store/writers.rs"]
mod writers;

use databases::Fresh;
use lakegate_store::{Db, migrate, statements};
use sqlx::{Executor as _, SqlSafeStr as _};
use std::{collections::BTreeSet, fs, path::Path};

/// What PostgreSQL says last, of a text in which it found nothing else wrong, when a parameter's type follows from its
/// value alone (as in `$1 IS NULL OR ..`). Running binds values.
const UNTYPED: [&str; 2] = ["42P08", "42P18"];

/// Panics at the first text that the database does not accept.
macro_rules! prepare_all {
    ($pool:expr) => {{
        let mut connection = $pool.acquire().await.unwrap();
        for (name, sql) in statements() {
            let Err(error) = connection.prepare(sql.into_sql_str()).await else { continue };
            let code = error.as_database_error().and_then(|error| error.code());
            if !code.is_some_and(|code| UNTYPED.contains(&code.as_ref())) {
                panic!("{name}: {error}\n{sql}");
            }
        }
    }};
}

#[tokio::test]
async fn both_databases_accept_every_statement() {
    for fresh in Fresh::each().await {
        match fresh.db() {
            Db::Sqlite { writer, .. } => prepare_all!(writer),
            Db::Postgres { pool, .. } => prepare_all!(pool),
        }
    }
}

#[test]
fn every_module_with_statements_is_listed() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut written = BTreeSet::new();
    for file in fs::read_dir(sources).unwrap() {
        let path = file.unwrap().path();
        let holds = fs::read_to_string(&path).is_ok_and(|text| text.contains("\nstatements! {"));
        if holds {
            written.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    let module = |name: &str| name.split("::").nth(1).unwrap().to_owned();
    let listed: BTreeSet<String> = statements().iter().map(|(name, _)| module(name)).collect();
    assert_eq!(written, listed);
    assert!(listed.len() > 10);
}

#[test]
fn no_statement_has_a_name_twice() {
    let names: BTreeSet<&str> = statements().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), statements().len());
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    for fresh in Fresh::each().await {
        let before = schema::read(fresh.db()).await;
        migrate::run(fresh.db()).await.unwrap();
        assert_eq!(migrate::inspect(fresh.db()).await.unwrap(), migrate::Schema::Current);
        assert_eq!(schema::read(fresh.db()).await, before);
    }
}
