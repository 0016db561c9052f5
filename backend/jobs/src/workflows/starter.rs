//! The kind of work that starts a workflow: what schedules and triggers put into the queue.

use lakegate_model::{Code, Fault, words::SlotClass};
use lakegate_store::{in_queue, workflows};
use serde_json::{Value, json};
use std::time::Duration;

use super::{Start, start};
use crate::{Backoff, JobError, Kind, KindSpec, RunContext, RunFuture, triggers};

/// Starts the workflow that is its subject, with its own input. The run has ended when the workflow has begun.
pub static START: KindSpec = KindSpec {
    name: "workflow",
    title: "Start a workflow",
    class: SlotClass::Light,
    at_once: 100,
    bound: 10_000,
    max_tries: 5,
    deadline: Duration::from_secs(60),
    backoff: Backoff { first: Duration::from_secs(10), most: Duration::from_secs(600) },
    memory_bytes: 0,
};

/// Does the work of [`START`].
#[derive(Debug, Clone, Copy)]
pub struct StartWorkflow;

impl Kind for StartWorkflow {
    fn spec(&self) -> &'static KindSpec {
        &START
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(async { begin(context).await.map_err(JobError::from) })
    }
}

async fn begin(context: &RunContext) -> Result<Value, Fault> {
    let (queue, run) = (context.queue(), context.run());
    let subject = run.subject_id.ok_or_else(|| Fault::new(Code::Invalid, "which workflow is not said"))?;
    let wanted = Start {
        workflow: subject.into(),
        version: None,
        input: if run.input.is_object() { run.input.clone() } else { json!({}) },
        trigger: run.trigger_kind.clone(),
        by: run.started_by.clone(),
        cause: Some(run.id),
    };
    let begun = in_queue!(queue.db(), |tx| {
        triggers::gate_if_awaited(tx, run.project_id, subject).await?;
        context.hold(tx).await?;
        let workflow = workflows::workflow_find(tx, wanted.workflow).await?;
        if workflow.is_none_or(|workflow| workflow.project_id != run.project_id) {
            return Err(Fault::not_found("workflow"));
        }
        start(queue, tx, &wanted).await
    })?;
    queue.wake();
    Ok(json!({ "workflow_run": begun.to_string() }))
}
