//! Takes runs, does their work, writes down how it ended.

use futures::FutureExt;
use lakegate_model::{
    Code, Fault, Timestamp,
    ids::{RunId, WorkerId},
    jobs::JobRun,
    random::new_id,
    words::JobState,
};
use lakegate_store::{
    Db, WriteTx, in_queue, in_read,
    job_batches::{self, Success},
    job_claims::{self as store, AttemptEnd, Claim},
    job_logs, job_workers,
};
use std::{
    collections::HashSet,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    JobError, Kind, KindSpec, PoolSettings, Queue, Registry, RunContext,
    claim::{Cursor, Room, Turn},
    finish::{Ended, after_loss},
    triggers,
    watch::News,
    workflows,
};

/// Runs that one turn lets wait, and lost ones that it takes up.
const BATCH: i64 = 500;

/// One process's hands: what it knows to do, and its name in the database.
#[derive(Debug, Clone)]
pub struct Worker(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    id: WorkerId,
    queue: Queue,
    registry: Registry,
    settings: PoolSettings,
    cursor: Mutex<Cursor>,
}

impl Worker {
    /// A worker under a new id.
    pub fn new(queue: Queue, registry: Registry, settings: PoolSettings) -> Self {
        let id = new_id(queue.parts().random.as_ref(), queue.now());
        Self(Arc::new(Parts { id, queue, registry, settings, cursor: Mutex::default() }))
    }

    pub(crate) fn id(&self) -> WorkerId {
        self.0.id
    }

    pub(crate) fn queue(&self) -> &Queue {
        &self.0.queue
    }

    pub(crate) fn settings(&self) -> &PoolSettings {
        &self.0.settings
    }

    fn db(&self) -> &Db {
        &self.0.queue.parts().db
    }

    /// Works off everything that can be worked off now, one batch after the other. Returns how many attempts ended.
    ///
    /// # Errors
    /// What the database says. A run that fails is no error: it says so itself.
    pub async fn work_off(&self) -> Result<usize, Fault> {
        let mut ended = 0;
        self.queue().look_for_due().await?;
        while self.has_work().await? {
            crate::schedule::plan_all(self.queue()).await?;
            let taken = self.turn(&[], self.settings().room(), &HashSet::new()).await?;
            if taken.is_empty() {
                break;
            }
            let work = taken.into_iter().map(|run| async { self.attempt(self.begin(run)).await });
            let done = futures::future::join_all(work).await;
            ended += done.len();
            self.turn(&done, Room::NONE, &HashSet::new()).await?;
            self.queue().look_for_due().await?;
        }
        Ok(ended)
    }

    /// Whether a turn might find something: a read without the gate.
    pub(crate) async fn has_work(&self) -> Result<bool, Fault> {
        let now = self.queue().now();
        in_read!(self.db(), |tx, _scope| {
            let lease_now = self.lease_now(tx).await?;
            let due = crate::schedule::next_due(tx).await?;
            Ok(due.is_some_and(|due| due <= now) || store::has_work(tx, now, lease_now).await?)
        })
    }

    /// Leases run by the database's clock where several machines share it.
    pub(crate) async fn lease_now(&self, tx: &mut lakegate_store::Tx) -> Result<Timestamp, Fault> {
        let shared =
            if self.settings().database_clock { lakegate_store::job_listen::database_now(tx).await? } else { None };
        Ok(shared.unwrap_or_else(|| self.queue().now()))
    }

    /// One transaction: writes down what has ended, takes what there is room for. What is `at_work` here is not lost,
    /// even if its lease has ended.
    pub(crate) async fn turn(
        &self,
        ended: &[Ended],
        room: Room,
        at_work: &HashSet<Claim>,
    ) -> Result<Vec<JobRun>, Fault> {
        let lines: Vec<_> = ended.iter().map(|ended| ended.context.take_lines()).collect();
        let parts: Vec<RunId> = ended.iter().filter_map(Ended::part_of_workflow).collect();
        let done = in_queue!(self.db(), |tx| {
            workflows::hold(tx, &parts).await?;
            let news = self.write_ends(tx, ended, &lines).await?;
            self.queue().tell(tx, &news).await?;
            if room.is_empty() { Ok(Vec::new()) } else { self.take(tx, room, at_work).await }
        });
        if done.is_err() {
            for (ended, lines) in ended.iter().zip(lines) {
                ended.context.give_lines(lines);
            }
        }
        self.queue().wake();
        done
    }

    /// Writes down how attempts ended: those that succeeded by the handful, the others one by one. Gives the runs that
    /// have ended with them.
    async fn write_ends(
        &self,
        tx: &mut WriteTx,
        ended: &[Ended],
        lines: &[Vec<job_logs::NewLine>],
    ) -> Result<Vec<News>, Fault> {
        let (now, mut news, mut good, mut runs) = (self.queue().now(), Vec::new(), Vec::new(), HashSet::new());
        for (ended, lines) in ended.iter().zip(lines) {
            let Some(end) = ended.ending(self.queue()) else { continue };
            // A run of which an earlier attempt ends here too is not for the handful.
            if end.state == JobState::Succeeded && runs.insert(ended.context.claim().0) {
                good.push((ended, lines, end));
            } else if let Some(state) = store::end(tx, ended.context.claim(), &end, now).await? {
                news.extend(self.after_end(tx, ended, lines, state).await?);
            }
        }
        let successes: Vec<Success<'_>> = good.iter().filter_map(|(ended, _, end)| success(ended, end)).collect();
        let ours: HashSet<RunId> = job_batches::succeed_all(tx, &successes, now).await?.into_iter().collect();
        for (ended, lines, end) in good.iter().filter(|(ended, ..)| ours.contains(&ended.context.claim().0)) {
            news.extend(self.after_end(tx, ended, lines, end.state).await?);
        }
        Ok(news)
    }

    /// What follows from the end of an attempt that was this worker's. Says whether the run has ended with it.
    async fn after_end(
        &self,
        tx: &mut WriteTx,
        ended: &Ended,
        lines: &[job_logs::NewLine],
        state: JobState,
    ) -> Result<Option<News>, Fault> {
        let (id, attempt) = ended.context.claim();
        job_logs::append(tx, id, attempt, lines).await?;
        if matches!(state, JobState::Succeeded | JobState::Failed) {
            triggers::tell_ended(self.queue(), tx, ended.context.run(), state).await?;
        }
        Ok(state.is_final().then(|| News::ended(id)))
    }

    /// What becomes of runs whose worker is gone.
    async fn write_losses(&self, tx: &mut WriteTx, lost: &[store::Lost]) -> Result<(), Fault> {
        let ids: Vec<RunId> = lost.iter().map(|lost| lost.id).collect();
        workflows::hold(tx, &ids).await?;
        let mut news = Vec::new();
        for lost in lost {
            let end = after_loss(lost);
            let state = store::end(tx, (lost.id, lost.attempt), &end, self.queue().now()).await?;
            news.extend(state.filter(|state| state.is_final()).map(|_| News::ended(lost.id)));
        }
        self.queue().tell(tx, &news).await
    }

    async fn take(&self, tx: &mut WriteTx, room: Room, at_work: &HashSet<Claim>) -> Result<Vec<JobRun>, Fault> {
        let lease_now = self.lease_now(tx).await?;
        if !store::has_work(tx, self.queue().now(), lease_now).await? {
            return Ok(Vec::new());
        }
        store::gate(tx).await?;
        let (now, lease_now) = (self.queue().now(), self.lease_now(tx).await?);
        let mut lost = store::lost(tx, lease_now, BATCH).await?;
        lost.retain(|lost| !at_work.contains(&(lost.id, lost.attempt)));
        self.write_losses(tx, &lost).await?;
        store::promote(tx, now, BATCH).await?;
        let paused: HashSet<String> = job_workers::pauses(tx).await?.into_iter().map(|pause| pause.kind).collect();
        if paused.contains("*") {
            return Ok(Vec::new());
        }
        let specs: Vec<&'static KindSpec> =
            self.0.registry.specs().filter(|spec| !paused.contains(spec.name)).collect();
        let lease = (lease_now, lease_now + self.settings().lease());
        let turn = Turn { specs: &specs, worker: self.0.id, per_project: self.settings().per_project, lease };
        // The transaction may run again: it works on a copy until it is done.
        let mut cursor = self.cursor().clone();
        let taken = turn.take(tx, room, &mut cursor).await?;
        *self.cursor() = cursor;
        let begun: Vec<News> = taken.iter().map(|run| News::started(run.id)).collect();
        self.queue().tell(tx, &begun).await?;
        Ok(taken)
    }

    fn cursor(&self) -> std::sync::MutexGuard<'_, Cursor> {
        self.0.cursor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// At start, where no other process works on the database: gives back what a killed server was working on.
    ///
    /// # Errors
    /// What the database says.
    pub async fn recover(&self) -> Result<usize, Fault> {
        in_queue!(self.db(), |tx| {
            let left = store::at_work(tx).await?;
            self.write_losses(tx, &left).await?;
            Ok(left.len())
        })
    }

    /// A run that was taken, ready to be worked on.
    pub(crate) fn begin(&self, run: JobRun) -> (Arc<RunContext>, Arc<dyn Kind>) {
        // Only kinds of the registry are taken, and kinds never leave it.
        #[allow(clippy::expect_used)]
        let kind = self.0.registry.get(&run.kind).cloned().expect("a kind of the registry");
        (Arc::new(RunContext::new(run, self.queue().clone())), kind)
    }

    /// Does the work of one attempt.
    pub(crate) async fn attempt(&self, (context, kind): (Arc<RunContext>, Arc<dyn Kind>)) -> Ended {
        let spec = kind.spec();
        let work = AssertUnwindSafe(kind.run(&context)).catch_unwind();
        let result = tokio::select! {
            biased;
            done = tokio::time::timeout(spec.deadline, work) => match done {
                Ok(Ok(result)) => result,
                Ok(Err(_)) => Err(JobError::Retry(Fault::internal("the work panicked"))),
                Err(_) => Err(JobError::Retry(too_long(spec))),
            },
            () = self.patience(&context) => Err(JobError::Cancelled),
        };
        Ended { context, spec, result }
    }

    /// Ends a moment after the work was told to stop: what does not listen is dropped then.
    async fn patience(&self, context: &RunContext) {
        context.cancelled().cancelled().await;
        tokio::time::sleep(self.settings().grace).await;
        context.log(lakegate_model::words::LogLevel::Warn, "the work did not stop by itself and was dropped");
    }
}

/// What the store needs of an attempt that has succeeded.
fn success<'a>(ended: &Ended, end: &'a AttemptEnd) -> Option<Success<'a>> {
    Some(Success { claim: ended.context.claim(), progress: end.progress.as_ref()?, output: end.output.as_ref()? })
}

fn too_long(spec: &KindSpec) -> Fault {
    let message = format!("the work took longer than its deadline of {} s", spec.deadline.as_secs());
    Fault::new(Code::Unavailable, message)
}
