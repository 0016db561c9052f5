//! An explanation says what the compiled access does, and hangs on exactly the rules that it names.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod strategies;

use lakegate_model::ids::{GrantId, RestrictionId, TableId};
use lakegate_policy::{
    access::{Restriction, SelectGrant, compile},
    explain::{Why, explain},
};
use proptest::prelude::*;
use std::collections::BTreeSet;
use strategies::{facts, grants, now, restrictions, standing};
use uuid::Uuid;

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
