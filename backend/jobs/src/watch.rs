//! Telling whoever wants to know what happens to runs, in the transaction in which it happens.

use lakegate_model::{
    Code, Fault, Timestamp,
    ids::{ProjectId, RunId},
    words::WorkflowState,
    workflows::WorkflowRun,
};
use lakegate_store::WriteTx;
use serde_json::Value;
use std::{fmt::Debug, future::Future, pin::Pin, time::Duration};
use tokio_util::sync::CancellationToken;

use uuid::Uuid;

use crate::{KindSpec, Queue, workflows};

/// How often is asked what is due.
const LOOK: Duration = Duration::from_secs(1);

/// What happened to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// A worker has begun an attempt at it.
    Started,
    /// It succeeded, failed for good or was cancelled; its row says which.
    Ended,
    /// A schedule ticked and put it in, or found it open.
    Ticked(Timestamp),
}

/// Something that happened to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    pub run: RunId,
    pub happened: Happened,
}

impl News {
    /// A run has ended.
    pub fn ended(run: RunId) -> Self {
        Self { run, happened: Happened::Ended }
    }

    pub(crate) fn started(run: RunId) -> Self {
        Self { run, happened: Happened::Started }
    }

    pub(crate) fn ticked(run: RunId, tick: Timestamp) -> Self {
        Self { run, happened: Happened::Ticked(tick) }
    }
}

/// What happened to a run of a workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WorkflowHappened {
    /// Somebody or something has started it.
    Begun,
    /// It has ended so; once tried again it ends again.
    Ended(WorkflowState),
}

/// Work that a step of a workflow wants done in the name of its project.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub project: ProjectId,
    pub spec: &'static KindSpec,
    /// What is to be worked on; whoever wrote or started the workflow named it.
    pub subject: Option<Uuid>,
    pub input: &'a Value,
}

/// What a watch does.
pub type WatchFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Hears of what happens to runs.
pub trait Watch: Send + Sync + Debug {
    /// Something happened, and is committed together with what this writes. The transaction may run again, so there is
    /// no effect outside of it.
    fn told<'a>(&'a self, queue: &'a Queue, tx: &'a mut WriteTx, news: &'a [News]) -> WatchFuture<'a>;

    /// Something happened to a run of a workflow, however it was started; otherwise as [`Watch::told`].
    fn told_of_workflow<'a>(
        &'a self,
        _queue: &'a Queue,
        _tx: &'a mut WriteTx,
        _run: &'a WorkflowRun,
        _happened: WorkflowHappened,
    ) -> WatchFuture<'a> {
        Box::pin(async { Ok(()) })
    }

    /// Whether a workflow may have this done: the project has to own what is worked on, and the kind has to be one that
    /// people may use with an input of their own. Nothing is allowed by a watch that does not say so. What is refused
    /// fails in the workflow, with the words of the fault.
    fn vouch<'a>(&'a self, _queue: &'a Queue, _tx: &'a mut WriteTx, asked: &'a Asked<'a>) -> WatchFuture<'a> {
        let message = format!("workflows may not use the kind of work {:?} here", asked.spec.name);
        Box::pin(async { Err(Fault::new(Code::Forbidden, message)) })
    }

    /// A while has passed: does what has become due by itself.
    fn look<'a>(&'a self, queue: &'a Queue) -> WatchFuture<'a>;
}

impl Queue {
    /// Tells what happened to runs: workflows move on by it, and the queue's watch hears of it, if there is one. Whoever
    /// ends a run calls this in the same transaction.
    ///
    /// # Errors
    /// What the database or the watch says: the transaction must not be committed then.
    pub async fn tell(&self, tx: &mut WriteTx, news: &[News]) -> Result<(), Fault> {
        workflows::heard(self, tx, news).await?;
        self.tell_watch(tx, news).await
    }

    /// As [`Queue::tell`], where workflows have moved on already.
    pub(crate) async fn tell_watch(&self, tx: &mut WriteTx, news: &[News]) -> Result<(), Fault> {
        match self.parts().watch {
            Some(watch) if !news.is_empty() => watch.told(self, tx, news).await,
            _ => Ok(()),
        }
    }

    /// Tells the watch what happened to a run of a workflow.
    pub(crate) async fn tell_of_workflow(
        &self,
        tx: &mut WriteTx,
        run: &WorkflowRun,
        happened: WorkflowHappened,
    ) -> Result<(), Fault> {
        match self.parts().watch {
            Some(watch) => watch.told_of_workflow(self, tx, run, happened).await,
            None => Ok(()),
        }
    }

    /// Asks the watch whether a workflow may have something done. A queue without a watch lets it do everything.
    pub(crate) async fn vouch(&self, tx: &mut WriteTx, asked: &Asked<'_>) -> Result<(), Fault> {
        match self.parts().watch {
            Some(watch) => watch.vouch(self, tx, asked).await,
            None => Ok(()),
        }
    }

    /// Lets the queue's watch do what has become due.
    ///
    /// # Errors
    /// What the watch says.
    pub async fn look_for_due(&self) -> Result<(), Fault> {
        match self.parts().watch {
            Some(watch) => watch.look(self).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn keep_looking(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(fault) = self.look_for_due().await {
                tracing::error!(error = ?fault, "what is due could not be done; it is tried again");
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }
}
