//! Access rule 11: what of a plan widens the reading of who applies it, and so needs a second person.

use lakegate_model::{Timestamp, grants::Grantee, ids::TableId, rules::Exemption, words::ExemptKind};
use lakegate_policy::{Actor, binding::tag_covers, governed::is_governed};
use std::collections::{BTreeMap, BTreeSet};

use super::{
    check::{Giving, PolicySet},
    draft::Draft,
    facts::{GrantTerms, RestrictionTerms, Spot},
    load::Personas,
    plan::Change,
    wish::TagKey,
};

/// The set in force before, with whom its personas stand for.
#[derive(Debug, Default)]
pub(super) struct Former {
    pub set: PolicySet,
    pub personas: Personas,
}

/// Who looks, and which holders are himself, his circles or machines of his projects.
#[derive(Debug)]
pub(super) struct Own<'a> {
    pub actor: &'a Actor,
    pub holders: BTreeSet<Grantee>,
}

/// Why a second person has to agree, a sentence each; empty where none has to.
pub(super) fn widening(own: &Own<'_>, set: &PolicySet, former: &Former, draft: &Draft, now: Timestamp) -> Vec<String> {
    // A rule counts from the day it is written, not only once a table fits it.
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (name, giving) in &set.grants {
        if giving.until.is_none_or(|until| until > now) && own.gains(name, giving, &draft.facts.personas, former) {
            found.insert(format!("grant {name}"), format!("the grant {name} gives access to who applies it"));
        }
    }
    for change in &draft.plan.changes {
        if let Some((about, why)) = own.widened(change, draft) {
            found.entry(about).or_insert(why);
        }
    }
    found.into_values().collect()
}

impl Own<'_> {
    /// The holders of a grant's personas that are himself.
    fn of(&self, giving: &Giving, personas: &Personas) -> BTreeSet<Grantee> {
        let all = giving.to.iter().filter_map(|persona| personas.get(persona)).flatten();
        all.filter(|holder| self.holders.contains(holder)).copied().collect()
    }

    fn gains(&self, name: &str, giving: &Giving, personas: &Personas, former: &Former) -> bool {
        let mine = self.of(giving, personas);
        let before = former.set.grants.get(name);
        let had = before.map(|before| self.of(before, &former.personas)).unwrap_or_default();
        !mine.is_subset(&had) || (!mine.is_empty() && before.is_none_or(|before| !is_within(giving, before)))
    }

    fn widened(&self, change: &Change, draft: &Draft) -> Option<(String, String)> {
        let name =
            |table: TableId| draft.facts.tables.get(&table).map(super::facts::TableFacts::name).unwrap_or_default();
        match change {
            Change::Grant { key, held, wished: Some(wished) } => {
                let more = held.iter().all(|held| !terms_within(wished, &held.terms));
                let why = || format!("the grant {} opens more of {} to who applies it", key.rule, name(key.table));
                (more && self.holders.contains(&key.holder)).then(|| (format!("grant {}", key.rule), why()))
            }
            Change::Grant { wished: None, .. } => None,
            Change::Restriction { key, held, wished } => {
                let spares = wished.as_ref().is_some_and(|wished| self.is_spared(&wished.exempt));
                let freed = held.iter().any(|held| {
                    let bound = !self.is_spared(&held.terms.exempt) && Some(held.created_by) != self.actor.user();
                    bound && !wished.as_ref().is_some_and(|wished| !spares && binds_as_much(wished, &held.terms))
                });
                let spared_before = held.iter().any(|held| self.is_spared(&held.terms.exempt));
                let on = match &key.spot {
                    Spot::Table(table) => name(*table),
                    Spot::Tag(tag) => format!("the tag {tag}"),
                };
                let why = match (freed, spares && !spared_before) {
                    (true, _) => {
                        format!("the restriction {} on {on} no longer binds who applies it as it did", key.rule)
                    }
                    (false, true) => format!("the restriction {} on {on} spares who applies it", key.rule),
                    (false, false) => return None,
                };
                Some((format!("restriction {} {on}", key.rule), why))
            }
            Change::PutTag(tag) => self.put(tag, draft, &name(tag.table)),
            Change::TakeTag(tag, _) => self.taken(tag, draft, &name(tag.table)),
        }
    }

    fn put(&self, key: &TagKey, draft: &Draft, on: &str) -> Option<(String, String)> {
        let opening = draft
            .facts
            .tag_grants
            .iter()
            .any(|(rule, holder)| tag_covers(rule, &key.tag) && self.holders.contains(holder));
        opening.then(|| (format!("tag {} {on}", key.tag), format!("the tag {} opens {on} to who applies it", key.tag)))
    }

    /// Access rule 10: a governed tag is lowered by a steward, or with a second person.
    fn taken(&self, key: &TagKey, draft: &Draft, on: &str) -> Option<(String, String)> {
        let domain = draft.facts.tables.get(&key.table).map(|table| table.domain);
        let steward = domain.is_some_and(|domain| self.actor.stewarded.contains(&domain));
        let freed = draft.facts.tag_rules.iter().any(|rule| {
            let his = Some(rule.created_by) == self.actor.user();
            tag_covers(&rule.tag, &key.tag) && !his && !self.is_spared(&rule.exempt)
        });
        let why = match (freed, is_governed(&key.tag) && !steward) {
            (true, _) => format!("the tag {} comes off {on}, and what binds who applies it under it", key.tag),
            (false, true) => format!("the governed tag {} comes off {on}", key.tag),
            (false, false) => return None,
        };
        Some((format!("tag {} {on}", key.tag), why))
    }

    /// Whether he is spared in some project of his.
    fn is_spared(&self, exempt: &BTreeSet<Exemption>) -> bool {
        exempt.iter().any(|exemption| {
            let id = exemption.principal_id;
            match exemption.kind {
                ExemptKind::User => self.actor.user() == Some(id.into()),
                ExemptKind::Group => self.actor.groups.contains(&id.into()),
                ExemptKind::Project => self.actor.role_in(id.into()).is_some(),
                // Whether he may state it depends on where he acts; files spare no purposes.
                ExemptKind::Purpose => false,
            }
        })
    }
}

/// Whether a rule gives no more than another of its name did.
fn is_within(new: &Giving, old: &Giving) -> bool {
    new.on.iter().all(|pattern| old.on.contains(pattern))
        && new.columns == old.columns
        && (new.rows == old.rows || old.rows.is_none())
        && (new.from == old.from || old.from.is_none())
        && (old.until.is_none() || new.until.is_some_and(|until| old.until.is_some_and(|old| until <= old)))
        && (old.export || !new.export)
        && (old.hand_on || !new.hand_on)
}

fn terms_within(new: &GrantTerms, old: &GrantTerms) -> bool {
    new.columns.is_subset(&old.columns)
        && (new.rows == old.rows || old.rows.is_none())
        && (old.until.is_none() || new.until.is_some_and(|until| old.until.is_some_and(|old| until <= old)))
        && new.from.zip(old.from).is_none_or(|(new, old)| new >= old)
        && (old.export || !new.export)
        && (old.hand_on || !new.hand_on)
}

fn binds_as_much(new: &RestrictionTerms, old: &RestrictionTerms) -> bool {
    let columns = new.columns.is_empty() || (!old.columns.is_empty() && old.columns.is_subset(&new.columns));
    new.effect == old.effect && columns
}
