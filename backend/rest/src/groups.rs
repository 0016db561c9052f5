//! Groups of users.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, put},
};
use lakegate_app::accounts::groups;
use lakegate_model::ids::{GroupId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    done,
    lists::paged,
    shapes::{GroupShape, PersonShape},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/groups", get(list_groups).post(create_group))
        .route("/api/v1/groups/{group}", get(show_group))
        .route("/api/v1/groups/{group}/members/{user}", put(add_group_member).delete(remove_group_member))
}

/// Which groups are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct GroupParams {
    /// Part of a name.
    #[serde(default)]
    search: String,
    first: Option<i64>,
    after: Option<String>,
}

/// Lists groups in order of names.
#[utoipa::path(get, path = "/api/v1/groups", tag = "groups", params(GroupParams),
    responses((status = 200, body = PageOf<GroupShape>)))]
pub async fn list_groups(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<GroupParams>,
) -> Result<Answer<PageOf<GroupShape>>, Refusal> {
    paged!(web, auth, params, format!("groups {}", params.search), |page| groups::list(
        &web.app,
        &auth.caller,
        &params.search,
        page
    ))
}

/// A group to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGroup {
    name: String,
    #[serde(default)]
    description: String,
}

/// Creates a group.
#[utoipa::path(post, path = "/api/v1/groups", tag = "groups", request_body = NewGroup,
    responses((status = 201, body = GroupShape)))]
pub async fn create_group(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewGroup>,
) -> Result<(StatusCode, Answer<GroupShape>), Refusal> {
    let group = groups::create(&web.app, &auth.caller, &input.name, &input.description).await?;
    Ok((StatusCode::CREATED, Answer(group.into())))
}

/// A group and who is in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupWithMembers {
    group: GroupShape,
    members: Vec<PersonShape>,
}

/// Shows a group with its members.
#[utoipa::path(get, path = "/api/v1/groups/{group}", tag = "groups", params(("group" = Uuid, Path)),
    responses((status = 200, body = GroupWithMembers)))]
pub async fn show_group(
    State(web): State<Web>,
    auth: Known,
    Path(group): Path<GroupId>,
) -> Result<Answer<GroupWithMembers>, Refusal> {
    let (group, members) = groups::get(&web.app, &auth.caller, group).await?;
    let members = members.into_iter().map(Into::into).collect();
    Ok(Answer(GroupWithMembers { group: group.into(), members }))
}

/// Puts a user into a group.
#[utoipa::path(put, path = "/api/v1/groups/{group}/members/{user}", tag = "groups",
    params(("group" = Uuid, Path), ("user" = Uuid, Path)), responses((status = 204, description = "Is a member")))]
pub async fn add_group_member(
    State(web): State<Web>,
    auth: Known,
    Path((group, user)): Path<(GroupId, UserId)>,
) -> Result<StatusCode, Refusal> {
    done(groups::set_member(&web.app, &auth.caller, group, user, true).await)
}

/// Takes a user out of a group.
#[utoipa::path(delete, path = "/api/v1/groups/{group}/members/{user}", tag = "groups",
    params(("group" = Uuid, Path), ("user" = Uuid, Path)), responses((status = 204, description = "Is no member")))]
pub async fn remove_group_member(
    State(web): State<Web>,
    auth: Known,
    Path((group, user)): Path<(GroupId, UserId)>,
) -> Result<StatusCode, Refusal> {
    done(groups::set_member(&web.app, &auth.caller, group, user, false).await)
}
