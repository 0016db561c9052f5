//! What starts work when something happens.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::jobs::{
    Target,
    triggers::{self, Made, NewTrigger},
};
use lakegate_model::{
    ids::{DataSourceId, RunId, TriggerId, WorkflowId},
    triggers as model,
    words::{Happening, JobState},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{done, lists::paged};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/data-sources/{source}/triggers", get(list_job_triggers).post(create_job_trigger))
        .route("/api/v1/workflows/{workflow}/triggers", get(list_workflow_triggers).post(create_workflow_trigger))
        .route(
            "/api/v1/jobs/triggers/{trigger}",
            get(show_job_trigger).put(update_job_trigger).delete(delete_job_trigger),
        )
        .route("/api/v1/jobs/triggers/{trigger}/secret", post(renew_trigger_secret))
        .route("/api/v1/jobs/triggers/{trigger}/events", get(list_trigger_events))
        .route("/api/v1/jobs/runs/{run}/events", get(list_job_run_events))
}

/// Waits for something to happen, gathers it, and starts runs of a data source, or a workflow, when there is enough of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct JobTriggerShape {
    id: Uuid,
    project_id: Uuid,
    /// The data source of which it starts runs.
    source_id: Option<Uuid>,
    /// Or the workflow that it starts.
    workflow_id: Option<Uuid>,
    /// Or the derived table whose query it starts.
    derived_table_id: Option<Uuid>,
    name: String,
    #[schema(value_type = String)]
    happening: Happening,
    /// The data source or workflow whose run ends, or the asset; null for anything in the project.
    watched_id: Option<Uuid>,
    /// How the run has to have ended; null for any way.
    #[schema(value_type = Option<String>)]
    outcome: Option<JobState>,
    /// Where objects count.
    prefix: Option<String>,
    /// Addresses below the prefix where they do not.
    excluded: Vec<String>,
    /// Seconds between two listings of the prefix; null where objects are only told of.
    list_seconds: Option<i64>,
    /// A run starts when so many events have gathered,
    batch_events: i64,
    /// or so many seconds after the first of them.
    batch_seconds: i64,
    enabled: bool,
    /// The path to which signed calls are posted; null where nobody calls.
    address: Option<String>,
    /// Events that are not part of a run yet.
    gathered: i64,
    /// When those become a run at the latest.
    due_at: Option<DateTime<Utc>>,
    /// When something happened last.
    last_at: Option<DateTime<Utc>>,
    created_by: String,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
}

impl From<model::JobTrigger> for JobTriggerShape {
    fn from(trigger: model::JobTrigger) -> Self {
        let (source_id, workflow_id, derived_table_id) = match Target::of_trigger(&trigger) {
            Target::Source(id) => (Some(id.into()), None, None),
            Target::Workflow(id) => (None, Some(id.into()), None),
            Target::Derived(id) => (None, None, Some(id.into())),
        };
        Self {
            address: trigger.secret_id.is_some().then(|| format!("/api/v1/hooks/{}", trigger.id)),
            id: trigger.id.into(),
            project_id: trigger.project_id.into(),
            source_id,
            workflow_id,
            derived_table_id,
            name: trigger.name,
            happening: trigger.happening,
            watched_id: trigger.watched_id,
            outcome: trigger.outcome,
            prefix: Some(trigger.prefix).filter(|prefix| !prefix.is_empty()),
            excluded: trigger.excluded,
            list_seconds: trigger.list_seconds,
            batch_events: trigger.batch_events,
            batch_seconds: trigger.batch_seconds,
            enabled: trigger.enabled,
            gathered: trigger.gathered,
            due_at: trigger.due_at,
            last_at: trigger.last_at,
            created_by: trigger.created_by,
            created_at: trigger.created_at,
            changed_at: trigger.changed_at,
        }
    }
}

/// A trigger with what its calls are signed with.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeTriggerShape {
    trigger: JobTriggerShape,
    /// Shown this once; null where nobody calls.
    secret: Option<String>,
}

impl From<Made> for MadeTriggerShape {
    fn from(made: Made) -> Self {
        Self { trigger: made.trigger.into(), secret: made.secret }
    }
}

/// One thing that happened.
#[derive(Debug, Serialize, ToSchema)]
pub struct TriggerEventShape {
    /// Within its trigger, in the order they were noticed.
    number: i64,
    /// What it is about, such as the address of an object.
    about: String,
    at: DateTime<Utc>,
    /// The run that it is part of; null while it waits for others.
    run_id: Option<Uuid>,
}

impl From<model::TriggerEvent> for TriggerEventShape {
    fn from(event: model::TriggerEvent) -> Self {
        Self { number: event.number, about: event.about, at: event.at, run_id: event.run_id.map(Into::into) }
    }
}

/// What a trigger waits for, and when it starts a run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobTriggerInput {
    name: String,
    /// `object_created`, `table_changed`, `run_ended`, `asset_published` or `webhook`.
    #[schema(value_type = String)]
    happening: Happening,
    /// The data source or workflow whose run ends, or the asset; anything in the project without it.
    watched: Option<Uuid>,
    /// How the run has to have ended: `succeeded` or `failed`; any way without it.
    #[schema(value_type = Option<String>)]
    outcome: Option<JobState>,
    /// Where objects count; the data source's location without it.
    prefix: Option<String>,
    /// Addresses below the prefix where they do not.
    #[serde(default)]
    excluded: Vec<String>,
    /// Seconds between two listings of the prefix, for stores that do not tell of new objects.
    list_seconds: Option<i64>,
    /// A run starts when so many events have gathered, 1 to 1,000; 1 without it,
    batch_events: Option<i64>,
    /// or so many seconds after the first of them, up to a day; 0 without it.
    batch_seconds: Option<i64>,
    /// On without it.
    enabled: Option<bool>,
}

impl From<JobTriggerInput> for NewTrigger {
    fn from(input: JobTriggerInput) -> Self {
        Self {
            name: input.name,
            happening: input.happening,
            watched: input.watched,
            outcome: input.outcome,
            prefix: input.prefix,
            excluded: input.excluded,
            list_seconds: input.list_seconds,
            batch_events: input.batch_events.unwrap_or(1),
            batch_seconds: input.batch_seconds.unwrap_or(0),
            enabled: input.enabled.unwrap_or(true),
        }
    }
}

/// Lists the triggers of a data source, the latest first.
#[utoipa::path(get, path = "/api/v1/data-sources/{source}/triggers", tag = "jobs",
    params(("source" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<JobTriggerShape>)))]
pub async fn list_job_triggers(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<JobTriggerShape>>, Refusal> {
    paged!(web, auth, params, format!("job triggers {source}"), |page| triggers::list(
        &web.app,
        &auth.caller,
        Target::Source(source),
        page
    ))
}

/// Lists the triggers of a workflow, the latest first.
#[utoipa::path(get, path = "/api/v1/workflows/{workflow}/triggers", tag = "jobs",
    params(("workflow" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<JobTriggerShape>)))]
pub async fn list_workflow_triggers(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<JobTriggerShape>>, Refusal> {
    paged!(web, auth, params, format!("workflow triggers {workflow}"), |page| triggers::list(
        &web.app,
        &auth.caller,
        Target::Workflow(workflow),
        page
    ))
}

/// Makes a trigger that starts runs of a data source. The secret in the answer is shown this once.
#[utoipa::path(post, path = "/api/v1/data-sources/{source}/triggers", tag = "jobs", params(("source" = Uuid, Path)),
    request_body = JobTriggerInput, responses((status = 201, body = MadeTriggerShape)))]
pub async fn create_job_trigger(
    State(web): State<Web>,
    auth: Known,
    Path(source): Path<DataSourceId>,
    Json(input): Json<JobTriggerInput>,
) -> Result<(StatusCode, Answer<MadeTriggerShape>), Refusal> {
    let made = triggers::create(&web.app, &auth.caller, Target::Source(source), &input.into()).await?;
    Ok((StatusCode::CREATED, Answer(made.into())))
}

/// Makes a trigger that starts a workflow, whose input names the trigger, as `trigger`. The secret in the answer is shown
/// this once.
#[utoipa::path(post, path = "/api/v1/workflows/{workflow}/triggers", tag = "jobs", params(("workflow" = Uuid, Path)),
    request_body = JobTriggerInput, responses((status = 201, body = MadeTriggerShape)))]
pub async fn create_workflow_trigger(
    State(web): State<Web>,
    auth: Known,
    Path(workflow): Path<WorkflowId>,
    Json(input): Json<JobTriggerInput>,
) -> Result<(StatusCode, Answer<MadeTriggerShape>), Refusal> {
    let made = triggers::create(&web.app, &auth.caller, Target::Workflow(workflow), &input.into()).await?;
    Ok((StatusCode::CREATED, Answer(made.into())))
}

/// Shows a trigger, to members of its project.
#[utoipa::path(get, path = "/api/v1/jobs/triggers/{trigger}", tag = "jobs", params(("trigger" = Uuid, Path)),
    responses((status = 200, body = JobTriggerShape)))]
pub async fn show_job_trigger(
    State(web): State<Web>,
    auth: Known,
    Path(trigger): Path<TriggerId>,
) -> Result<Answer<JobTriggerShape>, Refusal> {
    Ok(Answer(triggers::get(&web.app, &auth.caller, trigger).await?.into()))
}

/// Changes a trigger; what it waits for stays, and so does what has gathered.
#[utoipa::path(put, path = "/api/v1/jobs/triggers/{trigger}", tag = "jobs", params(("trigger" = Uuid, Path)),
    request_body = JobTriggerInput, responses((status = 200, body = JobTriggerShape)))]
pub async fn update_job_trigger(
    State(web): State<Web>,
    auth: Known,
    Path(trigger): Path<TriggerId>,
    Json(input): Json<JobTriggerInput>,
) -> Result<Answer<JobTriggerShape>, Refusal> {
    Ok(Answer(triggers::update(&web.app, &auth.caller, trigger, &input.into()).await?.into()))
}

/// Removes a trigger with what it has gathered; the runs that it started stay.
#[utoipa::path(delete, path = "/api/v1/jobs/triggers/{trigger}", tag = "jobs", params(("trigger" = Uuid, Path)),
    responses((status = 204)))]
pub async fn delete_job_trigger(
    State(web): State<Web>,
    auth: Known,
    Path(trigger): Path<TriggerId>,
) -> Result<StatusCode, Refusal> {
    done(triggers::remove(&web.app, &auth.caller, trigger).await)
}

/// Gives a trigger another secret, shown this once: calls signed with the one before are refused from now on.
#[utoipa::path(post, path = "/api/v1/jobs/triggers/{trigger}/secret", tag = "jobs", params(("trigger" = Uuid, Path)),
    responses((status = 200, body = MadeTriggerShape)))]
pub async fn renew_trigger_secret(
    State(web): State<Web>,
    auth: Known,
    Path(trigger): Path<TriggerId>,
) -> Result<Answer<MadeTriggerShape>, Refusal> {
    Ok(Answer(triggers::renew_secret(&web.app, &auth.caller, trigger).await?.into()))
}

/// Lists what has happened to a trigger, the latest first.
#[utoipa::path(get, path = "/api/v1/jobs/triggers/{trigger}/events", tag = "jobs",
    params(("trigger" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<TriggerEventShape>)))]
pub async fn list_trigger_events(
    State(web): State<Web>,
    auth: Known,
    Path(trigger): Path<TriggerId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<TriggerEventShape>>, Refusal> {
    paged!(web, auth, params, format!("trigger events {trigger}"), |page| triggers::events(
        &web.app,
        &auth.caller,
        trigger,
        page
    ))
}

/// Lists what started a run, in the order it happened. For members of its project.
#[utoipa::path(get, path = "/api/v1/jobs/runs/{run}/events", tag = "jobs", params(("run" = Uuid, Path), PageParams),
    responses((status = 200, body = PageOf<TriggerEventShape>)))]
pub async fn list_job_run_events(
    State(web): State<Web>,
    auth: Known,
    Path(run): Path<RunId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<TriggerEventShape>>, Refusal> {
    paged!(web, auth, params, format!("run events {run}"), |page| triggers::events_of_run(
        &web.app,
        &auth.caller,
        run,
        page
    ))
}
