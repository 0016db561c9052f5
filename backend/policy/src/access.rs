//! What a principal may read of one table, compiled from the grants that are in force.

use lakegate_model::{
    Timestamp,
    ids::{ColumnId, GrantId, ProjectId, TableId},
};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

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

/// A permission to select from one table, as far as compiling needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectGrant {
    pub id: GrantId,
    /// The project whose sessions use this grant.
    pub project: ProjectId,
    pub columns: ColumnScope,
    pub valid_from: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub export: bool,
}

/// A column as the compiler needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnFacts {
    pub id: ColumnId,
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
    /// Whether the rows may leave through an export.
    pub export: bool,
    /// The grants that gave this access, none for members of the owning project.
    pub grants: Vec<GrantId>,
    /// When the access changes by itself.
    pub valid_until: Option<Timestamp>,
    /// Digest of all of the above: equal fingerprints see equal cells of an equal data version.
    pub fingerprint: String,
}

/// Compiles the access to one table, or `None` where nothing of it may be read.
pub fn compile(
    table: TableId,
    columns: &[ColumnFacts],
    standing: Standing,
    grants: &[SelectGrant],
    now: Timestamp,
) -> Option<TableAccess> {
    let live: Vec<&SelectGrant> = grants.iter().filter(|grant| in_force(grant, now)).collect();
    let owned = standing != Standing::Outsider;
    let visible: Vec<ColumnId> = columns
        .iter()
        .filter(|column| match standing {
            Standing::Owner => true,
            Standing::Member => !column.pending,
            Standing::Outsider => live.iter().any(|grant| opens(&grant.columns, column)),
        })
        .map(|column| column.id)
        .collect();
    if visible.is_empty() {
        return None;
    }
    let upcoming = grants.iter().map(|grant| grant.valid_from).filter(|from| *from > now);
    let valid_until = if owned { None } else { live.iter().filter_map(|g| g.valid_until).chain(upcoming).min() };
    let export = owned || live.iter().any(|grant| grant.export);
    let grants = if owned { Vec::new() } else { live.iter().map(|grant| grant.id).collect() };
    let fingerprint = fingerprint(table, &visible, export);
    Some(TableAccess { table, columns: visible, export, grants, valid_until, fingerprint })
}

fn in_force(grant: &SelectGrant, now: Timestamp) -> bool {
    grant.valid_from <= now && grant.valid_until.is_none_or(|until| now < until)
}

/// New columns arrive closed, also to exclude lists; unlisted ones open only by name.
fn opens(scope: &ColumnScope, column: &ColumnFacts) -> bool {
    if column.pending {
        return false;
    }
    match scope {
        ColumnScope::Only(ids) => ids.contains(&column.id),
        ColumnScope::All => !column.unlisted,
        ColumnScope::Except(ids) => !column.unlisted && !ids.contains(&column.id),
    }
}

fn fingerprint(table: TableId, columns: &[ColumnId], export: bool) -> String {
    let mut hash = Sha256::new();
    hash.update(table.0.as_bytes());
    for column in columns {
        hash.update(column.0.as_bytes());
    }
    hash.update([u8::from(export)]);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
