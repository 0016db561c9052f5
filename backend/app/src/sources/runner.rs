//! Takes up queued runs, crawls, registers.
//!
//! A run is claimed with an attempt number, and beats while it works. A run that has not been heard of for
//! [`SILENT`] is claimed again under the next number; the former worker's writes to the run then find no row. Tables
//! are registered one transaction each, and registering what is known already changes nothing.

use chrono::TimeDelta;
use lakegate_lake::discover::{Discover, DiscoverLimits, Discovery, Progress};
use lakegate_model::{
    Code, Fault,
    catalog::{DataSource, RunOutcome, RunProgress, SourceRun},
    ids::{RunId, TableId},
    places::Database,
    storage::{FoundTable, StorageAccess},
    words::RunState,
};
use lakegate_policy::{Actor, action, decide};
use lakegate_store::{
    Db, in_read, in_write, projects,
    sources::{self as store, RunEnd},
    tables,
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    access, environment, own_database,
    register::{Home, Registered, register},
};
use crate::{App, Caller, places::outgoing::check_access};

/// A worker that has not been heard of for this long has lost its run.
pub const SILENT: TimeDelta = TimeDelta::seconds(30);
/// How often a worker says that it lives and asks whether it should stop.
const BEAT: Duration = Duration::from_secs(5);
/// How often intervals and runs queued by other processes are looked for.
const POLL: Duration = Duration::from_secs(1);
/// Runs that one process works on at once, so that a long one does not hold up the others.
const AT_ONCE: usize = 4;
/// Data sources queued at once when their interval comes round.
const DUE: i64 = 100;
/// Notes that an outcome keeps; the rest is counted.
const NOTES: usize = 200;

/// The runs that this process works on, and who waits for new ones.
#[derive(Debug, Default)]
pub struct Runs {
    wake: Notify,
    working: Mutex<HashMap<RunId, CancellationToken>>,
}

impl Runs {
    /// Says that a run was queued.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Stops a run of this process without waiting for its next beat.
    pub(super) fn cancel(&self, id: RunId) {
        if let Some(token) = self.working().get(&id) {
            token.cancel();
        }
    }

    fn working(&self) -> std::sync::MutexGuard<'_, HashMap<RunId, CancellationToken>> {
        self.working.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Works until `shutdown`: queues what is due, runs what is queued, a few at once. A run that is under way then is
/// given back.
pub async fn work(app: App, shutdown: CancellationToken) {
    futures::future::join_all((0..AT_ONCE).map(|_| work_on(&app, &shutdown))).await;
}

async fn work_on(app: &App, shutdown: &CancellationToken) {
    while !shutdown.is_cancelled() {
        if let Err(fault) = work_off(app, shutdown).await {
            tracing::error!(error = ?fault, "data sources could not be worked on");
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = app.runs.wake.notified() => {}
            () = tokio::time::sleep(POLL) => {}
        }
    }
}

/// Queues what is due and runs everything that is queued; gives the number of runs that ended.
///
/// # Errors
/// What the database says. A run that fails is no error: it says so itself.
pub async fn work_off(app: &App, shutdown: &CancellationToken) -> Result<usize, Fault> {
    queue_due(app).await?;
    let mut ended = 0;
    while !shutdown.is_cancelled() {
        let Some(run) = claim(app).await? else { break };
        lakegate_model::failpoint!("source.claimed");
        ended += usize::from(execute(app, run, shutdown).await?);
    }
    Ok(ended)
}

async fn queue_due(app: &App) -> Result<(), Fault> {
    let now = app.now();
    let due = in_read!(&app.db, |tx, _scope| { Ok(store::sources_due(tx, now, DUE).await?) })?;
    for source in due {
        let id: RunId = app.new_id();
        in_write!(&app.db, |tx, _scope| {
            let fresh = store::source_find(tx, source.id).await?;
            let Some(fresh) = fresh.filter(|fresh| fresh.next_run_at.is_some_and(|at| at <= now)) else {
                return Ok(());
            };
            if store::run_open(tx, fresh.id).await?.is_none() {
                store::run_insert(tx, id, fresh.id, "interval", "system", now).await?;
            }
            let next = fresh.interval_seconds.map(|seconds| now + TimeDelta::seconds(seconds));
            Ok(store::source_next(tx, fresh.id, next).await?)
        })?;
    }
    Ok(())
}

/// At start, before [`work`]: gives back the runs that a killed server was working on, so that nobody waits until it has
/// been silent for long enough.
///
/// Servers that share a database do not know whose a run is, and wait.
///
/// # Errors
/// What the database says.
pub async fn recover(app: &App) -> Result<(), Fault> {
    if !matches!(app.db, Db::Sqlite { .. }) {
        return Ok(());
    }
    let left = in_write!(&app.db, |tx, _scope| { Ok(store::runs_release(tx).await?) })?;
    if left > 0 {
        tracing::info!(runs = left, "runs of a stopped server are taken up again");
    }
    Ok(())
}

async fn claim(app: &App) -> Result<Option<SourceRun>, Fault> {
    let now = app.now();
    // A look first: an idle server takes no write lock.
    let waits = in_read!(&app.db, |tx, _scope| { Ok(store::run_waits(tx, now - SILENT).await?) })?;
    if !waits {
        return Ok(None);
    }
    in_write!(&app.db, |tx, _scope| { Ok(store::run_claim(tx, now, now - SILENT).await?) })
}

/// One run under way.
struct Work<'a> {
    app: &'a App,
    run: SourceRun,
    progress: Mutex<RunProgress>,
    /// Stops the crawl: somebody cancelled, the server stops, or another worker has the run.
    stop: CancellationToken,
}

/// Runs one run to its end. Returns whether it ended (and was not given back or lost).
async fn execute(app: &App, run: SourceRun, shutdown: &CancellationToken) -> Result<bool, Fault> {
    let stop = shutdown.child_token();
    app.runs.working().insert(run.id, stop.clone());
    let work = Work { app, progress: Mutex::new(run.progress.clone()), run, stop };
    let done = work.beating().await;
    app.runs.working().remove(&work.run.id);
    if shutdown.is_cancelled() && done.is_err() {
        in_write!(&app.db, |tx, _scope| { Ok(store::run_release(tx, work.claim()).await?) })?;
        return Ok(false);
    }
    work.end(done).await
}

impl Work<'_> {
    fn claim(&self) -> (RunId, i64) {
        (self.run.id, self.run.attempt)
    }

    fn progress(&self) -> RunProgress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_progress(&self, change: impl FnOnce(&mut RunProgress)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Does the work, and beats beside it: both go on at once, for a beat waits for the database as the work does.
    async fn beating(&self) -> Result<RunOutcome, Fault> {
        tokio::select! {
            biased;
            done = self.crawl_and_register() => done,
            never = self.beats() => match never {},
        }
    }

    async fn beats(&self) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(BEAT).await;
            if let Err(fault) = self.beat().await {
                tracing::warn!(run = %self.run.id, error = ?fault, "a run could not say that it lives");
            }
        }
    }

    async fn beat(&self) -> Result<(), Fault> {
        let (app, progress) = (self.app, self.progress());
        let run = in_write!(&app.db, |tx, _scope| {
            let own = store::run_beat(tx, self.claim(), &progress, app.now()).await?;
            Ok(if own { store::run_find(tx, self.run.id).await? } else { None })
        })?;
        if run.is_none_or(|run| run.cancel_requested) {
            self.stop.cancel();
        }
        Ok(())
    }

    async fn crawl_and_register(&self) -> Result<RunOutcome, Fault> {
        self.need_wanted().await?;
        let (source, database, access) = self.place().await?;
        check_access(&access).await?;
        let discovery = self.crawl(&source, &access).await?;
        lakegate_model::failpoint!("source.listed");
        let mut outcome = outcome_of(&discovery);
        self.set_progress(|progress| {
            "registering".clone_into(&mut progress.phase);
            progress.tables_total = count(discovery.tables.len());
        });
        self.beat().await?;
        let mut taken = HashSet::new();
        for table in &discovery.tables {
            if self.stop.is_cancelled() {
                return Err(cancelled());
            }
            self.one_table(&source, &database, table, (&mut taken, &mut outcome)).await?;
            lakegate_model::failpoint!("source.table_registered");
            self.set_progress(|progress| progress.tables_done += 1);
        }
        self.note_missing(&source, &taken, &mut outcome).await?;
        lakegate_model::failpoint!("source.registered");
        Ok(outcome)
    }

    /// Says which tables of earlier runs were not found again; the catalog keeps them.
    async fn note_missing(
        &self,
        source: &DataSource,
        taken: &HashSet<TableId>,
        outcome: &mut RunOutcome,
    ) -> Result<(), Fault> {
        let known = in_read!(&self.app.db, |tx, _scope| { Ok(tables::tables_of_source(tx, source.id).await?) })?;
        let missing = known.into_iter().filter(|(id, _)| !taken.contains(id));
        outcome.skipped.extend(missing.map(|(_, name)| format!("table {name} was not found any more; it is kept")));
        Ok(())
    }

    /// A run may have been cancelled between its queueing and this attempt.
    async fn need_wanted(&self) -> Result<(), Fault> {
        if self.run.cancel_requested {
            return Err(cancelled());
        }
        self.set_progress(|progress| *progress = RunProgress { phase: "listing".into(), ..RunProgress::default() });
        Ok(())
    }

    async fn place(&self) -> Result<(DataSource, Database, StorageAccess), Fault> {
        let app = self.app;
        in_read!(&app.db, |tx, _scope| {
            let source = store::source_find(tx, self.run.source_id).await?;
            let source = source.ok_or_else(|| Fault::internal("a run without a data source"))?;
            let environment = environment(tx, source.environment_id).await?;
            let database = own_database(tx, &environment).await?;
            let access = access(app, tx, source.connection_id).await?;
            Ok((source, database, access))
        })
    }

    async fn crawl(&self, source: &DataSource, access: &StorageAccess) -> Result<Discovery, Fault> {
        let progress = |seen: Progress| {
            self.set_progress(|progress| match seen {
                Progress::Listed { files } => progress.files_seen = count(files),
                Progress::LookedInto { .. } => "reading".clone_into(&mut progress.phase),
            });
        };
        let discover = Discover {
            access,
            location: &source.location,
            sandbox: &self.app.sandbox,
            limits: DiscoverLimits::default(),
            progress: &progress,
            cancel: &self.stop,
        };
        Ok(discover.run().await?)
    }

    async fn one_table(
        &self,
        source: &DataSource,
        database: &Database,
        found: &FoundTable,
        (taken, outcome): (&mut HashSet<TableId>, &mut RunOutcome),
    ) -> Result<(), Fault> {
        let registered = self.register(source, database, found, taken).await?;
        taken.insert(registered.table());
        match registered {
            Registered::New(..) => outcome.tables_new += 1,
            Registered::Changed(..) => outcome.tables_changed += 1,
            Registered::Same(_) => outcome.tables_same += 1,
        }
        if registered != Registered::Same(registered.table()) {
            self.app.search.changed();
        }
        Ok(())
    }

    async fn register(
        &self,
        source: &DataSource,
        database: &Database,
        found: &FoundTable,
        taken: &HashSet<TableId>,
    ) -> Result<Registered, Fault> {
        let (app, caller, actor) = (self.app, Caller::system(&format!("run {}", self.run.id)), Actor::system());
        let home = Home {
            database,
            connection: source.connection_id,
            source: Some(source.id),
            owner: Some(source.created_by),
            managed: false,
        };
        in_write!(&app.db, |tx, scope| {
            // The run's own row is part of the transaction: a worker that lost it writes nothing.
            if !store::run_beat(tx, self.claim(), &self.progress(), app.now()).await? {
                return Err(cancelled());
            }
            let facts = projects::project_facts(tx, source.project_id).await?;
            let facts = facts.ok_or_else(|| Fault::internal("a data source without a project"))?;
            let proof = decide::<action::Contribute, _>(scope, &actor, facts)?;
            register(app, tx, (&caller, &actor, scope), &proof, home, found, taken).await
        })
    }

    async fn end(&self, done: Result<RunOutcome, Fault>) -> Result<bool, Fault> {
        let end = match done {
            Ok(outcome) => self.ended(RunState::Succeeded, Some(outcome), None),
            Err(fault) if fault.code == Code::Cancelled => self.ended(RunState::Cancelled, None, None),
            Err(fault) => {
                tracing::warn!(run = %self.run.id, error = ?fault, "a run of a data source failed");
                self.ended(RunState::Failed, None, Some(fault.to_string()))
            }
        };
        let app = self.app;
        in_write!(&app.db, |tx, _scope| { Ok(store::run_end(tx, self.claim(), &end, app.now()).await?) })
    }

    fn ended(&self, state: RunState, outcome: Option<RunOutcome>, error: Option<String>) -> RunEnd {
        RunEnd { state, progress: self.progress(), outcome, error }
    }
}

fn cancelled() -> Fault {
    Fault::new(Code::Cancelled, "the run was cancelled")
}

fn count(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn outcome_of(discovery: &Discovery) -> RunOutcome {
    let files = discovery.tables.iter().flat_map(|table| &table.files);
    let mut skipped: Vec<String> =
        discovery.notes.iter().take(NOTES).map(|note| format!("{}: {}", note.path, note.message)).collect();
    let more = discovery.notes.len().saturating_sub(NOTES);
    if more > 0 {
        skipped.push(format!("and {more} more"));
    }
    let left_out = [
        (discovery.skipped.empty, "empty files"),
        (discovery.skipped.links, "links, which are not followed"),
        (discovery.skipped.unreadable, "names that cannot be read"),
        (discovery.skipped.foreign, "files of other kinds"),
    ];
    skipped.extend(left_out.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("left out: {n} {what}")));
    RunOutcome {
        files: count(files.clone().count()),
        bytes: count(files.map(|file| file.size).sum::<u64>()),
        skipped,
        ..RunOutcome::default()
    }
}
