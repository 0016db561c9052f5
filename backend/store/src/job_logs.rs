//! What runs say, bounded in size.

use lakegate_model::{Timestamp, ids::RunId, jobs::JobLogLine, words::LogLevel};

use crate::{StoreError, Tx, WriteTx};

statements! {
    LAST = "SELECT COALESCE(MAX(number), 0) FROM job_logs WHERE run_id = $1";
    INSERT = "INSERT INTO job_logs (run_id, number, attempt, at, level, message) VALUES ($1, $2, $3, $4, $5, $6)";
    AFTER = "SELECT number, attempt, at, level, message FROM job_logs WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT $3";
}

/// Most lines that one run keeps; what comes after them is lost, and the last line says so.
pub const LINES: i64 = 5_000;

/// A line to be kept.
#[derive(Debug, Clone)]
pub struct NewLine {
    pub at: Timestamp,
    pub level: LogLevel,
    pub message: String,
}

/// Keeps lines of a run in the order they came, up to [`LINES`].
pub async fn append(tx: &mut WriteTx, run: RunId, attempt: i64, lines: &[NewLine]) -> Result<(), StoreError> {
    if lines.is_empty() {
        return Ok(());
    }
    let (mut number,) = fetch_one!(tx, (i64,), LAST, run)?;
    for line in lines {
        number += 1;
        match number {
            ..LINES => insert(tx, run, number, attempt, line).await?,
            LINES => {
                let message = format!("this run has said more than {LINES} lines; the rest is left out");
                insert(tx, run, number, attempt, &NewLine { level: LogLevel::Warn, message, ..line.clone() }).await?;
            }
            _ => break,
        }
    }
    Ok(())
}

async fn insert(tx: &mut WriteTx, run: RunId, number: i64, attempt: i64, line: &NewLine) -> Result<(), StoreError> {
    execute_one!(tx, INSERT, run, number, attempt, line.at, line.level, &line.message)
}

/// Lines of a run after a number, in order.
pub async fn after(tx: &mut Tx, run: RunId, number: i64, limit: i64) -> Result<Vec<JobLogLine>, StoreError> {
    fetch_all!(tx, JobLogLine, AFTER, run, number, limit)
}
