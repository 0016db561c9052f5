//! The tree of business areas.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, put},
};
use chrono::{DateTime, Utc};
use lakegate_app::places::domains::{self, DomainChange, NewDomain};
use lakegate_model::{
    ids::{DomainId, UserId},
    places::Domain,
    words::Discover,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{done, shapes::PersonShape};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/domains", get(list_domains).post(create_domain))
        .route("/api/v1/domains/{domain}", get(show_domain).patch(change_domain))
        .route("/api/v1/domains/{domain}/stewards/{user}", put(add_steward).delete(remove_steward))
}

/// A business area.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainShape {
    #[schema(value_type = Uuid)]
    id: DomainId,
    /// Null for a root.
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<DomainId>,
    name: String,
    description: String,
    /// What its assets show by default: `hidden`, `listed`, `requestable` or `open`.
    #[schema(value_type = String)]
    discover: Discover,
    created_at: DateTime<Utc>,
}

impl From<Domain> for DomainShape {
    fn from(domain: Domain) -> Self {
        let Domain { id, parent_id, name, description, discover, created_at } = domain;
        Self { id, parent_id, name, description, discover, created_at }
    }
}

/// Lists all domains, each after its parent.
#[utoipa::path(get, path = "/api/v1/domains", tag = "domains", responses((status = 200, body = Vec<DomainShape>)))]
pub async fn list_domains(State(web): State<Web>, auth: Known) -> Result<Answer<Vec<DomainShape>>, Refusal> {
    let tree = domains::tree(&web.app, &auth.caller).await?;
    Ok(Answer(tree.into_iter().map(|node| node.domain.into()).collect()))
}

/// A domain to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDomainInput {
    /// Absent makes a root.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    parent_id: Option<DomainId>,
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default = "requestable")]
    #[schema(value_type = String, default = "requestable")]
    discover: Discover,
}

fn requestable() -> Discover {
    Discover::Requestable
}

/// Creates a domain.
#[utoipa::path(post, path = "/api/v1/domains", tag = "domains", request_body = NewDomainInput,
    responses((status = 201, body = DomainShape)))]
pub async fn create_domain(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewDomainInput>,
) -> Result<(StatusCode, Answer<DomainShape>), Refusal> {
    let NewDomainInput { parent_id: parent, name, description, discover } = input;
    let domain = domains::create(&web.app, &auth.caller, &NewDomain { parent, name, description, discover }).await?;
    Ok((StatusCode::CREATED, Answer(domain.into())))
}

/// A domain with those who look after it.
#[derive(Debug, Serialize, ToSchema)]
pub struct DomainWithStewards {
    domain: DomainShape,
    /// Named for this domain itself.
    stewards: Vec<PersonShape>,
    /// Named for a domain above it.
    inherited_stewards: Vec<PersonShape>,
}

/// Shows a domain with its stewards.
#[utoipa::path(get, path = "/api/v1/domains/{domain}", tag = "domains", params(("domain" = Uuid, Path)),
    responses((status = 200, body = DomainWithStewards)))]
pub async fn show_domain(
    State(web): State<Web>,
    auth: Known,
    Path(domain): Path<DomainId>,
) -> Result<Answer<DomainWithStewards>, Refusal> {
    let view = domains::get(&web.app, &auth.caller, domain).await?;
    Ok(Answer(DomainWithStewards {
        domain: view.domain.into(),
        stewards: view.stewards.into_iter().map(Into::into).collect(),
        inherited_stewards: view.inherited_stewards.into_iter().map(Into::into).collect(),
    }))
}

/// What to change of a domain; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DomainChangeInput {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    discover: Option<Discover>,
}

/// Changes a domain.
#[utoipa::path(patch, path = "/api/v1/domains/{domain}", tag = "domains", params(("domain" = Uuid, Path)),
    request_body = DomainChangeInput, responses((status = 200, body = DomainShape)))]
pub async fn change_domain(
    State(web): State<Web>,
    auth: Known,
    Path(domain): Path<DomainId>,
    Json(input): Json<DomainChangeInput>,
) -> Result<Answer<DomainShape>, Refusal> {
    let DomainChangeInput { name, description, discover } = input;
    let change = DomainChange { name, description, discover };
    Ok(Answer(domains::update(&web.app, &auth.caller, domain, &change).await?.into()))
}

/// Names a steward.
#[utoipa::path(put, path = "/api/v1/domains/{domain}/stewards/{user}", tag = "domains",
    params(("domain" = Uuid, Path), ("user" = Uuid, Path)), responses((status = 204, description = "Is a steward")))]
pub async fn add_steward(
    State(web): State<Web>,
    auth: Known,
    Path((domain, user)): Path<(DomainId, UserId)>,
) -> Result<StatusCode, Refusal> {
    done(domains::add_steward(&web.app, &auth.caller, domain, user).await)
}

/// Takes a steward's task away.
#[utoipa::path(delete, path = "/api/v1/domains/{domain}/stewards/{user}", tag = "domains",
    params(("domain" = Uuid, Path), ("user" = Uuid, Path)), responses((status = 204, description = "Is no steward")))]
pub async fn remove_steward(
    State(web): State<Web>,
    auth: Known,
    Path((domain, user)): Path<(DomainId, UserId)>,
) -> Result<StatusCode, Refusal> {
    done(domains::remove_steward(&web.app, &auth.caller, domain, user).await)
}
