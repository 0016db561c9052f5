//! Runs of data sources: started, watched, cancelled by people.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    catalog::SourceRun,
    ids::{DataSourceId, RunId},
};
use lakegate_policy::{Actor, Granted, Scope, action, action::Act, decide, resource::ProjectFacts};
use lakegate_store::{Tx, sources as store};

use super::manage;
use crate::{
    App, Caller,
    audit::{self, Event},
    places::inside_proof,
};

/// Queues a run; one that is open already is the answer instead of a second one.
pub async fn start(app: &App, caller: &Caller, source: DataSourceId) -> Result<SourceRun, Fault> {
    let run = change!(app, caller, "source.run", |tx, scope, actor| {
        let (source, _proof) = manage::find::<action::Contribute>(tx, scope, actor, source).await?;
        if let Some(open) = store::run_open(tx, source.id).await? {
            return Ok(open);
        }
        let id: RunId = app.new_id();
        store::run_insert(tx, id, source.id, "manual", &actor.name, app.now()).await?;
        let event = Event::on("source.run", "data_source", source.id).owned_by(source.project_id);
        audit::record(app, tx, caller, actor, event).await?;
        store::run_find(tx, id).await?.ok_or_else(|| Fault::internal("the new run is absent"))
    })?;
    app.runs.wake();
    Ok(run)
}

/// Runs of a data source, the latest first. Their notes name files, so they are for the project's members.
pub async fn list(
    app: &App,
    caller: &Caller,
    source: DataSourceId,
    page: &PageRequest,
) -> Result<Page<SourceRun>, Fault> {
    look!(app, caller, "source.list_runs", |tx, scope, actor| {
        let (source, proof) = manage::find::<action::ViewProject>(tx, scope, actor, source).await?;
        Ok(store::run_list(tx, &proof, source.id, page).await?)
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
        if !store::run_cancel(tx, id, app.now()).await? {
            return Err(Fault::new(Code::Conflict, format!("this run has {} already", run.state)));
        }
        let event = Event::on("source.cancel_run", "data_source", run.source_id).owned_by(proof.on().id);
        audit::record(app, tx, caller, actor, event).await?;
        store::run_find(tx, id).await?.ok_or_else(|| Fault::internal("the run is absent"))
    })?;
    app.runs.cancel(id);
    Ok(run)
}

async fn find<'s, A: Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: RunId,
) -> Result<(SourceRun, Granted<'s, ProjectFacts, A>), Fault> {
    let found = store::run_find(tx, id).await?;
    let source = match &found {
        Some(run) => store::source_find(tx, run.source_id).await?,
        None => None,
    };
    let project = source.map(|source| source.project_id);
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, "run").await?;
    let run = found.ok_or_else(|| Fault::not_found("run"))?;
    Ok((run, decide::<A, _>(scope, actor, seen.on())?))
}
