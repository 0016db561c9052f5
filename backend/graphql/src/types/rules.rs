//! Restrictions and attributes.

use async_graphql::{InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use lakegate_model::rules;

use crate::scalars::{ExemptKind, Id, Mask, RestrictionEffect};

/// A rule that narrows what grants permit, for everyone whom it does not spare.
#[derive(Debug, Clone, SimpleObject)]
pub struct Restriction {
    pub id: Id,
    /// The table it is on; null for a rule on a tag.
    pub table_id: Option<Id>,
    /// The tag it is on.
    pub tag: Option<String>,
    pub effect: RestrictionEffect,
    /// What masked columns show.
    pub mask: Option<Mask>,
    /// The condition of rows that exist.
    pub filter: Option<String>,
    /// Its columns; none mean the whole table, or what carries the tag.
    pub columns: Vec<Id>,
    pub exempt: Vec<Exemption>,
    pub reason: String,
    pub created_by: Id,
    pub created_at: DateTime<Utc>,
    /// When it was lifted; null while it is in force.
    pub ended_at: Option<DateTime<Utc>>,
}

impl From<rules::Restriction> for Restriction {
    fn from(rule: rules::Restriction) -> Self {
        Self {
            id: rule.id.into(),
            table_id: rule.table_id.map(Into::into),
            tag: rule.tag,
            effect: rule.effect.into(),
            mask: rule.mask.map(Into::into),
            filter: rule.filter,
            columns: rule.columns.into_iter().map(Into::into).collect(),
            exempt: rule.exempt.into_iter().map(Into::into).collect(),
            reason: rule.reason,
            created_by: rule.created_by.into(),
            created_at: rule.created_at,
            ended_at: rule.ended_at,
        }
    }
}

/// Somebody whom a restriction spares.
#[derive(Debug, Clone, SimpleObject)]
pub struct Exemption {
    pub kind: ExemptKind,
    pub principal_id: Id,
}

impl From<rules::Exemption> for Exemption {
    fn from(exemption: rules::Exemption) -> Self {
        Self { kind: exemption.kind.into(), principal_id: Id(exemption.principal_id) }
    }
}

/// Somebody whom a restriction is to spare.
#[derive(Debug, InputObject)]
pub struct ExemptionInput {
    pub kind: ExemptKind,
    pub principal_id: Id,
}

impl From<ExemptionInput> for rules::Exemption {
    fn from(input: ExemptionInput) -> Self {
        Self { kind: input.kind.into(), principal_id: input.principal_id.0 }
    }
}

/// What is known of a person for row filters: `session_attribute('region')`.
#[derive(Debug, Clone, SimpleObject)]
pub struct Attribute {
    pub name: String,
    pub value: String,
}

/// An attribute that a person gets.
#[derive(Debug, InputObject)]
pub struct AttributeInput {
    pub name: String,
    pub value: String,
}
