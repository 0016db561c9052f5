//! Who can read an asset, and the campaigns that review it.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use lakegate_app::access::{
    past::{self, Whose},
    readers, reviews,
};

use crate::{
    at::At,
    errors::{Maybe, answer},
    lists::{Connection, list},
    scalars::Id,
    types::{
        past::{PastDifference, PastReading},
        reviews::{AssetReaders, Review},
    },
};

fn whose(asset: Id, user: Id, project: Option<Id>) -> Whose {
    Whose { asset: asset.into(), user: user.into(), project: project.map(Into::into) }
}

/// Queries about reviews of access.
#[derive(Debug, Default)]
pub struct ReviewsQuery;

#[Object]
impl ReviewsQuery {
    /// Who can read an asset now, through what, since when, approved by whom and why, and when it was used last: for its
    /// owners, stewards of its domain and auditors.
    async fn asset_readers(&self, ctx: &Context<'_>, asset: Id) -> Maybe<AssetReaders> {
        let at = At::of(ctx);
        answer(&at, readers::of(at.app(), &at.caller, asset.into()).await)
    }

    /// What a person could read of an asset at an earlier moment, by the grants and restrictions of that moment; what nothing
    /// keeps, the answer names under `assumes`. For reviewers of the asset.
    async fn access_on(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        user: Id,
        at: DateTime<Utc>,
        project: Option<Id>,
    ) -> Maybe<PastReading> {
        let here = At::of(ctx);
        answer(&here, past::on(here.app(), &here.caller, whose(asset, user, project), at).await)
    }

    /// What changed of a person's reading of an asset between two moments. For reviewers of the asset.
    async fn access_between(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        user: Id,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
        project: Option<Id>,
    ) -> Maybe<PastDifference> {
        let at = At::of(ctx);
        answer(&at, past::between(at.app(), &at.caller, whose(asset, user, project), (from, until)).await)
    }

    /// A campaign of review; of an open one, with what was used until now.
    async fn review(&self, ctx: &Context<'_>, id: Id) -> Maybe<Review> {
        let at = At::of(ctx);
        answer(&at, reviews::get(at.app(), &at.caller, id.into()).await)
    }

    /// The campaigns that the caller may read, or only the open ones, the newest first. A page may hold fewer than were asked for.
    async fn reviews(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] open: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Review>> {
        let at = At::of(ctx);
        let name = format!("reviews {open}");
        list!(at, first, after, name, |page| reviews::list(at.app(), &at.caller, open, page))
    }
}
