//! Environments, connections and storage roots.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::places::environments::EnvironmentView;
use lakegate_model::places;

use crate::scalars::{DatabaseKind, Id};

/// Storage and databases of a project.
#[derive(Debug, Clone, SimpleObject)]
pub struct Environment {
    pub id: Id,
    pub project_id: Id,
    pub name: String,
    /// Where managed files are written: `file:///…/` or `s3://…/`.
    pub location: String,
    /// How the location is reached; null for folders.
    pub connection_id: Option<Id>,
    pub databases: Vec<Database>,
    pub created_at: DateTime<Utc>,
}

impl From<EnvironmentView> for Environment {
    fn from(view: EnvironmentView) -> Self {
        let environment = view.environment;
        Self {
            id: environment.id.into(),
            project_id: environment.project_id.into(),
            name: environment.name,
            location: environment.location,
            connection_id: environment.connection_id.map(Into::into),
            databases: view.databases.into_iter().map(Into::into).collect(),
            created_at: environment.created_at,
        }
    }
}

/// A database (schema) of an environment.
#[derive(Debug, Clone, SimpleObject)]
pub struct Database {
    pub id: Id,
    pub name: String,
    pub kind: DatabaseKind,
}

impl From<places::Database> for Database {
    fn from(database: places::Database) -> Self {
        Self { id: database.id.into(), name: database.name, kind: database.kind.into() }
    }
}

/// How an S3-compatible store is reached. Its secret never comes out.
#[derive(Debug, Clone, SimpleObject)]
#[graphql(name = "StorageConnection")]
pub struct Connection {
    pub id: Id,
    pub project_id: Id,
    pub name: String,
    /// Null for Amazon's own endpoint of the region.
    pub endpoint: Option<String>,
    pub region: String,
    pub access_key_id: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<places::Connection> for Connection {
    fn from(connection: places::Connection) -> Self {
        let places::ConnectionSettings::S3 { endpoint, region, access_key_id } = connection.settings;
        Self {
            id: connection.id.into(),
            project_id: connection.project_id.into(),
            name: connection.name,
            endpoint,
            region,
            access_key_id,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        }
    }
}

/// A root that an administrator assigned for storage.
#[derive(Debug, Clone, SimpleObject)]
pub struct StorageRoot {
    pub id: Id,
    pub uri: String,
    /// The one project that may use it; null for all.
    pub project_id: Option<Id>,
    pub created_at: DateTime<Utc>,
}

impl From<places::StorageRoot> for StorageRoot {
    fn from(root: places::StorageRoot) -> Self {
        Self {
            id: root.id.into(),
            uri: root.uri,
            project_id: root.project_id.map(Into::into),
            created_at: root.created_at,
        }
    }
}
