//! The workers of a process: takes runs as slots become free, keeps them alive, ends in order.

use lakegate_model::{Fault, Timestamp, ids::RunId, jobs::JobWorker, words::SlotClass};
use lakegate_store::{
    in_queue, in_read, job_batches,
    job_claims::{self as store, Claim},
    job_logs, job_workers,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    Kind, KindSpec, RunContext, Worker,
    claim::Room,
    context::Stop,
    finish::Ended,
    growth::{Growth, Slots},
    schedule,
};

/// How often what runs say is written down.
const TELL: Duration = Duration::from_millis(500);

/// The workers of a process.
#[derive(Debug, Clone)]
pub struct Pool(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    worker: Worker,
    started_at: Timestamp,
    /// By claim: a run that was lost may come back while its last attempt still ends.
    working: Mutex<HashMap<Claim, Working>>,
    slots: Mutex<Slots>,
}

#[derive(Debug)]
struct Working {
    context: Arc<RunContext>,
    spec: &'static KindSpec,
    /// When its lease was renewed last, by the queue's clock, and by one that nobody sets.
    beat_at: Timestamp,
    sure_at: Instant,
}

impl Pool {
    /// A pool that does the work of one worker.
    pub fn new(worker: Worker) -> Self {
        let started_at = worker.queue().now();
        let settings = worker.settings();
        let slots = Slots {
            light: Growth::between(settings.light_slots, settings.light_slots_most),
            heavy: Growth::between(settings.heavy_slots, settings.heavy_slots_most),
        };
        Self(Arc::new(Parts { worker, started_at, working: Mutex::default(), slots: Mutex::new(slots) }))
    }

    /// Works until `shutdown`, then gives back what it cannot end in time. Plans schedules beside it.
    pub async fn work(&self, shutdown: CancellationToken) {
        tokio::join!(
            self.take_and_run(&shutdown),
            self.keep_alive(&shutdown),
            self.hear_others(&shutdown),
            self.give_up_in_time(&shutdown),
            schedule::keep_planning(self.worker().queue(), &shutdown),
            self.worker().queue().keep_looking(&shutdown)
        );
        if let Err(fault) = self.leave().await {
            tracing::warn!(error = ?fault, "a worker could not say that it has ended");
        }
    }

    fn worker(&self) -> &Worker {
        &self.0.worker
    }

    fn working(&self) -> std::sync::MutexGuard<'_, HashMap<Claim, Working>> {
        self.0.working.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, Slots> {
        self.0.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is in all.
    fn room(&self) -> Room {
        let slots = self.slots();
        let memory_bytes = self.worker().settings().memory_bytes;
        Room { light: slots.light.slots(), heavy: slots.heavy.slots(), memory_bytes }
    }

    /// Gives a class of work another slot when all of its slots were taken for long, and takes it away later.
    fn grow(&self, now: Timestamp) {
        let (mut light, mut heavy) = (0, 0);
        for working in self.working().values() {
            *if working.spec.class == SlotClass::Light { &mut light } else { &mut heavy } += 1;
        }
        let mut slots = self.slots();
        let changed = [("light", slots.light.observe(now, light)), ("heavy", slots.heavy.observe(now, heavy))];
        for (class, slots) in changed.into_iter().filter_map(|(class, slots)| Some((class, slots?))) {
            tracing::info!(class, slots, "this process has another number of slots");
        }
    }

    /// What is free once the runs that have ended are written down.
    fn room_beside(&self, ended: &[Ended]) -> Room {
        let over: HashSet<Claim> = ended.iter().map(|ended| ended.context.claim()).collect();
        let working = self.working();
        let at_work = working.iter().filter(|(claim, _)| !over.contains(claim));
        at_work.fold(self.room(), |room, (_, working)| room.less(working.spec))
    }

    async fn take_and_run(&self, shutdown: &CancellationToken) {
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut ended: Vec<Ended> = Vec::new();
        let mut woken = false;
        loop {
            let stopping = shutdown.is_cancelled();
            if stopping {
                self.stop_all();
            }
            let asked = Instant::now();
            match self.one_turn(&mut ended, stopping, woken).await {
                Ok(begun) => begun.into_iter().for_each(|work| self.spawn(work, asked, tell.clone())),
                Err(fault) => tracing::error!(error = ?fault, "runs could not be taken or ended; it is tried again"),
            }
            if stopping && ended.is_empty() && self.working().is_empty() {
                return;
            }
            woken = self.wait(&mut told, &mut ended, shutdown).await;
            while let Ok(more) = told.try_recv() {
                ended.push(more);
            }
        }
    }

    /// Writes down what has ended and takes what there is room for. What could not be written stays in `ended`.
    async fn one_turn(
        &self,
        ended: &mut Vec<Ended>,
        stopping: bool,
        woken: bool,
    ) -> Result<Vec<(Arc<RunContext>, Arc<dyn Kind>)>, Fault> {
        let free = self.room_beside(ended);
        let room = if stopping { Room::NONE } else { free };
        // A turn looks for work in its own transaction. Without a reason to believe that there is some, a read is enough.
        if ended.is_empty() && (room.is_empty() || !(woken || self.worker().is_ready().await?)) {
            return Ok(Vec::new());
        }
        let at_work: HashSet<Claim> = self.working().keys().copied().collect();
        let taken = self.worker().turn(ended, room, &at_work).await?;
        for ended in ended.drain(..) {
            self.working().remove(&ended.context.claim());
        }
        Ok(taken.into_iter().map(|run| self.worker().begin(run)).collect())
    }

    fn spawn(
        &self,
        (context, kind): (Arc<RunContext>, Arc<dyn Kind>),
        sure_at: Instant,
        tell: mpsc::UnboundedSender<Ended>,
    ) {
        let beat_at = self.worker().queue().now();
        let working = Working { context: context.clone(), spec: kind.spec(), beat_at, sure_at };
        self.working().insert(context.claim(), working);
        let worker = self.worker().clone();
        tokio::spawn(async move {
            // Nobody listens only if the pool is gone; the lease runs out then.
            let _ = tell.send(worker.attempt((context, kind)).await);
        });
    }

    fn stop_all(&self) {
        for working in self.working().values() {
            working.context.tell(Stop::Shutdown);
        }
    }

    /// Waits for whatever comes first: a run that ends, news in the queue, the next look, the end. Says whether there was
    /// news.
    async fn wait(
        &self,
        told: &mut mpsc::UnboundedReceiver<Ended>,
        ended: &mut Vec<Ended>,
        shutdown: &CancellationToken,
    ) -> bool {
        let stopping = shutdown.is_cancelled();
        tokio::select! {
            more = told.recv() => ended.extend(more),
            () = self.worker().queue().woken(), if !stopping => {
                self.hear_cancelled();
                return true;
            }
            () = shutdown.cancelled(), if !stopping => {}
            () = tokio::time::sleep(self.worker().settings().poll) => {}
        }
        false
    }

    fn hear_cancelled(&self) {
        self.tell_cancelled(&self.worker().queue().take_cancelled());
    }

    fn tell_cancelled(&self, ids: &[RunId]) {
        let working = self.working();
        let wanted = working.values().filter(|working| ids.contains(&working.context.run().id));
        wanted.for_each(|working| working.context.tell(Stop::Cancel));
    }

    /// Asks what was cancelled in other processes, beside the renewing of leases: that comes too seldom for work that
    /// says nothing, and waits where the database takes no writes.
    async fn hear_others(&self, shutdown: &CancellationToken) {
        while !(shutdown.is_cancelled() && self.working().is_empty()) {
            if let Err(fault) = self.ask_cancelled().await {
                tracing::warn!(error = ?fault, "a worker could not ask what was cancelled");
            }
            tokio::time::sleep(TELL).await;
        }
    }

    async fn ask_cancelled(&self) -> Result<(), Fault> {
        if self.working().is_empty() {
            return Ok(());
        }
        let id = self.worker().id();
        let db = &self.worker().queue().parts().db;
        let cancelled = in_read!(db, |tx, _scope| { Ok(store::cancelled(tx, id).await?) })?;
        self.tell_cancelled(&cancelled);
        Ok(())
    }

    /// Where others can take a run whose lease has ended, stops work whose lease could not be renewed, so that it has
    /// ended before another worker begins.
    async fn give_up_in_time(&self, shutdown: &CancellationToken) {
        let settings = self.worker().settings();
        if !settings.database_clock {
            return;
        }
        let most = settings.lease.saturating_sub(settings.grace + TELL).max(settings.lease / 2);
        while !(shutdown.is_cancelled() && self.working().is_empty()) {
            for working in self.working().values().filter(|working| working.sure_at.elapsed() >= most) {
                working.context.tell(Stop::Lost);
            }
            tokio::time::sleep(TELL.min(settings.lease / 4)).await;
        }
    }

    /// Writes down what runs say, renews their leases, hears who is to stop; until the work has ended.
    async fn keep_alive(&self, shutdown: &CancellationToken) {
        let mut said_at = None;
        while !(shutdown.is_cancelled() && self.working().is_empty()) {
            if let Err(fault) = self.beat(&mut said_at, shutdown.is_cancelled()).await {
                tracing::warn!(error = ?fault, "a worker could not say that it lives");
            }
            tokio::time::sleep(TELL).await;
        }
    }

    async fn beat(&self, said_at: &mut Option<Timestamp>, stopping: bool) -> Result<(), Fault> {
        let now = self.worker().queue().now();
        let third = self.worker().settings().lease() / 3;
        self.grow(now);
        if said_at.is_none_or(|said| (now - said).abs() >= third) {
            self.say_alive(now, stopping).await?;
            *said_at = Some(now);
        }
        let due: Vec<Arc<RunContext>> = self
            .working()
            .values_mut()
            // The clock may have been set back.
            .filter(|working| working.context.take_changed() || (now - working.beat_at).abs() >= third)
            .map(|working| working.context.clone())
            .collect();
        if due.is_empty() { Ok(()) } else { self.renew(&due, now).await }
    }

    async fn say_alive(&self, now: Timestamp, stopping: bool) -> Result<(), Fault> {
        let settings = self.worker().settings();
        let room = self.room();
        let worker = JobWorker {
            id: self.worker().id(),
            name: settings.name.clone(),
            version: settings.version.clone(),
            light_slots: room.light,
            heavy_slots: room.heavy,
            started_at: self.0.started_at,
            beat_at: now,
            stopping,
        };
        let silent = now - settings.lease() * 4;
        in_queue!(&self.worker().queue().parts().db, |tx| {
            job_workers::worker_beat(tx, &worker).await?;
            Ok(job_workers::workers_forget(tx, silent).await?)
        })
    }

    async fn renew(&self, due: &[Arc<RunContext>], now: Timestamp) -> Result<(), Fault> {
        let asked = Instant::now();
        let said: Vec<_> = due.iter().map(|context| context.take_lines()).collect();
        let beats: Vec<_> = due.iter().map(|context| (context.claim(), context.last_progress())).collect();
        let answers = in_queue!(&self.worker().queue().parts().db, |tx| {
            let lease_now = self.worker().lease_now(tx).await?;
            let lease = (now, lease_now + self.worker().settings().lease());
            let own: HashMap<Claim, bool> = job_batches::beat_all(tx, &beats, lease).await?.into_iter().collect();
            for (context, lines) in due.iter().zip(&said) {
                if own.contains_key(&context.claim()) {
                    job_logs::append(tx, context.run().id, context.run().attempt, lines).await?;
                }
            }
            Ok(own)
        });
        match answers {
            Ok(own) => due.iter().for_each(|context| {
                self.heard(context, own.get(&context.claim()).copied(), (now, asked));
            }),
            Err(fault) => {
                due.iter().zip(said).for_each(|(context, lines)| context.give_lines(lines));
                return Err(fault);
            }
        }
        Ok(())
    }

    fn heard(&self, context: &RunContext, answer: Option<bool>, (beat_at, sure_at): (Timestamp, Instant)) {
        match answer {
            None => context.tell(Stop::Lost),
            Some(true) => context.tell(Stop::Cancel),
            Some(false) => {}
        }
        if let Some(working) = self.working().get_mut(&context.claim()) {
            (working.beat_at, working.sure_at) = (beat_at, sure_at);
        }
    }

    async fn leave(&self) -> Result<(), Fault> {
        let id = self.worker().id();
        in_queue!(&self.worker().queue().parts().db, |tx| { Ok(job_workers::worker_gone(tx, id).await?) })
    }
}
