//! Row filters and restrictions as they meet one caller.

use lakegate_engine::{Filter, Subject, TableColumn};
use lakegate_model::{
    Fault,
    catalog::{Asset, Column},
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
use lakegate_store::{Tx, groups, restrictions};

use super::resolve::table_column;

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
    let groups = groups::groups_of(tx, user).await?;
    Ok(Subject {
        user: actor.name.clone(),
        groups: groups.into_iter().map(|group| group.name).collect(),
        attributes: restrictions::attributes_of(tx, user).await?,
    })
}

/// The rows that a filter lets through for a subject. A filter that no longer fits its table lets none through.
pub fn rows(filter: Option<&str>, subject: &Subject, columns: &[Column]) -> Rows {
    let Some(text) = filter else { return Rows::All };
    let columns: Vec<TableColumn> = columns.iter().map(table_column).collect();
    match Filter::read(text, &columns).and_then(|filter| filter.bind(subject, |_| Vec::new())) {
        Ok(bound) => Rows::Where(bound),
        Err(fault) => {
            tracing::warn!(%fault, "a row filter no longer fits its table and lets nothing through");
            Rows::Broken
        }
    }
}

/// The restrictions on a table that bind the actor; all of them where `spare` is false, for previews that show no more
/// than anybody could see (access rule 12).
pub async fn restrictions(
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
    let binding = touching.iter().filter(|rule| !spare || binds(rule, actor));
    Ok(binding.filter_map(|rule| effect(rule, reach(rule, table, &tags), &subject, columns)).collect())
}

fn effect(rule: &Rule, reach: Reach, subject: &Subject, columns: &[Column]) -> Option<Restriction> {
    let reached = match (&reach, rule.effect) {
        (Reach::Nothing, _) => return None,
        (Reach::Table, RestrictionEffect::Hide) => {
            return Some(Restriction { id: rule.id, effect: Effect::HideAll });
        }
        (Reach::Columns(ids), _) => ids.clone(),
        (Reach::Table, _) => columns.iter().map(|column| column.id).collect(),
    };
    let effect = match (rule.effect, rule.mask) {
        (RestrictionEffect::Mask, Some(mask)) => Effect::Mask(mask, reached),
        (RestrictionEffect::Filter, _) => Effect::Filter(rows(rule.filter.as_deref(), subject, columns)),
        // A mask that names none shows nothing.
        (RestrictionEffect::Hide | RestrictionEffect::Mask, _) => Effect::Hide(reached),
    };
    Some(Restriction { id: rule.id, effect })
}

/// Whether some restriction narrows what the actor, acting in the owning project, reads of an asset's table: then counts and
/// digests of the whole are not for him (access rule 5).
pub async fn is_restricted(tx: &mut Tx, actor: &Actor, asset: &Asset, columns: &[Column]) -> Result<bool, Fault> {
    let Some(table) = asset.table_id else { return Ok(false) };
    let owner = Actor { acting: Some(asset.project_id), ..actor.clone() };
    Ok(!restrictions(tx, &owner, table, columns, true).await?.is_empty())
}
