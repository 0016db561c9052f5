//! Restrictions and attributes.

use async_graphql::{Context, Object};
use lakegate_app::{access::restrictions, accounts::attributes};

use crate::{
    at::At,
    errors::{Maybe, answer_all},
    lists::{Connection, list},
    scalars::Id,
    types::rules::{Attribute, Restriction},
};

/// Queries about rules on data.
#[derive(Debug, Default)]
pub struct RulesQuery;

#[Object]
impl RulesQuery {
    /// The restrictions on an asset's table, or with no asset those on tags; lifted ones included.
    async fn restrictions(
        &self,
        ctx: &Context<'_>,
        asset: Option<Id>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Restriction>> {
        let at = At::of(ctx);
        let name = format!("restrictions {}", asset.map(|id| id.0).unwrap_or_default());
        match asset {
            Some(asset) => list!(at, first, after, name, |page| {
                restrictions::of_asset(at.app(), &at.caller, asset.into(), page)
            }),
            None => list!(at, first, after, name, |page| restrictions::of_tags(at.app(), &at.caller, page)),
        }
    }

    /// What is known of a person for row filters: one's own, or anybody's for an administrator.
    async fn user_attributes(&self, ctx: &Context<'_>, user: Id) -> Maybe<Vec<Attribute>> {
        let at = At::of(ctx);
        let known = attributes::of(at.app(), &at.caller, user.into()).await;
        let listed = |known: std::collections::BTreeMap<String, String>| {
            known.into_iter().map(|(name, value)| Attribute { name, value }).collect::<Vec<_>>()
        };
        answer_all(&at, known.map(listed))
    }
}
