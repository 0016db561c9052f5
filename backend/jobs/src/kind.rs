//! What a kind of work is.

use lakegate_model::{Code, Fault, words::SlotClass};
use serde_json::Value;
use std::{collections::BTreeMap, future::Future, pin::Pin, sync::Arc};

use crate::{Backoff, RunContext};

/// How long one attempt may work.
pub type Deadline = std::time::Duration;

/// What the queue has to know of a kind, before anybody does its work.
#[derive(Debug, Clone, Copy)]
pub struct KindSpec {
    /// The word that stands in the database, such as `crawl`. Never changes once runs of it exist.
    pub name: &'static str,
    /// The words for people, such as `Look for tables`.
    pub title: &'static str,
    /// Which slots it takes.
    pub class: SlotClass,
    /// Runs of it at work at once, over all processes.
    pub at_once: i64,
    /// Runs of it that may wait; a submission beyond that is refused.
    pub bound: i64,
    /// Attempts before it counts as failed.
    pub max_tries: i64,
    /// How long one attempt may work.
    pub deadline: Deadline,
    /// How long it waits between attempts.
    pub backoff: Backoff,
    /// Memory that one run may need, in bytes.
    pub memory_bytes: u64,
}

/// Why an attempt did not succeed.
#[derive(Debug, Clone)]
pub enum JobError {
    /// It may succeed later.
    Retry(Fault),
    /// It will not succeed, however often it is tried.
    Final(Fault),
    /// It stopped because it was told to.
    Cancelled,
}

/// Faults of the caller's making are final, those of the world around are tried again.
impl From<Fault> for JobError {
    fn from(fault: Fault) -> Self {
        match fault.code {
            Code::Cancelled => Self::Cancelled,
            Code::Dependency | Code::Unavailable | Code::Throttled | Code::StorageFull | Code::Internal => {
                Self::Retry(fault)
            }
            _ if fault.transient => Self::Retry(fault),
            _ => Self::Final(fault),
        }
    }
}

/// What an attempt gives: the run's output.
pub type RunFuture<'a> = Pin<Box<dyn Future<Output = Result<Value, JobError>> + Send + 'a>>;

/// Does the work of one kind.
pub trait Kind: Send + Sync + std::fmt::Debug {
    /// What the queue knows of it.
    fn spec(&self) -> &'static KindSpec;

    /// One attempt at a run. Gives the run's output.
    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a>;
}

/// The kinds that a process can work on.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    kinds: BTreeMap<&'static str, Arc<dyn Kind>>,
}

impl Registry {
    /// Adds a kind.
    #[must_use]
    pub fn with(mut self, kind: impl Kind + 'static) -> Self {
        self.kinds.insert(kind.spec().name, Arc::new(kind));
        self
    }

    /// The kind of a name.
    pub fn get(&self, name: &str) -> Option<&Arc<dyn Kind>> {
        self.kinds.get(name)
    }

    /// What the queue knows of each.
    pub fn specs(&self) -> impl Iterator<Item = &'static KindSpec> {
        self.kinds.values().map(|kind| kind.spec())
    }
}
