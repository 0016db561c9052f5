//! What a probe is.

use super::{aggregates, catalog, conditions, errors, joins, names, nested, order, queries, values, windows};

/// One attempt to read a hidden cell.
#[derive(Debug)]
pub struct Probe {
    pub kind: Kind,
    pub name: &'static str,
    pub control: Control,
    pub sql: &'static str,
}

/// The way an attempt takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An error that only a hidden value raises.
    Error,
    /// An error behind something that may be evaluated first.
    Short,
    Aggregate,
    Group,
    /// Sorting, the least and the greatest, limits and offsets.
    Order,
    Join,
    Set,
    Subquery,
    Recursive,
    Window,
    /// Functions of texts.
    Text,
    /// What NULL does to conditions.
    Null,
    /// Functions that answer differently each time, called once for each row.
    Volatile,
    /// Types that SQL converts unasked.
    Coercion,
    /// Structs and lists: Parquet alone.
    Nested,
    /// What the catalog tells.
    Catalog,
    /// What `EXPLAIN` tells.
    Plan,
    /// A hidden column by its name.
    Column,
    /// A hidden table by its name.
    Table,
    /// Answered out of visible values alone, but in an order or in portions that hidden rows may change.
    Layout,
}

impl Kind {
    /// Whether the attempt is after a cell, and not after what is told about the table.
    pub fn is_after_cells(self) -> bool {
        !matches!(self, Self::Catalog | Self::Plan | Self::Layout)
    }
}

/// What has to change an answer, so that refusing everything, or answering everything alike, fails.
///
/// All but the last three put into one visible cell the very value for which the probe looks in hidden ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// `x` is 5.
    X,
    /// `code` is no number.
    Code,
    /// `day` is no date.
    Day,
    /// `name` is no regular expression.
    Name,
    /// `x` is NULL.
    Absent,
    /// `amount` is another one.
    Amount,
    /// The first row is another one.
    First,
    /// There is one more row.
    Row,
    /// For what is told about a table: `x` is declared as text.
    Shape,
    /// For what is told about all tables: there is one more.
    Listed,
    /// Exempt from a control on data, because what is right is a refusal: the same text over a name that nobody ever
    /// used is answered byte for byte alike but for the name.
    Unknown,
}

pub const fn probe(kind: Kind, name: &'static str, control: Control, sql: &'static str) -> Probe {
    Probe { kind, name, control, sql }
}

/// All of them but those of [`super::layout`].
pub fn probes() -> impl Iterator<Item = &'static Probe> {
    let all = [
        errors::PROBES,
        conditions::PROBES,
        aggregates::PROBES,
        order::PROBES,
        joins::PROBES,
        queries::PROBES,
        windows::PROBES,
        values::PROBES,
        nested::PROBES,
        catalog::PROBES,
        names::PROBES,
    ];
    all.into_iter().flatten()
}
