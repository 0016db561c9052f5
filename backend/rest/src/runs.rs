//! Executions of data sources.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::sources::runs;
use lakegate_model::{
    catalog::SourceRun,
    ids::{DataSourceId, RunId},
    words::RunState,
};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::lists::paged;
use lakegate_http::{
    Refusal, Web,
    extract::{Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/data-sources/{source}/runs", get(list_runs).post(start_run))
        .route("/api/v1/runs/{run}", get(show_run))
        .route("/api/v1/runs/{run}/cancel", post(cancel_run))
}

/// What a run found.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeShape {
    tables_new: i64,
    tables_changed: i64,
    tables_same: i64,
    files: i64,
    bytes: i64,
    /// Files and tables left out, each with the reason.
    skipped: Vec<String>,
}

/// One execution of a data source.
#[derive(Debug, Serialize, ToSchema)]
pub struct RunShape {
    id: Uuid,
    source_id: Uuid,
    #[schema(value_type = String)]
    state: RunState,
    /// `manual`, `schedule`, `event` or `replay`.
    trigger: String,
    started_by: String,
    phase: String,
    files_seen: i64,
    tables_done: i64,
    tables_total: i64,
    outcome: Option<OutcomeShape>,
    error: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    ended_at: Option<DateTime<Utc>>,
}

impl From<SourceRun> for RunShape {
    fn from(run: SourceRun) -> Self {
        let outcome = run.outcome.map(|found| OutcomeShape {
            tables_new: found.tables_new,
            tables_changed: found.tables_changed,
            tables_same: found.tables_same,
            files: found.files,
            bytes: found.bytes,
            skipped: found.skipped,
        });
        Self {
            id: run.id.into(),
            source_id: run.source_id.into(),
            state: run.state,
            trigger: run.trigger_kind,
            started_by: run.started_by,
            phase: run.progress.phase,
            files_seen: run.progress.files_seen,
            tables_done: run.progress.tables_done,
            tables_total: run.progress.tables_total,
            outcome,
            error: run.error,
            created_at: run.created_at,
            started_at: run.started_at,
            ended_at: run.ended_at,
        }
    }
}

/// Lists the runs of a data source, the newest first.
#[utoipa::path(get, path = "/api/v1/data-sources/{source}/runs", tag = "data sources",
    params(("source" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<RunShape>)))]
pub async fn list_runs(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<RunShape>>, Refusal> {
    paged!(web, auth, params, format!("runs of {source}"), |page| runs::list(&web.app, &auth.caller, source, page))
}

/// Runs a data source; while a run is open, gives that one.
#[utoipa::path(post, path = "/api/v1/data-sources/{source}/runs", tag = "data sources",
    params(("source" = Uuid, Path)), responses((status = 202, body = RunShape)))]
pub async fn start_run(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
) -> Result<(StatusCode, Answer<RunShape>), Refusal> {
    let run = runs::start(&web.app, &auth.caller, source).await?;
    Ok((StatusCode::ACCEPTED, Answer(run.into())))
}

/// Shows a run.
#[utoipa::path(get, path = "/api/v1/runs/{run}", tag = "data sources", params(("run" = Uuid, Path)),
    responses((status = 200, body = RunShape)))]
pub async fn show_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<RunShape>, Refusal> {
    Ok(Answer(runs::get(&web.app, &auth.caller, run).await?.into()))
}

/// Cancels a run; what it registered until then stays.
#[utoipa::path(post, path = "/api/v1/runs/{run}/cancel", tag = "data sources", params(("run" = Uuid, Path)),
    responses((status = 200, body = RunShape)))]
pub async fn cancel_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<RunShape>, Refusal> {
    Ok(Answer(runs::cancel(&web.app, &auth.caller, run).await?.into()))
}
