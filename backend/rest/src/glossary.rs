//! Words of the business.

use axum::{Json as Answer, Router, extract::State, http::StatusCode, routing::get};
use chrono::{DateTime, Utc};
use lakegate_app::catalog::glossary::{self, TermInput};
use lakegate_model::{
    catalog::Term,
    ids::{DomainId, TermId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::lists::{named, paged};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/terms", get(list_terms).post(create_term))
        .route("/api/v1/terms/{term}", get(show_term).patch(change_term))
}

/// A word, defined once.
#[derive(Debug, Serialize, ToSchema)]
pub struct TermShape {
    id: Uuid,
    domain_id: Uuid,
    name: String,
    /// Markdown.
    definition: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<Term> for TermShape {
    fn from(term: Term) -> Self {
        Self {
            id: term.id.into(),
            domain_id: term.domain_id.into(),
            name: term.name,
            definition: term.definition,
            created_at: term.created_at,
            updated_at: term.updated_at,
        }
    }
}

/// Which terms are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TermParams {
    #[param(value_type = Option<Uuid>)]
    domain: Option<DomainId>,
    /// Part of a name.
    #[serde(default)]
    search: String,
    #[serde(skip_serializing)]
    first: Option<i64>,
    #[serde(skip_serializing)]
    after: Option<String>,
}

/// Lists terms in order of names.
#[utoipa::path(get, path = "/api/v1/terms", tag = "glossary", params(TermParams),
    responses((status = 200, body = PageOf<TermShape>)))]
pub async fn list_terms(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<TermParams>,
) -> Result<Answer<PageOf<TermShape>>, Refusal> {
    paged!(web, auth, params, named("terms", &params), |page| glossary::list(
        &web.app,
        &auth.caller,
        params.domain,
        &params.search,
        page
    ))
}

/// A term to be defined.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTerm {
    #[schema(value_type = Uuid)]
    domain_id: DomainId,
    name: String,
    definition: String,
}

/// Defines a term; for stewards.
#[utoipa::path(post, path = "/api/v1/terms", tag = "glossary", request_body = NewTerm,
    responses((status = 201, body = TermShape)))]
pub async fn create_term(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewTerm>,
) -> Result<(StatusCode, Answer<TermShape>), Refusal> {
    let NewTerm { domain_id, name, definition } = input;
    let term = glossary::create(&web.app, &auth.caller, domain_id, &TermInput { name, definition }).await?;
    Ok((StatusCode::CREATED, Answer(term.into())))
}

/// Shows a term.
#[utoipa::path(get, path = "/api/v1/terms/{term}", tag = "glossary", params(("term" = Uuid, Path)),
    responses((status = 200, body = TermShape)))]
pub async fn show_term(
    State(web): State<Web>,
    auth: Known,
    Path(term): Path<TermId>,
) -> Result<Answer<TermShape>, Refusal> {
    let (term, _assets) = glossary::get(&web.app, &auth.caller, term, &lakegate_model::PageRequest::default()).await?;
    Ok(Answer(term.into()))
}

/// A term as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TermChange {
    name: String,
    definition: String,
}

/// Changes a term; for stewards.
#[utoipa::path(patch, path = "/api/v1/terms/{term}", tag = "glossary", params(("term" = Uuid, Path)),
    request_body = TermChange, responses((status = 200, body = TermShape)))]
pub async fn change_term(
    State(web): State<Web>,
    auth: Known,
    Path(term): Path<TermId>,
    Json(input): Json<TermChange>,
) -> Result<Answer<TermShape>, Refusal> {
    let TermChange { name, definition } = input;
    Ok(Answer(glossary::update(&web.app, &auth.caller, term, &TermInput { name, definition }).await?.into()))
}
