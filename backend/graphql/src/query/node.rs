//! Things by their id alone.

use async_graphql::{Context, Object};
use lakegate_app::nodes;

use crate::{
    at::At,
    errors::{Maybe, answer},
    scalars::Id,
    types::node::Node,
};

/// The query that Relay clients refetch with.
#[derive(Debug, Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// The thing with an id, whatever it is. What is absent, hidden or of another kind gives one and the same answer.
    async fn node(&self, ctx: &Context<'_>, id: Id) -> Maybe<Node> {
        let at = At::of(ctx);
        answer(&at, nodes::find(at.app(), &at.caller, id.0).await)
    }
}
