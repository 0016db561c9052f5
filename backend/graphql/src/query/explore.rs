//! The explorer of rights.

use async_graphql::{Context, Object};
use lakegate_app::{
    access::explore::{column, person, tag},
    catalog::tagging,
};

use crate::{
    at::At,
    errors::{Maybe, answer},
    lists::{Connection, list},
    scalars::Id,
    types::{
        explore::{ColumnReaders, PersonAccess, TableTally},
        tags::TagSheet,
    },
};

/// Queries about who may read what.
#[derive(Debug, Default)]
pub struct ExploreQuery;

#[Object]
impl ExploreQuery {
    /// What a person reads, table by table, and why: the caller himself if nobody is named; of others, what he reads of the
    /// assets that the caller reviews. A page may hold fewer than were asked for.
    async fn person_access(
        &self,
        ctx: &Context<'_>,
        user: Option<Id>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<PersonAccess>> {
        let at = At::of(ctx);
        let user = user.map(Into::into);
        let name = format!("person access {user:?}");
        list!(at, first, after, name, |page| person::of(at.app(), &at.caller, user, page))
    }

    /// Who sees a column as it is, in some rows, masked, or not at all: for reviewers of the asset.
    async fn column_readers(&self, ctx: &Context<'_>, asset: Id, column: Id) -> Maybe<ColumnReaders> {
        let at = At::of(ctx);
        answer(&at, column::of(at.app(), &at.caller, asset.into(), column.into()).await)
    }

    /// How many see each column of an asset's table how: for reviewers of the asset.
    async fn column_tallies(&self, ctx: &Context<'_>, asset: Id) -> Maybe<TableTally> {
        let at = At::of(ctx);
        answer(&at, tag::of_asset(at.app(), &at.caller, asset.into()).await)
    }

    /// How many see the columns under a tag how, on the assets that the caller reviews: `pii` covers `pii=email` too. A page
    /// may hold fewer than were asked for.
    async fn tag_tallies(
        &self,
        ctx: &Context<'_>,
        tag: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<TableTally>> {
        let at = At::of(ctx);
        let name = format!("tag tallies {tag}");
        list!(at, first, after, name, |page| tag::of(at.app(), &at.caller, &tag, page))
    }
    /// The tags of an asset and its columns, where each comes from, and what hangs on it.
    async fn asset_tags(&self, ctx: &Context<'_>, asset: Id) -> Maybe<TagSheet> {
        let at = At::of(ctx);
        answer(&at, tagging::sheet(at.app(), &at.caller, asset.into()).await)
    }
}
