//! The real PostgreSQL: everything happens in one transaction that never commits, so that nothing stays on the server,
//! not even after a panic.

use super::{
    answers::{Answer, from_postgres},
    rights::{GROUPS, MAPPED, REGION, USER},
    tables::Table,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

/// The names of one run: schemas and roles that nobody else has.
#[derive(Debug, Clone)]
pub struct Names {
    /// The schema of the tables as they are.
    pub raw: String,
    /// The schema of the views that show some cells only.
    pub shown: String,
    /// The role that owns the views; its row policies bind them.
    pub keeper: String,
    /// The role that asks.
    pub reader: String,
}

impl Names {
    fn new() -> Self {
        let run = Uuid::now_v7().simple();
        let name = |part: &str| format!("lakegate_oracle_{part}_{run}");
        Self { raw: name("raw"), shown: name("shown"), keeper: name("keeper"), reader: name("reader") }
    }
}

/// One connection with the tables in it.
pub struct Server {
    connection: PgConnection,
    pub names: Names,
}

/// Digits become `n`, everything but `( ) , . - @` becomes `x`, character by character.
const COVERED: &str = "(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT coalesce(string_agg(CASE
        WHEN ascii(c) BETWEEN 48 AND 57 THEN 'n'
        WHEN c IN ('(', ')', ',', '.', '-', '@') THEN c
        ELSE 'x' END, '' ORDER BY at), '')
    FROM unnest(string_to_array(value, NULL)) WITH ORDINALITY AS letters (c, at) $$";

impl Server {
    /// Begins at the server with this address; the user has to be its superuser.
    pub async fn begin(address: &str, tables: &[Table]) -> Self {
        let connection = PgConnection::connect(address).await.unwrap();
        let mut server = Self { connection, names: Names::new() };
        let Names { raw, shown, keeper, reader } = server.names.clone();
        server.run("BEGIN").await;
        for statement in [
            "SET LOCAL statement_timeout = '60s'".to_owned(),
            "SET LOCAL jit = off".to_owned(),
            format!("SELECT set_config('oracle.user', '{USER}', true)"),
            format!("SELECT set_config('oracle.groups', '{}', true)", GROUPS.join(",")),
            format!("SELECT set_config('oracle.region', '{REGION}', true)"),
            format!("CREATE SCHEMA {raw}"),
            format!("CREATE SCHEMA {shown}"),
            format!("CREATE ROLE {keeper}"),
            format!("CREATE ROLE {reader}"),
            format!("GRANT USAGE ON SCHEMA {raw}, {shown} TO {keeper}, {reader}"),
            format!("CREATE FUNCTION {raw}.covered{COVERED}"),
            format!("CREATE TABLE {raw}.regions (person text COLLATE \"C\", region text COLLATE \"C\")"),
            format!("INSERT INTO {raw}.regions SELECT '{USER}', unnest(ARRAY['{}'])", MAPPED.join("', '")),
            format!("INSERT INTO {raw}.regions VALUES ('bob', 'apac')"),
            format!("GRANT SELECT ON {raw}.regions TO {keeper}, {reader}"),
            format!("SET LOCAL search_path = {shown}, {raw}"),
        ] {
            server.run(&statement).await;
        }
        for statement in tables.iter().flat_map(|table| table.statements(&raw)) {
            server.run(&statement).await;
        }
        server
    }

    /// Puts rights in force that end with [`Server::lift`].
    pub async fn put(&mut self, statements: &[String]) {
        self.run("SAVEPOINT rights").await;
        for statement in statements {
            self.run(statement).await;
        }
    }

    pub async fn lift(&mut self) {
        self.run("ROLLBACK TO SAVEPOINT rights").await;
    }

    /// What the reader is answered, or the words of the refusal.
    pub async fn ask(&mut self, sql: &str) -> Result<Answer, String> {
        self.run("SAVEPOINT question").await;
        self.run(&format!("SET LOCAL ROLE {}", self.names.reader.clone())).await;
        let answer = self.connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
        self.run("ROLLBACK TO SAVEPOINT question").await;
        answer.map(|rows| from_postgres(&rows)).map_err(|error| error.to_string())
    }

    /// What the superuser is answered from the tables as they are.
    pub async fn ask_unrestricted(&mut self, sql: &str) -> Answer {
        self.run("SAVEPOINT question").await;
        self.run(&format!("SET LOCAL search_path = {}", self.names.raw.clone())).await;
        let rows = self.connection.fetch_all(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
        self.run("ROLLBACK TO SAVEPOINT question").await;
        from_postgres(&rows.unwrap_or_else(|error| panic!("{sql}: {error}")))
    }

    async fn run(&mut self, sql: &str) {
        let done = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await;
        done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub async fn end(mut self) {
        self.run("ROLLBACK").await;
        self.connection.close().await.unwrap();
    }
}
