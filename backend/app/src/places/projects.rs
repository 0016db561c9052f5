//! Projects: starting one, seeing it, changing its words.

use lakegate_model::{
    Fault, Page, PageRequest,
    ids::{DomainId, ProjectId},
    places::Project,
    text,
    words::{MemberKind, ProjectRole},
};
use lakegate_policy::{
    Actor, Granted, Scope, action, decide,
    resource::{DomainFacts, ProjectFacts},
};
use lakegate_store::{Tx, changes, domains, projects as store};
use serde_json::json;

use super::{need_known, project_proof};
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// A project to be created.
#[derive(Debug, Clone)]
pub struct NewProject {
    pub domain: DomainId,
    pub name: String,
    pub description: String,
}

/// What to change of a project; `None` leaves it as it is.
#[derive(Debug, Clone, Default)]
pub struct ProjectChange {
    pub name: Option<String>,
    pub description: Option<String>,
}

/// A project as its members see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectView {
    pub project: Project,
    pub domain_name: String,
    /// The caller's strongest role; `None` only for the server itself.
    pub role: Option<ProjectRole>,
}

/// Starts a project in a domain. Its creator becomes its owner.
pub async fn create(app: &App, caller: &Caller, new: &NewProject) -> Result<ProjectView, Fault> {
    let name = text::name("name", &new.name)?;
    let description = text::prose("description", &new.description, text::DESCRIPTION_MAX)?;
    let id: ProjectId = app.new_id();
    change!(app, caller, "project.create", |tx, scope, actor| {
        need_known(actor)?;
        let domain = domains::domain_find(tx, new.domain).await?;
        let domain = domain.ok_or_else(|| Fault::not_found("domain").on("domain"))?;
        let proof = decide::<action::CreateProject, _>(scope, actor, DomainFacts { id: domain.id })?;
        let owner = actor.user().ok_or_else(|| Fault::invalid("owner", "a person has to start a project"))?;
        let project = Project {
            id,
            domain_id: domain.id,
            name: name.clone(),
            description: description.clone(),
            created_at: app.now(),
        };
        store::project_insert(tx, &proof, &project).await?;
        let member = (MemberKind::User, owner.into());
        store::member_set(tx, id, member, ProjectRole::Owner, owner.into(), app.now()).await?;
        changes::change_record(tx, "project", id.into()).await?;
        let event = Event::on("project.create", "project", id).owned_by(id);
        audit::record(app, tx, caller, actor, event.with(json!({ "name": project.name, "domain": domain.id }))).await?;
        Ok(ProjectView { project, domain_name: domain.name, role: Some(ProjectRole::Owner) })
    })
}

/// A project that the caller is a member of.
pub async fn get(app: &App, caller: &Caller, id: ProjectId) -> Result<ProjectView, Fault> {
    look!(app, caller, "project.get", |tx, scope, actor| {
        let proof = project_proof(tx, scope, actor, id).await?;
        view(tx, actor, &proof).await
    })
}

async fn view(
    tx: &mut Tx,
    actor: &Actor,
    proof: &Granted<'_, ProjectFacts, action::ViewProject>,
) -> Result<ProjectView, Fault> {
    let project = store::project_get(tx, proof).await?;
    let domain = domains::domain_find(tx, project.domain_id).await?;
    let domain = domain.ok_or_else(|| Fault::internal("a project without a domain"))?;
    Ok(ProjectView { role: actor.role_in(project.id), domain_name: domain.name, project })
}

/// The projects that the caller is a member of, in order of names.
pub async fn mine(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<ProjectView>, Fault> {
    look!(app, caller, "project.list", |tx, scope, actor| {
        need_known(actor)?;
        let (ids, next) = match actor.user() {
            Some(user) => {
                let page = store::projects_of(tx, user, page).await?;
                (page.items.into_iter().map(|project| project.id).collect(), page.next)
            }
            // A service account belongs to the one project it was made in.
            None => (actor.projects.keys().copied().collect::<Vec<_>>(), None),
        };
        Ok(Page { items: views(tx, scope, actor, &ids).await?, next })
    })
}

async fn views(tx: &mut Tx, scope: &Scope, actor: &Actor, ids: &[ProjectId]) -> Result<Vec<ProjectView>, Fault> {
    let mut views = Vec::with_capacity(ids.len());
    for id in ids {
        let proof = project_proof(tx, scope, actor, *id).await?;
        views.push(view(tx, actor, &proof).await?);
    }
    Ok(views)
}

/// Changes name or description.
pub async fn update(app: &App, caller: &Caller, id: ProjectId, change: &ProjectChange) -> Result<ProjectView, Fault> {
    let name = change.name.as_deref().map(|name| text::name("name", name)).transpose()?;
    let description = change
        .description
        .as_deref()
        .map(|description| text::prose("description", description, text::DESCRIPTION_MAX))
        .transpose()?;
    change!(app, caller, "project.update", |tx, scope, actor| {
        let may_view = project_proof(tx, scope, actor, id).await?;
        let before = store::project_get(tx, &may_view).await?;
        let proof = decide::<action::ManageProject, _>(scope, actor, may_view.on())?;
        let name = name.as_ref().unwrap_or(&before.name);
        let description = description.as_ref().unwrap_or(&before.description);
        store::project_update(tx, &proof, name, description).await?;
        let after = view(tx, actor, &may_view).await?;
        if after.project.name != before.name {
            changes::change_record(tx, "project", id.into()).await?;
        }
        let event = Event::on("project.update", "project", id).owned_by(id);
        let names = json!({ "name": { "before": before.name, "after": after.project.name } });
        audit::record(app, tx, caller, actor, event.with(names)).await?;
        Ok(after)
    })
}
