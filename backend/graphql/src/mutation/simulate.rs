//! What changes of rules would change, before they are made.

use async_graphql::{Context, Object};
use lakegate_app::access::simulate::{Change, simulate};
use lakegate_model::Fault;

use super::{grants::CreateGrantInput, rules::CreateRestrictionInput};
use crate::{
    at::At,
    errors::{Maybe, outcome, payloads},
    scalars::Id,
    types::simulate::Simulation,
};

payloads! {
    /// What a change would do.
    SimulationPayload { simulation: Simulation }
}

/// Changes that are tried and undone. They are mutations because they go the way of the change itself: never cached, never
/// asked by `GET`, refused to whom the change is refused.
#[derive(Debug, Default)]
pub struct SimulateMutation;

pub(super) async fn tried(at: &At, change: Result<Change, Fault>) -> Maybe<SimulationPayload> {
    let found = match change {
        Ok(change) => simulate(at.app(), &at.caller, &change).await,
        Err(fault) => Err(fault),
    };
    outcome(at, found)
}

#[Object]
impl SimulateMutation {
    /// What `createGrant` would change of who sees what. Nothing is given, and no password is asked for.
    async fn simulate_create_grant(&self, ctx: &Context<'_>, input: CreateGrantInput) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), input.read().map(Change::CreateGrant)).await
    }

    /// What `revokeGrant` would change of who sees what, with what was handed on under the grant. Nothing is taken back.
    async fn simulate_revoke_grant(&self, ctx: &Context<'_>, id: Id) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), Ok(Change::RevokeGrant(id.into()))).await
    }

    /// What `createRestriction` would change of who sees what. Nothing is put in force.
    async fn simulate_create_restriction(
        &self,
        ctx: &Context<'_>,
        input: CreateRestrictionInput,
    ) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), input.read().map(Change::CreateRestriction)).await
    }

    /// What `liftRestriction` would change of who sees what. Nothing is lifted.
    async fn simulate_lift_restriction(&self, ctx: &Context<'_>, id: Id) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), Ok(Change::LiftRestriction(id.into()))).await
    }

    /// What `revokeSubscription` would change of who sees what. Nothing is taken back, and nobody is told.
    async fn simulate_revoke_subscription(&self, ctx: &Context<'_>, id: Id) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), Ok(Change::RevokeSubscription(id.into()))).await
    }

    /// What other tags on an asset, or on one of its columns, would change of who sees what. The tags stay as they are.
    async fn simulate_set_tags(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        column: Option<Id>,
        tags: Vec<String>,
    ) -> Maybe<SimulationPayload> {
        let change = Change::SetTags { asset: asset.into(), column: column.map(Into::into), tags };
        tried(&At::of(ctx), Ok(change)).await
    }

    /// What putting a person into a group, or taking him out of it, would change of what he sees and of what he handed on.
    /// Nobody is moved.
    async fn simulate_set_group_member(
        &self,
        ctx: &Context<'_>,
        group: Id,
        user: Id,
        member: bool,
    ) -> Maybe<SimulationPayload> {
        let change = Change::SetGroupMember { group: group.into(), user: user.into(), member };
        tried(&At::of(ctx), Ok(change)).await
    }
}
