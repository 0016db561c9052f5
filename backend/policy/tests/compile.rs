//! Properties of compiled access that hold for any grants and any columns.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use chrono::{DateTime, TimeDelta, Utc};
use lakegate_model::{
    Timestamp,
    columns::ColumnType,
    ids::{ColumnId, GrantId, ProjectId, TableId},
};
use lakegate_policy::access::{ColumnFacts, ColumnScope, Rows, SelectGrant, Standing, TableAccess, compile};
use proptest::{collection::vec, option, prelude::*};
use std::collections::BTreeSet;
use uuid::Uuid;

const COLUMNS: u128 = 8;
/// Minutes around now in which grants begin and end.
const SPAN: i64 = 5;

fn now() -> Timestamp {
    DateTime::<Utc>::from_timestamp(1_750_000_000, 0).unwrap()
}

fn column(n: u128) -> ColumnId {
    Uuid::from_u128(n).into()
}

fn table() -> TableId {
    Uuid::from_u128(99).into()
}

fn columns() -> impl Strategy<Value = Vec<ColumnFacts>> {
    let flags = vec((prop::bool::weighted(0.2), prop::bool::weighted(0.2)), 1..=COLUMNS as usize);
    flags.prop_map(|flags| {
        let facts = |(n, (pending, unlisted))| ColumnFacts {
            id: column(n as u128),
            column_type: ColumnType::Text,
            pending,
            unlisted,
        };
        flags.into_iter().enumerate().map(facts).collect()
    })
}

fn scope() -> impl Strategy<Value = ColumnScope> {
    let ids = || prop::collection::btree_set((0..COLUMNS).prop_map(column), 0..4);
    prop_oneof![Just(ColumnScope::All), ids().prop_map(ColumnScope::Only), ids().prop_map(ColumnScope::Except)]
}

prop_compose! {
    fn grant()(id in 1..1_000_u128, columns in scope(), from in -SPAN..=SPAN, length in option::of(0..=SPAN), export: bool)
        -> SelectGrant {
        let valid_from = now() + TimeDelta::minutes(from);
        SelectGrant {
            id: GrantId::from(Uuid::from_u128(id)),
            project: ProjectId::from(Uuid::from_u128(7)),
            columns,
            rows: Rows::All,
            valid_from,
            valid_until: length.map(|minutes| valid_from + TimeDelta::minutes(minutes)),
            export,
        }
    }
}

fn outsider(facts: &[ColumnFacts], grants: &[SelectGrant], at: Timestamp) -> Option<TableAccess> {
    compile(table(), facts, Standing::Outsider, grants, &[], at)
}

fn seen(access: &Option<TableAccess>) -> BTreeSet<ColumnId> {
    access.iter().flat_map(|access| access.columns.iter().copied()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn two_grants_give_exactly_the_union(facts in columns(), a in grant(), b in grant()) {
        let both = seen(&outsider(&facts, &[a.clone(), b.clone()], now()));
        let mut apart = seen(&outsider(&facts, &[a], now()));
        apart.extend(seen(&outsider(&facts, &[b], now())));
        prop_assert_eq!(both, apart);
    }

    #[test]
    fn pending_columns_are_open_to_owners_alone(facts in columns(), grants in vec(grant(), 0..5)) {
        let pending: BTreeSet<ColumnId> = facts.iter().filter(|column| column.pending).map(|column| column.id).collect();
        for standing in [Standing::Outsider, Standing::Member] {
            let seen = seen(&compile(table(), &facts, standing, &grants, &[], now()));
            prop_assert!(seen.is_disjoint(&pending), "{:?} sees {:?}", standing, seen);
        }
        let owner = seen(&compile(table(), &facts, Standing::Owner, &grants, &[], now()));
        prop_assert_eq!(owner.len(), facts.len());
    }

    #[test]
    fn unlisted_columns_open_by_name_alone(facts in columns(), grants in vec(grant(), 0..5)) {
        let named: BTreeSet<ColumnId> = grants
            .iter()
            .filter_map(|grant| match &grant.columns { ColumnScope::Only(ids) => Some(ids.clone()), _ => None })
            .flatten()
            .collect();
        let seen = seen(&outsider(&facts, &grants, now()));
        for column in facts.iter().filter(|column| column.unlisted) {
            prop_assert!(!seen.contains(&column.id) || named.contains(&column.id));
        }
    }

    #[test]
    fn grants_that_ended_or_did_not_begin_open_nothing(facts in columns(), grants in vec(grant(), 0..5)) {
        let live: Vec<SelectGrant> = grants
            .iter()
            .filter(|grant| grant.valid_from <= now() && grant.valid_until.is_none_or(|until| until > now()))
            .cloned()
            .collect();
        prop_assert_eq!(seen(&outsider(&facts, &grants, now())), seen(&outsider(&facts, &live, now())));
        if live.is_empty() {
            prop_assert_eq!(outsider(&facts, &grants, now()), None);
        }
    }

    /// Between now and the moment that the access names, nothing changes by itself.
    #[test]
    fn access_holds_until_the_moment_it_names(facts in columns(), grants in vec(grant(), 1..5), minute in 0..2 * SPAN) {
        let Some(access) = outsider(&facts, &grants, now()) else { return Ok(()) };
        let later = now() + TimeDelta::minutes(minute);
        if access.valid_until.is_none_or(|until| later < until) {
            let then = outsider(&facts, &grants, later).unwrap();
            prop_assert_eq!(then.fingerprint, access.fingerprint);
            prop_assert_eq!(then.columns, access.columns);
        }
    }

    /// Equal cells have equal fingerprints, whatever gave them; other cells have others.
    #[test]
    fn the_fingerprint_is_that_of_what_is_seen(facts in columns(), a in vec(grant(), 1..4), b in vec(grant(), 1..4)) {
        let (Some(first), Some(second)) = (outsider(&facts, &a, now()), outsider(&facts, &b, now())) else { return Ok(()) };
        let equal = first.columns == second.columns && first.export == second.export;
        prop_assert_eq!(first.fingerprint == second.fingerprint, equal);
        let reversed: Vec<SelectGrant> = a.into_iter().rev().collect();
        prop_assert_eq!(outsider(&facts, &reversed, now()).unwrap().fingerprint, first.fingerprint);
    }
}
