//! Data sources: making, changing, listing, removing.

use chrono::TimeDelta;
use lakegate_lake::LocationUri;
use lakegate_model::{
    Code, Fault, Page, PageRequest,
    catalog::DataSource,
    ids::{ConnectionId, DataSourceId, EnvironmentId, ProjectId},
    text,
    words::WatchScope,
};
use lakegate_policy::{Actor, Granted, Scope, action, action::Act, decide, resource::ProjectFacts};
use lakegate_store::{Tx, WriteTx, assets, environments as places_store, job_runs, run_notices, sources as store};
use serde_json::json;

use super::{
    crawling::{self, CRAWL},
    environment,
};
use crate::{
    App, Caller,
    audit::{self, Event},
    jobs::{Target, schedules, triggers},
    places::{environments::contribute_to, inside_proof, locations, project_proof},
};

/// Shortest time between two runs by interval, in seconds.
pub const SHORTEST_INTERVAL: i64 = 60;
/// Longest time between two runs by interval, in seconds: a year.
pub const LONGEST_INTERVAL: i64 = 366 * 24 * 60 * 60;

/// A data source to be made.
#[derive(Debug, Clone)]
pub struct NewSource {
    pub environment: EnvironmentId,
    pub name: String,
    /// `file:///folder/` or `s3://bucket/prefix/`; it becomes the environment's.
    pub location: String,
    /// For S3; a folder has none.
    pub connection: Option<ConnectionId>,
    /// Seconds between runs; `None` runs on demand only.
    pub interval_seconds: Option<i64>,
}

/// What to change of a data source; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct SourceChange {
    pub name: Option<String>,
    /// Another place of the same kind of storage; what was found at the one before stays in the catalog.
    pub location: Option<String>,
    /// `Some(None)` runs on demand only.
    pub interval_seconds: Option<Option<i64>>,
}

/// Makes a data source over a location, which then belongs to the environment (access rule 15).
pub async fn create(app: &App, caller: &Caller, new: &NewSource) -> Result<DataSource, Fault> {
    let name = text::name("name", &new.name)?;
    let interval = check_interval(new.interval_seconds)?;
    let location = locations::parse(&new.location)?;
    need_connection(&location, new.connection)?;
    change!(app, caller, "source.create", |tx, scope, actor| {
        let (proof, environment) = contribute_to(tx, scope, actor, new.environment).await?;
        let created_by = actor.user().ok_or_else(|| Fault::new(Code::Forbidden, "a person has to do this"))?;
        need_own_connection(tx, proof.on().id, new.connection).await?;
        locations::claim_location(app, tx, &environment, &location).await?;
        let now = app.now();
        let source = DataSource {
            id: app.new_id(),
            project_id: proof.on().id,
            environment_id: environment.id,
            connection_id: new.connection,
            name: name.clone(),
            location: location.to_string(),
            interval_seconds: interval,
            next_run_at: interval.map(|_| now),
            created_by,
            created_at: now,
        };
        store::source_insert(tx, &proof, &source).await?;
        crawling::set_interval(app, tx, &source, &actor.name).await?;
        audit::record(app, tx, caller, actor, event("source.create", &source)).await?;
        Ok(source)
    })
}

fn check_interval(seconds: Option<i64>) -> Result<Option<i64>, Fault> {
    match seconds {
        Some(seconds) if !(SHORTEST_INTERVAL..=LONGEST_INTERVAL).contains(&seconds) => Err(Fault::invalid(
            "interval_seconds",
            format!("an interval is {SHORTEST_INTERVAL} to {LONGEST_INTERVAL} seconds"),
        )),
        other => Ok(other),
    }
}

fn need_connection(location: &LocationUri, connection: Option<ConnectionId>) -> Result<(), Fault> {
    match (location.bucket(), connection) {
        (Some(_), None) => Err(Fault::invalid("connection", "a bucket is reached through a connection; name one")),
        (None, Some(_)) => Err(Fault::invalid("connection", "a folder is reached without a connection")),
        _ => Ok(()),
    }
}

async fn need_own_connection(tx: &mut Tx, project: ProjectId, id: Option<ConnectionId>) -> Result<(), Fault> {
    let Some(id) = id else { return Ok(()) };
    let found = places_store::connection_find(tx, id).await?.filter(|found| found.project_id == project);
    found.map(drop).ok_or_else(|| Fault::not_found("connection").on("connection"))
}

fn event(action: &'static str, source: &DataSource) -> Event {
    let detail = json!({ "name": source.name, "location": source.location, "interval": source.interval_seconds });
    Event::on(action, "data_source", source.id).owned_by(source.project_id).with(detail)
}

/// Changes name, location or interval; a new interval counts from now.
///
/// # Errors
/// `conflict` on `location` while a run is open, or where a trigger looks elsewhere.
pub async fn update(app: &App, caller: &Caller, id: DataSourceId, change: &SourceChange) -> Result<DataSource, Fault> {
    let name = change.name.as_deref().map(|name| text::name("name", name)).transpose()?;
    let interval = change.interval_seconds.map(check_interval).transpose()?;
    let location = change.location.as_deref().map(locations::parse).transpose()?;
    change!(app, caller, "source.update", |tx, scope, actor| {
        let (mut source, proof) = find::<action::Contribute>(tx, scope, actor, id).await?;
        if let Some(name) = &name {
            source.name.clone_from(name);
            schedules::rename(tx, Target::Source(id), name).await?;
        }
        if let Some(location) = &location {
            relocate(app, tx, &mut source, location).await?;
        }
        if let Some(interval) = interval {
            source.interval_seconds = interval;
            source.next_run_at = interval.map(|seconds| app.now() + TimeDelta::seconds(seconds));
            crawling::set_interval(app, tx, &source, &actor.name).await?;
        }
        store::source_update(tx, &proof, &source).await?;
        audit::record(app, tx, caller, actor, event("source.update", &source)).await?;
        Ok(source)
    })
}

/// Lets a source look elsewhere. The place before stays the environment's, with the tables that were found there.
async fn relocate(app: &App, tx: &mut WriteTx, source: &mut DataSource, location: &LocationUri) -> Result<(), Fault> {
    if source.location == location.to_string() {
        return Ok(());
    }
    need_connection(location, source.connection_id).map_err(|fault| fault.on("location"))?;
    need_no_run(tx, source.id).await.map_err(|fault| fault.on("location"))?;
    let environment = environment(tx, source.environment_id).await?;
    locations::claim_location(app, tx, &environment, location).await?;
    triggers::follow(tx, source, location).await?;
    source.location = location.to_string();
    Ok(())
}

async fn need_no_run(tx: &mut Tx, id: DataSourceId) -> Result<(), Fault> {
    match job_runs::run_open(tx, CRAWL.name, id.into()).await? {
        Some(_) => Err(Fault::new(Code::Conflict, "a run of this source is open").fix("cancel it first")),
        None => Ok(()),
    }
}

/// Removes a data source with its history of runs. Tables and assets it found stay, and so does the location.
///
/// # Errors
/// `conflict` while a run is open, or the trigger of another source waits for its runs.
pub async fn remove(app: &App, caller: &Caller, id: DataSourceId) -> Result<(), Fault> {
    change!(app, caller, "source.remove", |tx, scope, actor| {
        let (source, proof) = find::<action::Contribute>(tx, scope, actor, id).await?;
        need_no_run(tx, id).await?;
        assets::asset_source_forget(tx, id).await?;
        let unscheduled = DataSource { interval_seconds: None, ..source.clone() };
        crawling::set_interval(app, tx, &unscheduled, &actor.name).await?;
        job_runs::runs_delete(tx, CRAWL.name, id.into()).await?;
        triggers::forget_of(tx, Target::Source(id)).await?;
        run_notices::watches_of_delete(tx, WatchScope::Source, id.into()).await?;
        store::source_delete(tx, &proof, id).await?;
        audit::record(app, tx, caller, actor, event("source.remove", &source)).await
    })
}

/// A data source of a project that the caller is a member of.
pub async fn get(app: &App, caller: &Caller, id: DataSourceId) -> Result<DataSource, Fault> {
    look!(app, caller, "source.get", |tx, scope, actor| {
        Ok(find::<action::ViewProject>(tx, scope, actor, id).await?.0)
    })
}

/// The data sources of a project, in order of names.
pub async fn list(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    page: &PageRequest,
) -> Result<Page<DataSource>, Fault> {
    look!(app, caller, "source.list", |tx, scope, actor| {
        let proof = project_proof::<action::ViewProject>(tx, scope, actor, project).await?;
        Ok(store::source_list(tx, &proof, page).await?)
    })
}

/// A data source with the proof for its project.
pub(crate) async fn find<'s, A: Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: DataSourceId,
) -> Result<(DataSource, Granted<'s, ProjectFacts, A>), Fault> {
    let found = store::source_find(tx, id).await?;
    let project = found.as_ref().map(|source| source.project_id);
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, "data source").await?;
    let source = found.ok_or_else(|| Fault::not_found("data source"))?;
    Ok((source, decide::<A, _>(scope, actor, seen.on())?))
}
