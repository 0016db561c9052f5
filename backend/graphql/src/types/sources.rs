//! Data sources and their runs.

use async_graphql::{ComplexObject, Context, Error, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_model::{catalog, ids::UserId};

use crate::{
    names::{Named, named},
    scalars::{Id, Long, RunState},
};

/// A place from which tables are discovered.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(complex)]
pub struct DataSource {
    pub id: Id,
    pub project_id: Id,
    pub environment_id: Id,
    /// How the location is reached; null for folders.
    pub connection_id: Option<Id>,
    pub name: String,
    pub location: String,
    /// Seconds between runs; null runs on demand only.
    pub interval_seconds: Option<Long>,
    pub next_run_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    #[graphql(skip)]
    pub created_by: UserId,
}

#[ComplexObject]
impl DataSource {
    /// Who made it.
    async fn created_by(&self, ctx: &Context<'_>) -> Result<Option<Named>, Error> {
        named(ctx, Some(self.created_by)).await
    }
}

impl From<catalog::DataSource> for DataSource {
    fn from(source: catalog::DataSource) -> Self {
        Self {
            id: source.id.into(),
            project_id: source.project_id.into(),
            environment_id: source.environment_id.into(),
            connection_id: source.connection_id.map(Into::into),
            name: source.name,
            location: source.location,
            interval_seconds: source.interval_seconds.map(Into::into),
            next_run_at: source.next_run_at,
            created_at: source.created_at,
            created_by: source.created_by,
        }
    }
}

/// One execution of a data source.
#[derive(Debug, Clone, SimpleObject)]
pub struct SourceRun {
    pub id: Id,
    pub source_id: Id,
    pub state: RunState,
    /// `manual`, `schedule`, `event` or `replay`.
    pub trigger: String,
    pub started_by: String,
    pub progress: RunProgress,
    /// Once it succeeded.
    pub outcome: Option<RunOutcome>,
    /// Why it failed.
    pub error: Option<String>,
    pub cancel_requested: bool,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<catalog::SourceRun> for SourceRun {
    fn from(run: catalog::SourceRun) -> Self {
        Self {
            id: run.id.into(),
            source_id: run.source_id.into(),
            state: run.state.into(),
            trigger: run.trigger_kind,
            started_by: run.started_by,
            progress: run.progress.into(),
            outcome: run.outcome.map(Into::into),
            error: run.error,
            cancel_requested: run.cancel_requested,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// How far a run has come.
#[derive(Debug, Clone, SimpleObject)]
pub struct RunProgress {
    pub phase: String,
    pub files_seen: Long,
    pub tables_done: Long,
    pub tables_total: Long,
}

impl From<catalog::RunProgress> for RunProgress {
    fn from(progress: catalog::RunProgress) -> Self {
        Self {
            phase: progress.phase,
            files_seen: progress.files_seen.into(),
            tables_done: progress.tables_done.into(),
            tables_total: progress.tables_total.into(),
        }
    }
}

/// What a run found.
#[derive(Debug, Clone, SimpleObject)]
pub struct RunOutcome {
    pub tables_new: Long,
    pub tables_changed: Long,
    pub tables_same: Long,
    pub files: Long,
    pub bytes: Long,
    /// Files and tables left out, each with the reason.
    pub skipped: Vec<String>,
}

impl From<catalog::RunOutcome> for RunOutcome {
    fn from(outcome: catalog::RunOutcome) -> Self {
        Self {
            tables_new: outcome.tables_new.into(),
            tables_changed: outcome.tables_changed.into(),
            tables_same: outcome.tables_same.into(),
            files: outcome.files.into(),
            bytes: outcome.bytes.into(),
            skipped: outcome.skipped,
        }
    }
}
