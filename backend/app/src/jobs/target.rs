//! What a schedule or a trigger starts: runs of a data source, or a workflow.

use lakegate_jobs::workflows::START;
use lakegate_model::{
    Fault,
    catalog::DataSource,
    ids::{DataSourceId, ProjectId, WorkflowId},
    triggers::JobTrigger,
    workflows::Workflow,
};
use lakegate_policy::{Actor, Scope, action::Act};
use lakegate_store::{Tx, sources, workflows as workflows_store};
use uuid::Uuid;

use super::workflows;
use crate::sources::{crawling::CRAWL, manage};

/// Names what is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    Source(DataSourceId),
    Workflow(WorkflowId),
}

impl Target {
    /// What a trigger starts.
    pub fn of_trigger(trigger: &JobTrigger) -> Self {
        if trigger.kind == START.name {
            return Self::Workflow(trigger.subject_id.into());
        }
        Self::Source(trigger.subject_id.into())
    }

    /// What work of a kind is about, where that is a data source or a workflow.
    pub fn of_work(kind: &str, subject: Option<Uuid>) -> Option<Self> {
        match subject {
            Some(id) if kind == CRAWL.name => Some(Self::Source(id.into())),
            Some(id) if kind == START.name => Some(Self::Workflow(id.into())),
            _ => None,
        }
    }

    /// The kind of work that is put into the queue.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Source(_) => CRAWL.name,
            Self::Workflow(_) => START.name,
        }
    }

    /// What that work is about.
    pub(super) fn id(self) -> Uuid {
        match self {
            Self::Source(id) => id.into(),
            Self::Workflow(id) => id.into(),
        }
    }
}

/// What is started, as it is.
#[derive(Debug, Clone)]
pub(super) enum Started {
    Source(DataSource),
    Workflow(Workflow),
}

impl Started {
    pub fn project(&self) -> ProjectId {
        match self {
            Self::Source(source) => source.project_id,
            Self::Workflow(workflow) => workflow.project_id,
        }
    }

    pub fn name(&self) -> &str {
        match self {
            Self::Source(source) => &source.name,
            Self::Workflow(workflow) => &workflow.name,
        }
    }

    /// Where a data source looks.
    pub fn location(&self) -> Option<&str> {
        match self {
            Self::Source(source) => Some(&source.location),
            Self::Workflow(_) => None,
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
    }
}

/// The project that a data source or workflow belongs to, if there is one of that id.
pub(super) async fn project_of(tx: &mut Tx, id: Uuid) -> Result<Option<ProjectId>, Fault> {
    if let Some(source) = sources::source_find(tx, id.into()).await? {
        return Ok(Some(source.project_id));
    }
    Ok(workflows_store::workflow_find(tx, id.into()).await?.map(|workflow| workflow.project_id))
}
