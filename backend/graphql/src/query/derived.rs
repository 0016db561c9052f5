//! Derived tables: what their queries are, and what became of them. For members of their projects.

use async_graphql::{Context, Object};
use lakegate_app::{accounts::account_actors, derived, jobs::triggers};

use crate::{
    at::At,
    errors::{Maybe, answer, answer_all},
    lists::{Connection, list},
    scalars::Id,
    types::{
        derived::{DerivedTable, DerivedTableVersion, ServiceAccountActor},
        triggers::JobTrigger,
    },
};
use lakegate_app::jobs::Target;

/// Queries about derived tables.
#[derive(Debug, Default)]
pub struct DerivedQuery;

#[Object]
impl DerivedQuery {
    /// The derived tables of a project, the latest first.
    async fn derived_tables(
        &self,
        ctx: &Context<'_>,
        project: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<DerivedTable>> {
        let at = At::of(ctx);
        let project = project.into();
        let name = format!("derived tables of {project}");
        list!(at, first, after, name, |page| derived::list(at.app(), &at.caller, project, page))
    }

    /// A derived table.
    async fn derived_table(&self, ctx: &Context<'_>, id: Id) -> Maybe<DerivedTable> {
        let at = At::of(ctx);
        answer(&at, derived::get(at.app(), &at.caller, id.into()).await)
    }

    /// The definitions of a derived table, the latest first.
    async fn derived_table_versions(
        &self,
        ctx: &Context<'_>,
        derived_table: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<DerivedTableVersion>> {
        let at = At::of(ctx);
        let id = derived_table.into();
        let name = format!("versions of derived table {id}");
        list!(at, first, after, name, |page| derived::versions(at.app(), &at.caller, id, page))
    }

    /// The triggers that start the query of a derived table, the latest first.
    async fn derived_table_triggers(
        &self,
        ctx: &Context<'_>,
        derived_table: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<JobTrigger>> {
        let at = At::of(ctx);
        let name = format!("derived table triggers {}", derived_table.0);
        let of = Target::Derived(derived_table.into());
        list!(at, first, after, name, |page| triggers::list(at.app(), &at.caller, of, page))
    }

    /// Who may act as a service account beside the owners of its project.
    async fn service_account_actors(&self, ctx: &Context<'_>, service_account: Id) -> Maybe<Vec<ServiceAccountActor>> {
        let at = At::of(ctx);
        answer_all(&at, account_actors::list(at.app(), &at.caller, service_account.into()).await)
    }
}
