//! Reads the facts that a plan depends on, in the transaction that uses them.

use lakegate_model::{
    Fault, Timestamp,
    grants::{DirectGrant, Grantee},
    ids::TableId,
    rules::Restriction,
    words::{PolicyItemKind, RestrictionEffect},
};
use lakegate_store::{Tx, groups, policy_files as store, projects, tokens, users};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use uuid::Uuid;

use super::{
    check::PolicySet,
    facts::{
        ColumnFacts, Doing, Facts, GrantKey, GrantTerms, HeldGrant, HeldRestriction, RestrictionKey, RestrictionTerms,
        Spot, TableFacts, TagFacts, TagRuleFacts,
    },
    format::Persona,
    problem::{self, Place, Problem},
};
use crate::access::principals::spared;

/// Whom personas stand for, by folded name.
pub(super) type Personas = BTreeMap<String, BTreeSet<Grantee>>;

/// All facts for a set.
///
/// # Errors
/// `invalid` for personas that name somebody who is not there.
pub(super) async fn facts(tx: &mut Tx, set: &PolicySet, now: Timestamp) -> Result<Facts, Fault> {
    let (personas, problems) = personas(tx, set).await?;
    if !problems.is_empty() {
        return Err(problem::fault(&problems));
    }
    let mut facts = present(tx, now).await?;
    facts.personas = personas;
    let holders = facts.personas.values().flatten().chain(facts.grants.iter().map(|held| &held.key.holder));
    let exempt = facts.restrictions.iter().flat_map(|held| &held.terms.exempt).filter_map(spared);
    let all: BTreeSet<Grantee> = holders.copied().chain(exempt).collect();
    facts.names = names(tx, all).await?;
    Ok(facts)
}

/// What is there, whatever files say.
pub(super) async fn present(tx: &mut Tx, now: Timestamp) -> Result<Facts, Fault> {
    let grants = store::grants(tx, now).await?;
    let restrictions = store::restrictions(tx).await?;
    let on_tags = grants.iter().filter_map(|grant| Some((grant.tag.clone()?, grant.grantee())));
    let rules = restrictions.iter().filter_map(|rule| {
        let exempt = rule.exempt.iter().copied().collect();
        Some(TagRuleFacts { tag: rule.tag.clone()?, exempt, created_by: rule.created_by })
    });
    Ok(Facts {
        tables: tables(tx).await?,
        tag_grants: on_tags.collect(),
        tag_rules: rules.collect(),
        grants: held_grants(tx, grants).await?,
        restrictions: held_restrictions(tx, restrictions).await?,
        ..Facts::default()
    })
}

async fn tables(tx: &mut Tx) -> Result<BTreeMap<TableId, TableFacts>, Fault> {
    let mut found = BTreeMap::new();
    for table in store::tables(tx).await? {
        let facts = TableFacts {
            asset: table.asset_id,
            project: table.project_id,
            domain: table.domain_id,
            path: [table.project, table.database_name, table.table_name],
            status: table.status,
            columns: Vec::new(),
            tags: Vec::new(),
        };
        found.insert(table.table_id, facts);
    }
    for column in store::columns(tx).await? {
        let store::PlacedColumn { id, table_id, name, column_type, state, unlisted } = column;
        let Some(table) = found.get_mut(&table_id) else { continue };
        table.columns.push(ColumnFacts { id, name, column_type, state, unlisted });
    }
    let managed: HashSet<Uuid> =
        store::items(tx, PolicyItemKind::Tag).await?.into_iter().map(|item| item.item_id).collect();
    for tag in store::tags(tx).await? {
        let Some(table) = found.get_mut(&tag.table_id) else { continue };
        let managed = managed.contains(&tag.id);
        table.tags.push(TagFacts { row: tag.id, column: tag.column_id, tag: tag.tag, managed });
    }
    Ok(found)
}

async fn items(tx: &mut Tx, kind: PolicyItemKind) -> Result<HashMap<Uuid, store::Item>, Fault> {
    Ok(store::items(tx, kind).await?.into_iter().map(|item| (item.item_id, item)).collect())
}

async fn held_grants(tx: &mut Tx, grants: Vec<DirectGrant>) -> Result<Vec<HeldGrant>, Fault> {
    let mut items = items(tx, PolicyItemKind::Grant).await?;
    let held = grants.into_iter().filter_map(|grant| {
        let item = items.remove(&grant.id.0)?;
        Some(HeldGrant {
            id: grant.id,
            key: GrantKey { table: grant.table_id?, rule: item.rule, holder: grant.grantee() },
            terms: GrantTerms {
                columns: grant.columns.into_iter().collect(),
                rows: item.written,
                from: Some(grant.valid_from),
                until: grant.valid_until,
                export: grant.can_export,
                hand_on: grant.can_grant,
                reason: grant.reason,
            },
            filter: grant.row_filter,
        })
    });
    Ok(held.collect())
}

async fn held_restrictions(tx: &mut Tx, rules: Vec<Restriction>) -> Result<Vec<HeldRestriction>, Fault> {
    let mut items = items(tx, PolicyItemKind::Restriction).await?;
    let held = rules.into_iter().filter_map(|rule| {
        let item = items.remove(&rule.id.0)?;
        let spot = match (rule.table_id, rule.tag) {
            (Some(table), _) => Spot::Table(table),
            (None, tag) => Spot::Tag(tag?),
        };
        let effect = match (rule.effect, rule.mask) {
            (RestrictionEffect::Mask, Some(mask)) => Doing::Mask(mask),
            (RestrictionEffect::Filter, _) => Doing::Rows(item.written.unwrap_or_default()),
            (RestrictionEffect::Hide | RestrictionEffect::Mask, _) => Doing::Hide,
        };
        Some(HeldRestriction {
            id: rule.id,
            key: RestrictionKey { spot, rule: item.rule },
            terms: RestrictionTerms {
                effect,
                columns: rule.columns.into_iter().collect(),
                exempt: rule.exempt.into_iter().collect(),
                reason: rule.reason,
            },
            filter: rule.filter,
            created_by: rule.created_by,
        })
    });
    Ok(held.collect())
}

/// Whom the personas of a set stand for, and who of them is not there.
pub(super) async fn personas(tx: &mut Tx, set: &PolicySet) -> Result<(Personas, Vec<Problem>), Fault> {
    let mut personas = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, placed) in &set.personas {
        personas.insert(name.clone(), persona(tx, &placed.at, &placed.rule, &mut problems).await?);
    }
    problems.sort();
    Ok((personas, problems))
}

async fn persona(
    tx: &mut Tx,
    at: &Place,
    persona: &Persona,
    problems: &mut Vec<Problem>,
) -> Result<BTreeSet<Grantee>, Fault> {
    let mut holders: BTreeSet<Grantee> = persona.roles.iter().map(|role| Grantee::Role(*role)).collect();
    holders.extend(persona.everyone.then_some(Grantee::Everyone));
    let mut add = |found: Option<Grantee>, list: &str, number: usize, message: String, fix: &str| match found {
        Some(holder) => drop(holders.insert(holder)),
        None => problems.push(Problem::of(&at.item(list, number), message, fix)),
    };
    for (number, name) in persona.people.iter().enumerate() {
        let found = users::user_by_name(tx, name.trim()).await?.map(|user| Grantee::User(user.id));
        add(found, "people", number, format!("nobody signs in as {name}"), "write a sign-in name");
    }
    for (number, name) in persona.groups.iter().enumerate() {
        let found = groups::group_by_name(tx, name.trim()).await?.map(|group| Grantee::Group(group.id));
        add(found, "groups", number, format!("there is no group {name}"), "make the group, or leave it out");
    }
    for (number, name) in persona.projects.iter().enumerate() {
        let found = projects::project_facts_by_name(tx, name.trim()).await?;
        let found = found.map(|project| Grantee::Project(project.id));
        add(found, "projects", number, format!("there is no project {name}"), "write the name of a project");
    }
    for (number, name) in persona.service_accounts.iter().enumerate() {
        let found = match name.rsplit_once('/') {
            Some((project, account)) => store::account_by_name(tx, project.trim(), account.trim()).await?,
            None => None,
        };
        let message = format!("there is no service account {name}");
        add(found.map(Grantee::ServiceAccount), "service_accounts", number, message, "write project/account");
    }
    Ok(holders)
}

/// What people read of holders.
pub(super) async fn names(tx: &mut Tx, holders: BTreeSet<Grantee>) -> Result<BTreeMap<Grantee, String>, Fault> {
    let mut names = BTreeMap::new();
    for holder in holders {
        if let Some((kind, name)) = written(tx, &holder).await? {
            let name = if kind.is_empty() { name } else { format!("{kind} {name}") };
            names.insert(holder, name);
        }
    }
    Ok(names)
}

/// The kind of a holder in words, and his name as files write it; `None` for one who is gone.
pub(super) async fn written(tx: &mut Tx, holder: &Grantee) -> Result<Option<(&'static str, String)>, Fault> {
    Ok(match holder {
        Grantee::User(id) => users::user_find(tx, *id).await?.map(|user| ("", user.username)),
        Grantee::Group(id) => groups::group_find(tx, *id).await?.map(|group| ("group", group.name)),
        Grantee::Project(id) => projects::project_label(tx, *id).await?.map(|(name, _)| ("project", name)),
        Grantee::ServiceAccount(id) => match tokens::account_find(tx, *id).await? {
            Some(account) => {
                let project = projects::project_label(tx, account.project_id).await?.map(|(name, _)| name);
                Some(("service account", format!("{}/{}", project.unwrap_or_default(), account.name)))
            }
            None => None,
        },
        Grantee::Role(role) => Some(("every", role.as_str().to_owned())),
        Grantee::Everyone => Some(("", "everyone".to_owned())),
    })
}
