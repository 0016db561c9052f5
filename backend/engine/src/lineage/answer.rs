//! Lineage as it is handed out and kept.

use lakegate_model::ids::{ColumnId, TableId};
use serde::{Deserialize, Serialize};

/// Where every column of a relation comes from, and what decided about its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lineage {
    /// The columns, in their order.
    pub outputs: Vec<Output>,
    /// What decided about the rows as a whole: it holds for every output and stands here once.
    pub influences: Vec<Influence>,
    /// Part of the plan was not understood: outputs so marked, or if none is, the influences, may name too much.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
}

/// A column of the relation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub name: String,
    pub values: Vec<ValueEdge>,
    /// What decided about the cells of this column alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub influences: Vec<Influence>,
    /// The edges may name more columns than there are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approximate: bool,
}

/// Cells of the source stand in the column, as they are or changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueEdge {
    pub source: Source,
    pub kind: ValueKind,
    /// The expressions on one way from the source to the column, the innermost first; none where it is only copied.
    /// They hold literals as their author wrote them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<String>,
}

/// Cells of the source decided which rows there are, how they are grouped or ordered, or which value was chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Influence {
    pub source: Source,
    pub kind: InfluenceKind,
    /// The conditions and keys in which the source stands. They hold literals as their author wrote them.
    pub expressions: Vec<String>,
}

/// A column of a table that is read, or a field within it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// `database.table` of a governed table, however the text spells it; else the name as the plan has it.
    pub table: String,
    pub column: String,
    /// Names of fields, from the column inwards; empty for the column as a whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table_id: Option<TableId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column_id: Option<ColumnId>,
}

/// How a value came over. On one way the greatest kind of its steps holds: whatever was computed over an aggregate is
/// aggregated, and what was masked anywhere stays masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// As it is: renamed, chosen by `CASE` or `COALESCE`, put beside others by a set operation, taken out of a struct.
    Copied,
    /// In another type, by the author's word.
    Cast,
    /// By an expression over cells of its row; also a value of another row (`lag`), or an element of a list.
    Computed,
    /// Over many rows, by an aggregate function, also in a window.
    Aggregated,
    /// By a function with a key that only the system holds: equal values stay equal, and nothing else is known of them.
    Tokenised,
    /// By a mask that the policy put on, or a digest that the author called.
    Masked,
}

/// What a source decided about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InfluenceKind {
    /// Which rows appear: `WHERE`, `HAVING`, `FILTER`.
    Filter,
    /// Which rows meet: conditions of joins, `INTERSECT` and `EXCEPT`, lists that are unnested.
    Join,
    /// Which rows became one: `GROUP BY`, `DISTINCT`, `UNION`.
    Group,
    /// In which order rows come, and so which a `LIMIT` keeps.
    Order,
    /// Over which rows a window function looks.
    Window,
    /// Which branch of `CASE`, `COALESCE` or `NULLIF` gives the value.
    Condition,
}

/// A transformation in the words of OpenLineage's facet `columnLineage`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Transformation {
    #[serde(rename = "type")]
    pub direction: &'static str,
    pub subtype: &'static str,
    pub masking: bool,
}

impl ValueKind {
    /// The kind by its name in texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Cast => "cast",
            Self::Computed => "computed",
            Self::Aggregated => "aggregated",
            Self::Tokenised => "tokenised",
            Self::Masked => "masked",
        }
    }

    /// What OpenLineage calls it.
    pub fn transformation(self) -> Transformation {
        let subtype = match self {
            Self::Copied => "IDENTITY",
            Self::Aggregated => "AGGREGATION",
            Self::Cast | Self::Computed | Self::Tokenised | Self::Masked => "TRANSFORMATION",
        };
        Transformation { direction: "DIRECT", subtype, masking: matches!(self, Self::Tokenised | Self::Masked) }
    }
}

impl InfluenceKind {
    /// The kind by its name in texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Join => "join",
            Self::Group => "group",
            Self::Order => "order",
            Self::Window => "window",
            Self::Condition => "condition",
        }
    }

    /// What OpenLineage calls it.
    pub fn transformation(self) -> Transformation {
        let subtype = match self {
            Self::Filter => "FILTER",
            Self::Join => "JOIN",
            Self::Group => "GROUP_BY",
            Self::Order => "SORT",
            Self::Window => "WINDOW",
            Self::Condition => "CONDITIONAL",
        };
        Transformation { direction: "INDIRECT", subtype, masking: false }
    }
}
