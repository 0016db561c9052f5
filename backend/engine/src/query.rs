//! From a text to a stream of rows, on a runtime of its own.

use arrow::{array::RecordBatch, datatypes::SchemaRef};
use datafusion::{
    execution::{
        TaskContext,
        context::SQLOptions,
        memory_pool::{GreedyMemoryPool, MemoryPool},
    },
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, execute_stream},
    sql::parser::Statement as DfStatement,
};
use futures::{Stream, StreamExt};
use lakegate_model::{Fault, Timestamp};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    runtime::{Handle, Runtime},
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    faults::to_fault,
    flags::flagged,
    ledger::{Ledger, Report, Stop},
    limits::{EngineConfig, Limits},
    lineage::{self, Lineage},
    memory::size,
    plan::{TableRead, reads},
    rules::{self, MaskKeys},
    session::{Request, Template},
    spelling::Spellings,
    statement::{parse, tokenize},
    stores::Stores,
    table::{GovernedTable, TableColumn},
};

/// Stack of the threads that parse, plan and execute: reserved, not used, unless a text is deep.
pub(crate) const STACK: usize = 64 << 20;
/// Batches that wait for a slow reader.
const BATCHES_AHEAD: usize = 2;

/// A query to run.
#[derive(Debug, Clone)]
pub struct QuerySpec {
    pub sql: String,
    /// Every table the text may see. Others do not exist for it.
    pub tables: Vec<GovernedTable>,
    /// The database of names without one.
    pub default_database: Option<String>,
    pub limits: Limits,
    /// What `now()` answers.
    pub now: Timestamp,
    /// What masks with a key show values under.
    pub mask_keys: MaskKeys,
}

/// Plans and executes queries. Cheap to clone; all clones share memory and threads.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// The threads that work, and the one that watches; `None` only while they are dropped.
    runtimes: Option<[Runtime; 2]>,
    workers: Handle,
    /// Deadlines and cancels fire here, even while every worker computes without a pause.
    control: Handle,
    memory: Arc<dyn MemoryPool>,
    template: Template,
    stores: Stores,
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A runtime may not wait for its threads where the last user of the engine happens to be.
        for runtime in self.runtimes.take().into_iter().flatten() {
            runtime.shutdown_background();
        }
    }
}

impl Engine {
    /// Starts the threads and reserves nothing yet. Fails if the spill folder cannot be made.
    pub fn new(config: EngineConfig) -> Result<Self, Fault> {
        std::fs::create_dir_all(&config.spill_dir).map_err(Fault::internal)?;
        let workers = runtime("lakegate-engine", config.worker_threads.max(1))?;
        let control = runtime("lakegate-engine-control", 1)?;
        let memory: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(config.memory_bytes));
        Ok(Self(Arc::new(Inner {
            workers: workers.handle().clone(),
            control: control.handle().clone(),
            runtimes: Some([workers, control]),
            memory,
            template: Template::new(config),
            stores: Stores::default(),
        })))
    }

    /// Checks that a row filter, bound for somebody, is a condition over the columns of its table.
    ///
    /// # Errors
    /// `invalid` naming `filter`.
    pub fn check_filter(&self, bound: &str, columns: &[TableColumn]) -> Result<(), Fault> {
        let (state, bound, columns) = (self.0.template.bare().clone(), bound.to_owned(), columns.to_vec());
        on_big_stack(move || rules::plan(&state, &bound, &columns))
    }

    /// Bytes of working memory that running queries hold.
    pub fn reserved_bytes(&self) -> usize {
        self.0.memory.reserved()
    }
    /// Tasks that live on the engine's threads.
    pub fn tasks(&self) -> usize {
        self.0.workers.metrics().num_alive_tasks() + self.0.control.metrics().num_alive_tasks()
    }

    /// Binds a text to its tables and tells what it will read. Nothing is read yet but the heads of files.
    ///
    /// Fails with `Unprocessable` (with the planner's words over the visible schema), `TooLarge`, `LimitExceeded`.
    pub async fn prepare(&self, spec: QuerySpec) -> Result<Prepared, Fault> {
        let ledger = Arc::new(Ledger::new(spec.limits.clone()));
        let forgotten = StopOnDrop(Some(Arc::clone(&ledger)));
        let (engine, account, handle) = (self.clone(), Arc::clone(&ledger), self.0.workers.clone());
        let planning = self.0.workers.spawn_blocking(move || handle.block_on(engine.plan(spec, account)));
        let deadline = ledger.deadline().into();
        let bounded = self.0.control.spawn(async move { tokio::time::timeout_at(deadline, planning).await });
        match bounded.await {
            Ok(Ok(Ok(planned))) => {
                forgotten.keep();
                planned
            }
            Ok(Err(_)) => Err(ledger.fault(ledger.stop(Stop::Wall))),
            Ok(Ok(Err(panic))) | Err(panic) => Err(Fault::internal(panic)),
        }
    }

    /// [`Engine::prepare`] and [`Prepared::run`] at once.
    pub async fn start(&self, spec: QuerySpec) -> Result<RunningQuery, Fault> {
        Ok(self.prepare(spec).await?.run())
    }

    async fn plan(&self, spec: QuerySpec, ledger: Arc<Ledger>) -> Result<Prepared, Fault> {
        let mut tokens = tokenize(&spec.sql)?;
        let names = spec.tables.iter().flat_map(|table| table.visible().map(|column| column.name.as_str()));
        Spellings::of(names).apply(&mut tokens);
        let statement = DfStatement::Statement(Box::new(parse(tokens)?));
        let state = self.0.template.open(Request {
            tables: spec.tables,
            default_database: spec.default_database.as_deref(),
            now: spec.now,
            ledger: Arc::clone(&ledger),
            shared_memory: &self.0.memory,
            stores: &self.0.stores,
            mask_keys: spec.mask_keys,
        })?;
        let planned = async {
            let bound = state.statement_to_plan(statement).await?;
            let reading = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
            reading.verify_plan(&bound)?;
            let optimised = state.optimize(&bound)?;
            let read = reads(&optimised)?;
            let plan = state.query_planner().create_physical_plan(&optimised, &state).await?;
            let schema = flagged(&plan.schema(), &bound)?;
            Ok((plan, schema, read, bound))
        };
        let (plan, schema, reads, bound) = planned.await.map_err(|error| to_fault(&error, &ledger))?;
        Ok(Prepared { engine: self.clone(), plan, bound, context: state.task_ctx(), schema, reads, ledger })
    }
}

fn runtime(name: &str, threads: usize) -> Result<Runtime, Fault> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .thread_name(name)
        .thread_stack_size(STACK)
        .enable_all()
        .build()
        .map_err(Fault::internal)
}

/// Runs something recursive on a thread with room for it, and turns a panic into a fault.
pub(crate) fn on_big_stack<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).map_err(Fault::internal)?;
    thread.join().unwrap_or_else(|_| Err(Fault::internal("the parser panicked")))
}

/// Ends planning whose result nobody waits for any more.
struct StopOnDrop(Option<Arc<Ledger>>);

impl StopOnDrop {
    fn keep(mut self) {
        self.0 = None;
    }
}
impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if let Some(ledger) = &self.0 {
            ledger.stop(Stop::Cancelled);
        }
    }
}

/// A query that is bound and may run.
#[derive(Debug)]
pub struct Prepared {
    engine: Engine,
    plan: Arc<dyn ExecutionPlan>,
    bound: LogicalPlan,
    context: Arc<TaskContext>,
    schema: SchemaRef,
    reads: Vec<TableRead>,
    ledger: Arc<Ledger>,
}

impl Prepared {
    /// The columns of the result.
    pub fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
    /// The tables and columns that the query reads, for the audit.
    pub fn reads(&self) -> &[TableRead] {
        &self.reads
    }
    /// Where the columns of the result come from.
    pub fn lineage(&self) -> Lineage {
        lineage::of(&self.bound)
    }
    /// Starts the query. Its time has run since planning began.
    pub fn run(self) -> RunningQuery {
        let (sender, rows) = mpsc::channel(BATCHES_AHEAD);
        let (alive, ended) = watch::channel(());
        let complete = Arc::new(AtomicBool::new(false));
        let pump =
            Pump { plan: self.plan, context: self.context, ledger: Arc::clone(&self.ledger), sender: sender.clone() };
        let work = self.engine.0.workers.spawn(async move {
            let _alive = alive;
            pump.rows().await
        });
        let task =
            self.engine.0.control.spawn(supervise(work, Arc::clone(&self.ledger), sender, Arc::clone(&complete)));
        let handle = QueryHandle { ledger: Arc::clone(&self.ledger), ended };
        let stream = ResultStream { rows, task, complete, ledger: self.ledger, done: false, _engine: self.engine };
        RunningQuery { schema: self.schema, reads: self.reads, stream, handle }
    }
}

/// Moves rows from the plan to the caller under the limits.
struct Pump {
    plan: Arc<dyn ExecutionPlan>,
    context: Arc<TaskContext>,
    ledger: Arc<Ledger>,
    sender: mpsc::Sender<Result<RecordBatch, Fault>>,
}

/// Ends the work when it is to stop, and tells the reader how it ended.
async fn supervise(
    work: JoinHandle<Result<(), Fault>>,
    ledger: Arc<Ledger>,
    sender: mpsc::Sender<Result<RecordBatch, Fault>>,
    complete: Arc<AtomicBool>,
) {
    let mut work = AbortOnDrop(work);
    let outcome = tokio::select! {
        biased;
        () = ledger.wait_for_stop() => Err(ledger.fault(ledger.stop(Stop::Cancelled))),
        () = tokio::time::sleep_until(ledger.deadline().into()) => Err(ledger.fault(ledger.stop(Stop::Wall))),
        outcome = &mut work.0 => outcome.unwrap_or_else(|panic| Err(Fault::internal(panic))),
    };
    drop(work);
    ledger.end();
    match outcome {
        Ok(()) => complete.store(true, Ordering::Release),
        // A reader that is gone needs no reason.
        Err(fault) => drop(sender.send(Err(fault)).await),
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Pump {
    async fn rows(self) -> Result<(), Fault> {
        let ledger = self.ledger;
        let mut rows = execute_stream(self.plan, self.context).map_err(|error| to_fault(&error, &ledger))?;
        while let Some(batch) = rows.next().await {
            let batch = batch.map_err(|error| to_fault(&error, &ledger))?;
            if batch.num_rows() == 0 {
                continue;
            }
            ledger.handed_out(batch.num_rows() as u64, size(&batch)).map_err(|stop| ledger.fault(stop))?;
            if self.sender.send(Ok(batch)).await.is_err() {
                return Err(ledger.fault(ledger.stop(Stop::Cancelled)));
            }
        }
        Ok(())
    }
}

/// A query whose rows come.
#[derive(Debug)]
pub struct RunningQuery {
    pub schema: SchemaRef,
    /// The tables and columns that the query reads.
    pub reads: Vec<TableRead>,
    pub stream: ResultStream,
    /// Stays useful after the stream has moved away.
    pub handle: QueryHandle,
}

/// The rows of a query. Dropping it ends the query.
#[derive(Debug)]
pub struct ResultStream {
    rows: mpsc::Receiver<Result<RecordBatch, Fault>>,
    task: JoinHandle<()>,
    complete: Arc<AtomicBool>,
    ledger: Arc<Ledger>,
    done: bool,
    _engine: Engine,
}

impl Stream for ResultStream {
    type Item = Result<RecordBatch, Fault>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.done {
            return Poll::Ready(None);
        }
        let next = std::task::ready!(self.rows.poll_recv(cx));
        let next = match next {
            Some(batch) => Some(batch),
            // A task that died must not look like the end of the rows.
            None if !self.complete.load(Ordering::Acquire) => {
                Some(Err(Fault::internal("the query's task ended early")))
            }
            None => None,
        };
        self.done = !matches!(next, Some(Ok(_)));
        Poll::Ready(next)
    }
}

impl Drop for ResultStream {
    fn drop(&mut self) {
        if !self.complete.load(Ordering::Acquire) {
            self.ledger.stop(Stop::Cancelled);
        }
        self.task.abort();
    }
}

/// Watches and cancels a query from elsewhere.
#[derive(Debug, Clone)]
pub struct QueryHandle {
    ledger: Arc<Ledger>,
    ended: watch::Receiver<()>,
}

impl QueryHandle {
    /// Ends the query: its stream gives `Cancelled`, its tasks and memory are gone within a second.
    pub fn cancel(&self) {
        self.ledger.stop(Stop::Cancelled);
    }
    /// Whether somebody ended the query. Rows that were computed before that may still stand in its stream.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.ledger.stopped(), Some(Stop::Cancelled))
    }
    /// What the query has used so far, or in all once it has ended.
    pub fn report(&self) -> Report {
        self.ledger.report()
    }
    /// Resolves once the query's task is gone.
    pub async fn ended(&self) {
        let mut ended = self.ended.clone();
        while ended.changed().await.is_ok() {}
    }
}
