//! Groups of users.

use lakegate_model::{
    Code, Fault, Page, PageRequest,
    ids::{GroupId, UserId},
    people::{Group, User},
    text,
};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{groups, users};
use serde_json::json;

use crate::{
    App, Caller,
    audit::{self, Event},
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
        if !actor.is_known() {
            return Err(Fault::new(Code::Unauthenticated, "sign in first"));
        }
        Ok(groups::group_list(tx, search, page).await?)
    })
}

/// A group and who is in it.
pub async fn get(app: &App, caller: &Caller, id: GroupId) -> Result<(Group, Vec<User>), Fault> {
    look!(app, caller, "group.get", |tx, scope, actor| {
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
        let _proof = decide::<action::ManageUsers, _>(scope, actor, Platform)?;
        let found = groups::group_find(tx, group).await?.ok_or_else(|| Fault::not_found("group"))?;
        if found.issuer.is_some() {
            return Err(Fault::new(Code::Conflict, "the identity provider decides who is in this group"));
        }
        users::user_find(tx, user).await?.ok_or_else(|| Fault::not_found("user").on("user"))?;
        if member && actor.user() == Some(user) && !actor.groups.contains(&group) {
            return Err(
                Fault::new(Code::Forbidden, "nobody puts himself into a group").fix("ask another administrator")
            );
        }
        if member {
            groups::group_member_add(tx, group, user).await?;
        } else if !groups::group_member_remove(tx, group, user).await? {
            return Err(Fault::new(Code::Conflict, "this user is not in the group"));
        }
        let event = Event::on("group.set_member", "group", group).with(json!({ "user": user, "member": member }));
        audit::record(app, tx, caller, actor, event).await
    })
}
