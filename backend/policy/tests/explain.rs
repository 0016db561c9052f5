//! An explanation says what the compiled access does, and hangs on exactly the rules that it names.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use chrono::{DateTime, Utc};
use lakegate_model::{
    Timestamp,
    columns::ColumnType,
    ids::{ColumnId, GrantId, ProjectId, RestrictionId, TableId},
    words::Mask,
};
use lakegate_policy::{
    access::{ColumnFacts, ColumnScope, Effect, Restriction, Rows, SelectGrant, Standing, compile},
    explain::{Why, explain},
};
use proptest::{collection::vec, prelude::*, sample::select};
use std::collections::BTreeSet;
use uuid::Uuid;

const COLUMNS: u128 = 5;

fn now() -> Timestamp {
    DateTime::<Utc>::from_timestamp(1_750_000_000, 0).unwrap()
}

fn column(n: u128) -> ColumnId {
    Uuid::from_u128(n).into()
}

fn ids() -> impl Strategy<Value = BTreeSet<ColumnId>> {
    prop::collection::btree_set((0..COLUMNS).prop_map(column), 0..4)
}

fn rows() -> impl Strategy<Value = Rows> {
    prop_oneof![
        3 => Just(Rows::All),
        4 => select(vec!["a > 1", "b = 2", "c"]).prop_map(|text| Rows::Where(text.to_owned())),
        1 => Just(Rows::Broken),
    ]
}

prop_compose! {
    fn facts()(flags in vec((prop::bool::weighted(0.15), prop::bool::weighted(0.15), any::<bool>()), COLUMNS as usize))
        -> Vec<ColumnFacts> {
        let of = |(n, (pending, unlisted, text))| ColumnFacts {
            id: column(n as u128),
            column_type: if text { ColumnType::Text } else { ColumnType::Date },
            pending,
            unlisted,
        };
        flags.into_iter().enumerate().map(of).collect()
    }
}

fn scope() -> impl Strategy<Value = ColumnScope> {
    prop_oneof![Just(ColumnScope::All), ids().prop_map(ColumnScope::Only), ids().prop_map(ColumnScope::Except)]
}

fn grants() -> impl Strategy<Value = Vec<SelectGrant>> {
    vec((scope(), rows(), prop::bool::weighted(0.9)), 0..4).prop_map(|all| {
        let of = |(n, (columns, rows, live)): (usize, (ColumnScope, Rows, bool))| SelectGrant {
            id: GrantId::from(Uuid::from_u128(100 + n as u128)),
            project: ProjectId::from(Uuid::from_u128(7)),
            columns,
            rows,
            valid_from: now(),
            valid_until: (!live).then(now),
            export: true,
        };
        all.into_iter().enumerate().map(of).collect()
    })
}

fn effect() -> impl Strategy<Value = Effect> {
    let mask = select(vec![Mask::Null, Mask::Hmac, Mask::Year, Mask::First4]);
    prop_oneof![
        2 => ids().prop_map(Effect::Hide),
        1 => Just(Effect::HideAll),
        5 => (mask, ids()).prop_map(|(mask, ids)| Effect::Mask(mask, ids)),
        2 => rows().prop_map(Effect::Filter),
    ]
}

fn restrictions() -> impl Strategy<Value = Vec<Restriction>> {
    vec(effect(), 0..4).prop_map(|all| {
        let of = |(n, effect): (usize, Effect)| Restriction {
            id: RestrictionId::from(Uuid::from_u128(200 + n as u128)),
            effect,
        };
        all.into_iter().enumerate().map(of).collect()
    })
}

fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![1 => Just(Standing::Owner), 1 => Just(Standing::Member), 4 => Just(Standing::Outsider)]
}

/// The grants and restrictions that an explanation names.
fn named(why: &Why) -> (BTreeSet<GrantId>, BTreeSet<RestrictionId>) {
    match why {
        Why::Hidden(by) => (BTreeSet::new(), by.clone()),
        Why::Broken(by) => (by.clone(), BTreeSet::new()),
        Why::Pending | Why::Closed => Default::default(),
        Why::Shown(shown) => {
            let filters = shown.all_of.iter().map(|(_, id)| *id);
            let masks = shown.mask.iter().flat_map(|(_, by)| by.iter().copied());
            (shown.grants.clone(), filters.chain(masks).collect())
        }
    }
}

fn grants_but(all: &[SelectGrant], keep: impl Fn(GrantId) -> bool) -> Vec<SelectGrant> {
    all.iter().filter(|grant| keep(grant.id)).cloned().collect()
}

fn restrictions_but(all: &[Restriction], keep: impl Fn(RestrictionId) -> bool) -> Vec<Restriction> {
    all.iter().filter(|restriction| keep(restriction.id)).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn it_says_what_the_compiled_access_does(
        facts in facts(), standing in standing(), grants in grants(), restrictions in restrictions()
    ) {
        let table = TableId::from(Uuid::from_u128(99));
        let access = compile(table, &facts, standing, &grants, &restrictions, now());
        for (id, why) in explain(&facts, standing, &grants, &restrictions, now()) {
            let seen = access.as_ref().is_some_and(|access| access.columns.contains(&id));
            let Why::Shown(shown) = &why else {
                prop_assert!(!seen, "{why:?}");
                continue;
            };
            prop_assert!(seen, "{why:?}");
            let access = access.as_ref().unwrap();
            let cell = access.cell(id);
            prop_assert_eq!(cell.and_then(|cell| cell.mask), shown.mask.as_ref().map(|(mask, _)| *mask));
            let (rows, filters) = access.rules.as_ref().map(|r| (r.any_of.clone(), r.all_of.clone())).unwrap_or_default();
            let held = cell.map(|cell| cell.any_of.clone()).unwrap_or_default();
            // A column whose condition is that of the rows withholds nothing more.
            prop_assert!(held == shown.any_of || (held.is_empty() && shown.any_of == rows), "{held:?} {shown:?}");
            prop_assert_eq!(filters, shown.all_of.iter().map(|(text, _)| text.clone()).collect::<BTreeSet<String>>());
        }
    }

    #[test]
    fn without_what_it_names_it_reads_otherwise_and_without_anything_else_the_same(
        facts in facts(), standing in standing(), grants in grants(), restrictions in restrictions()
    ) {
        let all = explain(&facts, standing, &grants, &restrictions, now());
        for (at, (_, why)) in all.iter().enumerate() {
            let (by_grants, by_restrictions) = named(why);
            let again = |grants: &[SelectGrant], restrictions: &[Restriction]| {
                explain(&facts, standing, grants, restrictions, now())[at].1.clone()
            };
            let only = again(
                &grants_but(&grants, |id| by_grants.contains(&id) || matches!(why, Why::Hidden(_))),
                &restrictions_but(&restrictions, |id| by_restrictions.contains(&id)),
            );
            prop_assert_eq!(&only, why);
            if !by_grants.is_empty() {
                let less = again(&grants_but(&grants, |id| !by_grants.contains(&id)), &restrictions);
                prop_assert_ne!(&less, why);
            }
            if !by_restrictions.is_empty() {
                let less = again(&grants, &restrictions_but(&restrictions, |id| !by_restrictions.contains(&id)));
                prop_assert_ne!(&less, why);
            }
        }
    }
}
