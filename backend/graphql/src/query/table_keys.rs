//! Keys of tables.

use async_graphql::{Context, Object};
use lakegate_app::catalog::table_keys;

use crate::{
    at::At,
    errors::{Maybe, answer, answer_all},
    scalars::Id,
    types::table_keys::{ForeignKeySuggestion, TableKeys},
};

/// Queries about keys.
#[derive(Debug, Default)]
pub struct TableKeysQuery;

#[Object]
impl TableKeysQuery {
    /// The keys of an asset, as far as the caller may know both their ends.
    async fn table_keys(&self, ctx: &Context<'_>, asset: Id) -> Maybe<TableKeys> {
        let at = At::of(ctx);
        answer(&at, table_keys::view(at.app(), &at.caller, asset.into()).await)
    }

    /// Foreign keys that names and types suggest, for those who may edit the asset: `declareForeignKey` takes one up.
    async fn foreign_key_suggestions(&self, ctx: &Context<'_>, asset: Id) -> Maybe<Vec<ForeignKeySuggestion>> {
        let at = At::of(ctx);
        answer_all(&at, table_keys::suggestions(at.app(), &at.caller, asset.into()).await)
    }
}
