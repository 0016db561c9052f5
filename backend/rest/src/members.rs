//! Who belongs to a project, and who is invited.

use axum::{
    Json as Answer, Router,
    extract::State,
    http::StatusCode,
    routing::{delete, get, post, put},
};
use chrono::{DateTime, Utc};
use lakegate_app::places::{
    invitations,
    members::{self, Departure},
};
use lakegate_model::{
    ids::{ProjectId, UserId},
    places::{Invitation, ProjectMember},
    words::{MemberKind, ProjectRole},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::done;
use lakegate_http::{
    Refusal, Web,
    extract::{Json, Known, Path},
};

/// The addresses of this noun.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/api/v1/projects/{project}/members", get(list_members).post(add_member))
        .route("/api/v1/projects/{project}/members/{kind}/{member}", put(set_member_role).delete(remove_member))
        .route("/api/v1/projects/{project}/leave", post(leave_project))
        .route("/api/v1/projects/{project}/transfer", post(transfer_project))
        .route("/api/v1/projects/{project}/appoint-owner", post(appoint_owner))
        .route("/api/v1/projects/{project}/invitations", get(list_invitations).post(invite))
        .route("/api/v1/projects/{project}/invitations/{user}", delete(withdraw_invitation))
        .route("/api/v1/me/invitations", get(list_my_invitations))
        .route("/api/v1/me/invitations/{project}/accept", post(accept_invitation))
        .route("/api/v1/me/invitations/{project}/decline", post(decline_invitation))
}

/// A user or group in a project.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberShape {
    /// `user` or `group`.
    #[schema(value_type = String)]
    kind: MemberKind,
    id: Uuid,
    name: String,
    #[schema(value_type = String)]
    role: ProjectRole,
    added_at: DateTime<Utc>,
}

impl From<ProjectMember> for MemberShape {
    fn from(member: ProjectMember) -> Self {
        Self {
            kind: member.member_kind,
            id: member.member_id,
            name: member.name,
            role: member.role,
            added_at: member.added_at,
        }
    }
}

/// Lists the members of a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/members", tag = "members", params(("project" = Uuid, Path)),
    responses((status = 200, body = Vec<MemberShape>)))]
pub async fn list_members(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<Vec<MemberShape>>, Refusal> {
    let members = members::list(&web.app, &auth.caller, project).await?;
    Ok(Answer(members.into_iter().map(Into::into).collect()))
}

/// A user or group to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// `user` or `group`.
    #[schema(value_type = String)]
    kind: MemberKind,
    id: Uuid,
    /// `viewer`, `contributor` or `owner`.
    #[schema(value_type = String)]
    role: ProjectRole,
}

/// Adds a user or a group.
#[utoipa::path(post, path = "/api/v1/projects/{project}/members", tag = "members", params(("project" = Uuid, Path)),
    request_body = NewMember, responses((status = 201, body = MemberShape)))]
pub async fn add_member(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<NewMember>,
) -> Result<(StatusCode, Answer<MemberShape>), Refusal> {
    let member = members::add(&web.app, &auth.caller, project, (input.kind, input.id), input.role).await?;
    Ok((StatusCode::CREATED, Answer(member.into())))
}

/// A role in a project.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleInput {
    /// `viewer`, `contributor` or `owner`.
    #[schema(value_type = String)]
    role: ProjectRole,
}

/// Changes the role of a member.
#[utoipa::path(put, path = "/api/v1/projects/{project}/members/{kind}/{member}", tag = "members",
    params(("project" = Uuid, Path), ("kind" = String, Path, description = "`user` or `group`"), ("member" = Uuid, Path)),
    request_body = RoleInput, responses((status = 204, description = "Changed")))]
pub async fn set_member_role(
    State(web): State<Web>,
    auth: Known,
    Path((project, kind, member)): Path<(ProjectId, MemberKind, Uuid)>,
    Json(input): Json<RoleInput>,
) -> Result<StatusCode, Refusal> {
    done(members::set_role(&web.app, &auth.caller, project, (kind, member), input.role).await)
}

/// What a departure meant for what the person held.
#[derive(Debug, Serialize, ToSchema)]
pub struct DepartureShape {
    /// People who are out of the project now.
    people: usize,
    /// Sessions that acted in the project and act in none now.
    sessions_now_elsewhere: u64,
    /// Open requests of those people, which stay with the project.
    open_requests: i64,
    /// All of this as a sentence.
    note: String,
}

impl From<Departure> for DepartureShape {
    fn from(departure: Departure) -> Self {
        let Departure { people, sessions_now_elsewhere, open_requests, note } = departure;
        Self { people, sessions_now_elsewhere, open_requests, note }
    }
}

/// Removes a member, with the next request.
#[utoipa::path(delete, path = "/api/v1/projects/{project}/members/{kind}/{member}", tag = "members",
    params(("project" = Uuid, Path), ("kind" = String, Path, description = "`user` or `group`"), ("member" = Uuid, Path)),
    responses((status = 200, body = DepartureShape)))]
pub async fn remove_member(
    State(web): State<Web>,
    auth: Known,
    Path((project, kind, member)): Path<(ProjectId, MemberKind, Uuid)>,
) -> Result<Answer<DepartureShape>, Refusal> {
    Ok(Answer(members::remove(&web.app, &auth.caller, project, (kind, member)).await?.into()))
}

/// Leaves a project.
#[utoipa::path(post, path = "/api/v1/projects/{project}/leave", tag = "members", params(("project" = Uuid, Path)),
    responses((status = 200, body = DepartureShape)))]
pub async fn leave_project(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<DepartureShape>, Refusal> {
    Ok(Answer(members::leave(&web.app, &auth.caller, project).await?.into()))
}

/// Somebody to become owner.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOwner {
    #[schema(value_type = Uuid)]
    user: UserId,
}

/// Hands the caller's ownership over to another member.
#[utoipa::path(post, path = "/api/v1/projects/{project}/transfer", tag = "members", params(("project" = Uuid, Path)),
    request_body = NewOwner, responses((status = 204, description = "Handed over")))]
pub async fn transfer_project(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<NewOwner>,
) -> Result<StatusCode, Refusal> {
    done(members::transfer(&web.app, &auth.caller, project, input.user).await)
}

/// Gives a project without an enabled owner a new one; for administrators.
#[utoipa::path(post, path = "/api/v1/projects/{project}/appoint-owner", tag = "members",
    params(("project" = Uuid, Path)), request_body = NewOwner, responses((status = 204, description = "Appointed")))]
pub async fn appoint_owner(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<NewOwner>,
) -> Result<StatusCode, Refusal> {
    done(members::appoint_owner(&web.app, &auth.caller, project, input.user).await)
}

/// An invitation that its user has not answered.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationShape {
    project_id: Uuid,
    project_name: String,
    user_id: Uuid,
    user_name: String,
    #[schema(value_type = String)]
    role: ProjectRole,
    invited_at: DateTime<Utc>,
}

impl From<Invitation> for InvitationShape {
    fn from(invitation: Invitation) -> Self {
        Self {
            project_id: invitation.project_id.into(),
            project_name: invitation.project_name,
            user_id: invitation.user_id.into(),
            user_name: invitation.user_name,
            role: invitation.role,
            invited_at: invitation.invited_at,
        }
    }
}

/// Lists the open invitations into a project.
#[utoipa::path(get, path = "/api/v1/projects/{project}/invitations", tag = "members",
    params(("project" = Uuid, Path)), responses((status = 200, body = Vec<InvitationShape>)))]
pub async fn list_invitations(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<Answer<Vec<InvitationShape>>, Refusal> {
    let found = invitations::into_project(&web.app, &auth.caller, project).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}

/// Somebody to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    #[schema(value_type = Uuid)]
    user: UserId,
    #[schema(value_type = String)]
    role: ProjectRole,
}

/// Invites a user into a project.
#[utoipa::path(post, path = "/api/v1/projects/{project}/invitations", tag = "members",
    params(("project" = Uuid, Path)), request_body = NewInvitation, responses((status = 201, body = InvitationShape)))]
pub async fn invite(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
    Json(input): Json<NewInvitation>,
) -> Result<(StatusCode, Answer<InvitationShape>), Refusal> {
    let invitation = invitations::invite(&web.app, &auth.caller, project, input.user, input.role).await?;
    Ok((StatusCode::CREATED, Answer(invitation.into())))
}

/// Takes an invitation back.
#[utoipa::path(delete, path = "/api/v1/projects/{project}/invitations/{user}", tag = "members",
    params(("project" = Uuid, Path), ("user" = Uuid, Path)), responses((status = 204, description = "Taken back")))]
pub async fn withdraw_invitation(
    State(web): State<Web>,
    auth: Known,
    Path((project, user)): Path<(ProjectId, UserId)>,
) -> Result<StatusCode, Refusal> {
    done(invitations::withdraw(&web.app, &auth.caller, project, user).await)
}

/// Lists the caller's own open invitations.
#[utoipa::path(get, path = "/api/v1/me/invitations", tag = "members",
    responses((status = 200, body = Vec<InvitationShape>)))]
pub async fn list_my_invitations(State(web): State<Web>, auth: Known) -> Result<Answer<Vec<InvitationShape>>, Refusal> {
    let found = invitations::mine(&web.app, &auth.caller).await?;
    Ok(Answer(found.into_iter().map(Into::into).collect()))
}

/// Joins a project by an invitation.
#[utoipa::path(post, path = "/api/v1/me/invitations/{project}/accept", tag = "members",
    params(("project" = Uuid, Path)), responses((status = 204, description = "Joined")))]
pub async fn accept_invitation(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<StatusCode, Refusal> {
    done(invitations::accept(&web.app, &auth.caller, project).await)
}

/// Declines an invitation.
#[utoipa::path(post, path = "/api/v1/me/invitations/{project}/decline", tag = "members",
    params(("project" = Uuid, Path)), responses((status = 204, description = "Declined")))]
pub async fn decline_invitation(
    State(web): State<Web>,
    auth: Known,
    Path(project): Path<ProjectId>,
) -> Result<StatusCode, Refusal> {
    done(invitations::decline(&web.app, &auth.caller, project).await)
}
