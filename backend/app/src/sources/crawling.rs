//! What a run over a data source does to the catalog: the kind of work `crawl` calls it, step by step.

use lakegate_jobs::{Backoff, KindSpec, RunContext, Submission};
use lakegate_model::{
    Fault,
    catalog::DataSource,
    ids::{DataSourceId, TableId},
    jobs::{JobSchedule, Priority},
    places::Database,
    storage::{FoundTable, StorageAccess},
    words::SlotClass,
};
use lakegate_policy::{Actor, action, decide};
use lakegate_store::{WriteTx, in_read, in_write, job_schedules, projects, sources as store, tables};
use serde_json::json;
use std::{collections::HashSet, time::Duration};

pub use super::register::Registered;
use super::{
    access, environment, own_database,
    register::{Home, register},
};
use crate::{App, Caller, places::outgoing::check_access};

/// Looks through a data source and registers what it finds.
pub const CRAWL: KindSpec = KindSpec {
    name: "crawl",
    title: "Look for tables",
    class: SlotClass::Light,
    at_once: 16,
    bound: 10_000,
    max_tries: 3,
    deadline: Duration::from_secs(6 * 3_600),
    backoff: Backoff { first: Duration::from_secs(20), most: Duration::from_secs(900) },
    memory_bytes: 256 << 20,
};

/// A data source, and where what it finds belongs.
#[derive(Debug)]
pub struct Place {
    pub source: DataSource,
    pub database: Database,
    /// How its files are reached.
    pub access: StorageAccess,
}

/// The work of one run over a source that somebody asks for: at most one is open, and at most one at work. He looks on,
/// and is told at once when it fails.
pub(super) fn submission(source: &DataSource, by: &str) -> Submission {
    let key = source.id.to_string();
    Submission {
        subject: Some(source.id.into()),
        open_key: Some(key.clone()),
        serial_key: Some(key),
        max_tries: Some(1),
        priority: Priority::URGENT,
        ..Submission::manual(source.project_id, by, json!({}))
    }
}

/// Sets the interval of a source; its first run is due at `interval.next_run_at`.
pub(super) async fn set_interval(app: &App, tx: &mut WriteTx, source: &DataSource, by: &str) -> Result<(), Fault> {
    let known = job_schedules::schedule_of(tx, CRAWL.name, source.id.into()).await?;
    if let Some(known) = known {
        job_schedules::schedule_delete(tx, known.id).await?;
    }
    let Some(seconds) = source.interval_seconds else { return Ok(()) };
    let (of, what) = ((CRAWL.name, source.project_id), (source.id.into(), source.name.as_str()));
    let schedule = JobSchedule {
        every_seconds: Some(seconds),
        next_tick: source.next_run_at,
        next_at: source.next_run_at,
        ..JobSchedule::resting(app.new_id(), of, what, (by, app.now()))
    };
    Ok(job_schedules::schedule_insert(tx, &schedule).await?)
}

/// The source of a run, reachable.
///
/// # Errors
/// `not_found` if it was removed; what its storage says.
pub async fn place(app: &App, source: DataSourceId) -> Result<Place, Fault> {
    let place = in_read!(&app.db, |tx, _scope| {
        let source = store::source_find(tx, source).await?;
        let source = source.ok_or_else(|| Fault::not_found("data source"))?;
        let environment = environment(tx, source.environment_id).await?;
        let database = own_database(tx, &environment).await?;
        let access = access(app, tx, source.connection_id).await?;
        Ok(Place { source, database, access })
    })?;
    check_access(&place.access).await?;
    Ok(place)
}

/// Registers a found table, as part of a run that is still its worker's. `taken` are the tables that the run has
/// registered already.
///
/// # Errors
/// `cancelled` if the run was cancelled, or is another worker's.
pub async fn register_found(
    app: &App,
    run: &RunContext,
    place: &Place,
    found: &FoundTable,
    taken: &HashSet<TableId>,
) -> Result<Registered, Fault> {
    let (caller, actor) = (Caller::system(&format!("run {}", run.run().id)), Actor::system());
    let source = &place.source;
    let home = Home {
        database: &place.database,
        connection: source.connection_id,
        source: Some(source.id),
        owner: Some(source.created_by),
        managed: false,
    };
    let registered = in_write!(&app.db, |tx, scope| {
        run.hold(tx).await?;
        let facts = projects::project_facts(tx, source.project_id).await?;
        let facts = facts.ok_or_else(|| Fault::internal("a data source without a project"))?;
        let proof = decide::<action::Contribute, _>(scope, &actor, facts)?;
        register(app, tx, (&caller, &actor, scope), &proof, home, found, taken).await
    })?;
    if registered != Registered::Same(registered.table()) {
        app.search.changed();
    }
    Ok(registered)
}

/// The names of tables that earlier runs found and this one did not; the catalog keeps them.
///
/// # Errors
/// What the database says.
pub async fn missing(app: &App, source: &DataSource, taken: &HashSet<TableId>) -> Result<Vec<String>, Fault> {
    let known = in_read!(&app.db, |tx, _scope| { Ok(tables::tables_of_source(tx, source.id).await?) })?;
    Ok(known.into_iter().filter(|(id, _)| !taken.contains(id)).map(|(_, name)| name).collect())
}
