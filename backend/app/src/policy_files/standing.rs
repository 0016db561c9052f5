//! How the set in force stands, what waits, and what was before.

use lakegate_model::{
    Fault, Page, PageRequest, Timestamp, ids::PolicyVersionId, policy_files::PolicyVersion, words::PolicyVersionState,
};
use lakegate_policy::{action, decide, resource::Platform};
use lakegate_store::{Tx, policy_files as store};

use super::{apply::user_name, proposals::proposed_plan, reconcile::drift, words::PlanWords};
use crate::{App, Caller};

/// A version with the names of those who made and decided it.
#[derive(Debug, Clone)]
pub struct VersionView {
    pub version: PolicyVersion,
    pub created_by: String,
    pub decided_by: String,
}

/// A proposal as it would change the catalog at this moment.
#[derive(Debug, Clone)]
pub struct WaitingView {
    pub version: VersionView,
    /// What it would change, or why it cannot be applied.
    pub plan: Result<PlanWords, String>,
    /// Whether the caller proposed it, and so cannot approve it.
    pub own: bool,
}

/// How things stand.
#[derive(Debug, Clone)]
pub struct Standing {
    pub current: Option<VersionView>,
    pub waiting: Option<WaitingView>,
    /// When the set in force was last compared with the catalog.
    pub compared_at: Option<Timestamp>,
    /// Why it can no longer be applied, and since when.
    pub failure: Option<(String, Option<Timestamp>)>,
    /// What differs now, or why that cannot be said.
    pub drift: Result<PlanWords, String>,
}

/// How things stand, for security administrators.
pub async fn standing(app: &App, caller: &Caller) -> Result<Standing, Fault> {
    look!(app, caller, "policy.read", |tx, scope, actor| {
        let _may = decide::<action::ReadPolicyFiles, _>(scope, actor, Platform)?;
        let current = store::version_latest(tx, PolicyVersionState::Applied).await?;
        let drift = match &current {
            Some(version) => drift(app, tx, version).await.map(|made| made.words).map_err(|fault| fault.to_string()),
            None => Ok(PlanWords::default()),
        };
        let waiting = match store::version_latest(tx, PolicyVersionState::Proposed).await? {
            Some(version) => {
                let plan = proposed_plan(app, tx, &version, actor).await.map_err(|fault| fault.to_string());
                let own = actor.user() == Some(version.created_by);
                Some(WaitingView { plan, own, version: view(tx, version).await? })
            }
            None => None,
        };
        let state = store::state(tx).await?;
        Ok(Standing {
            current: match current {
                Some(version) => Some(view(tx, version).await?),
                None => None,
            },
            waiting,
            compared_at: state.as_ref().map(|state| state.reconciled_at),
            failure: state.and_then(|state| Some((state.failure?, state.failed_at))),
            drift,
        })
    })
}

/// Every version, the latest first.
pub async fn versions(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<VersionView>, Fault> {
    look!(app, caller, "policy.read", |tx, scope, actor| {
        let proof = decide::<action::ReadPolicyFiles, _>(scope, actor, Platform)?;
        let found = store::version_list(tx, &proof, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for version in found.items {
            items.push(view(tx, version).await?);
        }
        Ok(Page { items, next: found.next })
    })
}

/// One version.
///
/// # Errors
/// `not_found` if there is no such.
pub async fn version(app: &App, caller: &Caller, id: PolicyVersionId) -> Result<VersionView, Fault> {
    look!(app, caller, "policy.read", |tx, scope, actor| {
        let proof = decide::<action::ReadPolicyFiles, _>(scope, actor, Platform)?;
        let found = store::version_find(tx, &proof, id).await?;
        view(tx, found.ok_or_else(|| Fault::not_found("version of the rules"))?).await
    })
}

async fn view(tx: &mut Tx, version: PolicyVersion) -> Result<VersionView, Fault> {
    Ok(VersionView {
        created_by: user_name(tx, Some(version.created_by)).await?,
        decided_by: user_name(tx, version.decided_by).await?,
        version,
    })
}
