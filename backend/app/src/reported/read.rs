//! What was reported, for members of the project that it was reported to.

use lakegate_model::{
    Fault, Page, PageRequest, Timestamp,
    ids::{ProjectId, ReportedDatasetId, ReportedJobId, ReportedRunId, TableId},
    reported::{ReportedDataset, ReportedEvent, ReportedJob, ReportedRule, ReportedRun},
    words::ReportedState,
};
use lakegate_policy::{
    Actor, Scope, Verdict,
    action::{self, Act, Action},
    decide, verdict,
};
use lakegate_store::{Tx, assets, reported as store, reported_datasets as datasets};
use std::collections::BTreeSet;
use uuid::Uuid;

use super::facets::{
    self, DataQualityAssertions, ErrorMessage, JobType, LifecycleStateChange, OutputStatistics, Ownership, Parent,
};
use crate::{App, Caller, places::inside_proof};

/// A job with what is understood of its facets.
#[derive(Debug, Clone)]
pub struct JobView {
    pub job: ReportedJob,
    /// Such as `BATCH DBT MODEL`.
    pub kind: Option<String>,
    pub owners: Vec<String>,
}

/// A run with what is understood of its facets.
#[derive(Debug, Clone)]
pub struct RunView {
    pub id: ReportedRunId,
    /// As its producer calls it.
    pub run_id: Uuid,
    pub job: ReportedJobId,
    pub state: ReportedState,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub last_at: Timestamp,
    /// Why it failed.
    pub error: Option<String>,
    /// The job, by namespace and name, and the run that started it.
    pub parent: Option<(String, String, Uuid)>,
    pub inputs: Vec<ReportedDatasetId>,
    pub outputs: Vec<Output>,
    /// Tests of what it read that did not hold.
    pub failed_assertions: usize,
}

/// What a run wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    pub dataset: ReportedDatasetId,
    pub rows: Option<i64>,
    pub bytes: Option<i64>,
}

/// A dataset with what is understood of its facets.
#[derive(Debug, Clone)]
pub struct DatasetView {
    pub dataset: ReportedDataset,
    pub owners: Vec<String>,
    /// What last happened to it as a whole, such as `drop`.
    pub lifecycle: Option<String>,
}

impl From<ReportedJob> for JobView {
    fn from(job: ReportedJob) -> Self {
        let kind = facets::read::<JobType>(&job.facets, "jobType");
        let kind = kind.map(|kind| {
            let words = [Some(kind.processing_type), Some(kind.integration), kind.job_type];
            words.into_iter().flatten().collect::<Vec<_>>().join(" ")
        });
        Self { kind, owners: owners(facets::read(&job.facets, "ownership")), job }
    }
}

fn owners(ownership: Option<Ownership>) -> Vec<String> {
    ownership.map(|all| all.owners.into_iter().map(|owner| owner.name).collect()).unwrap_or_default()
}

impl From<ReportedRun> for RunView {
    fn from(run: ReportedRun) -> Self {
        let shape = run.shape;
        let outputs = shape.outputs.iter().map(|(dataset, stated)| {
            let wrote: OutputStatistics = facets::read(stated, "outputStatistics").unwrap_or_default();
            Output { dataset: *dataset, rows: wrote.row_count, bytes: wrote.size }
        });
        let tests = shape.inputs.values().filter_map(|stated| {
            let tests: DataQualityAssertions = facets::read(stated, "dataQualityAssertions")?;
            Some(tests.assertions.iter().filter(|test| !test.success).count())
        });
        let parent = facets::read::<Parent>(&shape.facets, "parent");
        Self {
            id: run.id,
            run_id: run.run_id,
            job: run.job_id,
            state: run.state,
            started_at: run.started_at,
            ended_at: run.ended_at,
            last_at: run.last_at,
            error: facets::read::<ErrorMessage>(&shape.facets, "errorMessage").map(|error| error.message),
            parent: parent.map(|parent| (parent.job.namespace, parent.job.name, parent.run.run_id)),
            inputs: shape.inputs.keys().copied().collect(),
            outputs: outputs.collect(),
            failed_assertions: tests.sum(),
        }
    }
}

impl From<ReportedDataset> for DatasetView {
    fn from(dataset: ReportedDataset) -> Self {
        let lifecycle = facets::read::<LifecycleStateChange>(&dataset.facets, "lifecycleStateChange");
        Self {
            owners: owners(facets::read(&dataset.facets, "ownership")),
            lifecycle: lifecycle.map(|change| format!("{:?}", change.lifecycle_state_change).to_lowercase()),
            dataset,
        }
    }
}

/// The jobs that were reported to a project, the latest known first.
pub async fn jobs(app: &App, caller: &Caller, project: ProjectId, page: &PageRequest) -> Result<Page<JobView>, Fault> {
    look!(app, caller, "reported_job.list", |tx, scope, actor| {
        inside_proof::<action::ViewProject>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        Ok(store::jobs_of(tx, project, page).await?.map(Into::into))
    })
}

/// The runs of a job, the latest known first.
pub async fn runs(app: &App, caller: &Caller, job: ReportedJobId, page: &PageRequest) -> Result<Page<RunView>, Fault> {
    look!(app, caller, "reported_job.view", |tx, scope, actor| {
        let found = store::job_find(tx, job).await?;
        let project = found.map(|job| job.project_id);
        inside_proof::<action::ViewProject>(tx, scope, actor, project, "reported job").await.map(drop)?;
        Ok(store::runs_of(tx, job, page).await?.map(Into::into))
    })
}

/// The events of a run as they came, the latest first.
pub async fn events(
    app: &App,
    caller: &Caller,
    run: ReportedRunId,
    page: &PageRequest,
) -> Result<Page<ReportedEvent>, Fault> {
    look!(app, caller, "reported_run.view", |tx, scope, actor| {
        let found = store::run_find(tx, run).await?;
        let project = found.map(|run| run.project_id);
        inside_proof::<action::ViewProject>(tx, scope, actor, project, "reported run").await.map(drop)?;
        Ok(store::events_of(tx, run, page).await?)
    })
}

/// The datasets that were reported to a project, the latest known first: all, or those of which nobody knows what they are.
pub async fn datasets(
    app: &App,
    caller: &Caller,
    (project, unmatched): (ProjectId, bool),
    page: &PageRequest,
) -> Result<Page<DatasetView>, Fault> {
    look!(app, caller, "reported_dataset.list", |tx, scope, actor| {
        inside_proof::<action::ViewProject>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        let mut page = datasets::datasets_of(tx, project, unmatched, page).await?;
        without_unknown(tx, actor, &mut page.items).await?;
        Ok(page.map(Into::into))
    })
}

/// A dataset as an actor may see it.
pub(super) async fn viewed(tx: &mut Tx, actor: &Actor, mut dataset: ReportedDataset) -> Result<DatasetView, Fault> {
    without_unknown(tx, actor, std::slice::from_mut(&mut dataset)).await?;
    Ok(dataset.into())
}

/// Takes away assets that an actor may not know: whoever decided what a dataset is may have known more.
async fn without_unknown(tx: &mut Tx, actor: &Actor, datasets: &mut [ReportedDataset]) -> Result<(), Fault> {
    let tables: Vec<TableId> = datasets.iter().filter_map(|dataset| dataset.table_id).collect();
    let mut found = assets::assets_of_tables(tx, actor, &tables).await?;
    found.retain(|one| verdict(actor, Action::DiscoverAsset, &one.facts.into()) == Verdict::Allow);
    let known: BTreeSet<_> = found.iter().map(|one| one.asset.id).collect();
    for dataset in datasets {
        dataset.asset_id = dataset.asset_id.filter(|id| known.contains(id));
        dataset.table_id = dataset.table_id.filter(|_| dataset.asset_id.is_some());
    }
    Ok(())
}

/// One dataset.
pub async fn dataset_of(app: &App, caller: &Caller, id: ReportedDatasetId) -> Result<DatasetView, Fault> {
    look!(app, caller, "reported_dataset.view", |tx, scope, actor| {
        let found = dataset::<action::ViewProject>(tx, (scope, actor), id).await?;
        viewed(tx, actor, found).await
    })
}

/// One job.
pub async fn job(app: &App, caller: &Caller, id: ReportedJobId) -> Result<JobView, Fault> {
    look!(app, caller, "reported_job.view", |tx, scope, actor| {
        let found = store::job_find(tx, id).await?;
        let project = found.as_ref().map(|job| job.project_id);
        inside_proof::<action::ViewProject>(tx, scope, actor, project, "reported job").await.map(drop)?;
        found.map(Into::into).ok_or_else(|| Fault::not_found("reported job"))
    })
}

/// The rules of a project by which reported names are tables.
pub async fn rules(app: &App, caller: &Caller, project: ProjectId) -> Result<Vec<ReportedRule>, Fault> {
    look!(app, caller, "reported_rule.list", |tx, scope, actor| {
        inside_proof::<action::ViewProject>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        Ok(datasets::rules_of(tx, project).await?)
    })
}

/// A dataset, for those whom its project lets do so. Strangers are told what they are told of what does not exist.
pub(super) async fn dataset<A: Act>(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    id: ReportedDatasetId,
) -> Result<ReportedDataset, Fault> {
    let found = datasets::dataset_find(tx, id).await?;
    let project = found.as_ref().map(|dataset| dataset.project_id);
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, "reported dataset").await?;
    decide::<A, _>(scope, actor, seen.on()).map(drop)?;
    found.ok_or_else(|| Fault::not_found("reported dataset"))
}
