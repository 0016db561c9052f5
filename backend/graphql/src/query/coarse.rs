//! Coarse rights, what databases are registered for, and who was opted into fine grants.

use async_graphql::{Context, Object};
use lakegate_app::access::{coarse, opt_ins, registrations};

use crate::{
    at::At,
    errors::Maybe,
    lists::{Connection, list},
    types::coarse::{CoarseRight, DatabaseRegistration, OptIn},
};

/// Queries about coarse rights. All are for security administrators.
#[derive(Debug, Default)]
pub struct CoarseQuery;

#[Object]
impl CoarseQuery {
    /// The rights on whole databases, ended ones included. For security administrators.
    async fn coarse_rights(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<CoarseRight>> {
        let at = At::of(ctx);
        list!(at, first, after, "coarse rights".to_owned(), |page| coarse::list(at.app(), &at.caller, page))
    }

    /// Who was opted into fine grants, and out; replaced decisions included. For security administrators.
    async fn opt_ins(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Maybe<Connection<OptIn>> {
        let at = At::of(ctx);
        list!(at, first, after, "opt-ins".to_owned(), |page| opt_ins::list(at.app(), &at.caller, page))
    }

    /// Every database that holds tables of its own, by name, with what it is registered for. For security administrators.
    async fn database_registrations(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<DatabaseRegistration>> {
        let at = At::of(ctx);
        list!(at, first, after, "registrations".to_owned(), |page| registrations::list(at.app(), &at.caller, page))
    }
}
