//! Runs of data sources: started, watched, cancelled by people.

use lakegate_jobs::{Queue, Submitted};
use lakegate_model::{
    Code, Fault, Page, PageRequest,
    catalog::SourceRun,
    ids::{DataSourceId, RunId},
};
use lakegate_policy::{Actor, Granted, Scope, action, action::Act, decide, resource::ProjectFacts};
use lakegate_store::{Tx, job_runs, sources as store};

use super::{
    crawling::{self, CRAWL},
    manage,
};
use crate::{
    App, Caller,
    audit::{self, Event},
    places::inside_proof,
};

/// Queues a run; one that is open already is the answer instead of a second one.
pub async fn start(app: &App, caller: &Caller, source: DataSourceId) -> Result<SourceRun, Fault> {
    let run = change!(app, caller, "source.run", |tx, scope, actor| {
        let (source, _proof) = manage::find::<action::Contribute>(tx, scope, actor, source).await?;
        let submitted = app.queue.enqueue(tx, &CRAWL, crawling::submission(&source, &actor.name)).await?;
        let id = match submitted {
            Submitted::Open(run) => return Ok(SourceRun::from(*run)),
            Submitted::New(id) => id,
        };
        let event = Event::on("source.run", "data_source", source.id).owned_by(source.project_id);
        audit::record(app, tx, caller, actor, event).await?;
        let run = job_runs::run_find(tx, id).await?;
        run.map(SourceRun::from).ok_or_else(|| Fault::internal("the new run is absent"))
    });
    if let Err(fault) = &run
        && Queue::is_full(fault)
    {
        app.queue.note_refused(&CRAWL).await?;
    }
    run
}

/// Runs of a data source, the latest first. Their notes name files, so they are for the project's members.
pub async fn list(
    app: &App,
    caller: &Caller,
    source: DataSourceId,
    page: &PageRequest,
) -> Result<Page<SourceRun>, Fault> {
    look!(app, caller, "source.list_runs", |tx, scope, actor| {
        let (source, _proof) = manage::find::<action::ViewProject>(tx, scope, actor, source).await?;
        let runs = job_runs::runs_of_subject(tx, CRAWL.name, source.id.into(), page).await?;
        Ok(runs.map(SourceRun::from))
    })
}

/// One run.
pub async fn get(app: &App, caller: &Caller, id: RunId) -> Result<SourceRun, Fault> {
    look!(app, caller, "source.get_run", |tx, scope, actor| {
        Ok(find::<action::ViewProject>(tx, scope, actor, id).await?.0)
    })
}

/// Cancels a run: at once if it waits, within seconds if it works. What it registered until then stays.
///
/// # Errors
/// `conflict` if it has ended.
pub async fn cancel(app: &App, caller: &Caller, id: RunId) -> Result<SourceRun, Fault> {
    let run = change!(app, caller, "source.cancel_run", |tx, scope, actor| {
        let (run, proof) = find::<action::Contribute>(tx, scope, actor, id).await?;
        if app.queue.cancel(tx, id).await?.is_none() {
            return Err(Fault::new(Code::Conflict, format!("this run has {} already", run.state)));
        }
        let event = Event::on("source.cancel_run", "data_source", run.source_id).owned_by(proof.on().id);
        audit::record(app, tx, caller, actor, event).await?;
        let run = job_runs::run_find(tx, id).await?;
        run.map(SourceRun::from).ok_or_else(|| Fault::internal("the run is absent"))
    })?;
    app.queue.tell_cancelled(id);
    Ok(run)
}

async fn find<'s, A: Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: RunId,
) -> Result<(SourceRun, Granted<'s, ProjectFacts, A>), Fault> {
    let found = job_runs::run_find(tx, id).await?.filter(|run| run.kind == CRAWL.name).map(SourceRun::from);
    let source = match &found {
        Some(run) => store::source_find(tx, run.source_id).await?,
        None => None,
    };
    let project = source.map(|source| source.project_id);
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, "run").await?;
    let run = found.ok_or_else(|| Fault::not_found("run"))?;
    Ok((run, decide::<A, _>(scope, actor, seen.on())?))
}
