//! What a resolver works with beside the request itself.

use async_graphql::{Context, dataloader::DataLoader};

use super::names::Names;

pub use lakegate_protocol::At;

/// Loads names for the ids of lists, one look a batch.
#[expect(clippy::expect_used, reason = "the only place that executes requests puts it into each")]
pub fn names<'a>(ctx: &'a Context<'_>) -> &'a DataLoader<Names> {
    ctx.data_opt::<DataLoader<Names>>().expect("every request carries its loader")
}
