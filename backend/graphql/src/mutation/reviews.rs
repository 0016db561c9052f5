//! Campaigns that review who has access.

use async_graphql::{Context, Object};
use lakegate_app::access::reviews;

use crate::{
    at::At,
    errors::{Maybe, outcome, payloads},
    scalars::Id,
    types::reviews::{Review, ReviewDecisionInput, StartReviewInput},
};

payloads! {
    /// A campaign after a change.
    ReviewPayload { review: Review }
}

/// Changes of campaigns of review.
#[derive(Debug, Default)]
pub struct ReviewsMutation;

#[Object]
impl ReviewsMutation {
    /// Starts a campaign: it lists every live grant on an asset, a project or a domain, with its holder and what was used of
    /// it. For owners, stewards of the domain and security administrators.
    async fn start_review(&self, ctx: &Context<'_>, input: StartReviewInput) -> Maybe<ReviewPayload> {
        let at = At::of(ctx);
        let started = match input.read() {
            Ok(new) => reviews::start(at.app(), &at.caller, &new).await,
            Err(fault) => Err(fault),
        };
        outcome(&at, started)
    }

    /// Keeps a grant, takes it back, or narrows it to what was used lately. A campaign gives no rights: whoever decides needs
    /// those of taking back, and for narrowing a direct grant those of giving it.
    async fn decide_review_item(
        &self,
        ctx: &Context<'_>,
        item: Id,
        input: ReviewDecisionInput,
    ) -> Maybe<ReviewPayload> {
        let at = At::of(ctx);
        outcome(&at, reviews::decide(at.app(), &at.caller, item.into(), &input.into()).await)
    }

    /// Closes a campaign: what is undecided stays as it is, and everything stays readable.
    async fn close_review(&self, ctx: &Context<'_>, id: Id) -> Maybe<ReviewPayload> {
        let at = At::of(ctx);
        outcome(&at, reviews::close(at.app(), &at.caller, id.into()).await)
    }
}
