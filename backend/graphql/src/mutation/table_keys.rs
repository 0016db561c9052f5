//! Declaring keys of tables and taking them back.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::catalog::table_keys::{self, NewForeignKey};

use crate::{
    at::At,
    errors::{Maybe, outcome, payloads},
    scalars::Id,
    types::table_keys::TableKeys,
};

payloads! {
    /// The keys of an asset after a change.
    TableKeysPayload { keys: TableKeys }
}

/// A foreign key.
#[derive(Debug, InputObject)]
pub struct DeclareForeignKeyInput {
    asset: Id,
    /// Names, in the order of the key.
    columns: Vec<String>,
    /// The asset that the columns lead to, which may be the same.
    target: Id,
    /// One for each of the columns, of a type that fits.
    target_columns: Vec<String>,
}

/// Changes of keys.
#[derive(Debug, Default)]
pub struct TableKeysMutation;

#[Object]
impl TableKeysMutation {
    /// Makes columns the primary key of an asset, in the place of the one it had; no columns take it away.
    async fn set_primary_key(&self, ctx: &Context<'_>, asset: Id, columns: Vec<String>) -> Maybe<TableKeysPayload> {
        let at = At::of(ctx);
        outcome(&at, table_keys::set_primary(at.app(), &at.caller, asset.into(), &columns).await)
    }

    /// Declares that columns of an asset name rows of another. The caller has to know both ends.
    async fn declare_foreign_key(&self, ctx: &Context<'_>, input: DeclareForeignKeyInput) -> Maybe<TableKeysPayload> {
        let at = At::of(ctx);
        let new = NewForeignKey {
            asset: input.asset.into(),
            columns: input.columns,
            target: input.target.into(),
            target_columns: input.target_columns,
        };
        outcome(&at, table_keys::declare_foreign(at.app(), &at.caller, &new).await)
    }

    /// Takes a key back.
    async fn remove_table_key(&self, ctx: &Context<'_>, id: Id) -> Maybe<TableKeysPayload> {
        let at = At::of(ctx);
        outcome(&at, table_keys::remove(at.app(), &at.caller, id.into()).await)
    }
}
