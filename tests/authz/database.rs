//! The state of the metadata database as one text, to see whether anything changed.

use lakegate_tests::Server;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::path::PathBuf;

/// Tables that record that something was asked, whatever the answer.
const RECORDS: [&str; 5] = ["audit_events", "audit_batches", "counters", "sign_in_failures", "_sqlx_migrations"];
/// Columns that move with time alone.
const MOVING: [&str; 4] = ["seen_at", "last_used_at", "beat_at", "last_at"];

fn path(app: &Server) -> PathBuf {
    app.data_dir.join("lakegate.db")
}

/// Everything that is kept, but for the records of asking.
pub async fn state(app: &Server) -> Vec<(String, String)> {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}?mode=ro", path(app).display())).await.unwrap();
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
    let mut state = Vec::new();
    for table in tables.into_iter().filter(|table| !RECORDS.contains(&table.as_str()) && !table.starts_with("sqlite_"))
    {
        let columns: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT name FROM pragma_table_info('{table}')")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
        let kept: Vec<String> = columns
            .iter()
            .filter(|column| !MOVING.contains(&column.as_str()))
            .map(|column| format!("quote(\"{column}\")"))
            .collect();
        let row = kept.join("||','||");
        let sql = format!(
            "SELECT coalesce(group_concat(line, x'0a'), '') FROM (SELECT {row} AS line FROM \"{table}\" ORDER BY 1)"
        );
        let text: String = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
        state.push((table, text));
    }
    connection.close().await.unwrap();
    // Session rows are touched by every use.
    state
}
