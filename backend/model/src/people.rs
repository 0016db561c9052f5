//! People, groups, machine identities, and how they prove who they are.

use crate::{
    Timestamp,
    ids::{ApiTokenId, GroupId, ProjectId, PurposeId, ServiceAccountId, SessionId, UserId},
    words::{LinkPurpose, ProductRole, ProjectRole, Theme, TokenScope},
};

/// A person who signs in with a password, or through the configured identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    /// Issuer of an external identity; `None` for local users.
    pub issuer: Option<String>,
    pub disabled: bool,
    pub theme: Theme,
    pub created_at: Timestamp,
}

/// A named set of users; an external group is kept by issuer and id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    pub description: String,
    pub issuer: Option<String>,
    pub external_id: Option<String>,
    pub created_at: Timestamp,
}

/// A machine identity that belongs to a project and has a role in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ServiceAccount {
    pub id: ServiceAccountId,
    pub project_id: ProjectId,
    pub name: String,
    pub role: ProjectRole,
    pub disabled: bool,
    /// The purpose it states with everything it does.
    pub purpose_id: Option<PurposeId>,
    pub created_by: UserId,
    pub created_at: Timestamp,
}

/// A browser session. Only the hash of its token is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub csrf_token: String,
    /// The project the session acts in.
    pub project_id: Option<ProjectId>,
    /// The one group or role that it is narrowed to: `group:0190…`, `role:auditor`.
    pub role: Option<String>,
    /// The purpose it states.
    pub purpose_id: Option<PurposeId>,
    /// The browser's own description, shortened.
    pub agent: String,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
    pub expires_at: Timestamp,
    /// When the password was last given.
    pub confirmed_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A token for the API, of a user or of a service account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ApiToken {
    pub id: ApiTokenId,
    pub user_id: Option<UserId>,
    pub service_account_id: Option<ServiceAccountId>,
    pub name: String,
    /// The first characters, so that people recognise it.
    pub prefix: String,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub scopes: Vec<TokenScope>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
}

/// A link that works once.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct OneTimeLink {
    pub purpose: LinkPurpose,
    pub user_id: Option<UserId>,
    pub expires_at: Timestamp,
    pub used_at: Option<Timestamp>,
    /// The administrator who asked for it.
    pub asked_by: Option<UserId>,
    /// Whether it works only after another administrator confirmed it.
    pub waits: bool,
}

/// A user with what he may do in the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserWithRoles {
    pub user: User,
    pub roles: Vec<ProductRole>,
}
