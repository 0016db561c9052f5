//! Queries kept under a name, shared in their project.

use lakegate_model::{
    Fault, Page, PageRequest,
    access::SavedQuery,
    ids::{ProjectId, SavedQueryId},
    text,
    words::{LineageOrigin, LineageTarget, TokenScope},
};
use lakegate_policy::{Actor, Granted, Scope, action, resource::ProjectFacts};
use lakegate_store::{Tx, WriteTx, queries};
use serde_json::json;

use crate::{
    App, Caller,
    audit::{self, Event},
    caller::person,
    lineage::record::{self, Filled, Planned},
    places::{inside_proof, project_proof},
};

/// Longest text of a query, in bytes: what the engine accepts.
const SQL_MAX: usize = 256 * 1024;

/// A query to be kept.
#[derive(Debug, Clone)]
pub struct SavedInput {
    pub name: String,
    pub description: String,
    pub sql: String,
}

fn check(input: &SavedInput) -> Result<SavedInput, Fault> {
    if input.sql.trim().is_empty() {
        return Err(Fault::invalid("sql", "this may not be empty"));
    }
    if input.sql.len() > SQL_MAX || input.sql.contains('\0') {
        return Err(Fault::invalid("sql", format!("at most {SQL_MAX} bytes, without NUL")));
    }
    Ok(SavedInput {
        name: text::name("name", &input.name)?,
        description: text::prose("description", &input.description, text::COMMENT_MAX)?,
        sql: input.sql.clone(),
    })
}

/// Keeps a query in a project.
pub async fn create(app: &App, caller: &Caller, project: ProjectId, input: &SavedInput) -> Result<SavedQuery, Fault> {
    let input = check(input)?;
    let planned = record::planned(app, caller, project, &input.sql).await;
    change!(app, caller, "saved_query.create", |tx, scope, actor| {
        let proof = project_proof::<action::SaveQuery>(tx, scope, actor, project).await?;
        let owner_id = person(actor, TokenScope::Write)?;
        let saved = SavedQuery {
            id: app.new_id(),
            project_id: project,
            owner_id,
            owner_name: actor.name.clone(),
            name: input.name.clone(),
            description: input.description.clone(),
            sql_text: input.sql.clone(),
            created_at: app.now(),
            updated_at: app.now(),
        };
        queries::saved_insert(tx, &proof, &saved).await?;
        note(app, tx, &saved, &actor.name, planned.as_ref()).await?;
        let event = Event::on("saved_query.create", "saved_query", saved.id).owned_by(project);
        audit::record(app, tx, caller, actor, event.with(json!({ "name": saved.name }))).await?;
        Ok(saved)
    })
}

/// Changes a saved query.
pub async fn update(app: &App, caller: &Caller, id: SavedQueryId, input: &SavedInput) -> Result<SavedQuery, Fault> {
    let input = check(input)?;
    let project = look!(app, caller, "saved_query.update", |tx, scope, actor| {
        saved_proof::<action::ViewProject>(tx, scope, actor, id).await.map(drop)?;
        Ok(saved_proof::<action::SaveQuery>(tx, scope, actor, id).await?.on().id)
    })?;
    let planned = record::planned(app, caller, project, &input.sql).await;
    change!(app, caller, "saved_query.update", |tx, scope, actor| {
        let view = saved_proof::<action::ViewProject>(tx, scope, actor, id).await?;
        let proof = saved_proof::<action::SaveQuery>(tx, scope, actor, id).await?;
        let before = queries::saved_get(tx, &view, id).await?;
        let saved = SavedQuery {
            name: input.name.clone(),
            description: input.description.clone(),
            sql_text: input.sql.clone(),
            updated_at: app.now(),
            ..before
        };
        queries::saved_update(tx, &proof, &saved).await?;
        note(app, tx, &saved, &actor.name, planned.as_ref()).await?;
        let event = Event::on("saved_query.update", "saved_query", id).owned_by(proof.on().id);
        audit::record(app, tx, caller, actor, event).await?;
        Ok(saved)
    })
}

/// Keeps what a saved query reads, as it plans under the rights of who keeps it.
async fn note(
    app: &App,
    tx: &mut WriteTx,
    saved: &SavedQuery,
    by: &str,
    planned: Option<&Planned>,
) -> Result<(), Fault> {
    let Some(planned) = planned else { return record::end(tx, saved.id.into(), app.now()).await };
    let filled = Filled {
        kind: LineageTarget::SavedQuery,
        target: saved.id.into(),
        project: saved.project_id,
        process: (saved.id.into(), 0),
        run: None,
        made_by: by,
        origin: LineageOrigin::Planned,
    };
    record::note(tx, filled, planned, &[], (app.new_id(), app.now())).await
}

/// Forgets a saved query.
pub async fn delete(app: &App, caller: &Caller, id: SavedQueryId) -> Result<(), Fault> {
    change!(app, caller, "saved_query.delete", |tx, scope, actor| {
        let proof = saved_proof::<action::SaveQuery>(tx, scope, actor, id).await?;
        queries::saved_delete(tx, &proof, id).await?;
        record::end(tx, id.into(), app.now()).await?;
        let event = Event::on("saved_query.delete", "saved_query", id).owned_by(proof.on().id);
        audit::record(app, tx, caller, actor, event).await
    })
}

/// The saved queries of a project, in order of names.
pub async fn list(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    page: &PageRequest,
) -> Result<Page<SavedQuery>, Fault> {
    look!(app, caller, "saved_query.list", |tx, scope, actor| {
        let proof = project_proof(tx, scope, actor, project).await?;
        Ok(queries::saved_list(tx, &proof, page).await?)
    })
}

/// One saved query.
pub async fn get(app: &App, caller: &Caller, id: SavedQueryId) -> Result<SavedQuery, Fault> {
    look!(app, caller, "saved_query.view", |tx, scope, actor| {
        let proof = saved_proof(tx, scope, actor, id).await?;
        Ok(queries::saved_get(tx, &proof, id).await?)
    })
}

/// The proof for the project of a saved query; a stranger is told what he is told of an absent one.
async fn saved_proof<'s, A: action::Act>(
    tx: &mut Tx,
    scope: &'s Scope,
    actor: &Actor,
    id: SavedQueryId,
) -> Result<Granted<'s, ProjectFacts, A>, Fault> {
    let project = queries::saved_project(tx, id).await?;
    inside_proof(tx, scope, actor, project, "saved query").await
}
