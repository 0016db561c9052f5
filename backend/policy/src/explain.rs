//! Why a principal reads what he reads of one table: column by column, with the rules that decide.
//!
//! The rules that an explanation names are exactly those on which it hangs: without all of them it would read otherwise,
//! and without any of the others it would read the same.

use lakegate_model::{
    Timestamp,
    ids::{ColumnId, GrantId, RestrictionId},
    words::Mask,
};
use std::collections::BTreeSet;

use crate::access::{ColumnFacts, Effect, Restriction, Rows, SelectGrant, Standing, in_force, mask_of, opens, owned};

/// Why a column reads as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its cells show.
    Shown(Shown),
    /// It does not exist for him: restrictions take it away that something opens.
    Hidden(BTreeSet<RestrictionId>),
    /// It does not exist for him: it arrived after publishing and waits for its release.
    Pending,
    /// It does not exist for him: the row filters of the grants that would open it no longer fit the table.
    Broken(BTreeSet<GrantId>),
    /// It does not exist for him: nothing opens it.
    Closed,
}

/// What of a column's cells shows, and through which rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The grants that open it; empty for members of the owning project.
    pub grants: BTreeSet<GrantId>,
    /// Its cells show only in rows where one of these is true; empty for all rows.
    pub any_of: BTreeSet<String>,
    /// Rows exist only where each of these is true, with the restriction that says so.
    pub all_of: BTreeSet<(String, RestrictionId)>,
    /// What shows instead of its values, and the restrictions that say so.
    pub mask: Option<(Mask, BTreeSet<RestrictionId>)>,
}

impl Shown {
    /// Whether every cell shows as it is.
    pub fn is_whole(&self) -> bool {
        self.any_of.is_empty() && self.all_of.is_empty() && self.mask.is_none()
    }
}

/// Explains every column, from the facts that [`crate::access::compile`] takes.
pub fn explain(
    columns: &[ColumnFacts],
    standing: Standing,
    grants: &[SelectGrant],
    restrictions: &[Restriction],
    now: Timestamp,
) -> Vec<(ColumnId, Why)> {
    let live: Vec<&SelectGrant> = grants.iter().filter(|grant| !owned(standing) && in_force(grant, now)).collect();
    columns.iter().map(|column| (column.id, why(column, standing, &live, restrictions))).collect()
}

fn why(column: &ColumnFacts, standing: Standing, live: &[&SelectGrant], restrictions: &[Restriction]) -> Why {
    let naming = live.iter().filter(|grant| opens(&grant.columns, column));
    let (broken, opening): (Vec<&&SelectGrant>, Vec<&&SelectGrant>) =
        naming.partition(|grant| grant.rows == Rows::Broken);
    let open = match standing {
        Standing::Owner => true,
        Standing::Member => !column.pending,
        Standing::Outsider => !opening.is_empty(),
    };
    if !open {
        return match (column.pending, broken.is_empty()) {
            (true, _) => Why::Pending,
            (false, false) => Why::Broken(broken.iter().map(|grant| grant.id).collect()),
            (false, true) => Why::Closed,
        };
    }
    let hiding = hiding(column.id, restrictions);
    if !hiding.is_empty() {
        return Why::Hidden(hiding);
    }
    Why::Shown(Shown {
        grants: opening.iter().map(|grant| grant.id).collect(),
        any_of: conditions(&opening),
        all_of: filters(restrictions),
        mask: masking(column, restrictions),
    })
}

fn hiding(column: ColumnId, restrictions: &[Restriction]) -> BTreeSet<RestrictionId> {
    let hides = |restriction: &&Restriction| match &restriction.effect {
        Effect::Hide(ids) => ids.contains(&column),
        Effect::HideAll | Effect::Filter(Rows::Broken) => true,
        Effect::Mask(..) | Effect::Filter(_) => false,
    };
    restrictions.iter().filter(hides).map(|restriction| restriction.id).collect()
}

/// Empty where one of the grants opens all rows.
fn conditions(opening: &[&&SelectGrant]) -> BTreeSet<String> {
    let each = opening.iter().map(|grant| match &grant.rows {
        Rows::Where(condition) => Some(condition.clone()),
        Rows::All | Rows::Broken => None,
    });
    each.collect::<Option<BTreeSet<String>>>().unwrap_or_default()
}

fn filters(restrictions: &[Restriction]) -> BTreeSet<(String, RestrictionId)> {
    let filters = restrictions.iter().filter_map(|restriction| match &restriction.effect {
        Effect::Filter(Rows::Where(condition)) => Some((condition.clone(), restriction.id)),
        _ => None,
    });
    filters.collect()
}

fn masking(column: &ColumnFacts, restrictions: &[Restriction]) -> Option<(Mask, BTreeSet<RestrictionId>)> {
    let masks = restrictions.iter().filter_map(|restriction| match &restriction.effect {
        Effect::Mask(mask, ids) if ids.contains(&column.id) => Some((mask_of(*mask, column), restriction.id)),
        _ => None,
    });
    masks.fold(None, |held: Option<(Mask, BTreeSet<RestrictionId>)>, (mask, id)| match held {
        None => Some((mask, BTreeSet::from([id]))),
        Some((other, mut by)) => {
            by.insert(id);
            Some((other.meet(mask), by))
        }
    })
}
