//! Invitations into a project: an owner asks, the invited person answers.

use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, UserId},
    places::Invitation,
    words::{MemberKind, ProjectRole},
};
use lakegate_policy::{Actor, Granted, Scope, action, decide, resource::UserFacts};
use lakegate_store::{Tx, projects as store};
use serde_json::json;

use super::{
    id_of,
    members::{enabled_user, find_member},
    need_known, project_proof,
};
use crate::{
    App, Caller,
    access::notices::{Message, notify},
    audit::{self, Event},
};

/// Invites a user into a project with a role, or changes the role of an open invitation.
pub async fn invite(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    user: UserId,
    role: ProjectRole,
) -> Result<Invitation, Fault> {
    change!(app, caller, "member.invite", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, project).await?;
        enabled_user(tx, user).await?;
        let may_view = decide(scope, actor, proof.on())?;
        if find_member(tx, &may_view, (MemberKind::User, user.into())).await?.is_some() {
            return Err(Fault::new(Code::Conflict, "this user is a member already").on("user"));
        }
        store::invitation_set(tx, &proof, user, role, id_of(actor), app.now()).await?;
        let invitation = store::invitation_find(tx, project, user).await?;
        let invitation = invitation.ok_or_else(|| Fault::internal("the new invitation is absent"))?;
        notify(app, tx, [user], &message(&invitation, &actor.name)).await?;
        let event = Event::on("member.invite", "project", project).owned_by(project);
        audit::record(app, tx, caller, actor, event.with(json!({ "user": user, "role": role }))).await?;
        Ok(invitation)
    })
}

fn message(invitation: &Invitation, by: &str) -> Message {
    Message {
        kind: "member.invited",
        title: format!("You are invited into {}", invitation.project_name),
        body: format!("{by} invites you as {}. Accept or decline under Projects.", invitation.role),
        link: "/projects".to_owned(),
        once_key: None,
    }
}

/// The open invitations into a project.
pub async fn into_project(app: &App, caller: &Caller, project: ProjectId) -> Result<Vec<Invitation>, Fault> {
    look!(app, caller, "member.invitations", |tx, scope, actor| {
        let proof = project_proof(tx, scope, actor, project).await?;
        Ok(store::invitations_into(tx, &proof).await?)
    })
}

/// The caller's own open invitations.
pub async fn mine(app: &App, caller: &Caller) -> Result<Vec<Invitation>, Fault> {
    look!(app, caller, "member.my_invitations", |tx, scope, actor| {
        need_known(actor)?;
        match actor.user() {
            Some(user) => Ok(store::invitations_of(tx, user).await?),
            None => Ok(Vec::new()),
        }
    })
}

/// Accepts the caller's invitation: he is a member with the next request.
pub async fn accept(app: &App, caller: &Caller, project: ProjectId) -> Result<ProjectRole, Fault> {
    change!(app, caller, "member.accept", |tx, scope, actor| {
        let user = oneself(scope, actor)?.on().id;
        let invitation = own_invitation(tx, project, user).await?;
        let member = (MemberKind::User, user.into());
        store::member_set(tx, project, member, invitation.role, user.into(), app.now()).await?;
        store::invitation_delete(tx, project, user).await?;
        let event = Event::on("member.accept", "project", project).owned_by(project);
        audit::record(app, tx, caller, actor, event.with(json!({ "role": invitation.role }))).await?;
        Ok(invitation.role)
    })
}

/// Declines the caller's invitation.
pub async fn decline(app: &App, caller: &Caller, project: ProjectId) -> Result<(), Fault> {
    change!(app, caller, "member.decline", |tx, scope, actor| {
        let user = oneself(scope, actor)?.on().id;
        own_invitation(tx, project, user).await?;
        store::invitation_delete(tx, project, user).await?;
        let event = Event::on("member.decline", "project", project).owned_by(project);
        audit::record(app, tx, caller, actor, event).await
    })
}

/// Takes an invitation back.
pub async fn withdraw(app: &App, caller: &Caller, project: ProjectId, user: UserId) -> Result<(), Fault> {
    change!(app, caller, "member.withdraw_invitation", |tx, scope, actor| {
        let _proof = project_proof::<action::ManageProject>(tx, scope, actor, project).await?;
        if !store::invitation_delete(tx, project, user).await? {
            return Err(Fault::not_found("invitation").on("user"));
        }
        let event = Event::on("member.withdraw_invitation", "project", project).owned_by(project);
        audit::record(app, tx, caller, actor, event.with(json!({ "user": user }))).await
    })
}

async fn own_invitation(tx: &mut Tx, project: ProjectId, user: UserId) -> Result<Invitation, Fault> {
    store::invitation_find(tx, project, user).await?.ok_or_else(|| Fault::not_found("invitation"))
}

/// The proof that the caller is a person who acts for himself.
pub(super) fn oneself<'s>(
    scope: &'s Scope,
    actor: &Actor,
) -> Result<Granted<'s, UserFacts, action::ManageAccount>, Fault> {
    need_known(actor)?;
    let id = actor.user().ok_or_else(|| Fault::new(Code::Forbidden, "a person has to do this"))?;
    decide(scope, actor, UserFacts { id })
}
