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
use lakegate_store::{Db, migrate, set_statements, statements};
use sqlx::{Executor as _, SqlSafeStr as _};
use std::{collections::BTreeSet, fs, path::Path};

/// What PostgreSQL says last, of a text in which it found nothing else wrong, when a parameter's type follows from its
/// value alone (as in `$1 IS NULL OR ..`). Running binds values.
const UNTYPED: [&str; 2] = ["42P08", "42P18"];

/// Panics at the first text that the database does not accept.
macro_rules! prepare_all {
    ($pool:expr, $own:ident) => {{
        let mut connection = $pool.acquire().await.unwrap();
        let sets = set_statements().into_iter().map(|(name, both)| (name, both.$own));
        for (name, sql) in statements().into_iter().chain(sets) {
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
            Db::Sqlite { writer, .. } => prepare_all!(writer, sqlite),
            Db::Postgres { pool, .. } => prepare_all!(pool, postgres),
        }
    }
}

#[test]
fn every_module_with_statements_is_listed() {
    let common: Vec<_> = statements().into_iter().map(|(name, _)| name).collect();
    assert_eq!(modules_with("\nstatements! {"), modules_of(&common));
    assert!(modules_of(&common).len() > 10);
    let sets: Vec<_> = set_statements().into_iter().map(|(name, _)| name).collect();
    assert_eq!(modules_with("\nset_statements! {"), modules_of(&sets));
}

/// The modules that hold some text.
fn modules_with(text: &str) -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut written = BTreeSet::new();
    for file in fs::read_dir(sources).unwrap() {
        let path = file.unwrap().path();
        let holds = fs::read_to_string(&path).is_ok_and(|source| source.contains(text));
        if holds {
            written.insert(path.file_stem().unwrap().to_string_lossy().into_owned());
        }
    }
    written
}

/// The modules of names of statements.
fn modules_of(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.split("::").nth(1).unwrap().to_owned()).collect()
}

#[test]
fn no_statement_has_a_name_twice() {
    let mut names: Vec<&str> = statements().into_iter().map(|(name, _)| name).collect();
    names.extend(set_statements().into_iter().map(|(name, _)| name));
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
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
