//! Where data comes from, what is made of it, and who would notice a change.

use async_graphql::{Context, Object};
use chrono::{DateTime, Utc};
use lakegate_app::lineage::{self, ImpactAsk, LineageAsk};

use crate::{
    at::At,
    errors::{Maybe, answer},
    lists::{Connection, list},
    scalars::{Id, LineageDirection},
    types::lineage::{AssetUsage, Impact, LineageGraph},
};

/// Queries about lineage.
#[derive(Debug, Default)]
pub struct LineageQuery;

#[Object]
impl LineageQuery {
    /// What an asset, or one column of it, comes from and what is made of it, as the plans say that ran. What the caller may
    /// not know is nameless or absent.
    #[allow(clippy::too_many_arguments, reason = "each is an argument of the field")]
    async fn lineage(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        #[graphql(desc = "Name of the column to follow; the whole table if absent.")] column: Option<String>,
        #[graphql(default_with = "LineageDirection::Both")] direction: LineageDirection,
        #[graphql(desc = "Steps, from 1 to 20.", default = 3)] depth: u32,
        #[graphql(desc = "Follow values alone, and not what decided about them.", default = false)] values_only: bool,
        #[graphql(desc = "The graph as it was then; now if absent.")] at: Option<DateTime<Utc>>,
    ) -> Maybe<LineageGraph> {
        let place = At::of(ctx);
        let ask = LineageAsk { asset: asset.into(), column, direction: direction.into(), depth, values_only, at };
        answer(&place, lineage::graph(place.app(), &place.caller, &ask).await)
    }

    /// What lies on any way that data takes from one asset to another.
    async fn lineage_path(&self, ctx: &Context<'_>, from: Id, to: Id) -> Maybe<LineageGraph> {
        let at = At::of(ctx);
        answer(&at, lineage::path(at.app(), &at.caller, from.into(), to.into()).await)
    }

    /// What a change of an asset, or of one column of it, would reach: for its owners, stewards and auditors.
    async fn impact(&self, ctx: &Context<'_>, asset: Id, column: Option<String>) -> Maybe<Impact> {
        let at = At::of(ctx);
        let ask = ImpactAsk { asset: asset.into(), column };
        answer(&at, lineage::impact(at.app(), &at.caller, &ask).await)
    }

    /// Who has read an asset, or one column of it, within the last days, the latest first: for its owners, stewards and
    /// auditors.
    async fn asset_usage(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        column: Option<String>,
        #[graphql(default = 30)] days: u32,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<AssetUsage>> {
        let at = At::of(ctx);
        let name = format!("readers of {} {column:?} {days}", asset.0);
        let ask = ImpactAsk { asset: asset.into(), column };
        list!(at, first, after, name, |page| lineage::readers(at.app(), &at.caller, &ask, days, page))
    }
}
