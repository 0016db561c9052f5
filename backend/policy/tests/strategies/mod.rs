//! Random columns, grants and restrictions of one small table.

use chrono::{DateTime, Utc};
use lakegate_model::{
    Timestamp,
    columns::ColumnType,
    ids::{ColumnId, GrantId, ProjectId, RestrictionId},
    words::Mask,
};
use lakegate_policy::access::{ColumnFacts, ColumnScope, Effect, Restriction, Rows, SelectGrant, Standing};
use proptest::{collection::vec, prelude::*, sample::select};
use std::collections::BTreeSet;
use uuid::Uuid;

pub const COLUMNS: u128 = 5;
/// What row filters say.
pub const CONDITIONS: [&str; 3] = ["a > 1", "b = 2", "c"];

pub fn now() -> Timestamp {
    DateTime::<Utc>::from_timestamp(1_750_000_000, 0).unwrap()
}

pub fn column(n: u128) -> ColumnId {
    Uuid::from_u128(n).into()
}

pub fn ids() -> impl Strategy<Value = BTreeSet<ColumnId>> {
    prop::collection::btree_set((0..COLUMNS).prop_map(column), 0..4)
}

pub fn rows() -> impl Strategy<Value = Rows> {
    prop_oneof![
        3 => Just(Rows::All),
        4 => select(CONDITIONS.to_vec()).prop_map(|text| Rows::Where(text.to_owned())),
        1 => Just(Rows::Broken),
    ]
}

prop_compose! {
    pub fn facts()(flags in vec((prop::bool::weighted(0.15), prop::bool::weighted(0.15), any::<bool>()), COLUMNS as usize))
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

pub fn scope() -> impl Strategy<Value = ColumnScope> {
    prop_oneof![Just(ColumnScope::All), ids().prop_map(ColumnScope::Only), ids().prop_map(ColumnScope::Except)]
}

pub fn grants() -> impl Strategy<Value = Vec<SelectGrant>> {
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

pub fn effect() -> impl Strategy<Value = Effect> {
    let mask = select(vec![Mask::Null, Mask::Hmac, Mask::Year, Mask::First4]);
    prop_oneof![
        2 => ids().prop_map(Effect::Hide),
        1 => Just(Effect::HideAll),
        5 => (mask, ids()).prop_map(|(mask, ids)| Effect::Mask(mask, ids)),
        2 => rows().prop_map(Effect::Filter),
    ]
}

pub fn restrictions() -> impl Strategy<Value = Vec<Restriction>> {
    vec(effect(), 0..4).prop_map(|all| {
        let of = |(n, effect): (usize, Effect)| Restriction {
            id: RestrictionId::from(Uuid::from_u128(200 + n as u128)),
            effect,
        };
        all.into_iter().enumerate().map(of).collect()
    })
}

pub fn standing() -> impl Strategy<Value = Standing> {
    prop_oneof![1 => Just(Standing::Owner), 1 => Just(Standing::Member), 4 => Just(Standing::Outsider)]
}
