//! The state of the metadata database as one text, to see whether anything changed.

use lakegate_tests::Server;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use tokio::sync::Mutex;

/// Tables that record that something was asked, whatever the answer.
const RECORDS: [&str; 11] = [
    "audit_events",
    "audit_batches",
    "query_reads",
    "counters",
    "sign_in_failures",
    "_sqlx_migrations",
    // What workers write down of their work.
    "job_attempts",
    "job_logs",
    "job_workers",
    "job_gate",
    "run_deliveries",
];
/// Columns that move with time alone. What somebody has looked at within a minute keeps its place, later it moves up.
const MOVING: [&str; 5] = ["seen_at", "last_used_at", "beat_at", "last_at", "marked_at"];

/// Looks at the database of a server from outside.
pub struct Watch {
    connection: Mutex<SqliteConnection>,
    /// Each table with the statement that gives all of it as one text.
    tables: Vec<(String, String)>,
}

impl Watch {
    pub async fn over(app: &Server) -> Self {
        let path = app.data_dir.join("lakegate.db");
        let mut connection = SqliteConnection::connect(&format!("sqlite://{}?mode=ro", path.display())).await.unwrap();
        let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        let names: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        let mut tables = Vec::new();
        for name in names.into_iter().filter(|name| !RECORDS.contains(&name.as_str())) {
            let sql = text_of(&mut connection, &name).await;
            tables.push((name, sql));
        }
        Self { connection: Mutex::new(connection), tables }
    }

    /// Everything that is kept, but for the records of asking.
    pub async fn state(&self) -> Vec<(String, String)> {
        let mut connection = self.connection.lock().await;
        let mut state = Vec::new();
        for (table, sql) in &self.tables {
            let text = sqlx::query_scalar(AssertSqlSafe(sql.clone())).fetch_one(&mut *connection).await.unwrap();
            state.push((table.clone(), text));
        }
        state
    }
}

async fn text_of(connection: &mut SqliteConnection, table: &str) -> String {
    let columns = format!("SELECT name FROM pragma_table_info('{table}')");
    let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(connection).await.unwrap();
    let kept = columns.iter().filter(|column| !MOVING.contains(&column.as_str()));
    let row = kept.map(|column| format!("quote(\"{column}\")")).collect::<Vec<_>>().join("||','||");
    format!("SELECT coalesce(group_concat(line, x'0a'), '') FROM (SELECT {row} AS line FROM \"{table}\" ORDER BY 1)")
}
