//! Work that is done later: runs, schedules, the queue.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post, put},
};
use lakegate_app::jobs::{
    Target, health,
    runs::{self, Wanted},
    schedules,
};
use lakegate_model::{
    ids::{DataSourceId, ProjectId, RunId, ScheduleId, WorkflowId},
    words::JobState,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    done,
    job_shapes::{JobAttemptShape, JobLogShape, JobQueueShape, JobRunShape, JobScheduleShape, TimingInput},
    lists::{named, paged},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/jobs/runs", get(list_job_runs))
        .route("/api/v1/jobs/runs/{run}", get(show_job_run))
        .route("/api/v1/jobs/runs/{run}/log", get(read_job_log))
        .route("/api/v1/jobs/runs/{run}/attempts", get(list_job_attempts))
        .route("/api/v1/jobs/runs/{run}/cancel", post(cancel_job_run))
        .route("/api/v1/jobs/runs/{run}/retry", post(retry_job_run))
        .route("/api/v1/jobs/runs/{run}/discard", post(discard_job_run))
        .route("/api/v1/data-sources/{source}/schedule", put(schedule_data_source))
        .route("/api/v1/workflows/{workflow}/schedule", put(schedule_workflow))
        .route("/api/v1/jobs/schedules", get(list_job_schedules))
        .route("/api/v1/jobs/schedules/{schedule}", get(show_job_schedule).delete(delete_job_schedule))
        .route("/api/v1/jobs/queue", get(show_job_queue))
        .route("/api/v1/jobs/queue/pause", post(pause_jobs))
        .route("/api/v1/jobs/queue/resume", post(resume_jobs))
}

/// Which runs are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct JobRunParams {
    /// Id of a project.
    project: Option<Uuid>,
    /// Which kind of work, such as `crawl`.
    kind: Option<String>,
    #[param(value_type = Option<String>)]
    state: Option<JobState>,
    /// Only failed runs that nobody has looked after.
    #[serde(default)]
    dead_letters: bool,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

/// Lists runs, the latest first: of one project, or of all that the caller is a member of; of everything for
/// administrators.
#[utoipa::path(get, path = "/api/v1/jobs/runs", tag = "jobs", params(JobRunParams),
    responses((status = 200, body = PageOf<JobRunShape>)))]
pub async fn list_job_runs(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<JobRunParams>,
) -> Result<Answer<PageOf<JobRunShape>>, Refusal> {
    let wanted = Wanted {
        project: params.project.map(Into::into),
        kind: params.kind.clone(),
        state: params.state,
        dead_letters: params.dead_letters,
    };
    paged!(web, auth, params, named("job runs", &params), |page| runs::list(&web.app, &auth.caller, &wanted, page))
}

/// Shows a run.
#[utoipa::path(get, path = "/api/v1/jobs/runs/{run}", tag = "jobs", params(("run" = Uuid, Path)),
    responses((status = 200, body = JobRunShape)))]
pub async fn show_job_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<JobRunShape>, Refusal> {
    Ok(Answer(runs::get(&web.app, &auth.caller, run).await?.into()))
}

/// Behind which line the log goes on.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct JobLogParams {
    /// The number of the last line that is known.
    #[serde(default)]
    behind: i64,
}

/// Gives what a run said, in order, 500 lines at most. For members of its project.
#[utoipa::path(get, path = "/api/v1/jobs/runs/{run}/log", tag = "jobs", params(("run" = Uuid, Path), JobLogParams),
    responses((status = 200, body = Vec<JobLogShape>)))]
pub async fn read_job_log(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
    Query(params): Query<JobLogParams>,
) -> Result<Answer<Vec<JobLogShape>>, Refusal> {
    let lines = runs::log(&web.app, &auth.caller, run, params.behind).await?;
    Ok(Answer(lines.into_iter().map(Into::into).collect()))
}

/// Lists the attempts at a run, the latest first, a hundred at most.
#[utoipa::path(get, path = "/api/v1/jobs/runs/{run}/attempts", tag = "jobs", params(("run" = Uuid, Path)),
    responses((status = 200, body = Vec<JobAttemptShape>)))]
pub async fn list_job_attempts(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<Vec<JobAttemptShape>>, Refusal> {
    let attempts = runs::attempts(&web.app, &auth.caller, run).await?;
    Ok(Answer(attempts.into_iter().map(Into::into).collect()))
}

/// Cancels a run: at once if it has not started, within seconds if it works. What it did until then stays.
#[utoipa::path(post, path = "/api/v1/jobs/runs/{run}/cancel", tag = "jobs", params(("run" = Uuid, Path)),
    responses((status = 200, body = JobRunShape)))]
pub async fn cancel_job_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<JobRunShape>, Refusal> {
    Ok(Answer(runs::cancel(&web.app, &auth.caller, run).await?.into()))
}

/// Tries a failed or cancelled run anew; gives the new run.
#[utoipa::path(post, path = "/api/v1/jobs/runs/{run}/retry", tag = "jobs", params(("run" = Uuid, Path)),
    responses((status = 202, body = JobRunShape)))]
pub async fn retry_job_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<(StatusCode, Answer<JobRunShape>), Refusal> {
    let view = runs::retry(&web.app, &auth.caller, run).await?;
    Ok((StatusCode::ACCEPTED, Answer(view.into())))
}

/// Takes a failed run from those that somebody has to look after.
#[utoipa::path(post, path = "/api/v1/jobs/runs/{run}/discard", tag = "jobs", params(("run" = Uuid, Path)),
    responses((status = 200, body = JobRunShape)))]
pub async fn discard_job_run(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
) -> Result<Answer<JobRunShape>, Refusal> {
    Ok(Answer(runs::discard(&web.app, &auth.caller, run).await?.into()))
}

/// Sets when a data source is looked through, in place of what was said before.
#[utoipa::path(put, path = "/api/v1/data-sources/{source}/schedule", tag = "jobs", params(("source" = Uuid, Path)),
    request_body = TimingInput, responses((status = 200, body = JobScheduleShape)))]
pub async fn schedule_data_source(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
    Json(timing): Json<TimingInput>,
) -> Result<Answer<JobScheduleShape>, Refusal> {
    Ok(Answer(schedules::set(&web.app, &auth.caller, Target::Source(source), &timing.into()).await?.into()))
}

/// Sets when a workflow is started, with the input `{}`, in place of what was said before.
#[utoipa::path(put, path = "/api/v1/workflows/{workflow}/schedule", tag = "jobs", params(("workflow" = Uuid, Path)),
    request_body = TimingInput, responses((status = 200, body = JobScheduleShape)))]
pub async fn schedule_workflow(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Json(timing): Json<TimingInput>,
) -> Result<Answer<JobScheduleShape>, Refusal> {
    Ok(Answer(schedules::set(&web.app, &auth.caller, Target::Workflow(workflow), &timing.into()).await?.into()))
}

/// Which schedules are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct JobScheduleParams {
    /// Id of a project; only administrators leave it out.
    project: Option<Uuid>,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

/// Lists the schedules of a project, the latest first; all of them for administrators.
#[utoipa::path(get, path = "/api/v1/jobs/schedules", tag = "jobs", params(JobScheduleParams),
    responses((status = 200, body = PageOf<JobScheduleShape>)))]
pub async fn list_job_schedules(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<JobScheduleParams>,
) -> Result<Answer<PageOf<JobScheduleShape>>, Refusal> {
    let project: Option<ProjectId> = params.project.map(Into::into);
    paged!(web, auth, params, named("job schedules", &params), |page| schedules::list(
        &web.app,
        &auth.caller,
        project,
        page
    ))
}

/// Shows a schedule.
#[utoipa::path(get, path = "/api/v1/jobs/schedules/{schedule}", tag = "jobs", params(("schedule" = Uuid, Path)),
    responses((status = 200, body = JobScheduleShape)))]
pub async fn show_job_schedule(
    State(web): State<Web>,
    auth: Known,
    Path(schedule): Path<ScheduleId>,
) -> Result<Answer<JobScheduleShape>, Refusal> {
    Ok(Answer(schedules::get(&web.app, &auth.caller, schedule).await?.into()))
}

/// Ends a schedule; its runs stay.
#[utoipa::path(delete, path = "/api/v1/jobs/schedules/{schedule}", tag = "jobs", params(("schedule" = Uuid, Path)),
    responses((status = 204)))]
pub async fn delete_job_schedule(
    State(web): State<Web>,
    auth: Known,
    Path(schedule): Path<ScheduleId>,
) -> Result<StatusCode, Refusal> {
    done(schedules::remove(&web.app, &auth.caller, schedule).await)
}

/// Tells how the queue is: what waits, who works, what is held up. For administrators.
#[utoipa::path(get, path = "/api/v1/jobs/queue", tag = "jobs", responses((status = 200, body = JobQueueShape)))]
pub async fn show_job_queue(State(web): State<Web>, auth: Known) -> Result<Answer<JobQueueShape>, Refusal> {
    Ok(Answer(health::get(&web.app, &auth.caller).await?.into()))
}

/// What is held up, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobPauseInput {
    /// The kind, or `*` for all.
    kind: String,
    reason: String,
}

/// Holds up a kind of work, or all of it: nothing of it is begun, what is at work goes on. For administrators.
#[utoipa::path(post, path = "/api/v1/jobs/queue/pause", tag = "jobs", request_body = JobPauseInput,
    responses((status = 204)))]
pub async fn pause_jobs(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<JobPauseInput>,
) -> Result<StatusCode, Refusal> {
    done(health::pause(&web.app, &auth.caller, &input.kind, &input.reason).await)
}

/// What goes on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobResumeInput {
    /// The kind, or `*` for what is held up as a whole.
    kind: String,
}

/// Lets a kind of work go on, or what is held up as a whole. For administrators.
#[utoipa::path(post, path = "/api/v1/jobs/queue/resume", tag = "jobs", request_body = JobResumeInput,
    responses((status = 204)))]
pub async fn resume_jobs(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<JobResumeInput>,
) -> Result<StatusCode, Refusal> {
    done(health::resume(&web.app, &auth.caller, &input.kind).await)
}
