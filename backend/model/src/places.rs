//! Domains, projects, environments and connections: where data belongs.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Timestamp,
    ids::{ConnectionId, DatabaseId, DomainId, EnvironmentId, ProjectId, RootId, SecretId, UserId},
    words::{DatabaseKind, Discover, MemberKind, ProjectRole},
};

/// A business area, a node of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Domain {
    pub id: DomainId,
    pub parent_id: Option<DomainId>,
    pub name: String,
    pub description: String,
    /// What assets of the domain show by default.
    pub discover: Discover,
    pub created_at: Timestamp,
}

/// A team's space.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Project {
    pub id: ProjectId,
    pub domain_id: DomainId,
    pub name: String,
    pub description: String,
    pub created_at: Timestamp,
}

/// A user or group in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct ProjectMember {
    pub project_id: ProjectId,
    pub member_kind: MemberKind,
    /// A [`UserId`] or a `GroupId`, as `member_kind` says.
    pub member_id: Uuid,
    /// Display name of the user or name of the group.
    pub name: String,
    pub role: ProjectRole,
    pub added_at: Timestamp,
}

/// An invitation into a project that its user has not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Invitation {
    pub project_id: ProjectId,
    pub project_name: String,
    pub user_id: UserId,
    pub user_name: String,
    pub role: ProjectRole,
    pub invited_at: Timestamp,
}

/// Storage and databases of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Environment {
    pub id: EnvironmentId,
    pub project_id: ProjectId,
    pub name: String,
    /// Where managed files are written: `file:///…/` or `s3://…/`.
    pub location: String,
    /// How the location is reached; none for folders.
    pub connection_id: Option<ConnectionId>,
    pub created_at: Timestamp,
}

/// A database (schema) of an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Database {
    pub id: DatabaseId,
    pub environment_id: EnvironmentId,
    pub name: String,
    pub kind: DatabaseKind,
}

/// How to reach a storage. The secret is sealed and never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Connection {
    pub id: ConnectionId,
    pub project_id: ProjectId,
    pub name: String,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub settings: ConnectionSettings,
    pub secret_id: Option<SecretId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// The open part of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ConnectionSettings {
    /// An S3-compatible store.
    S3 { endpoint: Option<String>, region: String, access_key_id: String },
}

/// A place below which environments and sources may lie, assigned by an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct StorageRoot {
    pub id: RootId,
    pub uri: String,
    /// The one project that may use it; `None` for all.
    pub project_id: Option<ProjectId>,
    pub created_at: Timestamp,
}
