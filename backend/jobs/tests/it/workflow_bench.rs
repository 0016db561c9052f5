//! A queue with kinds of work for workflows, and a ledger of what was worked on.

use chrono::TimeDelta;
use lakegate_jobs::{
    Backoff, JobError, Kind, KindSpec, PoolSettings, Queue, Registry, RunContext, RunFuture, Worker,
    watch::{News, Watch},
    workflows::{self, START, Start, StartWorkflow},
};
use lakegate_model::{
    Clock, Code, Fault, PageRequest, Timestamp,
    clock::ManualClock,
    ids::{BackfillId, RunId, WorkflowId, WorkflowRunId},
    jobs::JobRun,
    words::{AttemptOutcome, JobState, SlotClass, StepState, WorkflowState},
    workflows::{Definition, Workflow, WorkflowPart, WorkflowRun, WorkflowStep},
};
use lakegate_store::{
    Db, WriteTx, in_queue, in_read, in_write,
    job_claims::{self, AttemptEnd},
    job_runs, workflow_backfills, workflow_runs, workflow_steps,
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use crate::{
    bench_kind::{Counted, project},
    databases::Fresh,
};

const fn spec(name: &'static str, bound: i64) -> KindSpec {
    KindSpec {
        name,
        title: name,
        class: SlotClass::Light,
        at_once: 1_000,
        bound,
        max_tries: 1,
        deadline: Duration::from_secs(600),
        backoff: Backoff { first: Duration::from_secs(10), most: Duration::from_secs(60) },
        memory_bytes: 0,
    }
}

/// Writes its `key` into the ledger, fails if that is among the failing, gives what its input says under `give`.
pub static WORK: KindSpec = spec("work", 1_000_000);
/// The same, of which three may wait.
pub static TIGHT: KindSpec = spec("tight", 3);
/// The same, of which twenty may wait.
pub static ROOMY: KindSpec = spec("roomy", 20);

/// What the kinds share with the test.
#[derive(Debug)]
pub struct Shared {
    db: Db,
    /// The inputs that were worked on, in order.
    ledger: Mutex<Vec<Value>>,
    pub failing: Mutex<BTreeSet<String>>,
    at_work: AtomicI64,
    /// Most at work at once.
    pub peak: AtomicI64,
    /// Whose days at work are counted while something is worked on, and the most there were.
    pub days: Mutex<(Option<BackfillId>, i64)>,
}

#[derive(Debug)]
struct Work {
    spec: &'static KindSpec,
    shared: Arc<Shared>,
}

impl Kind for Work {
    fn spec(&self) -> &'static KindSpec {
        self.spec
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> RunFuture<'a> {
        Box::pin(self.shared.work(context.run()))
    }
}

impl Shared {
    async fn work(&self, run: &JobRun) -> Result<Value, JobError> {
        let now = self.at_work.fetch_add(1, Ordering::SeqCst) + 1;
        self.peak.fetch_max(now, Ordering::SeqCst);
        self.count_days().await;
        tokio::task::yield_now().await;
        self.at_work.fetch_sub(1, Ordering::SeqCst);
        self.ledger.lock().unwrap().push(run.input.clone());
        if self.failing.lock().unwrap().contains(&key(&run.input)) {
            return Err(JobError::from(Fault::new(Code::Invalid, "as the test wants")));
        }
        Ok(run.input.get("give").cloned().unwrap_or_else(|| json!({ "did": run.input })))
    }

    async fn count_days(&self) {
        let (backfill, _) = *self.days.lock().unwrap();
        if let Some(id) = backfill {
            let counts =
                in_read!(&self.db, |tx, _scope| { Ok(workflow_backfills::backfill_counts(tx, id).await?) }).unwrap();
            let running = counts.get(&WorkflowState::Running).copied().unwrap_or_default();
            let mut days = self.days.lock().unwrap();
            days.1 = days.1.max(running);
        }
    }
}

/// What an input is called in the ledger: its `key`, and its `part` behind it.
fn key(input: &Value) -> String {
    let word = |name: &str| match &input[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!("{}{}", word("key"), word("part"))
}

/// A watch that vouches for nothing.
#[derive(Debug)]
pub struct Deaf;

impl Watch for Deaf {
    fn told<'a>(&'a self, _: &'a Queue, _: &'a mut WriteTx, _: &'a [News]) -> lakegate_jobs::watch::WatchFuture<'a> {
        Box::pin(async { Ok(()) })
    }

    fn look<'a>(&'a self, _: &'a Queue) -> lakegate_jobs::watch::WatchFuture<'a> {
        Box::pin(async { Ok(()) })
    }
}

static KINDS: &[&KindSpec] = &[&WORK, &TIGHT, &ROOMY, &START];

/// A queue on one database, with a clock that a test moves.
pub struct FlowBench {
    pub fresh: Fresh,
    pub queue: Queue,
    pub clock: ManualClock,
    pub shared: Arc<Shared>,
}

impl FlowBench {
    pub async fn each() -> Vec<Self> {
        Fresh::each().await.into_iter().map(Self::over).collect()
    }

    fn over(fresh: Fresh) -> Self {
        let clock = ManualClock::at("2026-06-01T00:00:00Z".parse().unwrap());
        let queue = Queue::new(fresh.db().clone(), Arc::new(clock.clone()), Arc::new(Counted), KINDS);
        let shared = Shared {
            db: fresh.db().clone(),
            ledger: Mutex::default(),
            failing: Mutex::default(),
            at_work: AtomicI64::new(0),
            peak: AtomicI64::new(0),
            days: Mutex::default(),
        };
        Self { fresh, queue, clock, shared: Arc::new(shared) }
    }

    /// The queue of another server on the same database.
    pub async fn second(&self) -> Queue {
        let db = self.fresh.second_server().await;
        Queue::new(db, Arc::new(self.clock.clone()), Arc::new(Counted), KINDS)
    }

    /// The same queue, whose watch vouches for nothing.
    pub fn deaf(&self) -> Queue {
        Queue::watched(self.db().clone(), Arc::new(self.clock.clone()), Arc::new(Counted), KINDS, Some(&Deaf))
    }

    pub fn db(&self) -> &Db {
        self.fresh.db()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn wait(&self, span: TimeDelta) {
        self.clock.advance(span);
    }

    pub fn worker_of(&self, queue: &Queue, light_slots: i64) -> Worker {
        let kind = |spec| Work { spec, shared: self.shared.clone() };
        let registry = Registry::default().with(kind(&WORK)).with(kind(&TIGHT)).with(StartWorkflow);
        let settings = PoolSettings { light_slots, per_project: 1_000, ..PoolSettings::default() };
        Worker::new(queue.clone(), registry, settings)
    }

    /// Works off what there is, with eight slots. Returns how many attempts ended.
    pub async fn work_off(&self) -> usize {
        self.worker_of(&self.queue, 8).work_off().await.unwrap()
    }

    pub async fn define(&self, name: &str, steps: Value) -> Workflow {
        self.try_define(name, steps).await.unwrap()
    }

    pub async fn try_define(&self, name: &str, steps: Value) -> Result<Workflow, Fault> {
        let definition = definition(steps);
        in_write!(self.db(), |tx, _scope| {
            workflows::create(&self.queue, tx, (project(1), name), &definition, "ann").await
        })
    }

    pub async fn start(&self, workflow: WorkflowId, input: Value) -> WorkflowRunId {
        self.start_on(&self.queue, workflow, input).await
    }

    pub async fn start_on(&self, queue: &Queue, workflow: WorkflowId, input: Value) -> WorkflowRunId {
        let start = Start { workflow, version: None, input, trigger: "manual".into(), by: "ann".into(), cause: None };
        in_write!(self.db(), |tx, _scope| { workflows::start(queue, tx, &start).await }).unwrap()
    }

    /// Makes a workflow and starts it with an empty input.
    pub async fn begin(&self, name: &str, steps: Value) -> WorkflowRunId {
        let workflow = self.define(name, steps).await;
        self.start(workflow.id, json!({})).await
    }

    pub async fn flow(&self, id: WorkflowRunId) -> WorkflowRun {
        in_read!(self.db(), |tx, _scope| { Ok(workflow_runs::flow_find(tx, id).await?) }).unwrap().unwrap()
    }

    pub async fn state(&self, id: WorkflowRunId) -> WorkflowState {
        self.flow(id).await.state
    }

    pub async fn steps(&self, id: WorkflowRunId) -> BTreeMap<String, WorkflowStep> {
        let steps = in_read!(self.db(), |tx, _scope| { Ok(workflow_steps::steps(tx, id).await?) }).unwrap();
        steps.into_iter().map(|step| (step.name.clone(), step)).collect()
    }

    /// The states of the steps, in the order of their names.
    pub async fn states(&self, id: WorkflowRunId) -> Vec<StepState> {
        self.steps(id).await.into_values().map(|step| step.state).collect()
    }

    pub async fn parts(&self, id: WorkflowRunId, step: &str) -> Vec<WorkflowPart> {
        let page = PageRequest { size: 5_000, after: None };
        in_read!(self.db(), |tx, _scope| { Ok(workflow_steps::part_list(tx, id, step, &page).await?.items) }).unwrap()
    }

    pub async fn job(&self, id: RunId) -> JobRun {
        in_read!(self.db(), |tx, _scope| { Ok(job_runs::run_find(tx, id).await?) }).unwrap().unwrap()
    }

    pub async fn cancel(&self, id: WorkflowRunId) -> Result<Vec<RunId>, Fault> {
        in_write!(self.db(), |tx, _scope| { workflows::cancel(&self.queue, tx, id).await })
    }

    pub async fn retry(&self, id: WorkflowRunId) -> Result<(), Fault> {
        in_write!(self.db(), |tx, _scope| { workflows::retry(&self.queue, tx, id).await })
    }

    /// A worker begins a run of the queue.
    pub async fn take(&self, id: RunId) -> JobRun {
        let (worker, lease) = (self.queue.new_id(), (self.now(), self.now() + TimeDelta::seconds(30)));
        in_queue!(self.db(), |tx| { Ok(job_claims::take(tx, id, worker, lease).await?) }).unwrap().unwrap()
    }

    /// A worker ends a run of the queue that it has begun, as part of a transaction.
    pub async fn end_in(&self, queue: &Queue, tx: &mut WriteTx, run: &JobRun, how: &End) -> Result<(), Fault> {
        assert!(job_claims::end(tx, (run.id, run.attempt), &how.attempt_end(), self.now()).await?.is_some());
        queue.tell(tx, &[News::ended(run.id)]).await
    }

    /// A worker begins a run of the queue and ends it.
    pub async fn end(&self, id: RunId, how: End) {
        let run = self.take(id).await;
        in_queue!(self.db(), |tx| { self.end_in(&self.queue, tx, &run, &how).await }).unwrap();
    }

    /// How often something was worked on, by its key.
    pub fn worked(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for input in self.shared.ledger.lock().unwrap().iter() {
            *counts.entry(key(input)).or_default() += 1;
        }
        counts
    }

    /// The inputs that were worked on under a key.
    pub fn inputs(&self, wanted: &str) -> Vec<Value> {
        self.shared.ledger.lock().unwrap().iter().filter(|input| key(input) == wanted).cloned().collect()
    }

    pub fn fail(&self, keys: &[&str]) {
        *self.shared.failing.lock().unwrap() = keys.iter().map(|key| (*key).to_owned()).collect();
    }
}

/// How a worker ends a run of the queue.
#[derive(Debug, Clone)]
pub enum End {
    Ok(Value),
    Fail,
    Cancelled,
}

impl End {
    fn attempt_end(&self) -> AttemptEnd {
        let (state, outcome, output) = match self {
            Self::Ok(output) => (JobState::Succeeded, AttemptOutcome::Succeeded, Some(output.clone())),
            Self::Fail => (JobState::Failed, AttemptOutcome::Failed, None),
            Self::Cancelled => (JobState::Cancelled, AttemptOutcome::Cancelled, None),
        };
        let error = matches!(self, Self::Fail).then(|| ("invalid".to_owned(), "as the test wants".to_owned()));
        AttemptEnd { state, outcome, progress: None, output, error, next_at: None, counts: true }
    }
}

/// Reads steps.
pub fn definition(steps: Value) -> Definition {
    serde_json::from_value(json!({ "steps": steps })).unwrap()
}

/// A step that works under its own name, after others that have succeeded.
pub fn step(name: &str, after: &[&str]) -> Value {
    let after: Vec<Value> = after.iter().map(|step| json!({ "step": step })).collect();
    json!({ "name": name, "kind": "work", "after": after, "input": { "key": name } })
}

/// A step with other members too.
pub fn with(step: Value, more: Value) -> Value {
    let mut step = step;
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}
