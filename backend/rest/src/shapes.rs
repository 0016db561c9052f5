//! What several operations take and show: people and places, as clients see them.

use chrono::{DateTime, Utc};
use lakegate_model::{
    ids::{AssetId, ProjectId},
    people::{Group, User},
    places::Project,
    words::ProjectRole,
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserShape {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    /// Whether the person signs in through the identity provider.
    pub external: bool,
    pub disabled: bool,
    pub created_at: DateTime<Utc>,
}

impl From<User> for UserShape {
    fn from(user: User) -> Self {
        Self {
            id: user.id.into(),
            username: user.username,
            display_name: user.display_name,
            email: user.email,
            external: user.issuer.is_some(),
            disabled: user.disabled,
            created_at: user.created_at,
        }
    }
}

/// A colleague, as far as everybody may know.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonShape {
    pub id: Uuid,
    pub username: String,
    pub display_name: String,
}

impl From<User> for PersonShape {
    fn from(user: User) -> Self {
        Self { id: user.id.into(), username: user.username, display_name: user.display_name }
    }
}

/// A named set of users.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupShape {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    /// Whether the identity provider decides who is in it.
    pub external: bool,
    pub created_at: DateTime<Utc>,
}

impl From<Group> for GroupShape {
    fn from(group: Group) -> Self {
        Self {
            id: group.id.into(),
            name: group.name,
            description: group.description,
            external: group.issuer.is_some(),
            created_at: group.created_at,
        }
    }
}

/// A team's space.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProjectShape {
    pub id: Uuid,
    pub domain_id: Uuid,
    pub name: String,
    pub description: String,
    pub created_at: DateTime<Utc>,
}

impl From<Project> for ProjectShape {
    fn from(project: Project) -> Self {
        Self {
            id: project.id.into(),
            domain_id: project.domain_id.into(),
            name: project.name,
            description: project.description,
            created_at: project.created_at,
        }
    }
}

/// A project and the caller's role in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MembershipShape {
    pub project: ProjectShape,
    #[schema(value_type = String, example = "contributor")]
    pub role: ProjectRole,
}

/// What is asked for or used, whose it is, and who asks or uses.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartiesShape {
    asset_id: Uuid,
    asset_name: String,
    /// The project that owns the asset.
    producer_id: Uuid,
    producer_name: String,
    /// The project that asks for it or uses it.
    project_id: Uuid,
    project_name: String,
}

impl PartiesShape {
    /// An asset, its owning project and the using one, each with its name.
    pub fn new(asset: (AssetId, String), producer: (ProjectId, String), project: (ProjectId, String)) -> Self {
        Self {
            asset_id: asset.0.into(),
            asset_name: asset.1,
            producer_id: producer.0.into(),
            producer_name: producer.1,
            project_id: project.0.into(),
            project_name: project.1,
        }
    }
}

/// Tells null, which takes a value away, from absence, which leaves it.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(reader).map(Some)
}
