//! What stands in the database once all has ended.

// Some of it is only shown when something does not hold.
#![allow(dead_code)]

use chrono::{DateTime, Utc};
use sqlx::{Connection, FromRow, PgConnection};
use std::collections::BTreeMap;
use uuid::Uuid;

/// A run that a worker had, and until when nobody else might take it.
#[derive(Debug, Clone, FromRow)]
pub struct Claim {
    pub run_id: Uuid,
    pub attempt: i64,
    pub lease_until: DateTime<Utc>,
}

#[derive(Debug, Clone, FromRow)]
pub struct Run {
    pub id: Uuid,
    pub kind: String,
    pub state: String,
    pub subject_id: Option<Uuid>,
    pub schedule_id: Option<Uuid>,
    pub trigger_kind: String,
    pub run_at: DateTime<Utc>,
    pub attempt: i64,
    pub created_at: DateTime<Utc>,
    pub error: Option<String>,
}

#[derive(Debug, Clone, FromRow)]
pub struct Attempt {
    pub run_id: Uuid,
    pub attempt: i64,
    pub worker_id: Uuid,
    pub started_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    pub error: Option<String>,
}

/// A run of a workflow.
#[derive(Debug, Clone, FromRow)]
pub struct Flow {
    pub id: Uuid,
    pub workflow_id: Uuid,
    pub state: String,
    /// The run of the queue that started it.
    pub cause_id: Option<Uuid>,
}

#[derive(Debug, Clone, FromRow)]
pub struct Part {
    pub workflow_run_id: Uuid,
    pub step: String,
    pub number: i64,
    pub state: String,
    pub run_id: Option<Uuid>,
    pub runs: i64,
}

#[derive(Debug, Clone, FromRow)]
pub struct Schedule {
    pub id: Uuid,
    pub catch_up: String,
    pub created_at: DateTime<Utc>,
    /// When it was let rest.
    pub changed_at: DateTime<Utc>,
    pub last_tick: Option<DateTime<Utc>>,
    pub next_tick: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, FromRow)]
pub struct Trigger {
    pub id: Uuid,
    pub project_id: Uuid,
    pub happening: String,
    pub watched_id: Option<Uuid>,
    pub subject_id: Uuid,
}

/// Something that a trigger was told of, and the run that it became part of.
#[derive(Debug, Clone, FromRow)]
pub struct Event {
    pub trigger_id: Uuid,
    pub event_key: String,
    pub about: String,
    pub run_id: Option<Uuid>,
}

/// All of it.
#[derive(Debug)]
pub struct Rows {
    pub runs: BTreeMap<Uuid, Run>,
    /// By run, the first attempt first.
    pub attempts: BTreeMap<Uuid, Vec<Attempt>>,
    pub flows: BTreeMap<Uuid, Flow>,
    /// By run of a workflow.
    pub steps: Vec<(Uuid, String, String)>,
    pub parts: Vec<Part>,
    pub schedules: Vec<Schedule>,
    pub triggers: Vec<Trigger>,
    pub events: Vec<Event>,
    /// Transactions that waited for each other until the database ended one of them, which was tried again.
    pub deadlocks: i64,
}

impl Rows {
    pub async fn read(url: &str) -> Self {
        let mut database = PgConnection::connect(url).await.unwrap();
        let db = &mut database;
        let runs: Vec<Run> = all(db, "SELECT id, kind, state, subject_id, schedule_id, trigger_kind, run_at, attempt, created_at, error FROM job_runs ORDER BY id").await;
        let flows: Vec<Flow> = all(db, "SELECT id, workflow_id, state, cause_id FROM workflow_runs ORDER BY id").await;
        let mut attempts: BTreeMap<Uuid, Vec<Attempt>> = BTreeMap::new();
        for attempt in all::<Attempt>(db, "SELECT run_id, attempt, worker_id, started_at, ended_at, outcome, error FROM job_attempts ORDER BY run_id, attempt").await {
            attempts.entry(attempt.run_id).or_default().push(attempt);
        }
        let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        Self {
            deadlocks: sqlx::query_scalar(deadlocks).fetch_one(&mut *db).await.unwrap(),
            runs: runs.into_iter().map(|run| (run.id, run)).collect(),
            attempts,
            flows: flows.into_iter().map(|flow| (flow.id, flow)).collect(),
            steps: all(db, "SELECT workflow_run_id, name, state FROM workflow_steps ORDER BY workflow_run_id, name").await,
            parts: all(db, "SELECT workflow_run_id, step, number, state, run_id, runs FROM workflow_parts ORDER BY workflow_run_id, step, number").await,
            schedules: all(db, "SELECT id, catch_up, created_at, changed_at, last_tick, next_tick FROM job_schedules ORDER BY id").await,
            triggers: all(db, "SELECT id, project_id, happening, watched_id, subject_id FROM job_triggers ORDER BY id").await,
            events: all(db, "SELECT trigger_id, event_key, about, run_id FROM job_trigger_events ORDER BY trigger_id, number").await,
        }
    }

    pub fn attempts_at(&self, run: Uuid) -> &[Attempt] {
        self.attempts.get(&run).map_or(&[], Vec::as_slice)
    }
}

async fn all<R>(database: &mut PgConnection, sql: &'static str) -> Vec<R>
where
    R: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
{
    sqlx::query_as(sql).fetch_all(database).await.unwrap()
}
