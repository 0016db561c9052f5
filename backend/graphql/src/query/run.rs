//! What the caller may read, his queries and their results.

use async_graphql::{Context, Object};
use lakegate_app::query::{JsonOptions, history, kept, preview, saved, schema};
use lakegate_model::{Fault, ids::QueryId};

use crate::{
    at::At,
    errors::{self, Maybe, answer, answer_all},
    lists::{Connection, list},
    scalars::{Id, Long, Row},
    types::query::{Preview, QueryRun, ResultColumn, ResultPage, ResultQuota, SavedQuery, Table},
};

/// Rows of a page of a result if nothing is said.
pub const ROWS: i32 = 100;

/// Queries about queries.
#[derive(Debug, Default)]
pub struct RunQuery;

#[Object]
impl RunQuery {
    /// Every table the caller may read, in order of database and name.
    async fn tables(&self, ctx: &Context<'_>, project: Option<Id>) -> Maybe<Vec<Table>> {
        let at = At::acting_in(ctx, project);
        answer_all(&at, schema::tables(at.app(), &at.caller).await)
    }

    /// A table the caller may read.
    async fn table(&self, ctx: &Context<'_>, database: String, name: String, project: Option<Id>) -> Maybe<Table> {
        let at = At::acting_in(ctx, project);
        answer(&at, schema::table(at.app(), &at.caller, &database, &name).await)
    }

    /// The caller's queries, the newest first.
    async fn queries(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<QueryRun>> {
        let at = At::of(ctx);
        list!(at, first, after, "queries".to_owned(), |page| history::list(at.app(), &at.caller, page))
    }

    /// How a query of the caller stands.
    async fn query(&self, ctx: &Context<'_>, id: Id) -> Maybe<QueryRun> {
        let at = At::of(ctx);
        answer(&at, history::get(at.app(), &at.caller, id.into()).await)
    }

    /// Rows of a kept result, at most 1,000. The access is compiled again: once it changed, the result is gone.
    async fn query_result(
        &self,
        ctx: &Context<'_>,
        id: Id,
        #[graphql(default_with = "Long(0)")] offset: Long,
        #[graphql(default_with = "ROWS")] count: i32,
    ) -> Maybe<ResultPage> {
        let at = At::of(ctx);
        Some(rows(&at, id.into(), offset.0, count).await.map_err(|fault| errors::error(&at, fault)))
    }

    /// What the caller's kept results take up.
    async fn result_quota(&self, ctx: &Context<'_>) -> Maybe<ResultQuota> {
        let at = At::of(ctx);
        answer(&at, kept::quota(at.app(), &at.caller).await)
    }

    /// A few rows of an asset under the caller's own rights.
    async fn asset_preview(&self, ctx: &Context<'_>, asset: Id, project: Option<Id>) -> Maybe<Preview> {
        let at = At::acting_in(ctx, project);
        answer(&at, preview::of_asset(at.app(), &at.caller, asset.into()).await)
    }

    /// A few rows as the asker of a request would get them, as far as the caller may see them himself.
    async fn request_preview(&self, ctx: &Context<'_>, request: Id, project: Option<Id>) -> Maybe<Preview> {
        let at = At::acting_in(ctx, project);
        answer(&at, preview::of_request(at.app(), &at.caller, request.into()).await)
    }

    /// Queries kept under a name in a project.
    async fn saved_queries(
        &self,
        ctx: &Context<'_>,
        project: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<SavedQuery>> {
        let at = At::of(ctx);
        let name = format!("saved queries {}", project.0);
        list!(at, first, after, name, |page| saved::list(at.app(), &at.caller, project.into(), page))
    }

    /// A query kept under a name.
    async fn saved_query(&self, ctx: &Context<'_>, id: Id) -> Maybe<SavedQuery> {
        let at = At::of(ctx);
        answer(&at, saved::get(at.app(), &at.caller, id.into()).await)
    }
}

/// Rows of a kept result, exact numbers as strings.
pub async fn rows(at: &At, id: QueryId, offset: i64, count: i32) -> Result<ResultPage, Fault> {
    let from = u64::try_from(offset).map_err(|_| Fault::invalid("offset", "an offset is 0 or more"))?;
    let count = usize::try_from(count).unwrap_or(0);
    let page = kept::page(at.app(), &at.caller, id, from, count, JsonOptions { exact: true }).await?;
    let columns = page.columns.into_iter();
    Ok(ResultPage {
        columns: columns
            .map(|column| ResultColumn {
                name: column.name,
                column_type: column.type_name,
                partial: column.partial,
                masked: column.masked,
            })
            .collect(),
        rows: page.rows.into_iter().map(Row).collect(),
        row_count: page.row_count.into(),
        offset: offset.into(),
    })
}
