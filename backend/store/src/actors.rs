//! The facts about who acts, read afresh in the transaction that decides.

use lakegate_model::{
    ids::{DomainId, GroupId, ProjectId, ServiceAccountId, UserId},
    words::{ProductRole, ProjectRole, TokenScope},
};
use lakegate_policy::actor::{Actor, Principal};
use std::collections::{BTreeMap, BTreeSet};

use crate::{StoreError, Tx, tokens, users};

statements! {
    GROUPS = "SELECT group_id FROM group_members WHERE user_id = $1";
    MEMBERSHIPS = "SELECT m.project_id, m.role FROM project_members m WHERE m.member_kind = 'user' AND m.member_id = $1 UNION SELECT m.project_id, m.role FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE g.user_id = $1";
    STEWARDED = "WITH RECURSIVE below (id) AS (SELECT domain_id FROM domain_stewards WHERE user_id = $1 UNION SELECT d.id FROM domains d JOIN below b ON d.parent_id = b.id) SELECT id FROM below";
}

/// A user as an actor with all scopes, in no project; `None` if absent or disabled.
pub async fn user_actor(tx: &mut Tx, id: UserId) -> Result<Option<Actor>, StoreError> {
    let Some(user) = users::user_find(tx, id).await?.filter(|user| !user.disabled) else {
        return Ok(None);
    };
    let mut actor = Actor::bare(Principal::User(id), &user.username);
    actor.scopes = TokenScope::ALL.iter().copied().collect();
    actor.roles = users::roles_of(tx, id).await?.into_iter().collect::<BTreeSet<ProductRole>>();
    actor.groups = fetch_all!(tx, (GroupId,), GROUPS, id)?.into_iter().map(|row| row.0).collect();
    actor.projects = strongest(fetch_all!(tx, (ProjectId, ProjectRole), MEMBERSHIPS, id)?);
    actor.stewarded = fetch_all!(tx, (DomainId,), STEWARDED, id)?.into_iter().map(|row| row.0).collect();
    Ok(Some(actor))
}

/// A service account as an actor of its one project; `None` if absent or disabled.
pub async fn account_actor(tx: &mut Tx, id: ServiceAccountId) -> Result<Option<Actor>, StoreError> {
    let Some(account) = tokens::account_find(tx, id).await?.filter(|account| !account.disabled) else {
        return Ok(None);
    };
    let mut actor = Actor::bare(Principal::ServiceAccount(id), &account.name);
    actor.projects.insert(account.project_id, account.role);
    actor.acting = Some(account.project_id);
    Ok(Some(actor))
}

fn strongest(rows: Vec<(ProjectId, ProjectRole)>) -> BTreeMap<ProjectId, ProjectRole> {
    let mut roles = BTreeMap::new();
    for (project, role) in rows {
        let held = roles.entry(project).or_insert(role);
        *held = role.max(*held);
    }
    roles
}
