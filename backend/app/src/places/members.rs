//! Who is in a project, and what happens when somebody goes.

use lakegate_model::{
    Code, Fault,
    ids::{GroupId, ProjectId, UserId},
    people::User,
    places::ProjectMember,
    words::{MemberKind, ProductRole, ProjectRole},
};
use lakegate_policy::{
    Granted, action,
    actor::Principal,
    decide,
    resource::{Platform, ProjectFacts},
};
use lakegate_store::{Tx, WriteTx, groups, projects as store, users};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::{id_of, invitations::oneself, project_proof};
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// A user or a group, as a member.
pub type Member = (MemberKind, Uuid);

/// What a departure means for what the person held.
///
/// Grants, requests and saved queries belong to the project and stay there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Departure {
    /// People who are out of the project now; none if they are still in it through a group or by themselves.
    pub people: usize,
    /// Sessions that acted in the project and act in none from the next request on.
    pub sessions_now_elsewhere: u64,
    /// Open requests of those people, which stay with the project.
    pub open_requests: i64,
    /// All of this as a sentence.
    pub note: String,
}

/// The members of a project, users and groups.
pub async fn list(app: &App, caller: &Caller, project: ProjectId) -> Result<Vec<ProjectMember>, Fault> {
    look!(app, caller, "member.list", |tx, scope, actor| {
        let proof = project_proof(tx, scope, actor, project).await?;
        Ok(store::member_list(tx, &proof).await?)
    })
}

/// Adds a user or a group at once, without an invitation.
pub async fn add(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    member: Member,
    role: ProjectRole,
) -> Result<ProjectMember, Fault> {
    change!(app, caller, "member.add", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, project).await?;
        check_exists(tx, member).await?;
        let may_view = decide(scope, actor, proof.on())?;
        if find_member(tx, &may_view, member).await?.is_some() {
            return Err(Fault::new(Code::Conflict, "this is a member already").on("member"));
        }
        store::member_set(tx, project, member, role, id_of(actor), app.now()).await?;
        if member.0 == MemberKind::User {
            store::invitation_delete(tx, project, member.1.into()).await?;
        }
        audit::record(app, tx, caller, actor, event("member.add", project, member, json!({ "role": role }))).await?;
        must_find(tx, &may_view, member).await
    })
}

async fn check_exists(tx: &mut Tx, member: Member) -> Result<(), Fault> {
    match member.0 {
        MemberKind::User => enabled_user(tx, member.1.into()).await.map(drop),
        MemberKind::Group => {
            let group = groups::group_find(tx, GroupId::from(member.1)).await?;
            group.map(drop).ok_or_else(|| Fault::not_found("group").on("group"))
        }
    }
}

/// A user who can become a member.
pub(super) async fn enabled_user(tx: &mut Tx, id: UserId) -> Result<User, Fault> {
    let user = users::user_find(tx, id).await?.ok_or_else(|| Fault::not_found("user").on("user"))?;
    if user.disabled {
        return Err(Fault::invalid("user", "this user is disabled"));
    }
    Ok(user)
}

/// The membership of a user or group itself, not through a group.
pub(super) async fn find_member(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, action::ViewProject>,
    member: Member,
) -> Result<Option<ProjectMember>, Fault> {
    let members = store::member_list(tx, proof).await?;
    Ok(members.into_iter().find(|found| (found.member_kind, found.member_id) == member))
}

async fn must_find(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, action::ViewProject>,
    member: Member,
) -> Result<ProjectMember, Fault> {
    find_member(tx, proof, member).await?.ok_or_else(|| Fault::not_found("member").on("member"))
}

/// Gives a member another role.
pub async fn set_role(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    member: Member,
    role: ProjectRole,
) -> Result<(), Fault> {
    change!(app, caller, "member.set_role", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, project).await?;
        let may_view = decide(scope, actor, proof.on())?;
        let before = must_find(tx, &may_view, member).await?.role;
        store::member_set(tx, project, member, role, id_of(actor), app.now()).await?;
        keep_an_owner(tx, project).await?;
        let roles = json!({ "before": before, "after": role });
        audit::record(app, tx, caller, actor, event("member.set_role", project, member, roles)).await
    })
}

/// Removes a member: with his next request he sees nothing of the project's inside.
pub async fn remove(app: &App, caller: &Caller, project: ProjectId, member: Member) -> Result<Departure, Fault> {
    let (departure, gone) = change!(app, caller, "member.remove", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, project).await?;
        let may_view = decide(scope, actor, proof.on())?;
        must_find(tx, &may_view, member).await?;
        let (departure, gone) = depart(app, tx, project, member).await?;
        audit::record(app, tx, caller, actor, event("member.remove", project, member, json!(departure))).await?;
        Ok((departure, gone))
    })?;
    end_queries(app, project, &gone);
    Ok(departure)
}

/// Rows still on their way to people who left a project end at once, in this process; elsewhere with the next look at
/// their access.
fn end_queries(app: &App, project: ProjectId, gone: &BTreeSet<UserId>) {
    for user in gone {
        app.queries.cancel_of_member(Principal::User(*user), project);
    }
}

/// Ends the caller's own membership.
pub async fn leave(app: &App, caller: &Caller, project: ProjectId) -> Result<Departure, Fault> {
    let (departure, gone) = change!(app, caller, "member.leave", |tx, scope, actor| {
        let may_view = project_proof(tx, scope, actor, project).await?;
        let member = (MemberKind::User, oneself(scope, actor)?.on().id.into());
        if find_member(tx, &may_view, member).await?.is_none() {
            return Err(Fault::new(Code::Conflict, "you are in this project through a group")
                .fix("ask an owner to remove the group, or an administrator to take you out of it"));
        }
        let (departure, gone) = depart(app, tx, project, member).await?;
        audit::record(app, tx, caller, actor, event("member.leave", project, member, json!(departure))).await?;
        Ok((departure, gone))
    })?;
    end_queries(app, project, &gone);
    Ok(departure)
}

/// Makes another member an owner; the caller steps down to contributor.
pub async fn transfer(app: &App, caller: &Caller, project: ProjectId, to: UserId) -> Result<(), Fault> {
    change!(app, caller, "member.transfer", |tx, scope, actor| {
        let proof = project_proof::<action::ManageProject>(tx, scope, actor, project).await?;
        let from = oneself(scope, actor)?.on().id;
        if from == to {
            return Err(Fault::invalid("to", "you own this project already"));
        }
        if !store::people_of(tx, project).await?.contains(&to) {
            return Err(Fault::invalid("to", "the new owner has to be an enabled member").fix("add this user first"));
        }
        let may_view = decide(scope, actor, proof.on())?;
        let own = (MemberKind::User, from.into());
        if find_member(tx, &may_view, own).await?.is_none_or(|found| found.role != ProjectRole::Owner) {
            return Err(Fault::new(Code::Conflict, "you own this project through a group, which stays its owner")
                .fix("give the new owner the role, and the group another one"));
        }
        let new = (MemberKind::User, to.into());
        store::member_set(tx, project, new, ProjectRole::Owner, from.into(), app.now()).await?;
        store::member_set(tx, project, own, ProjectRole::Contributor, from.into(), app.now()).await?;
        keep_an_owner(tx, project).await?;
        audit::record(app, tx, caller, actor, event("member.transfer", project, new, json!({ "from": from }))).await
    })
}

/// Gives a project that has lost every enabled owner a new one: an administrator's work, not for himself while there
/// are other administrators.
pub async fn appoint_owner(app: &App, caller: &Caller, project: ProjectId, user: UserId) -> Result<(), Fault> {
    change!(app, caller, "member.appoint_owner", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        store::project_facts(tx, project).await?.ok_or_else(|| Fault::not_found("project"))?;
        enabled_user(tx, user).await?;
        if !store::owners_of(tx, project).await?.is_empty() {
            return Err(Fault::new(Code::Conflict, "this project has an owner").fix("ask that owner"));
        }
        let administrators = users::holders_of(tx, ProductRole::Administrator).await?;
        let alone = administrators.iter().all(|holder| actor.user() == Some(*holder));
        if actor.user() == Some(user) && !alone {
            return Err(Fault::new(Code::Forbidden, "nobody gives himself a project").fix("ask another administrator"));
        }
        let member = (MemberKind::User, user.into());
        store::member_set(tx, project, member, ProjectRole::Owner, id_of(actor), app.now()).await?;
        let detail = json!({ "single_administrator": alone });
        audit::record(app, tx, caller, actor, event("member.appoint_owner", project, member, detail)).await
    })
}

fn event(action: &'static str, project: ProjectId, member: Member, detail: serde_json::Value) -> Event {
    let detail = json!({ "member_kind": member.0, "member": member.1, "detail": detail });
    Event::on(action, "project", project).owned_by(project).with(detail)
}

/// Refuses what was done in this transaction if it leaves nobody who may manage the project.
async fn keep_an_owner(tx: &mut Tx, project: ProjectId) -> Result<(), Fault> {
    if store::owners_of(tx, project).await?.is_empty() {
        return Err(Fault::new(Code::Conflict, "the project would have no enabled owner left")
            .fix("make another member an owner first"));
    }
    Ok(())
}

/// Ends a membership; gives what that does, and who is in the project no more.
async fn depart(
    app: &App,
    tx: &mut WriteTx,
    project: ProjectId,
    member: Member,
) -> Result<(Departure, BTreeSet<UserId>), Fault> {
    let before: BTreeSet<UserId> = store::people_of(tx, project).await?.into_iter().collect();
    store::member_remove(tx, project, member).await?;
    keep_an_owner(tx, project).await?;
    let mut gone = before;
    for still_in in store::people_of(tx, project).await? {
        gone.remove(&still_in);
    }
    let mut departure = Departure { people: gone.len(), ..Departure::default() };
    for user in &gone {
        departure.sessions_now_elsewhere += store::sessions_leave(tx, project, *user, app.now()).await?;
        departure.open_requests += store::open_requests_of(tx, project, *user).await?;
    }
    departure.note = note(&departure);
    Ok((departure, gone))
}

fn note(departure: &Departure) -> String {
    if departure.people == 0 {
        return "Everybody concerned is still in the project by another membership, or is disabled.".to_owned();
    }
    let requests = match departure.open_requests {
        0 => String::new(),
        1 => " One open request stays with the project.".to_owned(),
        more => format!(" {more} open requests stay with the project."),
    };
    format!("Grants, service accounts and saved queries belong to the project and stay.{requests}")
}
