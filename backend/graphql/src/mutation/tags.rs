//! Putting tags on and taking them off.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::catalog::tagging::{self, TagChange};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome},
    scalars::Id,
};

/// A tag to be put on an asset or one of its columns, or taken off.
#[derive(Debug, InputObject)]
pub struct ChangeTagInput {
    asset: Id,
    /// Absent for the asset as a whole.
    column: Option<Id>,
    tag: String,
    /// Put on, or taken off.
    put: bool,
    /// Demanded to take off a governed tag, and one that rules hang on.
    #[graphql(default)]
    reason: String,
}

/// Changes of tags, one at a time.
#[derive(Debug, Default)]
pub struct TagsMutation;

#[Object]
impl TagsMutation {
    /// Puts one tag on an asset or column, or takes one off. `simulateSetTags` tells before who would see what.
    async fn change_tag(&self, ctx: &Context<'_>, input: ChangeTagInput) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        let change = TagChange {
            asset: input.asset.into(),
            column: input.column.map(Into::into),
            tag: input.tag,
            put: input.put,
            reason: input.reason,
        };
        outcome(&at, tagging::change(at.app(), &at.caller, &change).await)
    }
}
