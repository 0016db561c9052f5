//! Rules that come from files: what is kept of each set.

use crate::{
    Timestamp,
    ids::{PolicyVersionId, UserId},
    words::PolicyVersionState,
};
use serde::{Deserialize, Serialize};

/// A file of rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyFile {
    /// As messages name it: a path, with `/` between its parts.
    pub name: String,
    /// YAML.
    pub text: String,
}

/// A set of files that was applied or proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct PolicyVersion {
    pub id: PolicyVersionId,
    /// 1, 2, 3 …: the number people quote.
    pub number: i64,
    pub state: PolicyVersionState,
    /// SHA-256 of the files in order of their names.
    pub digest: String,
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub files: Vec<PolicyFile>,
    /// What it changed, in words.
    pub plan: String,
    /// Why a second person has to agree, a sentence each.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub widening: Vec<String>,
    /// Whether nobody else could have agreed, for want of a second security administrator.
    pub alone: bool,
    pub created_by: UserId,
    pub created_at: Timestamp,
    /// Who approved or refused it, or came before it with another set.
    pub decided_by: Option<UserId>,
    pub decided_at: Option<Timestamp>,
    pub decision_reason: String,
}

/// How the applied set stands against the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct PolicyState {
    /// The change of the catalog up to which it was compared.
    pub change_number: i64,
    pub reconciled_at: Timestamp,
    /// Why it can no longer be applied.
    pub failure: Option<String>,
    pub failed_at: Option<Timestamp>,
}
