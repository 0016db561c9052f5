//! The facts about who acts, read afresh in the transaction that decides.

use lakegate_model::{
    ids::{DomainId, GroupId, ProjectId, ServiceAccountId, UserId},
    words::{ProjectRole, TokenScope},
};
use lakegate_policy::actor::{Actor, Principal};
use uuid::Uuid;

use crate::{StoreError, Tx, tokens, users};

statements! {
    RIGHTS = "WITH RECURSIVE below (id) AS (SELECT domain_id FROM domain_stewards WHERE user_id = $1 UNION SELECT d.id FROM domains d JOIN below b ON d.parent_id = b.id) SELECT 'role' AS kind, CAST(NULL AS UUID) AS id, role AS word FROM user_roles WHERE user_id = $1 UNION ALL SELECT 'group', group_id, '' FROM group_members WHERE user_id = $1 UNION ALL SELECT 'project', project_id, role FROM project_members WHERE member_kind = 'user' AND member_id = $1 UNION ALL SELECT 'project', m.project_id, m.role FROM project_members m JOIN group_members g ON m.member_kind = 'group' AND m.member_id = g.group_id WHERE g.user_id = $1 UNION ALL SELECT 'domain', id, '' FROM below";
}

/// One thing that a user has, of several kinds: what each request asks for comes in one answer.
#[derive(sqlx::FromRow)]
struct Right {
    /// `role`, `group`, `project` or `domain`.
    kind: String,
    /// Of the group, project or domain.
    id: Option<Uuid>,
    /// The role in the installation or project.
    word: String,
}

/// A user as an actor with all scopes, in no project; `None` if absent or disabled.
pub async fn user_actor(tx: &mut Tx, id: UserId) -> Result<Option<Actor>, StoreError> {
    let Some(user) = users::user_find(tx, id).await?.filter(|user| !user.disabled) else {
        return Ok(None);
    };
    let mut actor = Actor::bare(Principal::User(id), &user.username);
    actor.scopes = TokenScope::ALL.iter().copied().collect();
    for right in fetch_all!(tx, Right, RIGHTS, id)? {
        give(&mut actor, &right)?;
    }
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
    actor.purpose = account.purpose_id;
    Ok(Some(actor))
}

fn give(actor: &mut Actor, right: &Right) -> Result<(), StoreError> {
    let unknown =
        || StoreError::Driver(sqlx::Error::Decode(format!("no {} is called {}", right.kind, right.word).into()));
    match (right.kind.as_str(), right.id) {
        ("role", _) => drop(actor.roles.insert(right.word.parse().map_err(|_| unknown())?)),
        ("group", Some(id)) => drop(actor.groups.insert(GroupId(id))),
        ("domain", Some(id)) => drop(actor.stewarded.insert(DomainId(id))),
        ("project", Some(id)) => {
            let role: ProjectRole = right.word.parse().map_err(|_| unknown())?;
            let held = actor.projects.entry(ProjectId(id)).or_insert(role);
            *held = role.max(*held);
        }
        _ => return Err(unknown()),
    }
    Ok(())
}
