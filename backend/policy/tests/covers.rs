//! 18: whoever covers another sees each cell that the other sees, in whatever rows there are.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod strategies;

use lakegate_model::{
    ids::{ColumnId, TableId},
    words::Mask,
};
use lakegate_policy::access::{TableAccess, compile};
use proptest::prelude::*;
use std::collections::BTreeSet;
use strategies::{COLUMNS, CONDITIONS, column, facts, grants, now, restrictions, standing};
use uuid::Uuid;

/// What shows of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Nothing,
    Masked(Mask),
    Whole,
}

/// The conditions that are true in one of the rows that there may be.
fn row(number: usize) -> BTreeSet<String> {
    let is_true = |at: &usize| number >> at & 1 == 1;
    (0..CONDITIONS.len()).filter(is_true).map(|at| CONDITIONS[at].to_owned()).collect()
}

fn exists(access: &TableAccess, row: &BTreeSet<String>) -> bool {
    access
        .rules
        .as_ref()
        .is_none_or(|rules| rules.all_of.is_subset(row) && (rules.any_of.is_empty() || !rules.any_of.is_disjoint(row)))
}

fn shown(access: &TableAccess, column: ColumnId, row: &BTreeSet<String>) -> Shown {
    if !access.columns.contains(&column) || !exists(access, row) {
        return Shown::Nothing;
    }
    match access.cell(column) {
        Some(cell) if cell.is_partial() && cell.any_of.is_disjoint(row) => Shown::Nothing,
        Some(cell) => cell.mask.map_or(Shown::Whole, Shown::Masked),
        None => Shown::Whole,
    }
}

/// Whether the first sees at least what the second does, row by row and cell by cell.
fn sees_as_much(one: &TableAccess, other: &TableAccess, columns: &[ColumnId]) -> bool {
    (0..1 << CONDITIONS.len()).map(row).all(|row| {
        let cell = |column: &ColumnId| {
            let (one, other) = (shown(one, *column, &row), shown(other, *column, &row));
            one == other || one == Shown::Whole || other == Shown::Nothing
        };
        (exists(one, &row) || !exists(other, &row)) && columns.iter().all(cell)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn who_covers_sees_as_much(
        facts in facts(),
        (one_stands, one_grants, one_rules) in (standing(), grants(), restrictions()),
        (other_stands, other_grants, other_rules) in (standing(), grants(), restrictions()),
        chosen in prop::collection::btree_set(0..COLUMNS, 0..4),
    ) {
        let table = TableId::from(Uuid::from_u128(99));
        let one = compile(table, &facts, one_stands, &one_grants, &one_rules, now());
        let other = compile(table, &facts, other_stands, &other_grants, &other_rules, now());
        let (Some(one), Some(other)) = (one, other) else { return Ok(()) };
        // What the maker read, it saw.
        let columns: Vec<ColumnId> = chosen.into_iter().map(column).filter(|id| other.columns.contains(id)).collect();
        if one.covers(&other, &columns) {
            prop_assert!(columns.iter().all(|column| one.columns.contains(column)));
            prop_assert!(sees_as_much(&one, &other, &columns), "{one:?} does not see all of {other:?}");
        }
        if one.sight(&columns) == other.sight(&columns) {
            prop_assert!(sees_as_much(&one, &other, &columns) && sees_as_much(&other, &one, &columns));
        }
    }

    /// It says yes where it can: to oneself, and to whoever sees everything as it is.
    #[test]
    fn everybody_covers_himself_and_who_sees_all_covers_all(
        facts in facts(), standing in standing(), grants in grants(), rules in restrictions()
    ) {
        let table = TableId::from(Uuid::from_u128(99));
        let Some(access) = compile(table, &facts, standing, &grants, &rules, now()) else { return Ok(()) };
        prop_assert!(access.covers(&access, &access.columns));
        let all = compile(table, &facts, lakegate_policy::access::Standing::Owner, &[], &[], now()).unwrap();
        prop_assert!(all.covers(&access, &access.columns));
    }
}
