//! What other programs report, in JSON.

use chrono::{DateTime, Utc};
use lakegate_app::reported::{DatasetView, JobView, Output, RunView};
use lakegate_model::{
    Fault,
    reported::{ReportedEvent, ReportedRule},
    words::{ReportedMatch, ReportedState},
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// What came of a batch of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchShape {
    /// `success`, or `partial_success` if some events do not fit.
    status: &'static str,
    summary: BatchSummaryShape,
    failed_events: Vec<FailedEventShape>,
}

/// How many events there were.
#[derive(Debug, Serialize, ToSchema)]
pub struct BatchSummaryShape {
    received: usize,
    successful: usize,
    failed: usize,
    retriable: usize,
    #[serde(rename = "nonRetriable")]
    non_retriable: usize,
}

/// An event that does not fit.
#[derive(Debug, Serialize, ToSchema)]
pub struct FailedEventShape {
    /// Its place in the batch, from 0.
    index: usize,
    /// The path of what does not fit, and why.
    reason: String,
    retriable: bool,
}

impl From<Vec<Result<(), Fault>>> for BatchShape {
    fn from(taken: Vec<Result<(), Fault>>) -> Self {
        let received = taken.len();
        let failed = taken.into_iter().enumerate().filter_map(|(index, done)| Some((index, done.err()?)));
        let failed_events: Vec<FailedEventShape> = failed
            .map(|(index, fault)| FailedEventShape {
                index,
                reason: format!("{}: {}", fault.field.unwrap_or_default(), fault.message),
                retriable: false,
            })
            .collect();
        let failed = failed_events.len();
        let status = if failed == 0 { "success" } else { "partial_success" };
        let summary =
            BatchSummaryShape { received, successful: received - failed, failed, retriable: 0, non_retriable: failed };
        Self { status, summary, failed_events }
    }
}

/// A job of another program.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedJobShape {
    id: Uuid,
    project_id: Uuid,
    namespace: String,
    name: String,
    /// Such as `BATCH DBT MODEL`.
    kind: Option<String>,
    owners: Vec<String>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

/// A run of such a job.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedRunShape {
    id: Uuid,
    /// As its producer calls it.
    run_id: Uuid,
    job_id: Uuid,
    /// `designed`, `started`, `running`, `completed`, `failed` or `aborted`.
    #[schema(value_type = String)]
    state: ReportedState,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
    /// Of its latest event.
    last_at: DateTime<Utc>,
    /// Why it failed.
    error: Option<String>,
    parent: Option<ReportedParentShape>,
    /// Datasets that it reads.
    inputs: Vec<Uuid>,
    outputs: Vec<ReportedOutputShape>,
    /// Tests of what it read that did not hold.
    failed_assertions: usize,
}

/// The run that started another.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedParentShape {
    namespace: String,
    name: String,
    /// As its producer calls it.
    run_id: Uuid,
}

/// What a run wrote.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedOutputShape {
    dataset_id: Uuid,
    rows: Option<i64>,
    bytes: Option<i64>,
}

/// An event as it came.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedEventShape {
    id: Uuid,
    event_at: DateTime<Utc>,
    received_at: DateTime<Utc>,
    /// Name of who sent it.
    sent_by: String,
    /// JSON, with every facet.
    body: String,
}

/// A dataset that such jobs read or write.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedDatasetShape {
    id: Uuid,
    project_id: Uuid,
    namespace: String,
    name: String,
    /// How it is known what it is: `unmatched`, `name`, `symlink`, `rule` or `decision`.
    #[schema(value_type = String)]
    matched: ReportedMatch,
    /// The asset whose table it is.
    asset_id: Option<Uuid>,
    /// The other dataset that it is.
    same_as: Option<Uuid>,
    owners: Vec<String>,
    /// What last happened to it as a whole, such as `drop`.
    lifecycle: Option<String>,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

/// Names of a namespace under a prefix are tables of a database, called what follows.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReportedRuleShape {
    id: Uuid,
    project_id: Uuid,
    namespace: String,
    prefix: String,
    database_id: Uuid,
    database_name: String,
    created_by: String,
    created_at: DateTime<Utc>,
}

impl From<JobView> for ReportedJobShape {
    fn from(view: JobView) -> Self {
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

impl From<RunView> for ReportedRunShape {
    fn from(run: RunView) -> Self {
        Self {
            id: run.id.into(),
            run_id: run.run_id,
            job_id: run.job.into(),
            state: run.state,
            started_at: run.started_at,
            ended_at: run.ended_at,
            last_at: run.last_at,
            error: run.error,
            parent: run.parent.map(|(namespace, name, run_id)| ReportedParentShape { namespace, name, run_id }),
            inputs: run.inputs.into_iter().map(Into::into).collect(),
            outputs: run.outputs.into_iter().map(Into::into).collect(),
            failed_assertions: run.failed_assertions,
        }
    }
}

impl From<Output> for ReportedOutputShape {
    fn from(output: Output) -> Self {
        Self { dataset_id: output.dataset.into(), rows: output.rows, bytes: output.bytes }
    }
}

impl From<ReportedEvent> for ReportedEventShape {
    fn from(event: ReportedEvent) -> Self {
        Self {
            id: event.id.into(),
            event_at: event.event_at,
            received_at: event.received_at,
            sent_by: event.sent_by,
            body: event.body,
        }
    }
}

impl From<DatasetView> for ReportedDatasetShape {
    fn from(view: DatasetView) -> Self {
        let dataset = view.dataset;
        Self {
            id: dataset.id.into(),
            project_id: dataset.project_id.into(),
            namespace: dataset.namespace,
            name: dataset.name,
            matched: dataset.matched,
            asset_id: dataset.asset_id.map(Into::into),
            same_as: dataset.same_as.map(Into::into),
            owners: view.owners,
            lifecycle: view.lifecycle,
            first_at: dataset.first_at,
            last_at: dataset.last_at,
        }
    }
}

impl From<ReportedRule> for ReportedRuleShape {
    fn from(rule: ReportedRule) -> Self {
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
