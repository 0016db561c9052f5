//! Telling whoever wants to know what happens to runs, in the transaction in which it happens.

use lakegate_model::{Fault, Timestamp, ids::RunId};
use lakegate_store::WriteTx;
use std::{fmt::Debug, future::Future, pin::Pin, time::Duration};
use tokio_util::sync::CancellationToken;

use crate::Queue;

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

/// What a watch does.
pub type WatchFuture<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Hears of what happens to runs.
pub trait Watch: Send + Sync + Debug {
    /// Something happened, and is committed together with what this writes. The transaction may run again, so there is
    /// no effect outside of it.
    fn told<'a>(&'a self, queue: &'a Queue, tx: &'a mut WriteTx, news: &'a [News]) -> WatchFuture<'a>;

    /// A while has passed: does what has become due by itself.
    fn look<'a>(&'a self, queue: &'a Queue) -> WatchFuture<'a>;
}

impl Queue {
    /// Tells the queue's watch, if it has one.
    ///
    /// # Errors
    /// What the watch says: the transaction must not be committed then.
    pub async fn tell(&self, tx: &mut WriteTx, news: &[News]) -> Result<(), Fault> {
        match self.parts().watch {
            Some(watch) if !news.is_empty() => watch.told(self, tx, news).await,
            _ => Ok(()),
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
