//! Names for ids that stand beside things the caller was shown already: many at once, in one look.

use lakegate_model::{
    Fault,
    ids::{DomainId, ProjectId, UserId},
};
use lakegate_store::{domains, projects, users};
use std::collections::HashMap;

use crate::{App, Caller, places::need_known};

/// Names of projects. Ids must come from what the caller was shown, not from his input.
///
/// # Errors
/// `unauthenticated`
pub async fn of_projects(app: &App, caller: &Caller, ids: &[ProjectId]) -> Result<HashMap<ProjectId, String>, Fault> {
    look!(app, caller, "name.list", |tx, scope, actor| {
        need_known(actor)?;
        let mut names = HashMap::with_capacity(ids.len());
        for id in ids {
            names.extend(projects::project_label(tx, *id).await?.map(|(name, _)| (*id, name)));
        }
        Ok(names)
    })
}

/// Display names of people.
///
/// # Errors
/// `unauthenticated`
pub async fn of_users(app: &App, caller: &Caller, ids: &[UserId]) -> Result<HashMap<UserId, String>, Fault> {
    look!(app, caller, "name.list", |tx, scope, actor| {
        need_known(actor)?;
        let mut names = HashMap::with_capacity(ids.len());
        for id in ids {
            names.extend(users::user_find(tx, *id).await?.map(|user| (*id, user.display_name)));
        }
        Ok(names)
    })
}

/// Names of domains.
///
/// # Errors
/// `unauthenticated`
pub async fn of_domains(app: &App, caller: &Caller, ids: &[DomainId]) -> Result<HashMap<DomainId, String>, Fault> {
    look!(app, caller, "name.list", |tx, scope, actor| {
        need_known(actor)?;
        let mut names = HashMap::with_capacity(ids.len());
        for id in ids {
            names.extend(domains::domain_find(tx, *id).await?.map(|domain| (*id, domain.name)));
        }
        Ok(names)
    })
}
