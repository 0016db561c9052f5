//! What a notice is about, as its reader sees it at this moment.

use lakegate_model::{
    Code, Fault,
    ids::WorkflowRunId,
    run_notices::{About, RunDelivery, RunWatch},
    words::WatchScope,
    workflows::WorkflowRun,
};
use lakegate_policy::{Actor, Scope, action, decide, resource::Platform};
use lakegate_store::{Tx, projects, workflow_runs, workflows};
use serde_json::json;

use crate::{
    App,
    jobs::runs::{self, RunView, allows},
    places::inside_proof,
};

/// What a notice is about.
#[derive(Debug, Clone)]
pub enum Seen {
    /// A run of the queue, which may have started a workflow.
    Run(Box<RunView>),
    /// A run of a workflow that no run of the queue has started.
    Workflow(Box<WorkflowSeen>),
}

/// A run of a workflow.
#[derive(Debug, Clone)]
pub struct WorkflowSeen {
    pub run: WorkflowRun,
    pub project_name: Option<String>,
    /// The name of the workflow, if the reader sees the project from inside.
    pub name: Option<String>,
    /// Whether the reader sees the project from inside, and so the page of the run.
    pub inside: bool,
}

impl Seen {
    /// Its page in the portal, if the reader has one.
    pub fn href(&self) -> Option<String> {
        match self {
            Self::Run(view) => Some(format!("/jobs/runs/{}", view.run.id)),
            Self::Workflow(seen) => seen.inside.then(|| {
                let run = &seen.run;
                format!("/projects/{}/workflows/{}/runs/{}", run.project_id, run.workflow_id, run.id)
            }),
        }
    }
}

/// What a notice is about; `None` for a trial, and if its reader does not see it.
pub(super) async fn see(
    app: &App,
    tx: &mut Tx,
    who: (&Scope, &Actor),
    watch: &RunWatch,
    delivery: &RunDelivery,
) -> Result<Option<Seen>, Fault> {
    let Some(about) = delivery.about() else { return Ok(None) };
    if watch.scope == WatchScope::Everything && !runs_all(who) {
        return Ok(None);
    }
    let run = match about {
        About::Workflow(run) => return Ok(workflow(tx, who, run).await?.map(|seen| Seen::Workflow(Box::new(seen)))),
        About::Run(run) => run,
    };
    match runs::find(tx, who, run).await {
        Ok(run) => Ok(Some(Seen::Run(Box::new(runs::view(app, tx, who, run, app.now()).await?)))),
        Err(fault) if matches!(fault.code, Code::NotFound | Code::Forbidden) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn runs_all((scope, actor): (&Scope, &Actor)) -> bool {
    decide::<action::ManageJobs, _>(scope, actor, Platform).is_ok()
}

/// Members of the project see it; whoever runs the installation sees that it is there, and how it ends.
async fn workflow(tx: &mut Tx, who: (&Scope, &Actor), id: WorkflowRunId) -> Result<Option<WorkflowSeen>, Fault> {
    let Some(mut run) = workflow_runs::flow_find(tx, id).await? else { return Ok(None) };
    let inside = allows(inside_proof::<action::ViewProject>(tx, who.0, who.1, Some(run.project_id), "run").await)?;
    if !inside {
        if !runs_all(who) {
            return Ok(None);
        }
        (run.input, run.day) = (json!({}), None);
    }
    let name = if inside { workflows::workflow_find(tx, run.workflow_id).await?.map(|found| found.name) } else { None };
    let project_name = projects::project_label(tx, run.project_id).await?.map(|(name, _)| name);
    Ok(Some(WorkflowSeen { run, project_name, name, inside }))
}
