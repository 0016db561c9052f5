//! Coarse rights, what databases are registered for, and who was opted into fine grants.

use async_graphql::SimpleObject;
use chrono::{DateTime, Utc};
use lakegate_app::access::{coarse, coarse_import, opt_ins, registrations};
use lakegate_model::{
    grants::Grantee,
    words::{GranteeKind, ProductRole},
};

use super::grants::DirectGrantee;
use crate::scalars::{AccessMode, Id};

/// The right to read every table of a database, those to come included. It counts where the database is registered for coarse
/// rights, and in one of both models for whom is not opted into fine grants.
#[derive(Debug, Clone, SimpleObject)]
pub struct CoarseRight {
    pub id: Id,
    pub grantee: DirectGrantee,
    pub database_id: Id,
    pub database: String,
    /// What the database is registered for.
    pub mode: AccessMode,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
    pub reason: String,
    /// Display name.
    pub granted_by: String,
    pub valid_from: DateTime<Utc>,
    pub valid_until: Option<DateTime<Utc>>,
    /// When it was taken back or ran out; null while it is in force.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A decision that fine grants, or coarse rights, count for somebody on a database or one table of it.
#[derive(Debug, Clone, SimpleObject)]
pub struct OptIn {
    pub id: Id,
    pub who: DirectGrantee,
    pub database_id: Id,
    pub database: String,
    /// What the database is registered for: decisions count where it is both models.
    pub mode: AccessMode,
    /// The one table that it is about; null for the whole database.
    pub table: Option<String>,
    /// Whether it is about grants on tags, which are opted in apart.
    pub tags: bool,
    /// Whether it opts in; otherwise it opts out.
    pub opted: bool,
    pub reason: String,
    /// Display name.
    pub decided_by: String,
    pub created_at: DateTime<Utc>,
    /// When another decision took its place; null while it is in force.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A database with what it is registered for.
#[derive(Debug, Clone, SimpleObject)]
pub struct DatabaseRegistration {
    pub database_id: Id,
    pub database: String,
    /// The name of the project whose tables it holds.
    pub project: String,
    pub mode: AccessMode,
    /// Why, if it was ever decided.
    pub reason: Option<String>,
    /// Display name of who decided; null where a setting did, or nobody.
    pub set_by: Option<String>,
    pub since: Option<DateTime<Utc>>,
}

/// What came of a document of statements.
#[derive(Debug, Clone, SimpleObject)]
pub struct CoarseImport {
    pub given: Vec<CoarseRight>,
    /// How many of its rights stood already.
    pub standing: i32,
}

impl From<coarse_import::Imported> for CoarseImport {
    fn from(imported: coarse_import::Imported) -> Self {
        Self {
            given: imported.given.into_iter().map(Into::into).collect(),
            standing: i32::try_from(imported.standing).unwrap_or(i32::MAX),
        }
    }
}

fn grantee(grantee: Grantee, name: String) -> DirectGrantee {
    let (kind, role): (GranteeKind, Option<ProductRole>) = (grantee.kind(), grantee.role());
    DirectGrantee { kind: kind.into(), id: grantee.id().map(Id), role: role.map(Into::into), name }
}

impl From<coarse::CoarseRightView> for CoarseRight {
    fn from(view: coarse::CoarseRightView) -> Self {
        let right = view.right;
        Self {
            id: right.id.into(),
            grantee: grantee(right.grantee(), view.holder),
            database_id: right.database_id.into(),
            database: view.database,
            mode: view.mode.into(),
            export: right.can_export,
            reason: right.reason,
            granted_by: view.granted_by,
            valid_from: right.valid_from,
            valid_until: right.valid_until,
            ended_at: right.ended_at,
        }
    }
}

impl From<opt_ins::OptInView> for OptIn {
    fn from(view: opt_ins::OptInView) -> Self {
        let opt = view.opt;
        Self {
            id: opt.id.into(),
            who: grantee(opt.grantee(), view.who),
            database_id: opt.database_id.into(),
            database: view.database,
            mode: view.mode.into(),
            table: view.table,
            tags: opt.for_tags,
            opted: opt.opted,
            reason: opt.reason,
            decided_by: view.decided_by,
            created_at: opt.created_at,
            ended_at: opt.ended_at,
        }
    }
}

impl From<registrations::RegistrationView> for DatabaseRegistration {
    fn from(view: registrations::RegistrationView) -> Self {
        Self {
            database_id: view.database.into(),
            database: view.name,
            project: view.project,
            mode: view.mode.into(),
            reason: view.reason,
            set_by: view.set_by,
            since: view.since,
        }
    }
}
