//! The catalog.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use lakegate_app::catalog::{
    assets::{self, AssetView, ColumnView, Standing},
    edit::{self, AssetEdit, ColumnEdit},
    suggestions,
};
use lakegate_model::{
    catalog::{Asset, Suggestion},
    ids::{AssetId, ColumnId, ProjectId, SuggestionId, TermId, UserId},
    words::{AssetStatus, ColumnState, Discover},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{done, lists::paged, shapes::given};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/assets", get(list_assets))
        .route("/api/v1/assets/{asset}", get(show_asset).patch(change_asset))
        .route("/api/v1/assets/{asset}/suggestions/accept", post(accept_suggestions))
        .route("/api/v1/suggestions/{suggestion}/accept", post(accept_suggestion))
        .route("/api/v1/suggestions/{suggestion}/reject", post(reject_suggestion))
}

/// A catalog entry, shortly.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetShape {
    id: Uuid,
    project_id: Uuid,
    name: String,
    /// Business name; empty when none was given.
    title: String,
    /// Markdown.
    description: String,
    /// `inventory`, `published`, `deprecated` or `archived`.
    #[schema(value_type = String)]
    status: AssetStatus,
    certified: bool,
    owner_id: Option<Uuid>,
    /// Send it with changes: they are refused if the asset was saved since.
    revision: i64,
    deprecation_note: String,
    published_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Asset> for AssetShape {
    fn from(asset: Asset) -> Self {
        Self {
            id: asset.id.into(),
            project_id: asset.project_id.into(),
            name: asset.name,
            title: asset.title,
            description: asset.description,
            status: asset.status,
            certified: asset.certified,
            owner_id: asset.owner_id.map(Into::into),
            revision: asset.revision,
            deprecation_note: asset.deprecation_note,
            published_at: asset.published_at,
            created_at: asset.created_at,
            updated_at: asset.updated_at,
        }
    }
}

/// A column as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetColumn {
    id: Uuid,
    name: String,
    #[serde(rename = "type")]
    column_type: String,
    nullable: bool,
    partition: bool,
    /// `active`, `pending` or `dropped`.
    #[schema(value_type = String)]
    state: ColumnState,
    unlisted: bool,
    title: String,
    description: String,
    tags: Vec<String>,
    terms: Vec<String>,
}

impl From<ColumnView> for AssetColumn {
    fn from(view: ColumnView) -> Self {
        let column = view.column;
        Self {
            id: column.id.into(),
            name: column.name,
            column_type: column.column_type.to_string(),
            nullable: column.nullable,
            partition: column.is_partition,
            state: column.state,
            unlisted: column.unlisted,
            title: column.title,
            description: column.description,
            tags: view.tags,
            terms: view.terms.into_iter().map(|term| term.name).collect(),
        }
    }
}

/// A proposed business name.
#[derive(Debug, Serialize, ToSchema)]
pub struct SuggestionShape {
    id: Uuid,
    /// Null for the asset itself.
    column_id: Option<Uuid>,
    value: String,
}

impl From<Suggestion> for SuggestionShape {
    fn from(suggestion: Suggestion) -> Self {
        Self { id: suggestion.id.into(), column_id: suggestion.column_id.map(Into::into), value: suggestion.value }
    }
}

/// A catalog entry as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AssetDetail {
    #[serde(flatten)]
    asset: AssetShape,
    columns: Vec<AssetColumn>,
    tags: Vec<String>,
    terms: Vec<String>,
    project_name: String,
    /// Names from the root of the tree to the asset's own domain.
    domain_path: Vec<String>,
    owner_name: String,
    /// The discover level in force.
    #[schema(value_type = String)]
    discover: Discover,
    /// How the caller stands to it: `member`, `subscriber`, `requested`, `requestable` or `listed`.
    standing: &'static str,
    /// The open request of one of the caller's projects.
    open_request: Option<String>,
    may_edit: bool,
    may_certify: bool,
    may_release: bool,
    may_review: bool,
    /// Where members read it in SQL.
    table: Option<String>,
    /// Files and bytes, for those who read the whole table.
    files: Option<i64>,
    bytes: Option<i64>,
    successor_id: Option<Uuid>,
    suggestions: Vec<SuggestionShape>,
}

impl From<AssetView> for AssetDetail {
    fn from(view: AssetView) -> Self {
        let (standing, open_request) = match view.standing {
            Standing::Member(_) => ("member", None),
            Standing::Subscriber => ("subscriber", None),
            Standing::Requested(number) => ("requested", Some(format!("REQ-{number:06}"))),
            Standing::Requestable => ("requestable", None),
            Standing::Listed => ("listed", None),
        };
        Self {
            asset: view.asset.into(),
            columns: view.columns.into_iter().map(Into::into).collect(),
            tags: view.tags,
            terms: view.terms.into_iter().map(|term| term.name).collect(),
            project_name: view.project_name,
            domain_path: view.domain_path.into_iter().map(|(_, name)| name).collect(),
            owner_name: view.owner_name,
            discover: view.discover,
            standing,
            open_request,
            may_edit: view.may_edit,
            may_certify: view.may_certify,
            may_release: view.may_release,
            may_review: view.may_review,
            table: view.table.map(|(database, table)| format!("{database}.{table}")),
            files: view.totals.as_ref().map(|totals| totals.files),
            bytes: view.totals.as_ref().map(|totals| totals.bytes),
            successor_id: view.successor.map(|(id, _)| id.into()),
            suggestions: view.suggestions.into_iter().map(Into::into).collect(),
        }
    }
}

/// Which assets are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AssetParams {
    #[param(value_type = Option<String>)]
    status: Option<AssetStatus>,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

/// Lists the assets of a project, for its members.
#[utoipa::path(get, path = "/api/v1/projects/{project}/assets", tag = "assets",
    params(("project" = Uuid, Path), AssetParams), responses((status = 200, body = PageOf<AssetShape>)))]
pub async fn list_assets(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Query(params): Query<AssetParams>,
) -> Result<Answer<PageOf<AssetShape>>, Refusal> {
    paged!(web, auth, params, format!("assets of {project} {:?}", params.status), |page| assets::of_project(
        &web.app,
        &auth.caller,
        project,
        params.status,
        page
    ))
}

/// Shows an asset.
#[utoipa::path(get, path = "/api/v1/assets/{asset}", tag = "assets", params(("asset" = Uuid, Path)),
    responses((status = 200, body = AssetDetail)))]
pub async fn show_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
) -> Result<Answer<AssetDetail>, Refusal> {
    Ok(Answer(assets::view(&web.app, &auth.caller, asset).await?.into()))
}

/// What to change of a column; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnChange {
    #[schema(value_type = Uuid)]
    id: ColumnId,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    unlisted: Option<bool>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    terms: Option<Vec<TermId>>,
}

/// What to change of an asset; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetChange {
    /// The revision that was looked at.
    revision: i64,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    description: Option<String>,
    /// Null leaves the asset without an owner.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Uuid>)]
    owner: Option<Option<UserId>>,
    /// Null takes the domain's default.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<String>)]
    discover: Option<Option<Discover>>,
    #[serde(default)]
    tags: Option<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<Uuid>>)]
    terms: Option<Vec<TermId>>,
    #[serde(default)]
    columns: Vec<ColumnChange>,
}

/// Changes what people say of an asset.
#[utoipa::path(patch, path = "/api/v1/assets/{asset}", tag = "assets", params(("asset" = Uuid, Path)),
    request_body = AssetChange, responses((status = 200, body = AssetDetail)))]
pub async fn change_asset(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
    Json(input): Json<AssetChange>,
) -> Result<Answer<AssetDetail>, Refusal> {
    let AssetChange { revision, title, description, owner, discover, tags, terms, columns } = input;
    let column = |change: ColumnChange| {
        let ColumnChange { id, title, description, unlisted, tags, terms } = change;
        ColumnEdit { id, title, description, unlisted, tags, terms }
    };
    let columns = columns.into_iter().map(column).collect();
    let edit = AssetEdit { title, description, owner, discover, tags, terms, columns };
    Ok(Answer(edit::update(&web.app, &auth.caller, asset, revision, &edit).await?.into()))
}

/// Takes all open proposals of an asset up.
#[utoipa::path(post, path = "/api/v1/assets/{asset}/suggestions/accept", tag = "assets",
    params(("asset" = Uuid, Path)), responses((status = 200, body = AssetDetail)))]
pub async fn accept_suggestions(
    State(web): State<Web>,
    auth: Known,
    Path(asset): Path<AssetId>,
) -> Result<Answer<AssetDetail>, Refusal> {
    Ok(Answer(suggestions::accept_all(&web.app, &auth.caller, asset).await?.into()))
}

/// Takes one proposal up.
#[utoipa::path(post, path = "/api/v1/suggestions/{suggestion}/accept", tag = "assets",
    params(("suggestion" = Uuid, Path)), responses((status = 200, body = AssetDetail)))]
pub async fn accept_suggestion(
    State(web): State<Web>,
    auth: Known,
    Path(suggestion): Path<SuggestionId>,
) -> Result<Answer<AssetDetail>, Refusal> {
    Ok(Answer(suggestions::accept(&web.app, &auth.caller, suggestion).await?.into()))
}

/// Turns one proposal down; it stays away.
#[utoipa::path(post, path = "/api/v1/suggestions/{suggestion}/reject", tag = "assets",
    params(("suggestion" = Uuid, Path)), responses((status = 204, description = "Turned down")))]
pub async fn reject_suggestion(
    State(web): State<Web>,
    auth: Known,
    Path(suggestion): Path<SuggestionId>,
) -> Result<StatusCode, Refusal> {
    done(suggestions::reject(&web.app, &auth.caller, suggestion).await)
}
