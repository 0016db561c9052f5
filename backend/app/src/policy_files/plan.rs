//! The difference between what a set wishes for and what is there.

use lakegate_model::{Timestamp, ids::TableId};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{
    facts::{Facts, GrantKey, GrantTerms, HeldGrant, HeldRestriction, RestrictionKey, RestrictionTerms},
    wish::{TagKey, Wish},
};

/// What applying a set does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub changes: Vec<Change>,
    pub notes: Vec<String>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    PutTag(TagKey),
    /// The row of a tag that a set put there.
    TakeTag(TagKey, Uuid),
    Grant {
        key: GrantKey,
        /// What ends.
        held: Vec<HeldGrant>,
        /// What takes its place.
        wished: Option<GrantTerms>,
    },
    Restriction {
        key: RestrictionKey,
        held: Vec<HeldRestriction>,
        wished: Option<RestrictionTerms>,
    },
}

/// What a change is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Add,
    Change,
    Remove,
}

impl Change {
    /// Whether something is added, changed or removed.
    pub fn kind(&self) -> Kind {
        let of = |held: bool, wished: bool| match (held, wished) {
            (false, _) => Kind::Add,
            (true, true) => Kind::Change,
            (true, false) => Kind::Remove,
        };
        match self {
            Self::PutTag(_) => Kind::Add,
            Self::TakeTag(..) => Kind::Remove,
            Self::Grant { held, wished, .. } => of(!held.is_empty(), wished.is_some()),
            Self::Restriction { held, wished, .. } => of(!held.is_empty(), wished.is_some()),
        }
    }
}

/// Compares. Only what a set manages is ever changed or removed; a tag that somebody put there by hand serves as well.
pub fn plan(wish: &Wish, facts: &Facts, now: Timestamp) -> Plan {
    let mut changes = tags(wish, facts);
    changes.extend(restrictions(wish, facts));
    changes.extend(grants(wish, facts, now));
    Plan { changes, notes: wish.notes.clone() }
}

fn tags(wish: &Wish, facts: &Facts) -> Vec<Change> {
    let mut there: BTreeMap<TagKey, Option<Uuid>> = BTreeMap::new();
    for (id, table) in facts.tables.iter().filter(|(_, table)| table.is_there()) {
        for tag in &table.tags {
            let row = there.entry(key(*id, tag)).or_default();
            *row = row.or(tag.managed.then_some(tag.row));
        }
    }
    let put = wish.tags.iter().filter(|key| !there.contains_key(*key)).cloned().map(Change::PutTag);
    let put: Vec<Change> = put.collect();
    let taken = there.into_iter().filter(|(key, _)| !wish.tags.contains(key));
    put.into_iter().chain(taken.filter_map(|(key, row)| Some(Change::TakeTag(key, row?)))).collect()
}

fn key(table: TableId, tag: &super::facts::TagFacts) -> TagKey {
    TagKey { table, column: tag.column, tag: tag.tag.clone() }
}

fn grants(wish: &Wish, facts: &Facts, now: Timestamp) -> Vec<Change> {
    let mut held: BTreeMap<GrantKey, Vec<HeldGrant>> = BTreeMap::new();
    for grant in &facts.grants {
        held.entry(grant.key.clone()).or_default().push(grant.clone());
    }
    let mut changes = Vec::new();
    for (key, wished) in &wish.grants {
        let held = held.remove(key).unwrap_or_default();
        if let [one] = held.as_slice()
            && gives(&one.terms, wished, now)
        {
            continue;
        }
        changes.push(Change::Grant { key: key.clone(), held, wished: Some(wished.clone()) });
    }
    changes.extend(held.into_iter().map(|(key, held)| Change::Grant { key, held, wished: None }));
    changes.sort_by(|a, b| by_grant(a).cmp(&by_grant(b)));
    changes
}

fn by_grant(change: &Change) -> Option<&GrantKey> {
    match change {
        Change::Grant { key, .. } => Some(key),
        _ => None,
    }
}

/// Whether a grant in force gives what is wished for. A wish that leaves the beginning open takes any that has come.
fn gives(held: &GrantTerms, wished: &GrantTerms, now: Timestamp) -> bool {
    let begun = match wished.from {
        Some(from) => held.from == Some(from),
        None => held.from.is_none_or(|from| from <= now),
    };
    begun && GrantTerms { from: wished.from, ..held.clone() } == *wished
}

fn restrictions(wish: &Wish, facts: &Facts) -> Vec<Change> {
    let mut held: BTreeMap<RestrictionKey, Vec<HeldRestriction>> = BTreeMap::new();
    for rule in &facts.restrictions {
        held.entry(rule.key.clone()).or_default().push(rule.clone());
    }
    let mut changes = Vec::new();
    for (key, wished) in &wish.restrictions {
        let held = held.remove(key).unwrap_or_default();
        if matches!(held.as_slice(), [one] if one.terms == *wished) {
            continue;
        }
        changes.push(Change::Restriction { key: key.clone(), held, wished: Some(wished.clone()) });
    }
    changes.extend(held.into_iter().map(|(key, held)| Change::Restriction { key, held, wished: None }));
    changes
}
