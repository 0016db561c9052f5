//! What a principal may read of one table, compiled from the grants and restrictions that are in force.
//!
//! A grant is a rectangle: columns by rows. A cell shows if one rectangle covers both its row and its column; two
//! grants never add up to more than each gives. A restriction narrows that for whom it binds, and wins.

use lakegate_model::{
    Timestamp,
    columns::ColumnType,
    ids::{ColumnId, GrantId, ProjectId, RestrictionId, TableId},
    words::Mask,
};
use std::collections::{BTreeMap, BTreeSet};

mod cells;

pub use cells::{Cell, CellRules};

/// Which columns of a table a grant opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnScope {
    /// Every released column, also those to come.
    All,
    /// Exactly these.
    Only(BTreeSet<ColumnId>),
    /// Every released column but these.
    Except(BTreeSet<ColumnId>),
}

/// Which rows a rule lets through.
///
/// A condition is an SQL expression whose session functions were replaced by what they tell of the rule's subject: equal
/// texts choose equal rows. Policy never reads it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rows {
    All,
    Where(String),
    /// The condition no longer fits the table: it lets nothing through.
    Broken,
}

/// A permission to select from one table, as far as compiling needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectGrant {
    pub id: GrantId,
    /// The project whose sessions use this grant.
    pub project: ProjectId,
    pub columns: ColumnScope,
    pub rows: Rows,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub export: bool,
}

impl SelectGrant {
    /// This grant, handed on by the holder of another: it opens no cell that the other does not.
    #[must_use]
    pub fn within(self, parent: &Self, columns: &[ColumnFacts]) -> Self {
        let both = columns.iter().filter(|column| opens(&self.columns, column) && opens(&parent.columns, column));
        Self {
            columns: ColumnScope::Only(both.map(|column| column.id).collect()),
            rows: self.rows.and(&parent.rows),
            valid_from: self.valid_from.max(parent.valid_from),
            valid_until: [self.valid_until, parent.valid_until].into_iter().flatten().min(),
            export: self.export && parent.export,
            ..self
        }
    }
}

impl Rows {
    /// The rows that both let through.
    fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::Broken, _) | (_, Self::Broken) => Self::Broken,
            (Self::All, other) => other.clone(),
            (own, Self::All) => own,
            (Self::Where(own), Self::Where(other)) => Self::Where(format!("({own}) AND ({other})")),
        }
    }
}

/// A rule that narrows what grants permit, already found to bind the one who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    pub id: RestrictionId,
    pub effect: Effect,
}

/// What a restriction does to a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The columns do not exist.
    Hide(BTreeSet<ColumnId>),
    /// Nothing of the table exists.
    HideAll,
    /// The columns show masked values.
    Mask(Mask, BTreeSet<ColumnId>),
    /// Only some rows exist.
    Filter(Rows),
}

/// A column as the compiler needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFacts {
    pub id: ColumnId,
    pub column_type: ColumnType,
    /// A pending column is closed to everyone but the owning project's owners (access rule 14).
    pub pending: bool,
    /// An unlisted column is readable only for whom a grant names it.
    pub unlisted: bool,
}

/// How the asker stands to the project that owns the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Acts in the owning project as an owner.
    Owner,
    /// Acts in the owning project as a contributor or viewer.
    Member,
    /// Acts elsewhere: only grants count.
    Outsider,
}

/// The compiled access to one table: every door takes its rows and names from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableAccess {
    pub table: TableId,
    /// The readable columns, in table order. Never empty.
    pub columns: Vec<ColumnId>,
    /// What is withheld of their cells; `None` where every cell shows as it is, and a native scan may read it (access
    /// rule 3).
    pub rules: Option<CellRules>,
    /// Whether the rows may leave through an export.
    pub export: bool,
    /// The grants that gave this access, none for members of the owning project.
    pub grants: Vec<GrantId>,
    /// The restrictions that narrowed it.
    pub restrictions: Vec<RestrictionId>,
    /// When the access changes by itself.
    pub valid_until: Option<Timestamp>,
    /// Digest of all of the above: equal fingerprints see equal cells of an equal data version.
    pub fingerprint: String,
}

impl TableAccess {
    /// What shows of a column's cells, if not each as it is.
    pub fn cell(&self, column: ColumnId) -> Option<&Cell> {
        self.rules.as_ref()?.cells.get(&column)
    }

    /// Digest of what shows of these columns, and in which rows, whatever shows of others.
    pub fn sight(&self, columns: &[ColumnId]) -> String {
        cells::fingerprint(&self.over(columns))
    }

    /// Whether whoever has this access sees at least what another sees of these columns: each of their cells that shows
    /// there, as it shows there or unmasked (access rule 18). Where rows are withheld, equal rules alone are known to
    /// withhold the same.
    pub fn covers(&self, other: &Self, columns: &[ColumnId]) -> bool {
        let (own, other) = (self.over(columns), other.over(columns));
        if !columns.iter().all(|column| own.columns.contains(column)) {
            return false;
        }
        let Some(rules) = &own.rules else { return true };
        let same_rows = other.rules.as_ref().is_some_and(|o| o.all_of == rules.all_of && o.any_of == rules.any_of);
        if rules.filters_rows() && !same_rows {
            return false;
        }
        rules.cells.iter().all(|(column, cell)| other.cell(*column) == Some(cell))
    }

    /// The same access, as far as these columns go, and as if nothing left.
    fn over(&self, columns: &[ColumnId]) -> Self {
        let rules = self.rules.clone().map(|mut rules| {
            rules.cells.retain(|column, _| columns.contains(column));
            rules
        });
        let kept = self.columns.iter().filter(|column| columns.contains(column)).copied().collect();
        Self { columns: kept, rules, export: false, ..self.clone() }
    }

    /// Takes in what else decides about these cells: until when, whether they may leave, and under which digests.
    pub fn narrow(&mut self, behind: &Self) {
        self.export &= behind.export;
        self.valid_until = [self.valid_until, behind.valid_until].into_iter().flatten().min();
        self.fingerprint = cells::joined(&self.fingerprint, &behind.fingerprint);
    }
}

/// Columns by rows: what one grant covers, or membership of the owning project.
struct Rectangle {
    grant: Option<GrantId>,
    columns: BTreeSet<ColumnId>,
    rows: Rows,
}

/// Compiles the access to one table, or `None` where nothing of it may be read.
pub fn compile(
    table: TableId,
    columns: &[ColumnFacts],
    standing: Standing,
    grants: &[SelectGrant],
    restrictions: &[Restriction],
    now: Timestamp,
) -> Option<TableAccess> {
    let owned = owned(standing);
    let live: Vec<&SelectGrant> = grants.iter().filter(|grant| !owned && in_force(grant, now)).collect();
    let hidden = hidden(columns, restrictions);
    let rectangles: Vec<Rectangle> = rectangles(columns, standing, &live)
        .into_iter()
        .map(|rectangle| Rectangle { columns: &rectangle.columns - &hidden, ..rectangle })
        .filter(|rectangle| rectangle.rows != Rows::Broken && !rectangle.columns.is_empty())
        .collect();
    let visible: Vec<ColumnId> = columns
        .iter()
        .map(|column| column.id)
        .filter(|id| rectangles.iter().any(|rectangle| rectangle.columns.contains(id)))
        .collect();
    if visible.is_empty() {
        return None;
    }
    let upcoming = grants.iter().map(|grant| grant.valid_from).filter(|from| *from > now);
    let valid_until = if owned { None } else { live.iter().filter_map(|g| g.valid_until).chain(upcoming).min() };
    let mut access = TableAccess {
        table,
        rules: CellRules::of(columns, &visible, &rectangles, restrictions),
        columns: visible,
        export: exports(&rectangles, &live),
        grants: rectangles.iter().filter_map(|rectangle| rectangle.grant).collect(),
        restrictions: restrictions.iter().map(|restriction| restriction.id).collect(),
        valid_until,
        fingerprint: String::new(),
    };
    access.fingerprint = cells::fingerprint(&access);
    Some(access)
}

/// Cells leave only where each grant that shows some of them lets them: grants never add up to more than each gives.
fn exports(rectangles: &[Rectangle], live: &[&SelectGrant]) -> bool {
    let shown = |id: GrantId| rectangles.iter().any(|rectangle| rectangle.grant == Some(id));
    live.iter().filter(|grant| shown(grant.id)).all(|grant| grant.export)
}

fn rectangles(columns: &[ColumnFacts], standing: Standing, live: &[&SelectGrant]) -> Vec<Rectangle> {
    let of = |opens: &dyn Fn(&ColumnFacts) -> bool| columns.iter().filter(|c| opens(c)).map(|c| c.id).collect();
    match standing {
        Standing::Owner => vec![Rectangle { grant: None, columns: of(&|_| true), rows: Rows::All }],
        Standing::Member => vec![Rectangle { grant: None, columns: of(&|column| !column.pending), rows: Rows::All }],
        Standing::Outsider => live
            .iter()
            .map(|grant| Rectangle {
                grant: Some(grant.id),
                columns: of(&|column| opens(&grant.columns, column)),
                rows: grant.rows.clone(),
            })
            .collect(),
    }
}

/// The columns that restrictions take away.
fn hidden(columns: &[ColumnFacts], restrictions: &[Restriction]) -> BTreeSet<ColumnId> {
    let mut hidden = BTreeSet::new();
    for restriction in restrictions {
        match &restriction.effect {
            Effect::Hide(ids) => hidden.extend(ids),
            Effect::HideAll | Effect::Filter(Rows::Broken) => hidden.extend(columns.iter().map(|column| column.id)),
            Effect::Mask(..) | Effect::Filter(_) => {}
        }
    }
    hidden
}

/// Whether membership of the owning project opens the table, and grants do not count.
pub(crate) fn owned(standing: Standing) -> bool {
    standing != Standing::Outsider
}

pub(crate) fn in_force(grant: &SelectGrant, now: Timestamp) -> bool {
    grant.valid_from <= now && grant.valid_until.is_none_or(|until| now < until)
}

/// New columns arrive closed, also to exclude lists; unlisted ones open only by name.
pub(crate) fn opens(scope: &ColumnScope, column: &ColumnFacts) -> bool {
    if column.pending {
        return false;
    }
    match scope {
        ColumnScope::Only(ids) => ids.contains(&column.id),
        ColumnScope::All => !column.unlisted,
        ColumnScope::Except(ids) => !column.unlisted && !ids.contains(&column.id),
    }
}

/// What a mask shows of a column. One that is not defined for the column's type shows NULL: the type changed after the rule
/// was written.
pub(crate) fn mask_of(mask: Mask, column: &ColumnFacts) -> Mask {
    if mask.applies_to(&column.column_type) { mask } else { Mask::Null }
}

/// The masks that restrictions put on columns.
fn masks(columns: &[ColumnFacts], restrictions: &[Restriction]) -> BTreeMap<ColumnId, Mask> {
    let mut masks: BTreeMap<ColumnId, Mask> = BTreeMap::new();
    for restriction in restrictions {
        let Effect::Mask(mask, ids) = &restriction.effect else { continue };
        for column in columns.iter().filter(|column| ids.contains(&column.id)) {
            let fitting = mask_of(*mask, column);
            masks.entry(column.id).and_modify(|held| *held = held.meet(fitting)).or_insert(fitting);
        }
    }
    masks
}
