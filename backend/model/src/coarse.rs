//! Coarse rights on whole databases, and who was opted into fine grants instead.

use crate::{
    Timestamp,
    grants::Grantee,
    ids::{DatabaseId, GrantId, OptInId, RegistrationId, TableId, UserId},
    words::{AccessMode, GranteeKind, ProductRole},
};
use uuid::Uuid;

/// The right of a principal to read every table of a database, those to come included.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct CoarseRight {
    /// Named beside grants wherever it is told what access rests on.
    pub id: GrantId,
    pub grantee_kind: GranteeKind,
    pub grantee_id: Option<Uuid>,
    pub grantee_role: Option<ProductRole>,
    pub database_id: DatabaseId,
    pub can_export: bool,
    pub reason: String,
    pub granted_by: UserId,
    pub created_at: Timestamp,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<UserId>,
}

impl CoarseRight {
    /// Who holds it.
    pub fn grantee(&self) -> Grantee {
        grantee(self.grantee_kind, self.grantee_id, self.grantee_role)
    }
}

/// A decision that fine grants, or coarse rights, count for a principal on a database or one table of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct OptIn {
    pub id: OptInId,
    pub grantee_kind: GranteeKind,
    pub grantee_id: Option<Uuid>,
    pub grantee_role: Option<ProductRole>,
    pub database_id: DatabaseId,
    /// One table of it; none for the whole database.
    pub table_id: Option<TableId>,
    /// About grants on tags, which are opted in apart.
    pub for_tags: bool,
    /// Whether it opts in or out.
    pub opted: bool,
    pub reason: String,
    pub decided_by: UserId,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<UserId>,
}

impl OptIn {
    /// Whom it is about.
    pub fn grantee(&self) -> Grantee {
        grantee(self.grantee_kind, self.grantee_id, self.grantee_role)
    }
}

/// What a database is registered for, since a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Registration {
    pub id: RegistrationId,
    pub database_id: DatabaseId,
    pub mode: AccessMode,
    pub reason: String,
    /// Nobody where a setting decided when the database was made.
    pub set_by: Option<UserId>,
    pub created_at: Timestamp,
    pub ended_at: Option<Timestamp>,
}

/// A row that names nobody, which nothing writes, is about a user who does not exist.
fn grantee(kind: GranteeKind, id: Option<Uuid>, role: Option<ProductRole>) -> Grantee {
    Grantee::of(kind, id, role).unwrap_or(Grantee::User(UserId(Uuid::nil())))
}
