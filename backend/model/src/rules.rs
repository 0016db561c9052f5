//! What rules on data are made of, beside the words in [`crate::words`].

use crate::{
    Timestamp,
    columns::ColumnType,
    ids::{ColumnId, RestrictionId, TableId, UserId},
    words::{ExemptKind, Mask, RestrictionEffect},
};
use uuid::Uuid;

/// A rule that narrows what grants permit, on one table or on everything under a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Restriction {
    pub id: RestrictionId,
    /// The table it is on; none for a rule on a tag.
    pub table_id: Option<TableId>,
    /// The tag it is on: `pii=email`, or `pii` for every value of the key.
    pub tag: Option<String>,
    pub effect: RestrictionEffect,
    /// For the effect `mask`.
    pub mask: Option<Mask>,
    /// For the effect `filter`: the row filter with the names of the table's columns.
    pub filter: Option<String>,
    pub reason: String,
    pub created_by: UserId,
    pub created_at: Timestamp,
    pub ended_by: Option<UserId>,
    pub ended_at: Option<Timestamp>,
    /// The columns of a rule on a table; none mean the whole table. A rule on a tag binds what carries the tag.
    #[cfg_attr(feature = "sqlx", sqlx(skip))]
    pub columns: Vec<ColumnId>,
    /// Whom it spares.
    #[cfg_attr(feature = "sqlx", sqlx(skip))]
    pub exempt: Vec<Exemption>,
}

/// Somebody whom a restriction spares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct Exemption {
    pub kind: ExemptKind,
    pub principal_id: Uuid,
}

/// What a row filter means by the name of a mapping table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct PinnedMapping {
    pub database_name: String,
    pub table_name: String,
    pub table_id: TableId,
}

/// A row filter that was checked, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedFilter {
    pub text: String,
    /// The tables that its mappings name.
    pub mappings: Vec<PinnedMapping>,
}

impl Mask {
    /// Whether the mask is defined for columns of a type: what it shows has the type of what it hides.
    pub fn applies_to(self, column: &ColumnType) -> bool {
        match self {
            Self::Null => true,
            Self::Alphanumeric | Self::First4 | Self::Last4 => *column == ColumnType::Text,
            Self::Year | Self::Month => matches!(column, ColumnType::Date | ColumnType::Timestamp { .. }),
            Self::Sha256 | Self::Sha256Local | Self::Hmac => matches!(column, ColumnType::Text | ColumnType::Binary),
            Self::FixedValue => matches!(
                column,
                ColumnType::Boolean
                    | ColumnType::Integer { .. }
                    | ColumnType::Unsigned { .. }
                    | ColumnType::Float { .. }
                    | ColumnType::Decimal { .. }
                    | ColumnType::Text
                    | ColumnType::Binary
                    | ColumnType::Date
                    | ColumnType::Time
                    | ColumnType::Timestamp { .. }
            ),
        }
    }

    /// Whether equal values stay equal across tables and queries, so that masked columns may be joined (access rule 6).
    pub fn joins(self) -> bool {
        matches!(self, Self::Sha256 | Self::Hmac)
    }

    /// What two masks on one column come to (access rule 8): the same one, or else NULL.
    pub fn meet(self, other: Self) -> Self {
        if self == other { self } else { Self::Null }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_meet_in_null() {
        assert_eq!(Mask::Year.meet(Mask::Year), Mask::Year);
        assert_eq!(Mask::Year.meet(Mask::Month), Mask::Null);
    }

    #[test]
    fn every_mask_has_types() {
        for mask in Mask::ALL {
            let text = mask.applies_to(&ColumnType::Text);
            let date = mask.applies_to(&ColumnType::Date);
            assert!(text || date, "{mask}");
            assert_eq!(mask.applies_to(&ColumnType::Interval), *mask == Mask::Null, "{mask}");
        }
    }
}
