//! Takes runs, does their work, writes down how it ended.

use futures::FutureExt;
use lakegate_model::{
    Code, Fault, Timestamp,
    ids::{RunId, WorkerId},
    jobs::JobRun,
    random::new_id,
};
use lakegate_store::{
    Db, WriteTx, in_queue, in_read,
    job_batches::{self, Ending},
    job_claims::{self as store, AttemptEnd, Claim},
    job_lanes, job_logs, job_runs, job_triggers,
};
use std::{
    collections::{HashMap, HashSet},
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

    /// Whether [`Worker::work_off`] might find something.
    async fn has_work(&self) -> Result<bool, Fault> {
        let due = in_read!(self.db(), |tx, _scope| { crate::schedule::next_due(tx).await })?;
        Ok(due.is_some_and(|due| due <= self.queue().now()) || self.is_ready().await?)
    }

    /// Whether a turn might find something: a read without the gate.
    pub(crate) async fn is_ready(&self) -> Result<bool, Fault> {
        in_read!(self.db(), |tx, _scope| {
            Ok(job_lanes::ready(tx, self.queue().now(), self.injected_now()).await?.any())
        })
    }

    /// The clock by which leases run, unless it is the database's.
    fn injected_now(&self) -> Option<Timestamp> {
        (!self.settings().database_clock).then(|| self.queue().now())
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
            // Whoever has the gate may wait for runs that end just now: it is not to be waited for with their rows in hand.
            if !ended.is_empty() && (!room.is_empty() || job_triggers::any_of_runs(tx).await?) {
                store::gate(tx).await?;
            }
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

    /// Writes down how attempts ended. Gives the runs that have ended with them.
    async fn write_ends(
        &self,
        tx: &mut WriteTx,
        ended: &[Ended],
        lines: &[Vec<job_logs::NewLine>],
    ) -> Result<Vec<News>, Fault> {
        let ends: Vec<_> = ended.iter().map(|ended| ended.ending(self.queue())).collect();
        let endings = ended.iter().zip(&ends).filter_map(|(ended, end)| ending(ended.context.claim(), end.as_ref()));
        let endings: Vec<Ending<'_>> = endings.collect();
        let ours: HashMap<_, _> = job_batches::end_all(tx, &endings, self.queue().now()).await?.into_iter().collect();
        let mut news = Vec::new();
        let mut finished = Vec::new();
        for (ended, lines) in ended.iter().zip(lines) {
            let Some(state) = ours.get(&ended.context.claim()).copied() else { continue };
            let (id, attempt) = ended.context.claim();
            job_logs::append(tx, id, attempt, lines).await?;
            news.extend(state.is_final().then(|| News::ended(id)));
            finished.push((ended.context.run(), state));
        }
        triggers::tell_ended(self.queue(), tx, &finished).await?;
        Ok(news)
    }

    /// What becomes of runs whose worker is gone. The transaction holds the gate.
    async fn write_losses(&self, tx: &mut WriteTx, lost: &[store::Lost]) -> Result<(), Fault> {
        let ids: Vec<RunId> = lost.iter().map(|lost| lost.id).collect();
        workflows::hold(tx, &ids).await?;
        let ends: Vec<_> = lost.iter().map(|lost| ((lost.id, lost.attempt), after_loss(lost))).collect();
        let endings: Vec<_> = ends.iter().map(|(claim, end)| Ending { claim: *claim, end }).collect();
        let ended = job_batches::end_all(tx, &endings, self.queue().now()).await?;
        let mut over = Vec::new();
        for ((id, _), state) in ended.into_iter().filter(|(_, state)| state.is_final()) {
            over.extend(job_runs::run_find(tx, id).await?.map(|run| (run, state)));
        }
        let finished: Vec<_> = over.iter().map(|(run, state)| (run, *state)).collect();
        triggers::tell_ended(self.queue(), tx, &finished).await?;
        let news: Vec<News> = over.iter().map(|(run, _)| News::ended(run.id)).collect();
        self.queue().tell(tx, &news).await
    }

    /// Lets runs go on whose worker was not heard of any more.
    async fn take_up_lost(
        &self,
        tx: &mut WriteTx,
        lease_now: Timestamp,
        at_work: &HashSet<Claim>,
    ) -> Result<(), Fault> {
        let mut lost = store::lost(tx, lease_now, BATCH).await?;
        lost.retain(|lost| !at_work.contains(&(lost.id, lost.attempt)));
        self.write_losses(tx, &lost).await
    }

    async fn take(&self, tx: &mut WriteTx, room: Room, at_work: &HashSet<Claim>) -> Result<Vec<JobRun>, Fault> {
        let ready = job_lanes::ready(tx, self.queue().now(), self.injected_now()).await?;
        if !ready.any() {
            return Ok(Vec::new());
        }
        let by_database = job_lanes::gate(tx).await?;
        let now = self.queue().now();
        let lease_now = by_database.filter(|_| self.settings().database_clock).unwrap_or(now);
        if ready.lost {
            self.take_up_lost(tx, lease_now, at_work).await?;
        }
        if ready.due {
            store::promote(tx, now, BATCH).await?;
        }
        let standing = job_lanes::standing(tx).await?;
        if standing.paused.iter().any(|kind| kind == "*") {
            return Ok(Vec::new());
        }
        let specs = self.0.registry.specs().filter(|spec| !standing.paused.iter().any(|kind| kind == spec.name));
        let specs: Vec<&'static KindSpec> = specs.collect();
        let turn = Turn {
            specs: &specs,
            standing: &standing,
            worker: self.0.id,
            per_project: self.settings().per_project,
            lease: (lease_now, lease_now + self.settings().lease()),
        };
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
            store::gate(tx).await?;
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

/// What the store needs of an attempt that is written down.
fn ending(claim: Claim, end: Option<&AttemptEnd>) -> Option<Ending<'_>> {
    end.map(|end| Ending { claim, end })
}

fn too_long(spec: &KindSpec) -> Fault {
    let message = format!("the work took longer than its deadline of {} s", spec.deadline.as_secs());
    Fault::new(Code::Unavailable, message)
}
