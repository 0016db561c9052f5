//! Direct grants.

use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_app::access::grant_views::GrantView;
use lakegate_model::{Fault, grants::Grantee};

use crate::scalars::{GrantColumns, GranteeKind, Id, ProductRole};

/// Access that was given without a request: on a table, on every table of a database, or on what carries a tag.
#[derive(Debug, Clone, SimpleObject)]
pub struct DirectGrant {
    pub id: Id,
    pub grantee: DirectGrantee,
    /// The table, `database.*`, or the tag.
    pub on: String,
    pub table_id: Option<Id>,
    pub database_id: Option<Id>,
    pub tag: Option<String>,
    /// Which columns of the table it opens.
    pub columns_mode: GrantColumns,
    /// What `columnsMode` names.
    pub columns: Vec<Id>,
    /// Whether it opens some rows alone.
    pub filtered: bool,
    /// The condition of rows that it opens, for reviewers.
    pub row_filter: Option<String>,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
    /// Names of purposes of which its holder states one.
    pub purposes: Vec<String>,
    /// Whether its holder may hand on what it opens.
    pub hand_on: bool,
    /// The grant from which it was handed on.
    pub parent: Option<Id>,
    /// Whether its holder gave it to himself in an emergency: `breakGlasses` tells more.
    pub break_glass: bool,
    pub reason: String,
    /// Display name.
    pub granted_by: String,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    /// When it was taken back or ran out; null while it is in force.
    pub ended_at: Option<DateTime<Utc>>,
    /// Whether the caller may take it back.
    pub may_revoke: bool,
}

/// Who holds a direct grant.
#[derive(Debug, Clone, SimpleObject)]
pub struct DirectGrantee {
    pub kind: GranteeKind,
    /// Of a user, group, service account or project.
    pub id: Option<Id>,
    pub role: Option<ProductRole>,
    pub name: String,
}

impl From<GrantView> for DirectGrant {
    fn from(view: GrantView) -> Self {
        let grant = view.grant;
        Self {
            id: grant.id.into(),
            grantee: DirectGrantee {
                kind: grant.grantee_kind.into(),
                id: grant.grantee_id.map(Id),
                role: grant.grantee_role.map(Into::into),
                name: view.holder,
            },
            on: view.on,
            table_id: grant.table_id.map(Into::into),
            database_id: grant.database_id.map(Into::into),
            tag: grant.tag,
            columns_mode: grant.columns_mode.into(),
            columns: grant.columns.into_iter().map(Into::into).collect(),
            filtered: view.filtered,
            row_filter: grant.row_filter,
            export: grant.can_export,
            purposes: view.purposes,
            hand_on: grant.can_grant,
            parent: grant.parent_id.map(Into::into),
            break_glass: grant.break_glass,
            reason: grant.reason,
            granted_by: view.granted_by,
            valid_from: grant.valid_from,
            valid_until: grant.valid_until,
            ended_at: grant.ended_at,
            may_revoke: view.may_revoke,
        }
    }
}

/// Who is to hold a direct grant: an id for users, groups, service accounts and projects, a role for roles.
#[derive(Debug, InputObject)]
pub struct GranteeInput {
    pub kind: GranteeKind,
    pub id: Option<Id>,
    pub role: Option<ProductRole>,
}

impl GranteeInput {
    /// The grantee.
    ///
    /// # Errors
    /// `invalid` naming `to` where the kind lacks what it needs.
    pub fn read(self) -> Result<Grantee, Fault> {
        Grantee::of(self.kind.into(), self.id.map(|id| id.0), self.role.map(Into::into))
            .ok_or_else(|| Fault::invalid("to", "say who: an id, or a role for the kind ROLE"))
    }
}
