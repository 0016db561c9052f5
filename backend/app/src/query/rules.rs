//! Row filters and restrictions as they meet one caller.

use lakegate_engine::{Filter, Mapping, Subject, TableColumn};
use lakegate_model::{
    Fault,
    catalog::{Asset, Column},
    grants::Grantee,
    ids::TableId,
    rules::Restriction as Rule,
    words::RestrictionEffect,
};
use lakegate_policy::{
    Actor,
    access::{Effect, Restriction, Rows},
    actor::Principal,
    binding::{Reach, binds, reach},
};
use lakegate_store::{Tx, groups, restrictions, rule_mappings};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{mappings, resolve::table_column};
use crate::{App, derived::behind};

/// Who a rule is about while this actor asks.
pub async fn subject(tx: &mut Tx, actor: &Actor) -> Result<Subject, Fault> {
    let Some(user) = actor.user() else {
        // No person is called so: a service account cannot pass for one.
        let name = match actor.principal {
            Principal::ServiceAccount(id) => format!("service-account:{id}"),
            _ => String::new(),
        };
        return Ok(Subject { user: name, ..Subject::default() });
    };
    let mut groups = groups::groups_of(tx, user).await?;
    if let Some(narrowed) = &actor.narrowed {
        groups.retain(|group| *narrowed == Grantee::Group(group.id));
    }
    Ok(Subject {
        user: actor.name.clone(),
        groups: groups.into_iter().map(|group| group.name).collect(),
        attributes: restrictions::attributes_of(tx, user).await?,
    })
}

/// The rows that the filter of a rule lets through for a subject. A filter that no longer fits its table lets none through,
/// nor does one whose mapping table cannot be read.
pub async fn rows(
    app: &App,
    tx: &mut Tx,
    (rule, filter): (Uuid, Option<&str>),
    subject: &Subject,
    columns: &[Column],
) -> Result<Rows, Fault> {
    let Some(text) = filter else { return Ok(Rows::All) };
    let columns: Vec<TableColumn> = columns.iter().map(table_column).collect();
    let unfit = |fault: Fault| {
        tracing::warn!(%fault, "a row filter no longer fits its table and lets nothing through");
        Ok(Rows::Broken)
    };
    let filter = match Filter::read(text, &columns) {
        Ok(filter) => filter,
        Err(fault) => return unfit(fault),
    };
    let Some(allowed) = allowed(app, tx, rule, &filter, subject).await? else { return Ok(Rows::Broken) };
    filter
        .bind(subject, |mapping| allowed.get(mapping).cloned().unwrap_or_default())
        .map_or_else(unfit, |bound| Ok(Rows::Where(bound)))
}

/// What each mapping of a filter allows the subject; `None` if one cannot be told.
async fn allowed(
    app: &App,
    tx: &mut Tx,
    rule: Uuid,
    filter: &Filter,
    subject: &Subject,
) -> Result<Option<BTreeMap<Mapping, Vec<String>>>, Fault> {
    let mut allowed = BTreeMap::new();
    if filter.mappings().is_empty() {
        return Ok(Some(allowed));
    }
    let pins = rule_mappings::rule_mappings_of(tx, rule).await?;
    for mapping in filter.mappings() {
        let Some(table) = rule_mappings::pinned(&pins, &mapping.database, &mapping.table) else { return Ok(None) };
        let values = mappings::allowed(app, tx, table, mapping, &subject.user).await?;
        let Some(values) = values else { return Ok(None) };
        allowed.insert(mapping.clone(), values);
    }
    Ok(Some(allowed))
}

/// The restrictions on a table that bind the actor; all of them where `spare` is false, for previews that show no more
/// than anybody could see (access rule 12).
pub async fn restrictions(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    table: TableId,
    columns: &[Column],
    spare: bool,
) -> Result<Vec<Restriction>, Fault> {
    let touching = restrictions::restrictions_touching(tx, table).await?;
    if touching.is_empty() {
        return Ok(Vec::new());
    }
    let tags = restrictions::tags_on(tx, table).await?;
    let subject = subject(tx, actor).await?;
    let mut effects = Vec::new();
    for rule in touching.iter().filter(|rule| !spare || binds(rule, actor)) {
        effects.extend(effect(app, tx, (rule, reach(rule, table, &tags)), &subject, columns).await?);
    }
    Ok(effects)
}

async fn effect(
    app: &App,
    tx: &mut Tx,
    (rule, reach): (&Rule, Reach),
    subject: &Subject,
    columns: &[Column],
) -> Result<Option<Restriction>, Fault> {
    let reached = match (&reach, rule.effect) {
        (Reach::Nothing, _) => return Ok(None),
        (Reach::Table, RestrictionEffect::Hide) => {
            return Ok(Some(Restriction { id: rule.id, effect: Effect::HideAll }));
        }
        (Reach::Columns(ids), _) => ids.clone(),
        (Reach::Table, _) => columns.iter().map(|column| column.id).collect(),
    };
    let effect = match (rule.effect, rule.mask) {
        (RestrictionEffect::Mask, Some(mask)) => Effect::Mask(mask, reached),
        (RestrictionEffect::Filter, _) => {
            Effect::Filter(rows(app, tx, (rule.id.into(), rule.filter.as_deref()), subject, columns).await?)
        }
        // A mask that names none shows nothing.
        (RestrictionEffect::Hide | RestrictionEffect::Mask, _) => Effect::Hide(reached),
    };
    Ok(Some(Restriction { id: rule.id, effect }))
}

/// Whether something narrows what the actor, acting in the owning project, reads of an asset's table: a restriction, or less
/// access to what a query made it from. Then counts and digests of the whole are not for him (access rule 5).
pub async fn is_restricted(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    asset: &Asset,
    columns: &[Column],
) -> Result<bool, Fault> {
    let Some(table) = asset.table_id else { return Ok(false) };
    if actor.narrowed.is_some() {
        return Ok(true);
    }
    let owner = actor.acting_in(Some(asset.project_id));
    let ruled = !restrictions(app, tx, &owner, table, columns, true).await?.is_empty();
    Ok(ruled || behind::closes(app, tx, &owner, table).await?)
}
