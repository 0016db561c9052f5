//! Runs by the hundred thousand, as if they had been put in one by one.

use anyhow::{Result, ensure};
use lakegate_model::{Clock, clock::SystemClock};
use lakegate_store::Db;

/// Projects among which runs are spread.
pub const PROJECTS: u32 = 20;

const SQLITE: &str = "WITH RECURSIVE numbers (n) AS (SELECT $1 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < $1 + $2)
    INSERT INTO job_runs (id, kind, project_id, state, priority, run_at, trigger_kind, started_by, input, progress, attempt, tries, max_tries, cancel_requested, created_at)
    SELECT unhex(printf('01900000000070008000%012x', n)), 'noop', unhex(printf('%032x', 1 + n % $3)), 'waiting', 1, $4, 'manual', 'bench',
        json_object('n', n), '{\"phase\":\"\",\"unit\":\"\",\"done\":0,\"counts\":{}}', 0, 0, 3, FALSE, $4 FROM numbers";
const POSTGRES: &str = "INSERT INTO job_runs (id, kind, project_id, state, priority, run_at, trigger_kind, started_by, input, progress, attempt, tries, max_tries, cancel_requested, created_at)
    SELECT CAST('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0') AS UUID), 'noop', CAST('00000000-0000-0000-0000-' || lpad(to_hex(1 + n % $3), 12, '0') AS UUID), 'waiting', 1, $4, 'manual', 'bench',
        jsonb_build_object('n', n), CAST('{\"phase\":\"\",\"unit\":\"\",\"done\":0,\"counts\":{}}' AS JSONB), 0, 0, 3, FALSE, $4 FROM generate_series($1, $1 + $2 - 1) n";

/// Lets so many runs of the kind `noop` wait, numbered from `first`.
pub async fn fill(db: &Db, first: u32, runs: u32) -> Result<()> {
    let now = SystemClock.now();
    let (first, count, projects) = (i64::from(first), i64::from(runs), i64::from(PROJECTS));
    let rows = match db {
        Db::Sqlite { writer, .. } => {
            let query = sqlx::query(SQLITE).bind(first).bind(count).bind(projects).bind(now);
            query.execute(writer).await?.rows_affected()
        }
        Db::Postgres { pool, .. } => {
            let query = sqlx::query(POSTGRES).bind(first).bind(count).bind(projects).bind(now);
            query.execute(pool).await?.rows_affected()
        }
    };
    ensure!(rows == u64::from(runs), "{rows} runs were put in instead of {runs}");
    Ok(())
}

/// Whether nothing waits or is at work any more.
pub async fn is_empty(db: &Db) -> Result<bool> {
    Ok(count(db, "SELECT COUNT(*) FROM (SELECT 1 FROM job_runs WHERE state = 'running' LIMIT 1) one").await? == 0
        && count(db, "SELECT COUNT(*) FROM (SELECT 1 FROM job_runs WHERE state = 'waiting' LIMIT 1) one").await? == 0)
}

/// The number that a text asks for.
pub async fn count(db: &Db, sql: &'static str) -> Result<i64> {
    let (count,): (i64,) = match db {
        Db::Sqlite { readers, .. } => sqlx::query_as(sql).fetch_one(readers).await?,
        Db::Postgres { pool, .. } => sqlx::query_as(sql).fetch_one(pool).await?,
    };
    Ok(count)
}
