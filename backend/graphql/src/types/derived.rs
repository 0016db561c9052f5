//! Derived tables, as clients read them.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_model::derived as model;

use crate::scalars::{Id, Long};

/// A query whose result is a table of its project, made anew whenever it runs.
#[derive(Debug, Clone, SimpleObject)]
pub struct DerivedTable {
    pub id: Id,
    pub project_id: Id,
    /// Where its table is kept.
    pub environment_id: Id,
    /// What its table is called.
    pub name: String,
    /// The number of its latest definition.
    pub version: Long,
    pub sql: String,
    /// The service account with whose rights the query runs.
    pub service_account_id: Id,
    pub service_account_name: String,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    /// The table's entry in the catalogue; null until the query has run well.
    pub asset_id: Option<Id>,
    /// When the rows that stand there came, and by the definition of which number.
    pub built_at: Option<DateTime<Utc>>,
    pub built_version: Option<Long>,
}

impl From<model::DerivedTable> for DerivedTable {
    fn from(derived: model::DerivedTable) -> Self {
        Self {
            id: derived.id.into(),
            project_id: derived.project_id.into(),
            environment_id: derived.environment_id.into(),
            name: derived.name,
            version: derived.version.into(),
            sql: derived.sql_text,
            service_account_id: derived.service_account_id.into(),
            service_account_name: derived.service_account_name,
            created_at: derived.created_at,
            changed_at: derived.changed_at,
            asset_id: derived.asset_id.map(Into::into),
            built_at: derived.built_at,
            built_version: derived.built_version.map(Into::into),
        }
    }
}

/// A definition under its number; it never changes.
#[derive(Debug, Clone, SimpleObject)]
pub struct DerivedTableVersion {
    pub number: Long,
    pub sql: String,
    pub service_account_id: Id,
    pub service_account_name: String,
    pub created_by: String,
    pub created_at: DateTime<Utc>,
}

impl From<model::DerivedVersion> for DerivedTableVersion {
    fn from(version: model::DerivedVersion) -> Self {
        Self {
            number: version.number.into(),
            sql: version.sql_text,
            service_account_id: version.service_account_id.into(),
            service_account_name: version.service_account_name,
            created_by: version.created_by,
            created_at: version.created_at,
        }
    }
}

/// Somebody who is named as acting as a service account.
#[derive(Debug, Clone, SimpleObject)]
pub struct ServiceAccountActor {
    pub user_id: Id,
    /// Display name.
    pub user_name: String,
    pub added_by: String,
    pub added_at: DateTime<Utc>,
}

impl From<model::AccountActor> for ServiceAccountActor {
    fn from(actor: model::AccountActor) -> Self {
        Self {
            user_id: actor.user_id.into(),
            user_name: actor.user_name,
            added_by: actor.added_by,
            added_at: actor.added_at,
        }
    }
}
