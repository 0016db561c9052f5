//! A durable queue over the metadata database, schedules that feed it, and a pool of workers that work it off.
//!
//! It knows no kind of work. A kind is
//! 1. a [`KindSpec`], a constant beside the use case that [enqueues](Queue::enqueue) it in the transaction of its change,
//! 2. a [`Kind`], which does the work and is [registered](Registry::with) where the program is put together.
//!
//! # What a kind may rely on
//! - A run that was acknowledged is not lost: it is a row of the transaction that wanted it.
//! - A run is at work at one worker at a time; each claim raises its `attempt`, the fencing number. A worker that lost
//!   its run finds out at the next [`RunContext::hold`], which makes the run's row part of the transaction.
//! - **It may run twice.** A worker can die after the effect and before the end was written, so the work is idempotent,
//!   or its effect stands in the same transaction as [`RunContext::hold`].
//! - Cancelling is cooperative first ([`RunContext::cancelled`]); work that does not listen is dropped after a moment.

mod backoff;
mod cancel;
mod claim;
mod context;
mod finish;
mod growth;
mod kind;
mod pool;
mod queue;
pub mod schedule;
mod settings;
pub mod ticks;
pub mod triggers;
pub mod watch;
mod worker;
pub mod workflows;

pub use backoff::Backoff;
pub use context::RunContext;
pub use kind::{Deadline, JobError, Kind, KindSpec, Registry, RunFuture};
pub use pool::Pool;
pub use queue::{Queue, Submission, Submitted};
pub use settings::PoolSettings;
pub use worker::Worker;
