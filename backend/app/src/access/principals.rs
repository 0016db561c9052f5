//! The names of whom rules are about, and the people behind them.

use lakegate_model::{Fault, grants::Grantee, ids::UserId, rules::Exemption, words::ExemptKind};
use lakegate_store::{Tx, groups, projects, tokens, users};

/// Whoever an exemption spares, as a grantee.
pub(crate) fn spared(exemption: &Exemption) -> Grantee {
    let id = exemption.principal_id;
    match exemption.kind {
        ExemptKind::User => Grantee::User(id.into()),
        ExemptKind::Group => Grantee::Group(id.into()),
        ExemptKind::Project => Grantee::Project(id.into()),
    }
}

/// The name of a principal, or `None` if there is no such.
pub(crate) async fn name_of(tx: &mut Tx, principal: &Grantee) -> Result<Option<String>, Fault> {
    Ok(match principal {
        Grantee::User(id) => users::user_find(tx, *id).await?.map(|user| user.display_name),
        Grantee::Group(id) => groups::group_find(tx, *id).await?.map(|group| group.name),
        Grantee::ServiceAccount(id) => tokens::account_find(tx, *id).await?.map(|account| account.name),
        Grantee::Project(id) => projects::project_label(tx, *id).await?.map(|(name, _)| name),
        Grantee::Role(role) => Some(format!("every {}", role.as_str().replace('_', " "))),
        Grantee::Everyone => Some("everyone".to_owned()),
    })
}

/// The people to be told of something that concerns a principal; nobody for roles and everyone, who are too many.
pub(super) async fn people_behind(tx: &mut Tx, principal: &Grantee) -> Result<Vec<UserId>, Fault> {
    Ok(match principal {
        Grantee::User(id) => vec![*id],
        Grantee::Group(id) => groups::group_members(tx, *id).await?.into_iter().map(|user| user.id).collect(),
        Grantee::Project(id) => projects::people_of(tx, *id).await?,
        Grantee::ServiceAccount(_) | Grantee::Role(_) | Grantee::Everyone => Vec::new(),
    })
}
