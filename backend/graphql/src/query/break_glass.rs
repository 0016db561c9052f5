//! Emergency access.

use async_graphql::{Context, Object};
use lakegate_app::access::break_glass::views::{self, BreakGlassFilter};

use crate::{
    at::At,
    errors::Maybe,
    lists::{Connection, list},
    types::break_glass::BreakGlass,
};

/// Queries about emergency access.
#[derive(Debug, Default)]
pub struct BreakGlassQuery;

#[Object]
impl BreakGlassQuery {
    /// Tables that administrators opened for themselves in an emergency, the newest first: the caller's own, those on data
    /// that he owns, looks after or makes the rules for, and for auditors all. A page may hold fewer than were asked for.
    async fn break_glasses(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] open: bool,
        #[graphql(default)] unreviewed: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<BreakGlass>> {
        let at = At::of(ctx);
        let filter = BreakGlassFilter { open, unreviewed };
        let name = format!("break glasses {open} {unreviewed}");
        list!(at, first, after, name, |page| views::list(at.app(), &at.caller, filter, page))
    }
}
