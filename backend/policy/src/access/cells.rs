//! What is withheld of the cells of visible columns.

use lakegate_model::{ids::ColumnId, words::Mask};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

use super::{ColumnFacts, Effect, Rectangle, Restriction, Rows, TableAccess, masks};

/// Conditions on rows and cells, for the barrier to evaluate on raw values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellRules {
    /// A row exists only where each of these is true: the filters of restrictions.
    pub all_of: BTreeSet<String>,
    /// A row exists only where one of these is true: the row filters of grants. Empty where some grant covers all rows.
    pub any_of: BTreeSet<String>,
    /// Columns whose cells do not all show as they are.
    pub cells: BTreeMap<ColumnId, Cell>,
}

/// What shows of one column's cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// A cell shows only in rows where one of these is true, and is NULL elsewhere: the column is *partial*. Empty where
    /// every existing row shows it.
    pub any_of: BTreeSet<String>,
    /// What shows instead of the value: the column is *masked*.
    pub mask: Option<Mask>,
}

impl Cell {
    /// Whether some cells are withheld as NULL (access rule 2).
    pub fn is_partial(&self) -> bool {
        !self.any_of.is_empty()
    }
}

impl CellRules {
    pub(super) fn of(
        columns: &[ColumnFacts],
        visible: &[ColumnId],
        rectangles: &[Rectangle],
        restrictions: &[Restriction],
    ) -> Option<Self> {
        let masks = masks(columns, restrictions);
        let any_of = conditions(rectangles.iter()).unwrap_or_default();
        let cells: BTreeMap<ColumnId, Cell> = visible
            .iter()
            .map(|id| (*id, cell(*id, rectangles, &any_of, masks.get(id).copied())))
            .filter(|(_, cell)| cell.is_partial() || cell.mask.is_some())
            .collect();
        let rules = Self { all_of: filters(restrictions), any_of, cells };
        (rules.filters_rows() || !rules.cells.is_empty()).then_some(rules)
    }

    /// Whether rows are withheld.
    pub fn filters_rows(&self) -> bool {
        !self.all_of.is_empty() || !self.any_of.is_empty()
    }
}

/// A column whose rectangles choose the rows that exist at all withholds no cell of them.
fn cell(id: ColumnId, rectangles: &[Rectangle], rows: &BTreeSet<String>, mask: Option<Mask>) -> Cell {
    let covering = rectangles.iter().filter(|rectangle| rectangle.columns.contains(&id));
    let any_of = conditions(covering).filter(|conditions| conditions != rows).unwrap_or_default();
    Cell { any_of, mask }
}

/// The conditions of which one has to be true, or `None` where a rectangle covers all rows.
fn conditions<'r>(rectangles: impl Iterator<Item = &'r Rectangle>) -> Option<BTreeSet<String>> {
    rectangles
        .map(|rectangle| match &rectangle.rows {
            Rows::Where(condition) => Some(condition.clone()),
            Rows::All | Rows::Broken => None,
        })
        .collect()
}

fn filters(restrictions: &[Restriction]) -> BTreeSet<String> {
    let filters = restrictions.iter().filter_map(|restriction| match &restriction.effect {
        Effect::Filter(Rows::Where(condition)) => Some(condition.clone()),
        _ => None,
    });
    filters.collect()
}

/// A digest of everything that decides which cells show, and whether they may leave.
pub(super) fn fingerprint(access: &TableAccess) -> String {
    let mut hash = Sha256::new();
    hash.update(access.table.0.as_bytes());
    for column in &access.columns {
        hash.update(column.0.as_bytes());
    }
    hash.update([u8::from(access.export)]);
    if let Some(rules) = &access.rules {
        add_texts(&mut hash, "all", &rules.all_of);
        add_texts(&mut hash, "any", &rules.any_of);
        for (column, cell) in &rules.cells {
            hash.update(column.0.as_bytes());
            add_texts(&mut hash, cell.mask.map_or("", Mask::as_str), &cell.any_of);
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A digest of two.
pub(super) fn joined(one: &str, other: &str) -> String {
    let mut hash = Sha256::new();
    add_texts(&mut hash, "joined", &BTreeSet::new());
    hash.update(one.as_bytes());
    hash.update(other.as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Lengths stand before texts, so that no two lists give one stream of bytes.
fn add_texts(hash: &mut Sha256, word: &str, texts: &BTreeSet<String>) {
    for text in std::iter::once(word).chain(texts.iter().map(String::as_str)) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.update((texts.len() as u64).to_be_bytes());
}
