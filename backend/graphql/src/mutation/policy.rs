//! Rules that come from files.

use async_graphql::{Context, Object};
use lakegate_app::policy_files::{apply, proposals, reconcile};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::Id,
    types::policy::{PolicyDone, PolicyFileInput, PolicyPlan},
};

payloads! {
    /// A set of rules after it was applied, proposed or approved.
    PolicyPayload { done: PolicyDone }
    /// What was put right.
    ReconcilePolicyPayload { plan: PolicyPlan }
}

/// Changes of rules that come from files, for security administrators.
#[derive(Debug, Default)]
pub struct PolicyMutation;

#[Object]
impl PolicyMutation {
    /// Applies files: all of them, or nothing. Only what files brought is changed or taken away. What would widen the caller's
    /// own reading waits for another security administrator. Needs a password given within the last ten minutes.
    async fn apply_policy(&self, ctx: &Context<'_>, files: Vec<PolicyFileInput>) -> Maybe<PolicyPayload> {
        let at = At::of(ctx);
        let files: Vec<_> = files.into_iter().map(Into::into).collect();
        outcome(&at, apply::apply(at.app(), &at.caller, &files).await)
    }

    /// Applies what another proposed. `seen` is the digest of its plan as `policyState` gave it. Needs a password given within
    /// the last ten minutes.
    async fn approve_policy(&self, ctx: &Context<'_>, id: Id, seen: String) -> Maybe<PolicyPayload> {
        let at = At::of(ctx);
        outcome(&at, proposals::approve(at.app(), &at.caller, id.into(), &seen).await)
    }

    /// Refuses a proposal, or takes one's own back.
    async fn refuse_policy(&self, ctx: &Context<'_>, id: Id, reason: String) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, proposals::refuse(at.app(), &at.caller, id.into(), &reason).await)
    }

    /// Compares the version in force with the catalog now, and puts right what differs.
    async fn reconcile_policy(&self, ctx: &Context<'_>) -> Maybe<ReconcilePolicyPayload> {
        let at = At::of(ctx);
        outcome(&at, reconcile::now(at.app(), &at.caller).await)
    }
}
