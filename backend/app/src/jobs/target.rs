//! What a schedule or a trigger starts: runs of a data source or of the query of a derived table, or a workflow.

use lakegate_jobs::workflows::START;
use lakegate_model::{
    Fault,
    catalog::DataSource,
    derived::DerivedTable,
    ids::{DataSourceId, DerivedTableId, ProjectId, WorkflowId},
    triggers::JobTrigger,
    workflows::Workflow,
};
use lakegate_policy::{Actor, Scope, action::Act};
use lakegate_store::{Tx, derived as derived_store, sources, workflows as workflows_store};
use uuid::Uuid;

use super::workflows;
use crate::{
    derived::{self, QUERY},
    sources::{crawling::CRAWL, manage},
};

/// Names what is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Source(DataSourceId),
    Workflow(WorkflowId),
    Derived(DerivedTableId),
}

impl Target {
    /// What a trigger starts.
    pub fn of_trigger(trigger: &JobTrigger) -> Self {
        Self::of_work(&trigger.kind, Some(trigger.subject_id)).unwrap_or(Self::Source(trigger.subject_id.into()))
    }

    /// What work of a kind is about, where that is a data source, a workflow or a derived table.
    pub fn of_work(kind: &str, subject: Option<Uuid>) -> Option<Self> {
        match subject {
            Some(id) if kind == CRAWL.name => Some(Self::Source(id.into())),
            Some(id) if kind == START.name => Some(Self::Workflow(id.into())),
            Some(id) if kind == QUERY.name => Some(Self::Derived(id.into())),
            _ => None,
        }
    }

    /// The kind of work that is put into the queue.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Source(_) => CRAWL.name,
            Self::Workflow(_) => START.name,
            Self::Derived(_) => QUERY.name,
        }
    }

    /// What that work is about.
    pub(super) fn id(self) -> Uuid {
        match self {
            Self::Source(id) => id.into(),
            Self::Workflow(id) => id.into(),
            Self::Derived(id) => id.into(),
        }
    }
}

/// What is started, as it is.
#[derive(Debug, Clone)]
pub(super) enum Started {
    Source(DataSource),
    Workflow(Workflow),
    Derived(DerivedTable),
}

impl Started {
    pub fn project(&self) -> ProjectId {
        match self {
            Self::Source(source) => source.project_id,
            Self::Workflow(workflow) => workflow.project_id,
            Self::Derived(derived) => derived.project_id,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Source(source) => &source.name,
            Self::Workflow(workflow) => &workflow.name,
            Self::Derived(derived) => &derived.name,
        }
    }

    /// Where a data source looks.
    pub fn location(&self) -> Option<&str> {
        match self {
            Self::Source(source) => Some(&source.location),
            Self::Workflow(_) | Self::Derived(_) => None,
        }
    }
}

/// What is named, for those whom the project lets do so. Strangers are told what they are told of what does not exist.
pub(super) async fn find<A: Act>(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    target: Target,
) -> Result<Started, Fault> {
    Ok(match target {
        Target::Source(id) => Started::Source(manage::find::<A>(tx, scope, actor, id).await?.0),
        Target::Workflow(id) => Started::Workflow(workflows::find::<A>(tx, (scope, actor), id).await?),
        Target::Derived(id) => Started::Derived(derived::find::<A>(tx, (scope, actor), id).await?),
    })
}

/// What a trigger starts, whoever asks.
pub(super) async fn of(tx: &mut Tx, trigger: &JobTrigger) -> Result<Started, Fault> {
    match Target::of_trigger(trigger) {
        Target::Source(id) => {
            let found = sources::source_find(tx, id).await?;
            found.map(Started::Source).ok_or_else(|| Fault::not_found("data source"))
        }
        Target::Workflow(id) => {
            let found = workflows_store::workflow_find(tx, id).await?;
            found.map(Started::Workflow).ok_or_else(|| Fault::not_found("workflow"))
        }
        Target::Derived(id) => {
            let found = derived_store::derived_find(tx, id).await?;
            found.map(Started::Derived).ok_or_else(|| Fault::not_found("derived table"))
        }
    }
}

/// The project that a data source, workflow or derived table belongs to, if there is one of that id.
pub(super) async fn project_of(tx: &mut Tx, id: Uuid) -> Result<Option<ProjectId>, Fault> {
    if let Some(source) = sources::source_find(tx, id.into()).await? {
        return Ok(Some(source.project_id));
    }
    if let Some(workflow) = workflows_store::workflow_find(tx, id.into()).await? {
        return Ok(Some(workflow.project_id));
    }
    Ok(derived_store::derived_find(tx, id.into()).await?.map(|derived| derived.project_id))
}
