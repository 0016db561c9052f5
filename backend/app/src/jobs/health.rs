//! The health of the queue, for whoever runs the installation: what waits, who works, what is held up.

use lakegate_model::{
    Fault, Timestamp,
    jobs::{JobPause, JobWorker, KindLoad},
    text,
};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{Tx, in_read, job_runs, job_workers as store};
use serde_json::json;

use crate::{
    App, Caller,
    audit::{self, Event},
};

/// Everything, instead of one kind.
pub const ALL: &str = "*";

/// Longest reason for holding work up, in characters.
const LONGEST_REASON: usize = 500;

/// How the queue is.
#[derive(Debug, Clone)]
pub struct Health {
    pub kinds: Vec<KindHealth>,
    /// Whether everything is held up.
    pub paused: Option<JobPause>,
    pub workers: Vec<WorkerHealth>,
    pub at: Timestamp,
}

/// How a kind of work is.
#[derive(Debug, Clone)]
pub struct KindHealth {
    pub kind: String,
    pub title: String,
    pub class: &'static str,
    /// Runs of it at work at once.
    pub at_once: i64,
    /// Runs of it that may wait.
    pub bound: i64,
    pub load: KindLoad,
    pub paused: Option<JobPause>,
}

/// A worker and what it holds.
#[derive(Debug, Clone)]
pub struct WorkerHealth {
    pub worker: JobWorker,
    /// Runs that it has, the longest at work first: id, kind and since when.
    pub holds: Vec<store::Held>,
}

/// How the queue is.
pub async fn get(app: &App, caller: &Caller) -> Result<Health, Fault> {
    look!(app, caller, "job.health", |tx, scope, actor| {
        decide::<action::ManageJobs, _>(scope, actor, Platform).map(drop)?;
        let pauses = store::pauses(tx).await?;
        let kinds = kinds(app, tx, &pauses).await?;
        let held = store::held_by_workers(tx).await?;
        let workers = store::workers(tx).await?.into_iter().map(|worker| WorkerHealth {
            holds: held.iter().filter(|held| held.worker_id == worker.id).cloned().collect(),
            worker,
        });
        let paused = pauses.into_iter().find(|pause| pause.kind == ALL);
        Ok(Health { kinds, paused, workers: workers.collect(), at: app.now() })
    })
}

/// How each kind of work is, for whoever measures the installation from outside; names no project and no person.
///
/// # Errors
/// What the database says.
pub async fn measure(app: &App) -> Result<Vec<KindHealth>, Fault> {
    in_read!(&app.db, |tx, _scope| { kinds(app, tx, &[]).await })
}

async fn kinds(app: &App, tx: &mut Tx, pauses: &[JobPause]) -> Result<Vec<KindHealth>, Fault> {
    let mut loads = job_runs::load(tx).await?;
    let kinds = app.queue.specs().iter().map(|spec| KindHealth {
        kind: spec.name.to_owned(),
        title: spec.title.to_owned(),
        class: spec.class.as_str(),
        at_once: spec.at_once,
        bound: spec.bound,
        load: loads.remove(spec.name).unwrap_or_default(),
        paused: pauses.iter().find(|pause| pause.kind == spec.name).cloned(),
    });
    Ok(kinds.collect())
}

/// Holds up a kind of work, or all of it: nothing of it is begun, what is at work goes on.
pub async fn pause(app: &App, caller: &Caller, kind: &str, reason: &str) -> Result<(), Fault> {
    need_kind(app, kind)?;
    let reason = text::line("reason", reason, LONGEST_REASON)?;
    change!(app, caller, "job.pause", |tx, scope, actor| {
        let proof = decide::<action::ManageJobs, _>(scope, actor, Platform)?;
        let pause = JobPause {
            kind: kind.to_owned(),
            reason: reason.clone(),
            paused_by: actor.name.clone(),
            paused_at: app.now(),
        };
        store::pause(tx, &proof, &pause).await?;
        audit::record(app, tx, caller, actor, event("job.pause", kind, &reason)).await
    })
}

/// Lets a kind of work go on, or all that is held up as a whole.
///
/// # Errors
/// `conflict` if it is not held up.
pub async fn resume(app: &App, caller: &Caller, kind: &str) -> Result<(), Fault> {
    need_kind(app, kind)?;
    change!(app, caller, "job.resume", |tx, scope, actor| {
        let proof = decide::<action::ManageJobs, _>(scope, actor, Platform)?;
        if !store::resume(tx, &proof, kind).await? {
            return Err(Fault::new(lakegate_model::Code::Conflict, format!("{kind} is not held up")));
        }
        audit::record(app, tx, caller, actor, event("job.resume", kind, "")).await
    })?;
    app.queue.wake_now();
    Ok(())
}

fn event(action: &'static str, kind: &str, reason: &str) -> Event {
    let detail = json!({ "kind": kind, "reason": reason });
    Event { action, subject_kind: "job_kind", subject_id: None, owner_project: None, detail }
}

fn need_kind(app: &App, kind: &str) -> Result<(), Fault> {
    if kind == ALL || app.queue.spec(kind).is_some() {
        return Ok(());
    }
    let known: Vec<_> = app.queue.specs().iter().map(|spec| spec.name).collect();
    Err(Fault::invalid(
        "kind",
        format!("there is no kind {kind:?} of work; there is {}, and * for all", known.join(", ")),
    ))
}
