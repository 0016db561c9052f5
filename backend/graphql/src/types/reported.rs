//! What other programs report, as clients read it.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::reported as app;
use lakegate_model::reported as model;

use crate::scalars::{Id, Long, ReportedMatch, ReportedState};

/// A job of another program.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportedJob {
    pub id: Id,
    pub project_id: Id,
    pub namespace: String,
    pub name: String,
    /// Such as `BATCH DBT MODEL`.
    pub kind: Option<String>,
    pub owners: Vec<String>,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

/// A run of such a job.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportedRun {
    pub id: Id,
    /// As its producer calls it.
    pub run_id: Id,
    pub job_id: Id,
    pub state: ReportedState,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Of its latest event.
    pub last_at: DateTime<Utc>,
    /// Why it failed.
    pub error: Option<String>,
    pub parent: Option<ReportedParent>,
    /// Datasets that it reads.
    pub inputs: Vec<Id>,
    pub outputs: Vec<ReportedOutput>,
    /// Tests of what it read that did not hold.
    pub failed_assertions: Long,
}

/// The run that started another.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportedParent {
    pub namespace: String,
    pub name: String,
    /// As its producer calls it.
    pub run_id: Id,
}

/// What a run wrote.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportedOutput {
    pub dataset_id: Id,
    pub rows: Option<Long>,
    pub bytes: Option<Long>,
}

/// An event as it came.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportedEvent {
    pub id: Id,
    pub event_at: DateTime<Utc>,
    pub received_at: DateTime<Utc>,
    /// Name of who sent it.
    pub sent_by: String,
    /// JSON, with every facet.
    pub body: String,
}

/// A dataset that such jobs read or write.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportedDataset {
    pub id: Id,
    pub project_id: Id,
    pub namespace: String,
    pub name: String,
    pub matched: ReportedMatch,
    /// The asset whose table it is.
    pub asset_id: Option<Id>,
    /// The other dataset that it is.
    pub same_as: Option<Id>,
    pub owners: Vec<String>,
    /// What last happened to it as a whole, such as `drop`.
    pub lifecycle: Option<String>,
    pub first_at: DateTime<Utc>,
    pub last_at: DateTime<Utc>,
}

/// Names of a namespace under a prefix are tables of a database, called what follows.
#[derive(Debug, Clone, SimpleObject)]
pub struct ReportedRule {
    pub id: Id,
    pub project_id: Id,
    pub namespace: String,
    pub prefix: String,
    pub database_id: Id,
    pub database_name: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

impl From<app::JobView> for ReportedJob {
    fn from(view: app::JobView) -> Self {
        Self {
            id: view.job.id.into(),
            project_id: view.job.project_id.into(),
            namespace: view.job.namespace,
            name: view.job.name,
            kind: view.kind,
            owners: view.owners,
            first_at: view.job.first_at,
            last_at: view.job.last_at,
        }
    }
}

impl From<app::RunView> for ReportedRun {
    fn from(run: app::RunView) -> Self {
        let parent = run.parent.map(|(namespace, name, id)| ReportedParent { namespace, name, run_id: Id(id) });
        Self {
            id: run.id.into(),
            run_id: Id(run.run_id),
            job_id: run.job.into(),
            state: run.state.into(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            last_at: run.last_at,
            error: run.error,
            parent,
            inputs: run.inputs.into_iter().map(Into::into).collect(),
            outputs: run.outputs.into_iter().map(Into::into).collect(),
            failed_assertions: i64::try_from(run.failed_assertions).unwrap_or(i64::MAX).into(),
        }
    }
}

impl From<app::Output> for ReportedOutput {
    fn from(output: app::Output) -> Self {
        Self {
            dataset_id: output.dataset.into(),
            rows: output.rows.map(Into::into),
            bytes: output.bytes.map(Into::into),
        }
    }
}

impl From<model::ReportedEvent> for ReportedEvent {
    fn from(event: model::ReportedEvent) -> Self {
        Self {
            id: event.id.into(),
            event_at: event.event_at,
            received_at: event.received_at,
            sent_by: event.sent_by,
            body: event.body,
        }
    }
}

impl From<app::DatasetView> for ReportedDataset {
    fn from(view: app::DatasetView) -> Self {
        let dataset = view.dataset;
        Self {
            id: dataset.id.into(),
            project_id: dataset.project_id.into(),
            namespace: dataset.namespace,
            name: dataset.name,
            matched: dataset.matched.into(),
            asset_id: dataset.asset_id.map(Into::into),
            same_as: dataset.same_as.map(Into::into),
            owners: view.owners,
            lifecycle: view.lifecycle,
            first_at: dataset.first_at,
            last_at: dataset.last_at,
        }
    }
}

impl From<model::ReportedRule> for ReportedRule {
    fn from(rule: model::ReportedRule) -> Self {
        Self {
            id: rule.id.into(),
            project_id: rule.project_id.into(),
            namespace: rule.namespace,
            prefix: rule.prefix,
            database_id: rule.database_id.into(),
            database_name: rule.database_name,
            created_by: rule.created_by,
            created_at: rule.created_at,
        }
    }
}
