//! Direct grants: permissions given to a principal without a request.

use crate::{
    Timestamp,
    ids::{ColumnId, DatabaseId, GrantId, GroupId, ProjectId, ServiceAccountId, TableId, UserId},
    words::{GrantColumns, GranteeKind, ProductRole},
};
use std::fmt;
use uuid::Uuid;

/// Who holds a direct grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    User(UserId),
    Group(GroupId),
    ServiceAccount(ServiceAccountId),
    /// Whoever holds a role of the installation.
    Role(ProductRole),
    /// Whoever acts in the project.
    Project(ProjectId),
    /// Every enabled person: no service account, nobody anonymous (access rule 14).
    Everyone,
}

impl Grantee {
    /// The grantee of a kind, with what that kind needs.
    pub fn of(kind: GranteeKind, id: Option<Uuid>, role: Option<ProductRole>) -> Option<Self> {
        Some(match kind {
            GranteeKind::User => Self::User(id?.into()),
            GranteeKind::Group => Self::Group(id?.into()),
            GranteeKind::ServiceAccount => Self::ServiceAccount(id?.into()),
            GranteeKind::Role => Self::Role(role?),
            GranteeKind::Project => Self::Project(id?.into()),
            GranteeKind::Everyone => Self::Everyone,
        })
    }

    /// The kind.
    pub fn kind(&self) -> GranteeKind {
        match self {
            Self::User(_) => GranteeKind::User,
            Self::Group(_) => GranteeKind::Group,
            Self::ServiceAccount(_) => GranteeKind::ServiceAccount,
            Self::Role(_) => GranteeKind::Role,
            Self::Project(_) => GranteeKind::Project,
            Self::Everyone => GranteeKind::Everyone,
        }
    }

    /// The id of a user, group, service account or project.
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::User(id) => Some(id.0),
            Self::Group(id) => Some(id.0),
            Self::ServiceAccount(id) => Some(id.0),
            Self::Project(id) => Some(id.0),
            Self::Role(_) | Self::Everyone => None,
        }
    }

    /// The role, of whoever holds one.
    pub fn role(&self) -> Option<ProductRole> {
        match self {
            Self::Role(role) => Some(*role),
            _ => None,
        }
    }
}

impl fmt::Display for Grantee {
    /// `user:0190…`, `role:auditor`, `everyone`: also what search knows a grantee by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind().as_str())?;
        match (self.id(), self.role()) {
            (Some(id), _) => write!(f, ":{id}"),
            (None, Some(role)) => write!(f, ":{role}"),
            (None, None) => Ok(()),
        }
    }
}

/// A permission to select, given to a principal on a table, on every table of a database, or on what carries a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct DirectGrant {
    pub id: GrantId,
    pub grantee_kind: GranteeKind,
    pub grantee_id: Option<Uuid>,
    pub grantee_role: Option<ProductRole>,
    /// The table it is on.
    pub table_id: Option<TableId>,
    /// The database whose tables it is on, those to come included.
    pub database_id: Option<DatabaseId>,
    /// The tag whose bearers it is on: `sales`, or `class=public`; the key alone covers all its values.
    pub tag: Option<String>,
    /// Which columns of a table it opens; on a tag, those that carry it.
    pub columns_mode: GrantColumns,
    /// Only rows for which this is true; only on a table.
    pub row_filter: Option<String>,
    pub can_export: bool,
    /// Whether its holder may hand on what it opens.
    pub can_grant: bool,
    /// The grant whose holder handed this on: it never opens more than that one.
    pub parent_id: Option<GrantId>,
    pub reason: String,
    pub granted_by: UserId,
    pub created_at: Timestamp,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub ended_by: Option<UserId>,
    /// Whether its holder gave it to himself in an emergency ([`crate::break_glass`]).
    pub break_glass: bool,
    /// What `columns_mode` names.
    #[cfg_attr(feature = "sqlx", sqlx(skip))]
    pub columns: Vec<ColumnId>,
}

impl DirectGrant {
    /// Who holds it. A row that names nobody, which nothing writes, is held by a user who does not exist.
    pub fn grantee(&self) -> Grantee {
        Grantee::of(self.grantee_kind, self.grantee_id, self.grantee_role).unwrap_or(Grantee::User(UserId(Uuid::nil())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grantee_is_whole_or_none() {
        let id = Uuid::from_u128(7);
        for kind in GranteeKind::ALL {
            let whole = Grantee::of(*kind, Some(id), Some(ProductRole::Auditor));
            assert_eq!(whole.map(|grantee| grantee.kind()), Some(*kind));
            let bare = Grantee::of(*kind, None, None);
            assert_eq!(bare.is_some(), *kind == GranteeKind::Everyone, "{kind}");
        }
        assert_eq!(Grantee::Group(GroupId(id)).to_string(), format!("group:{id}"));
        assert_eq!(Grantee::Role(ProductRole::Auditor).to_string(), "role:auditor");
    }
}
