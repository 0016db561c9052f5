//! Rules that come from files.

use async_graphql::{Context, Object};
use lakegate_app::policy_files::{apply, export, standing};

use crate::{
    at::At,
    errors::{Maybe, answer, answer_all},
    lists::{Connection, list},
    types::policy::{PolicyFile, PolicyFileInput, PolicyPlan, PolicyState, PolicyVersion},
};

/// Queries about rules that come from files, for security administrators.
#[derive(Debug, Default)]
pub struct PolicyQuery;

#[Object]
impl PolicyQuery {
    /// What applying these files would change.
    async fn policy_plan(&self, ctx: &Context<'_>, files: Vec<PolicyFileInput>) -> Maybe<PolicyPlan> {
        let at = At::of(ctx);
        let files: Vec<_> = files.into_iter().map(Into::into).collect();
        answer(&at, apply::plan(at.app(), &at.caller, &files).await)
    }

    /// The files in force, and what was made by hand as one file more.
    async fn policy_export(&self, ctx: &Context<'_>) -> Maybe<Vec<PolicyFile>> {
        let at = At::of(ctx);
        answer_all(&at, export::export(at.app(), &at.caller).await)
    }

    /// How the rules from files stand against the catalog.
    async fn policy_state(&self, ctx: &Context<'_>) -> Maybe<PolicyState> {
        let at = At::of(ctx);
        answer(&at, standing::standing(at.app(), &at.caller).await)
    }

    /// Every version that was applied or proposed, the latest first.
    async fn policy_versions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<PolicyVersion>> {
        let at = At::of(ctx);
        list!(at, first, after, "policy versions".to_owned(), |page| standing::versions(at.app(), &at.caller, page))
    }
}
