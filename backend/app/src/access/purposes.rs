//! Purposes: what data may be used for, who decided so, and for which projects (access rule 22).

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    ids::{ProjectId, ProjectPurposeId, PurposeId, ServiceAccountId},
    purposes::{ProjectPurpose, Purpose},
    text,
    words::{PurposeState, TokenScope},
};
use lakegate_policy::{Actor, Scope, action, decide, resource::Platform};
use lakegate_store::{Tx, projects, purposes as store, tokens, users};
use serde_json::json;

use super::{
    notices::{Message, notify},
    restrictions::second_person,
};
use crate::{
    App, Caller,
    accounts::need_confirmed,
    audit::{self, Event},
    caller::{known, person},
};

/// A purpose to be added.
#[derive(Debug, Clone, Default)]
pub struct NewPurpose {
    pub name: String,
    pub description: String,
    /// What allows it: `contract`, `consent`, a section of a law.
    pub legal_basis: String,
}

/// Adds a purpose: projects may ask for it, rules may demand it.
///
/// # Errors
/// `invalid` naming the field, `conflict` for a name that is taken, `forbidden` for who is no data protection officer.
pub async fn create(app: &App, caller: &Caller, new: &NewPurpose) -> Result<Purpose, Fault> {
    let name = text::name("name", &new.name)?;
    let description = said("description", &new.description)?;
    let legal_basis = said("legal_basis", &new.legal_basis)?;
    change!(app, caller, "purpose.create", |tx, scope, actor| {
        let proof = decide::<action::ManagePurposes, _>(scope, actor, Platform)?;
        let purpose = Purpose {
            id: app.new_id(),
            name: name.clone(),
            description: description.clone(),
            legal_basis: legal_basis.clone(),
            created_by: person(actor, TokenScope::Write)?,
            created_at: app.now(),
            ended_at: None,
        };
        store::purpose_insert(tx, &proof, &purpose).await?;
        let event = Event::on("purpose.create", "purpose", purpose.id).with(
            json!({ "name": purpose.name, "description": purpose.description, "legal_basis": purpose.legal_basis }),
        );
        audit::record(app, tx, caller, actor, event).await?;
        Ok(purpose)
    })
}

fn said(field: &'static str, value: &str) -> Result<String, Fault> {
    let value = text::prose(field, value, text::COMMENT_MAX)?;
    if value.trim().is_empty() { Err(Fault::invalid(field, "say what it is")) } else { Ok(value) }
}

/// Ends a purpose: nobody states it any more, and what demands it opens nothing.
///
/// # Errors
/// `not_found`, `conflict` for one that has ended, `forbidden` for who is no data protection officer.
pub async fn end(app: &App, caller: &Caller, id: PurposeId) -> Result<(), Fault> {
    change!(app, caller, "purpose.end", |tx, scope, actor| {
        let proof = decide::<action::ManagePurposes, _>(scope, actor, Platform)?;
        let by = person(actor, TokenScope::Write)?;
        let purpose = store::purpose_find(tx, id).await?.ok_or_else(|| Fault::not_found("purpose"))?;
        if purpose.ended_at.is_some() {
            return Err(Fault::new(Code::Conflict, "this purpose has ended already"));
        }
        store::purpose_end(tx, &proof, id, by, app.now()).await?;
        let event = Event::on("purpose.end", "purpose", id).with(json!({ "name": purpose.name }));
        audit::record(app, tx, caller, actor, event).await
    })
}

/// All purposes in order of their names; everyone who is signed in may know them.
pub async fn list(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<Purpose>, Fault> {
    look!(app, caller, "purpose.list", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        Ok(store::purpose_list(tx, page).await?)
    })
}

/// A project's purpose with the names around it.
#[derive(Debug, Clone)]
pub struct ProjectPurposeView {
    pub asked: ProjectPurpose,
    pub purpose: Purpose,
    pub project: String,
    /// Display names.
    pub asked_by: String,
    pub decided_by: Option<String>,
}

/// Asks for a purpose on behalf of a project; data protection officers are told.
///
/// # Errors
/// `conflict` if it was asked for already, or has ended; `forbidden` for who is no owner of the project.
pub async fn ask(
    app: &App,
    caller: &Caller,
    (project, purpose): (ProjectId, PurposeId),
    reason: &str,
) -> Result<ProjectPurposeView, Fault> {
    let reason = said("reason", reason)?;
    change!(app, caller, "purpose.ask", |tx, scope, actor| {
        let facts = projects::project_facts(tx, project).await?.ok_or_else(|| Fault::not_found("project"))?;
        let proof = decide::<action::ManageProject, _>(scope, actor, facts)?;
        let found = store::purpose_find(tx, purpose).await?.ok_or_else(|| Fault::not_found("purpose"))?;
        if found.ended_at.is_some() {
            return Err(Fault::new(Code::Conflict, "this purpose has ended").on("purpose"));
        }
        let asked = ProjectPurpose {
            id: app.new_id(),
            project_id: project,
            purpose_id: purpose,
            state: PurposeState::Asked,
            reason: reason.clone(),
            asked_by: person(actor, TokenScope::Write)?,
            asked_at: app.now(),
            decided_by: None,
            decided_at: None,
            decision: String::new(),
            ended_at: None,
        };
        store::purpose_ask(tx, &proof, &asked).await?;
        let event = Event::on("purpose.ask", "project", project).owned_by(project).with(json!({
            "purpose": purpose, "name": found.name, "reason": asked.reason, "id": asked.id,
        }));
        let view = view(tx, asked).await?;
        tell_officers(app, tx, &view).await?;
        audit::record(app, tx, caller, actor, event).await?;
        Ok(view)
    })
}

/// Approves or refuses what a project asked for.
///
/// # Errors
/// `conflict` for what is decided already, `forbidden` for who is no data protection officer, and for a member of the asking
/// project (access rule 11).
pub async fn decide_on(
    app: &App,
    caller: &Caller,
    id: ProjectPurposeId,
    approve: bool,
    reason: &str,
) -> Result<ProjectPurposeView, Fault> {
    let reason = said("reason", reason)?;
    let state = if approve { PurposeState::Approved } else { PurposeState::Refused };
    change!(app, caller, "purpose.decide", |tx, scope, actor| {
        let proof = decide::<action::ManagePurposes, _>(scope, actor, Platform)?;
        need_confirmed(actor, app.now())?;
        let by = person(actor, TokenScope::Write)?;
        let asked = store::project_purpose_find(tx, id).await?.ok_or_else(|| Fault::not_found("purpose"))?;
        if asked.state != PurposeState::Asked {
            return Err(Fault::new(Code::Conflict, format!("this was {} already", asked.state)));
        }
        if approve && actor.role_in(asked.project_id).is_some() {
            return Err(second_person("this would open data to your own project"));
        }
        store::purpose_decide(tx, &proof, id, state, (by, &reason), app.now()).await?;
        let event = Event::on("purpose.decide", "project", asked.project_id).owned_by(asked.project_id).with(json!({
            "purpose": asked.purpose_id, "id": id, "state": state, "reason": reason,
        }));
        audit::record(app, tx, caller, actor, event).await?;
        let decided = store::project_purpose_find(tx, id).await?.ok_or_else(|| Fault::not_found("purpose"))?;
        let view = view(tx, decided).await?;
        tell_asker(app, tx, &view).await?;
        Ok(view)
    })
}

/// Ends a project's use of a purpose: its owners and data protection officers may.
///
/// # Errors
/// `not_found`, `conflict` for what is over, `forbidden`.
pub async fn withdraw(app: &App, caller: &Caller, id: ProjectPurposeId) -> Result<(), Fault> {
    change!(app, caller, "purpose.withdraw", |tx, scope, actor| {
        let asked = store::project_purpose_find(tx, id).await?.ok_or_else(|| Fault::not_found("purpose"))?;
        if decide::<action::ManagePurposes, _>(scope, actor, Platform).is_err() {
            let facts =
                projects::project_facts(tx, asked.project_id).await?.ok_or_else(|| Fault::not_found("purpose"))?;
            let _sees =
                decide::<action::ViewProject, _>(scope, actor, facts).map_err(|_| Fault::not_found("purpose"))?;
            let _may = decide::<action::ManageProject, _>(scope, actor, facts)?;
        }
        if !matches!(asked.state, PurposeState::Asked | PurposeState::Approved) {
            return Err(Fault::new(Code::Conflict, format!("this is {} already", asked.state)));
        }
        store::purpose_withdraw(tx, id, app.now()).await?;
        let event = Event::on("purpose.withdraw", "project", asked.project_id)
            .owned_by(asked.project_id)
            .with(json!({ "purpose": asked.purpose_id, "id": id }));
        audit::record(app, tx, caller, actor, event).await
    })
}

/// What a project asked for, ended ones included.
pub async fn of_project(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    page: &PageRequest,
) -> Result<Page<ProjectPurposeView>, Fault> {
    look!(app, caller, "purpose.list", |tx, scope, actor| {
        if decide::<action::ManagePurposes, _>(scope, actor, Platform).is_err() {
            let facts = projects::project_facts(tx, project).await?.ok_or_else(|| Fault::not_found("project"))?;
            let _member = decide::<action::ViewProject, _>(scope, actor, facts)?;
        }
        let found = store::purposes_of_project(tx, project, page).await?;
        views(tx, found).await
    })
}

/// What projects asked for, in one state: for data protection officers and auditors.
pub async fn in_state(
    app: &App,
    caller: &Caller,
    state: PurposeState,
    page: &PageRequest,
) -> Result<Page<ProjectPurposeView>, Fault> {
    look!(app, caller, "purpose.list", |tx, scope, actor| {
        need_overview(scope, actor)?;
        let found = store::purposes_in_state(tx, state, page).await?;
        views(tx, found).await
    })
}

pub(super) fn need_overview(scope: &Scope, actor: &Actor) -> Result<(), Fault> {
    match decide::<action::ReadAudit, _>(scope, actor, Platform) {
        Ok(_) => Ok(()),
        Err(_) => decide::<action::ManagePurposes, _>(scope, actor, Platform).map(drop),
    }
}

/// The purposes that the caller may state where he acts.
pub async fn to_state(app: &App, caller: &Caller) -> Result<Vec<Purpose>, Fault> {
    look!(app, caller, "purpose.list", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        crate::lens::approved(tx, actor.acting).await
    })
}

/// Fixes the purpose of a service account: it states it with everything it does.
///
/// # Errors
/// `invalid` naming `purpose` for one that is not approved for its project, `forbidden` for who is no owner.
pub async fn fix_for_account(
    app: &App,
    caller: &Caller,
    account: ServiceAccountId,
    purpose: Option<PurposeId>,
) -> Result<(), Fault> {
    change!(app, caller, "service_account.purpose", |tx, scope, actor| {
        let found = tokens::account_find(tx, account).await?.ok_or_else(|| Fault::not_found("service_account"))?;
        let unseen = || Fault::not_found("service_account");
        let facts = projects::project_facts(tx, found.project_id).await?.ok_or_else(unseen)?;
        let _sees = decide::<action::ViewProject, _>(scope, actor, facts).map_err(|_| unseen())?;
        let proof = decide::<action::ManageProject, _>(scope, actor, facts)?;
        let approved = store::purposes_approved(tx, found.project_id).await?;
        if purpose.is_some_and(|wanted| !approved.iter().any(|one| one.id == wanted)) {
            return Err(Fault::invalid("purpose", "this purpose is not approved for the account's project"));
        }
        store::account_set_purpose(tx, &proof, account, purpose).await?;
        let event = Event::on("service_account.purpose", "service_account", account)
            .owned_by(found.project_id)
            .with(json!({ "before": found.purpose_id, "after": purpose }));
        audit::record(app, tx, caller, actor, event).await
    })
}

/// Purposes that a rule is to demand: known, not ended, each once.
///
/// # Errors
/// `invalid` naming `purposes`.
pub(super) async fn demanded(tx: &mut Tx, wanted: &[PurposeId]) -> Result<Vec<PurposeId>, Fault> {
    let mut wanted = wanted.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    for id in &wanted {
        let found = store::purpose_find(tx, *id).await?.filter(|purpose| purpose.ended_at.is_none());
        found.ok_or_else(|| Fault::invalid("purposes", format!("{id} is no purpose that somebody may state")))?;
    }
    Ok(wanted)
}

async fn views(tx: &mut Tx, found: Page<ProjectPurpose>) -> Result<Page<ProjectPurposeView>, Fault> {
    let mut items = Vec::with_capacity(found.items.len());
    for asked in found.items {
        items.push(view(tx, asked).await?);
    }
    Ok(Page { items, next: found.next })
}

pub(super) async fn view(tx: &mut Tx, asked: ProjectPurpose) -> Result<ProjectPurposeView, Fault> {
    let purpose =
        store::purpose_find(tx, asked.purpose_id).await?.ok_or_else(|| Fault::internal("a purpose is absent"))?;
    let project = projects::project_label(tx, asked.project_id).await?.map(|(name, _)| name).unwrap_or_default();
    let asker = users::user_find(tx, asked.asked_by).await?.map(|user| user.display_name).unwrap_or_default();
    let decider = match asked.decided_by {
        Some(by) => users::user_find(tx, by).await?.map(|user| user.display_name),
        None => None,
    };
    Ok(ProjectPurposeView { asked, purpose, project, asked_by: asker, decided_by: decider })
}

async fn tell_officers(app: &App, tx: &mut lakegate_store::WriteTx, view: &ProjectPurposeView) -> Result<(), Fault> {
    let officers = users::holders_of(tx, lakegate_model::words::ProductRole::DataProtectionOfficer).await?;
    let message = Message {
        kind: "purpose.asked",
        title: format!("{} asks to use data for {}", view.project, view.purpose.name),
        body: view.asked.reason.clone(),
        link: "/purposes".to_owned(),
        once_key: None,
    };
    notify(app, tx, officers, &message).await
}

async fn tell_asker(app: &App, tx: &mut lakegate_store::WriteTx, view: &ProjectPurposeView) -> Result<(), Fault> {
    let message = Message {
        kind: "purpose.decided",
        title: format!("{}: {} for {}", view.purpose.name, view.asked.state, view.project),
        body: view.asked.decision.clone(),
        link: format!("/projects/{}/purposes", view.asked.project_id),
        once_key: None,
    };
    notify(app, tx, vec![view.asked.asked_by], &message).await
}
