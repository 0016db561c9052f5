//! The names of whom rules are about, and the people behind them.

use lakegate_model::{Fault, grants::Grantee, ids::UserId, rules::Exemption, words::ExemptKind};
use lakegate_store::{Tx, groups, projects, purposes, tokens, users};

/// Whoever an exemption spares, as a grantee; nobody in particular for a purpose.
pub(crate) fn spared(exemption: &Exemption) -> Option<Grantee> {
    let id = exemption.principal_id;
    match exemption.kind {
        ExemptKind::User => Some(Grantee::User(id.into())),
        ExemptKind::Group => Some(Grantee::Group(id.into())),
        ExemptKind::Project => Some(Grantee::Project(id.into())),
        ExemptKind::Purpose => None,
    }
}

/// The name of whom an exemption spares, or `None` if there is no such.
pub(super) async fn spared_name(tx: &mut Tx, exemption: &Exemption) -> Result<Option<String>, Fault> {
    match spared(exemption) {
        Some(principal) => name_of(tx, &principal).await,
        None => {
            let found = purposes::purpose_find(tx, exemption.principal_id.into()).await?;
            Ok(found.map(|purpose| format!("whoever states {}", purpose.name)))
        }
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
