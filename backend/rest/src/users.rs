//! Users, for administrators; colleagues by name, for everybody.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post, put},
};
use lakegate_app::accounts::{
    password_links::{self, PasswordLink},
    users::{self, Consequences, UserInput},
};
use lakegate_model::{ids::UserId, people::UserWithRoles, words::ProductRole};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    done,
    lists::paged,
    shapes::{GroupShape, PersonShape, UserShape},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, PageOf, Path, Query},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/people", get(search_people))
        .route("/api/v1/users", get(list_users).post(create_user))
        .route("/api/v1/users/{user}", get(show_user))
        .route("/api/v1/users/{user}/groups", get(list_groups_of_user))
        .route("/api/v1/users/{user}/disabled", put(set_user_disabled))
        .route("/api/v1/users/{user}/roles", put(set_user_roles))
        .route("/api/v1/users/{user}/password-link", post(create_password_link))
        .route("/api/v1/users/{user}/password-link/confirm", post(confirm_password_link))
}

/// Which people are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PeopleParams {
    /// Part of a name.
    #[serde(default)]
    search: String,
    first: Option<i64>,
    after: Option<String>,
}

/// Finds colleagues by name.
#[utoipa::path(get, path = "/api/v1/people", tag = "users", params(PeopleParams),
    responses((status = 200, body = PageOf<PersonShape>)))]
pub async fn search_people(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<PeopleParams>,
) -> Result<Answer<PageOf<PersonShape>>, Refusal> {
    paged!(web, auth, params, format!("people {}", params.search), |page| users::search(
        &web.app,
        &auth.caller,
        &params.search,
        page
    ))
}

/// A user and his roles in the installation.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserWithRolesShape {
    #[serde(flatten)]
    user: UserShape,
    #[schema(value_type = Vec<String>)]
    roles: Vec<ProductRole>,
}

impl From<UserWithRoles> for UserWithRolesShape {
    fn from(found: UserWithRoles) -> Self {
        Self { user: found.user.into(), roles: found.roles }
    }
}

/// Lists users in order of names.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(PeopleParams),
    responses((status = 200, body = PageOf<UserWithRolesShape>)))]
pub async fn list_users(
    State(web): State<Web>,
    auth: Known,
    Query(params): Query<PeopleParams>,
) -> Result<Answer<PageOf<UserWithRolesShape>>, Refusal> {
    paged!(web, auth, params, format!("users {}", params.search), |page| users::list(
        &web.app,
        &auth.caller,
        &params.search,
        page
    ))
}

/// Shows a user with his roles.
#[utoipa::path(get, path = "/api/v1/users/{user}", tag = "users", params(("user" = Uuid, Path)),
    responses((status = 200, body = UserWithRolesShape)))]
pub async fn show_user(
    State(web): State<Web>,
    auth: Known,
    Path(user): Path<UserId>,
) -> Result<Answer<UserWithRolesShape>, Refusal> {
    Ok(Answer(users::get(&web.app, &auth.caller, user).await?.into()))
}

/// A user to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    username: String,
    display_name: String,
    #[serde(default)]
    email: Option<String>,
    /// Absent: a link is made with which the user chooses one.
    #[serde(default)]
    #[schema(format = Password)]
    password: Option<String>,
    #[serde(default)]
    #[schema(value_type = Vec<String>, example = json!(["auditor"]))]
    roles: Vec<ProductRole>,
}

/// A user just created.
#[derive(Debug, Serialize, ToSchema)]
pub struct CreatedUser {
    user: UserShape,
    /// Path of the page on which the user chooses a password; works once, for 30 minutes.
    password_link: Option<String>,
}

/// Creates a user.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = NewUser,
    responses((status = 201, body = CreatedUser)))]
pub async fn create_user(
    State(web): State<Web>,
    auth: Known,
    Json(input): Json<NewUser>,
) -> Result<(StatusCode, Answer<CreatedUser>), Refusal> {
    let NewUser { username, display_name, email, password, roles } = input;
    let input = UserInput { username, display_name, email, password, roles };
    let created = users::create(&web.app, &auth.caller, &input).await?;
    let password_link = created.link_secret.map(|secret| format!("/reset-password/{secret}"));
    Ok((StatusCode::CREATED, Answer(CreatedUser { user: created.user.into(), password_link })))
}

/// Lists the groups a user is in.
#[utoipa::path(get, path = "/api/v1/users/{user}/groups", tag = "users", params(("user" = Uuid, Path)),
    responses((status = 200, body = Vec<GroupShape>)))]
pub async fn list_groups_of_user(
    State(web): State<Web>,
    auth: Known,
    Path(user): Path<UserId>,
) -> Result<Answer<Vec<GroupShape>>, Refusal> {
    let groups = users::groups_of(&web.app, &auth.caller, user).await?;
    Ok(Answer(groups.into_iter().map(Into::into).collect()))
}

/// Whether somebody or something is out of use.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DisabledInput {
    pub disabled: bool,
}

/// What disabling a user did to what he held.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsequencesShape {
    sessions_ended: u64,
    tokens_revoked: u64,
    /// Names of projects that keep no enabled owner.
    projects_without_owner: Vec<String>,
    /// Grants belong to projects: none is lost with a person.
    grants_lost: u64,
}

impl From<Consequences> for ConsequencesShape {
    fn from(found: Consequences) -> Self {
        Self {
            sessions_ended: found.sessions_ended,
            tokens_revoked: found.tokens_revoked,
            projects_without_owner: found.projects_without_owner,
            grants_lost: found.grants_lost,
        }
    }
}

/// Disables a user with the next request, or enables him again.
#[utoipa::path(put, path = "/api/v1/users/{user}/disabled", tag = "users", params(("user" = Uuid, Path)),
    request_body = DisabledInput, responses((status = 200, body = ConsequencesShape)))]
pub async fn set_user_disabled(
    State(web): State<Web>,
    auth: Known,
    Path(user): Path<UserId>,
    Json(input): Json<DisabledInput>,
) -> Result<Answer<ConsequencesShape>, Refusal> {
    Ok(Answer(users::set_disabled(&web.app, &auth.caller, user, input.disabled).await?.into()))
}

/// Roles in the installation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RolesInput {
    #[schema(value_type = Vec<String>)]
    roles: Vec<ProductRole>,
}

/// Replaces the roles of a user.
#[utoipa::path(put, path = "/api/v1/users/{user}/roles", tag = "users", params(("user" = Uuid, Path)),
    request_body = RolesInput, responses((status = 204, description = "Replaced")))]
pub async fn set_user_roles(
    State(web): State<Web>,
    auth: Known,
    Path(user): Path<UserId>,
    Json(input): Json<RolesInput>,
) -> Result<StatusCode, Refusal> {
    done(users::set_roles(&web.app, &auth.caller, user, &input.roles).await)
}

/// A link to a page.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkShape {
    /// Path of the page; works once, for 30 minutes.
    link: String,
    /// Whether it works only after another administrator confirmed it.
    waits: bool,
}

/// Makes a link with which a user sets a new password. One for somebody else waits for another administrator, where
/// there is one.
#[utoipa::path(post, path = "/api/v1/users/{user}/password-link", tag = "users", params(("user" = Uuid, Path)),
    responses((status = 201, body = LinkShape)))]
pub async fn create_password_link(
    State(web): State<Web>,
    auth: Known,
    Path(user): Path<UserId>,
) -> Result<(StatusCode, Answer<LinkShape>), Refusal> {
    let PasswordLink { secret, waits } = password_links::ask(&web.app, &auth.caller, user).await?;
    Ok((StatusCode::CREATED, Answer(LinkShape { link: format!("/reset-password/{secret}"), waits })))
}

/// Lets the waiting password link of a user work: another administrator than the one who asked for it.
#[utoipa::path(post, path = "/api/v1/users/{user}/password-link/confirm", tag = "users",
    params(("user" = Uuid, Path)), responses((status = 204, description = "Confirmed")))]
pub async fn confirm_password_link(
    State(web): State<Web>,
    auth: Known,
    Path(user): Path<UserId>,
) -> Result<StatusCode, Refusal> {
    password_links::confirm(&web.app, &auth.caller, user).await?;
    Ok(StatusCode::NO_CONTENT)
}
