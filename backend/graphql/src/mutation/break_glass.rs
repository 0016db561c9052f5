//! Emergency access: opening, ending, reviewing.

use async_graphql::{Context, Object};
use lakegate_app::access::break_glass;

use crate::{
    at::At,
    errors::{Maybe, outcome, payloads},
    scalars::{BreakGlassVerdict, Id},
    types::break_glass::{BreakGlass, BreakGlassInput},
};

payloads! {
    /// An emergency access after a change.
    BreakGlassPayload { break_glass: BreakGlass }
}

/// Changes of emergency access.
#[derive(Debug, Default)]
pub struct BreakGlassMutation;

#[Object]
impl BreakGlassMutation {
    /// Opens a table for the caller himself in an emergency, at once and for a short time: for administrators and security
    /// administrators. Owners and stewards are told, every read is marked, and a second person reviews it afterwards. Needs a
    /// password given within the last ten minutes.
    async fn break_glass(&self, ctx: &Context<'_>, input: BreakGlassInput) -> Maybe<BreakGlassPayload> {
        let at = At::of(ctx);
        outcome(&at, break_glass::open(at.app(), &at.caller, &input.into()).await)
    }

    /// Ends an emergency access before its time: for him who opened it, owners, stewards and security administrators. His
    /// running queries are cancelled.
    async fn end_break_glass(&self, ctx: &Context<'_>, id: Id) -> Maybe<BreakGlassPayload> {
        let at = At::of(ctx);
        outcome(&at, break_glass::end(at.app(), &at.caller, id.into()).await)
    }

    /// Confirms an emergency access of somebody else, or objects to it, which ends it: for owners of the data and security
    /// administrators. Needs a password given within the last ten minutes.
    async fn review_break_glass(
        &self,
        ctx: &Context<'_>,
        id: Id,
        verdict: BreakGlassVerdict,
        note: String,
    ) -> Maybe<BreakGlassPayload> {
        let at = At::of(ctx);
        outcome(&at, break_glass::review(at.app(), &at.caller, id.into(), (verdict.into(), &note)).await)
    }
}
