//! How an attempt ends, and what that makes of its run.

use lakegate_model::{
    Code, Fault,
    ids::RunId,
    words::{AttemptOutcome, JobState},
};
use lakegate_store::job_claims::{AttemptEnd, Lost};
use serde_json::Value;
use std::sync::Arc;

use crate::{JobError, KindSpec, Queue, RunContext, context::Stop, workflows::TRIGGER};

/// Workers that may die over a run beyond its tries, before it is held to be the run's fault.
const DEATHS: i64 = 20;

/// An attempt that has ended and is to be written down.
#[derive(Debug)]
pub(crate) struct Ended {
    pub context: Arc<RunContext>,
    pub spec: &'static KindSpec,
    pub result: Result<Value, JobError>,
}

impl Ended {
    /// The run, if a workflow may wait for its end.
    pub fn part_of_workflow(&self) -> Option<RunId> {
        let run = self.context.run();
        (run.trigger_kind == TRIGGER).then_some(run.id)
    }

    /// What is written; `None` if another worker has the run.
    pub fn ending(&self, queue: &Queue) -> Option<AttemptEnd> {
        let stop = self.context.reason();
        if stop == Some(Stop::Lost) {
            return None;
        }
        Some(match &self.result {
            Ok(output) => self.succeeded(output.clone()),
            Err(JobError::Cancelled) if stop == Some(Stop::Shutdown) => self.handed_back(),
            Err(JobError::Cancelled) => self.cancelled(),
            Err(JobError::Retry(_)) if stop == Some(Stop::Cancel) => self.cancelled(),
            Err(JobError::Retry(fault)) => self.failed(fault, queue),
            Err(JobError::Final(fault)) => self.gave_up(fault),
        })
    }

    fn end(&self, state: JobState, outcome: AttemptOutcome) -> AttemptEnd {
        let progress = Some(self.context.last_progress());
        AttemptEnd { state, outcome, progress, output: None, error: None, next_at: None, counts: false }
    }

    fn succeeded(&self, output: Value) -> AttemptEnd {
        AttemptEnd { output: Some(output), ..self.end(JobState::Succeeded, AttemptOutcome::Succeeded) }
    }

    fn cancelled(&self) -> AttemptEnd {
        self.end(JobState::Cancelled, AttemptOutcome::Cancelled)
    }

    fn handed_back(&self) -> AttemptEnd {
        self.end(JobState::Waiting, AttemptOutcome::HandedBack)
    }

    fn gave_up(&self, fault: &Fault) -> AttemptEnd {
        AttemptEnd { error: Some(words(fault)), counts: true, ..self.end(JobState::Failed, AttemptOutcome::Failed) }
    }

    fn failed(&self, fault: &Fault, queue: &Queue) -> AttemptEnd {
        let run = self.context.run();
        let tries = run.tries + 1;
        if tries >= run.max_tries {
            return self.gave_up(fault);
        }
        let wait = self.spec.backoff.wait(tries, queue.parts().random.as_ref());
        let next_at = Some(queue.now() + wait);
        AttemptEnd { state: JobState::Scheduled, next_at, ..self.gave_up(fault) }
    }
}

/// What becomes of a run whose worker was not heard of any more.
pub(crate) fn after_loss(lost: &Lost) -> AttemptEnd {
    let state = if lost.attempt >= lost.max_tries + DEATHS { JobState::Failed } else { JobState::Waiting };
    let fault = Fault::new(Code::Unavailable, "the worker that had this run was not heard of any more");
    AttemptEnd {
        state,
        outcome: AttemptOutcome::Lost,
        progress: None,
        output: None,
        error: Some(words(&fault)),
        next_at: None,
        counts: false,
    }
}

fn words(fault: &Fault) -> (String, String) {
    (fault.code.as_str().to_owned(), fault.to_string())
}
