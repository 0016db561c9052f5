//! Groups of users.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    ids::{GroupId, UserId},
    people::{Group, User},
    text,
    words::{MemberKind, TokenScope},
};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{Tx, WriteTx, groups, projects, users};
use serde_json::json;

use super::has_colleague;
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::{Acting, known},
};

/// Creates a group.
pub async fn create(app: &App, caller: &Caller, name: &str, description: &str) -> Result<Group, Fault> {
    let name = text::name("name", name)?;
    let description = text::prose("description", description, text::COMMENT_MAX)?;
    change!(app, caller, "group.create", |tx, scope, actor| {
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        let group = Group {
            id: app.new_id(),
            name: name.clone(),
            description: description.clone(),
            issuer: None,
            external_id: None,
            created_at: app.now(),
        };
        groups::group_insert(tx, &group).await?;
        let event = Event::on("group.create", "group", group.id).with(json!({ "name": group.name }));
        audit::record(app, tx, caller, actor, event).await?;
        Ok(group)
    })
}

/// Groups in order of names: any signed-in person may look.
pub async fn list(app: &App, caller: &Caller, search: &str, page: &PageRequest) -> Result<Page<Group>, Fault> {
    look!(app, caller, "group.list", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        Ok(groups::group_list(tx, search, page).await?)
    })
}

/// A group and who is in it.
pub async fn get(app: &App, caller: &Caller, id: GroupId) -> Result<(Group, Vec<User>), Fault> {
    look!(app, caller, "group.get", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        if !actor.groups.contains(&id) {
            let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        }
        let group = groups::group_find(tx, id).await?.ok_or_else(|| Fault::not_found("group"))?;
        Ok((group, groups::group_members(tx, id).await?))
    })
}

/// Puts a user into a group or takes him out. Members of the identity provider's groups come from its tokens.
pub async fn set_member(app: &App, caller: &Caller, group: GroupId, user: UserId, member: bool) -> Result<(), Fault> {
    change!(app, caller, "group.set_member", |tx, scope, actor| {
        set_member_in(app, tx, (caller, scope, actor), (group, user, member)).await
    })
}

/// [`set_member`] in the caller's transaction.
pub(crate) async fn set_member_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    (group, user, member): (GroupId, UserId, bool),
) -> Result<(), Fault> {
    let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
    let found = groups::group_find(tx, group).await?.ok_or_else(|| Fault::not_found("group"))?;
    if found.issuer.is_some() {
        return Err(Fault::new(Code::Conflict, "the identity provider decides who is in this group"));
    }
    users::user_find(tx, user).await?.ok_or_else(|| Fault::not_found("user").on("user"))?;
    let alone = !has_colleague(tx, actor).await?;
    if member && actor.user() == Some(user) && !actor.groups.contains(&group) && !alone {
        return Err(Fault::new(Code::Forbidden, "nobody puts himself into a group").fix("ask another administrator"));
    }
    if member {
        groups::group_member_add(tx, group, user).await?;
    } else if !groups::group_member_remove(tx, group, user).await? {
        return Err(Fault::new(Code::Conflict, "this user is not in the group"));
    } else {
        keep_owners(tx, group).await?;
    }
    let event = Event::on("group.set_member", "group", group)
        .with(json!({ "user": user, "member": member, "single_administrator": alone }));
    audit::record(app, tx, caller, actor, event).await
}

/// Refuses what was done in this transaction if a project that the group owns has no enabled owner any more.
async fn keep_owners(tx: &mut Tx, group: GroupId) -> Result<(), Fault> {
    for project in projects::owned_by(tx, (MemberKind::Group, group.into())).await? {
        if projects::owners_of(tx, project).await?.is_empty() {
            return Err(Fault::new(Code::Conflict, "a project would have no enabled owner left")
                .fix("make somebody else an owner first"));
        }
    }
    Ok(())
}
