//! Access given without a request.

use async_graphql::{Context, Object};
use lakegate_app::access::{
    explain::{self, Asked},
    grant_views,
};

use lakegate_model::Fault;

use crate::{
    at::At,
    errors::{Maybe, answer},
    lists::{Connection, list},
    scalars::Id,
    types::{explain::AccessExplanation, grants::DirectGrant},
};

/// Queries about direct grants.
#[derive(Debug, Default)]
pub struct GrantsQuery;

#[Object]
impl GrantsQuery {
    /// The direct grants on an asset's table and its database, or with no asset those on tags; ended ones included.
    async fn grants(
        &self,
        ctx: &Context<'_>,
        asset: Option<Id>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<DirectGrant>> {
        let at = At::of(ctx);
        let name = format!("grants {}", asset.map(|id| id.0).unwrap_or_default());
        match asset {
            Some(asset) => list!(at, first, after, name, |page| {
                grant_views::of_asset(at.app(), &at.caller, asset.into(), page)
            }),
            None => list!(at, first, after, name, |page| grant_views::of_tags(at.app(), &at.caller, page)),
        }
    }

    /// The direct grants on a whole database, ended ones included: for owners of its project.
    async fn database_grants(
        &self,
        ctx: &Context<'_>,
        database: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<DirectGrant>> {
        let at = At::of(ctx);
        let name = format!("database grants {}", database.0);
        list!(at, first, after, name, |page| async {
            let found = grant_views::of_database(at.app(), &at.caller, database.into(), page).await?;
            Ok::<_, Fault>(found.grants)
        })
    }

    /// Why somebody reads what he reads of an asset's table, column by column: the caller himself, or for reviewers of the
    /// asset anybody. Without a project, he acts where he most likely reads it.
    async fn explain_access(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        user: Option<Id>,
        project: Option<Id>,
        purpose: Option<Id>,
    ) -> Maybe<AccessExplanation> {
        let at = At::of(ctx);
        let (user, project, purpose) = (user.map(Into::into), project.map(Into::into), purpose.map(Into::into));
        let asked = Asked { user, project, purpose };
        answer(&at, explain::of(at.app(), &at.caller, asset.into(), asked).await)
    }

    /// The direct grants in force that serve the caller, in some project of his.
    async fn my_grants(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<DirectGrant>> {
        let at = At::of(ctx);
        list!(at, first, after, "my grants".to_owned(), |page| grant_views::mine(at.app(), &at.caller, page))
    }
}
