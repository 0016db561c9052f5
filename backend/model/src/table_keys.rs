//! Keys of tables, as people declare them: no store of files enforces any.

use crate::{
    Timestamp,
    columns::ColumnType,
    ids::{ColumnId, TableId, TableKeyId},
};

/// Most columns of one key.
pub const COLUMNS_MAX: usize = 16;

/// A primary key, or a foreign one, which leads to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "sqlx", derive(sqlx::FromRow))]
pub struct TableKey {
    pub id: TableKeyId,
    pub table_id: TableId,
    /// In the order of the key.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub columns: Vec<ColumnId>,
    /// Absent for a primary key.
    pub target_id: Option<TableId>,
    /// One for each of the columns; none for a primary key.
    #[cfg_attr(feature = "sqlx", sqlx(json))]
    pub target_columns: Vec<ColumnId>,
    /// Who declared it, as a name.
    pub declared_by: String,
    pub declared_at: Timestamp,
}

impl ColumnType {
    /// Whether values of this type identify rows: they are told apart exactly and written as literals.
    pub const fn is_key(&self) -> bool {
        matches!(
            self,
            Self::Boolean
                | Self::Integer { .. }
                | Self::Unsigned { .. }
                | Self::Decimal { .. }
                | Self::Text
                | Self::Binary
                | Self::Date
                | Self::Time
                | Self::Timestamp { .. }
        )
    }

    /// Whether a key of this type may lead to columns of another: both hold values of one kind, whatever their width.
    pub fn joins(&self, other: &Self) -> bool {
        let is_whole = |of: &Self| matches!(of, Self::Integer { .. } | Self::Unsigned { .. });
        match (self, other) {
            (Self::Decimal { .. }, Self::Decimal { .. }) => true,
            _ if is_whole(self) => is_whole(other),
            _ => self.is_key() && self == other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_of_one_kind() {
        let [small, large] = [32, 64].map(|bits| ColumnType::Integer { bits });
        let decimal = |scale| ColumnType::Decimal { precision: 10, scale };
        let zoned = |zoned| ColumnType::Timestamp { zoned };
        let list = ColumnType::List { of: Box::new(ColumnType::Text) };
        let odd = ColumnType::Other { name: "x".to_owned() };
        for (one, other, fits) in [
            (&small, &large, true),
            (&ColumnType::Unsigned { bits: 8 }, &large, true),
            (&small, &decimal(0), false),
            (&decimal(0), &decimal(2), true),
            (&ColumnType::Text, &ColumnType::Text, true),
            (&ColumnType::Text, &small, false),
            (&zoned(true), &zoned(false), false),
            (&ColumnType::Float { bits: 64 }, &ColumnType::Float { bits: 64 }, false),
            (&list, &list, false),
            (&odd, &odd, false),
        ] {
            assert_eq!((one.joins(other), other.joins(one)), (fits, fits), "{one} {other}");
        }
    }
}
