//! The two databases a test runs on.

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// Which database the program uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Database {
    /// A file in the data directory.
    #[default]
    Sqlite,
    /// A new database on the PostgreSQL server at this address.
    Postgres(String),
}

impl Database {
    /// PostgreSQL, if the environment names a server; says so if it does not.
    pub fn postgres(test: &str) -> Option<Self> {
        match std::env::var("LAKEGATE_TEST_POSTGRES") {
            Ok(server) if !server.is_empty() => Some(Self::Postgres(server)),
            _ => {
                crate::skipped(test, "LAKEGATE_TEST_POSTGRES names no PostgreSQL server");
                None
            }
        }
    }

    /// The address of a new, empty database; `None` for SQLite, which the program makes itself.
    pub async fn create(&self) -> Option<String> {
        let Self::Postgres(server) = self else { return None };
        let name = format!("lakegate_it_{}", Uuid::now_v7().simple());
        run(server, &format!("CREATE DATABASE {name}")).await;
        let (address, _) = server.rsplit_once('/').expect("an address that ends in the name of a database");
        Some(format!("{address}/{name}"))
    }
}

/// Drops a database that [`Database::create`] made, whoever still uses it.
pub async fn drop_database(url: &str) {
    let (address, name) = url.rsplit_once('/').expect("an address that ends in the name of a database");
    run(&format!("{address}/postgres"), &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
}

async fn run(server: &str, sql: &str) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::query(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}
