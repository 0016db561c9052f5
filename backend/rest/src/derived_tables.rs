//! Derived tables: queries of a project whose result is a table of its own.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post, put},
};
use chrono::{DateTime, Utc};
use lakegate_app::{
    derived::{self, DerivedInput},
    jobs::{Target, schedules, triggers},
};
use lakegate_model::{
    derived as model,
    ids::{DerivedTableId, ProjectId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    done,
    job_shapes::{JobRunShape, JobScheduleShape, TimingInput},
    lists::paged,
    triggers::{JobTriggerInput, JobTriggerShape, MadeTriggerShape},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, PageParams, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/derived-tables", get(list_derived_tables))
        .route("/api/v1/derived-tables", post(create_derived_table))
        .route("/api/v1/derived-tables/{derived}", get(show_derived_table).delete(delete_derived_table))
        .route("/api/v1/derived-tables/{derived}/versions", get(list_derived_table_versions).post(revise_derived_table))
        .route("/api/v1/derived-tables/{derived}/runs", post(run_derived_table))
        .route("/api/v1/derived-tables/{derived}/schedule", put(schedule_derived_table))
        .route(
            "/api/v1/derived-tables/{derived}/triggers",
            get(list_derived_table_triggers).post(create_derived_table_trigger),
        )
}

/// A query whose result is a table of its project.
#[derive(Debug, Serialize, ToSchema)]
pub struct DerivedTableShape {
    id: Uuid,
    project_id: Uuid,
    /// Where its table is kept.
    environment_id: Uuid,
    /// What its table is called.
    name: String,
    /// The number of its latest definition.
    version: i64,
    sql: String,
    /// With whose rights the query runs.
    service_account_id: Uuid,
    service_account_name: String,
    created_at: DateTime<Utc>,
    changed_at: DateTime<Utc>,
    /// The table's entry in the catalogue; null until the query has run well.
    asset_id: Option<Uuid>,
    /// When the rows that stand there came, and by the definition of which number.
    built_at: Option<DateTime<Utc>>,
    built_version: Option<i64>,
}

impl From<model::DerivedTable> for DerivedTableShape {
    fn from(derived: model::DerivedTable) -> Self {
        Self {
            id: derived.id.into(),
            project_id: derived.project_id.into(),
            environment_id: derived.environment_id.into(),
            name: derived.name,
            version: derived.version,
            sql: derived.sql_text,
            service_account_id: derived.service_account_id.into(),
            service_account_name: derived.service_account_name,
            created_at: derived.created_at,
            changed_at: derived.changed_at,
            asset_id: derived.asset_id.map(Into::into),
            built_at: derived.built_at,
            built_version: derived.built_version,
        }
    }
}

/// A definition under its number; it never changes.
#[derive(Debug, Serialize, ToSchema)]
pub struct DerivedTableVersionShape {
    number: i64,
    sql: String,
    service_account_id: Uuid,
    service_account_name: String,
    created_by: String,
    created_at: DateTime<Utc>,
}

impl From<model::DerivedVersion> for DerivedTableVersionShape {
    fn from(version: model::DerivedVersion) -> Self {
        Self {
            number: version.number,
            sql: version.sql_text,
            service_account_id: version.service_account_id.into(),
            service_account_name: version.service_account_name,
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}

/// A derived table to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedTableInput {
    /// Id of the environment in which its table is kept.
    environment: Uuid,
    /// What its table is called: lower-case letters, digits and `_`.
    name: String,
    sql: String,
    /// Id of a service account of the project, a contributor, as which the caller may act.
    service_account: Uuid,
}

impl From<DerivedTableInput> for DerivedInput {
    fn from(input: DerivedTableInput) -> Self {
        Self {
            environment: input.environment.into(),
            name: input.name,
            sql: input.sql,
            account: input.service_account.into(),
        }
    }
}

/// Another definition of a derived table.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DerivedTableVersionInput {
    /// The number of the latest definition, in place of which this one comes.
    version: i64,
    sql: String,
    /// Id of a service account of the project. The caller acts as it, and as that of before.
    service_account: Uuid,
}

/// Lists the derived tables of a project, the latest first. For its members.
#[utoipa::path(get, path = "/api/v1/projects/{project}/derived-tables", tag = "derived tables",
    params(("project" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<DerivedTableShape>)))]
pub async fn list_derived_tables(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<DerivedTableShape>>, Refusal> {
    paged!(web, auth, params, format!("derived tables of {project}"), |page| derived::list(
        &web.app,
        &auth.caller,
        project,
        page
    ))
}

/// Makes a derived table. Its query is planned as the service account now, and runs when it is told to.
#[utoipa::path(post, path = "/api/v1/derived-tables", tag = "derived tables", request_body = DerivedTableInput,
    responses((status = 201, body = DerivedTableShape)))]
pub async fn create_derived_table(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<DerivedTableInput>,
) -> Result<(StatusCode, Answer<DerivedTableShape>), Refusal> {
    let made = derived::create(&web.app, &auth.caller, &input.into()).await?;
    Ok((StatusCode::CREATED, Answer(made.into())))
}

/// Shows a derived table.
#[utoipa::path(get, path = "/api/v1/derived-tables/{derived}", tag = "derived tables",
    params(("derived" = Uuid, Path)), responses((status = 200, body = DerivedTableShape)))]
pub async fn show_derived_table(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
) -> Result<Answer<DerivedTableShape>, Refusal> {
    Ok(Answer(derived::get(&web.app, &auth.caller, derived).await?.into()))
}

/// Removes a derived table with its definitions, schedule, triggers and runs. The table that it made stays as it is.
#[utoipa::path(delete, path = "/api/v1/derived-tables/{derived}", tag = "derived tables",
    params(("derived" = Uuid, Path)), responses((status = 204)))]
pub async fn delete_derived_table(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
) -> Result<StatusCode, Refusal> {
    done(derived::remove(&web.app, &auth.caller, derived).await)
}

/// Lists the definitions of a derived table, the latest first.
#[utoipa::path(get, path = "/api/v1/derived-tables/{derived}/versions", tag = "derived tables",
    params(("derived" = Uuid, Path), PageParams),
    responses((status = 200, body = PageOf<DerivedTableVersionShape>)))]
pub async fn list_derived_table_versions(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<DerivedTableVersionShape>>, Refusal> {
    paged!(web, auth, params, format!("versions of derived table {derived}"), |page| derived::versions(
        &web.app,
        &auth.caller,
        derived,
        page
    ))
}

/// Gives a derived table another query and service account, under the next number. The table stays as it is until the query
/// has run.
#[utoipa::path(post, path = "/api/v1/derived-tables/{derived}/versions", tag = "derived tables",
    params(("derived" = Uuid, Path)), request_body = DerivedTableVersionInput,
    responses((status = 201, body = DerivedTableShape)))]
pub async fn revise_derived_table(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
    Json(input): Json<DerivedTableVersionInput>,
) -> Result<(StatusCode, Answer<DerivedTableShape>), Refusal> {
    let definition = (input.sql.as_str(), input.service_account.into());
    let revised = derived::revise(&web.app, &auth.caller, (derived, input.version), definition).await?;
    Ok((StatusCode::CREATED, Answer(revised.into())))
}

/// Runs the query of a derived table; a run that is open already is the answer instead of a second one.
#[utoipa::path(post, path = "/api/v1/derived-tables/{derived}/runs", tag = "derived tables",
    params(("derived" = Uuid, Path)), responses((status = 202, body = JobRunShape)))]
pub async fn run_derived_table(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
) -> Result<(StatusCode, Answer<JobRunShape>), Refusal> {
    Ok((StatusCode::ACCEPTED, Answer(derived::run(&web.app, &auth.caller, derived).await?.into())))
}

/// Sets when the query of a derived table runs, in place of what was said before.
#[utoipa::path(put, path = "/api/v1/derived-tables/{derived}/schedule", tag = "derived tables",
    params(("derived" = Uuid, Path)), request_body = TimingInput, responses((status = 200, body = JobScheduleShape)))]
pub async fn schedule_derived_table(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
    Json(timing): Json<TimingInput>,
) -> Result<Answer<JobScheduleShape>, Refusal> {
    Ok(Answer(schedules::set(&web.app, &auth.caller, Target::Derived(derived), &timing.into()).await?.into()))
}

/// Lists the triggers that run the query of a derived table, the latest first.
#[utoipa::path(get, path = "/api/v1/derived-tables/{derived}/triggers", tag = "derived tables",
    params(("derived" = Uuid, Path), PageParams), responses((status = 200, body = PageOf<JobTriggerShape>)))]
pub async fn list_derived_table_triggers(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
    Query(params): Query<PageParams>,
) -> Result<Answer<PageOf<JobTriggerShape>>, Refusal> {
    paged!(web, auth, params, format!("derived table triggers {derived}"), |page| triggers::list(
        &web.app,
        &auth.caller,
        Target::Derived(derived),
        page
    ))
}

/// Makes a trigger that runs the query of a derived table. The secret in the answer is shown this once.
#[utoipa::path(post, path = "/api/v1/derived-tables/{derived}/triggers", tag = "derived tables",
    params(("derived" = Uuid, Path)), request_body = JobTriggerInput,
    responses((status = 201, body = MadeTriggerShape)))]
pub async fn create_derived_table_trigger(
    State(web): State<Web>,
    auth: Known,
    Path(derived): Path<DerivedTableId>,
    Json(input): Json<JobTriggerInput>,
) -> Result<(StatusCode, Answer<MadeTriggerShape>), Refusal> {
    let made = triggers::create(&web.app, &auth.caller, Target::Derived(derived), &input.into()).await?;
    Ok((StatusCode::CREATED, Answer(made.into())))
}
