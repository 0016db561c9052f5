//! Storage roots: the places that administrators assign, below which environments and sources stay.

use lakegate_lake::{LocationUri, Storage};
use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, RootId, UserId},
    places::StorageRoot,
    storage::StorageAccess,
};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{environments as store, projects};
use serde_json::json;

use super::{id_of, locations, project_proof};
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// Assigns a root to a project, or to all of them. A folder has to be there, and no link may lead to it.
pub async fn assign(app: &App, caller: &Caller, uri: &str, project: Option<ProjectId>) -> Result<StorageRoot, Fault> {
    let location = locations::parse(uri).map_err(|fault| fault.on("uri"))?;
    let id: RootId = app.new_id();
    look!(app, caller, "root.assign", |tx, scope, actor| {
        let _proof = decide::<action::ManageStorage, _>(scope, actor, Platform)?;
        if locations::own_directory(app)?.contains(&location) {
            return Err(Fault::new(Code::Forbidden, "this place is kept for the server itself").on("uri"));
        }
        Ok(())
    })?;
    check_folder(&location).await?;
    change!(app, caller, "root.assign", |tx, scope, actor| {
        let proof = decide::<action::ManageStorage, _>(scope, actor, Platform)?;
        if let Some(project) = project {
            let facts = projects::project_facts(tx, project).await?;
            facts.ok_or_else(|| Fault::not_found("project").on("project"))?;
        }
        let root = StorageRoot { id, uri: location.to_string(), project_id: project, created_at: app.now() };
        store::root_insert(tx, &proof, &root, UserId::from(id_of(actor))).await?;
        let event = Event::on("root.assign", "root", id).with(json!({ "uri": root.uri, "project": project }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(root)
    })
}

async fn check_folder(location: &LocationUri) -> Result<(), Fault> {
    if location.bucket().is_some() {
        return Ok(());
    }
    let address = location.to_string();
    let opened = tokio::task::spawn_blocking(move || Storage::open(&StorageAccess::Folder, &address)).await;
    opened.map_err(Fault::internal)?.map(drop).map_err(|error| {
        let fault = Fault::from(error);
        Fault::invalid("uri", fault.message).caused_by(fault.cause.unwrap_or_default())
    })
}

/// Every storage root.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<StorageRoot>, Fault> {
    look!(app, caller, "root.list", |tx, scope, actor| {
        let _proof = decide::<action::ManageStorage, _>(scope, actor, Platform)?;
        Ok(store::root_all(tx).await?)
    })
}

/// The roots below which a project may place environments and sources.
pub async fn usable(app: &App, caller: &Caller, project: ProjectId) -> Result<Vec<StorageRoot>, Fault> {
    look!(app, caller, "root.usable", |tx, scope, actor| {
        let _proof = project_proof::<action::Contribute>(tx, scope, actor, project).await?;
        let all = store::root_all(tx).await?;
        Ok(all.into_iter().filter(|root| root.project_id.is_none_or(|only| only == project)).collect())
    })
}

/// Takes a root back: nothing new is placed below it; what lies there stays.
pub async fn withdraw(app: &App, caller: &Caller, id: RootId) -> Result<(), Fault> {
    change!(app, caller, "root.withdraw", |tx, scope, actor| {
        let proof = decide::<action::ManageStorage, _>(scope, actor, Platform)?;
        let roots = store::root_all(tx).await?;
        let root = roots.into_iter().find(|root| root.id == id).ok_or_else(|| Fault::not_found("root"))?;
        store::root_delete(tx, &proof, id).await?;
        let event = Event::on("root.withdraw", "root", id).with(json!({ "uri": root.uri, "project": root.project_id }));
        audit::record(app, tx, caller, actor, event).await
    })
}
