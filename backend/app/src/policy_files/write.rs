//! Carries a plan out, as if each of its changes were made by hand: with audit events, revisions and news for search.

use lakegate_model::{
    Fault, clock,
    grants::DirectGrant,
    ids::{ProjectId, TableId, UserId},
    rules::Restriction,
    words::{GrantColumns, Mask, PolicyItemKind, RestrictionEffect},
};
use lakegate_policy::{Actor, Scope, action, decide};
use lakegate_store::{
    WriteTx, asset_words, assets, direct_grants, policy_files as store, restrictions as restriction_store,
    rule_mappings,
};
use serde_json::json;
use std::collections::BTreeMap;
use uuid::Uuid;

use super::{
    draft::Draft,
    facts::{
        Doing, GrantKey, GrantTerms, HeldGrant, HeldRestriction, RestrictionKey, RestrictionTerms, Spot, TableFacts,
    },
    plan::Change,
    wish::TagKey,
};
use crate::{
    App, Caller,
    access::{grant_notes, grants, restrictions},
    audit::{self, Event},
    catalog::{diff, revise::revise, state},
    query::mask_key,
};

/// Who acts, and in whose name the rules stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hand<'a> {
    pub caller: &'a Caller,
    pub actor: &'a Actor,
    /// Who wrote the set.
    pub author: UserId,
}

/// Carries out all of it.
pub(super) async fn write(
    app: &App,
    tx: &mut WriteTx,
    scope: &Scope,
    hand: Hand<'_>,
    draft: &Draft,
) -> Result<(), Fault> {
    tags(app, tx, scope, hand, draft).await?;
    for change in &draft.plan.changes {
        match change {
            Change::PutTag(_) | Change::TakeTag(..) => {}
            Change::Grant { key, held, wished } => grant(app, tx, hand, draft, key, (held, wished.as_ref())).await?,
            Change::Restriction { key, held, wished } => {
                restriction(app, tx, hand, draft, key, (held, wished.as_ref())).await?;
            }
        }
    }
    store::items_forget_ended(tx).await?;
    Ok(())
}

fn table<'d>(draft: &'d Draft, key: &TagKey) -> Result<&'d TableFacts, Fault> {
    draft.facts.tables.get(&key.table).ok_or_else(|| Fault::internal("a plan over a table that is not there"))
}

/// One revision an asset.
async fn tags(app: &App, tx: &mut WriteTx, scope: &Scope, hand: Hand<'_>, draft: &Draft) -> Result<(), Fault> {
    let mut by_asset: BTreeMap<_, Vec<(&TagKey, Option<Uuid>)>> = BTreeMap::new();
    for change in &draft.plan.changes {
        let (key, row) = match change {
            Change::PutTag(key) => (key, None),
            Change::TakeTag(key, row) => (key, Some(*row)),
            _ => continue,
        };
        by_asset.entry(table(draft, key)?.asset).or_default().push((key, row));
    }
    for (id, changes) in by_asset {
        let found = assets::asset_facts(tx, &Actor::system(), id).await?;
        let (asset, facts) = found.ok_or_else(|| Fault::internal("a table without an asset"))?;
        // Whoever may apply files puts tags on; the right to edit the asset is the server's own here.
        let proof = decide::<action::EditAsset, _>(scope, &Actor::system(), facts)?;
        let before = state::load(tx, asset.clone()).await?;
        for (key, row) in changes {
            match row {
                None => {
                    let row: Uuid = app.new_id();
                    asset_words::tag_add(tx, &proof, row, key.column, &key.tag).await?;
                    store::item_insert(tx, PolicyItemKind::Tag, row, &key.tag, None).await?;
                }
                Some(row) => {
                    asset_words::tag_remove(tx, &proof, key.column, &key.tag).await?;
                    store::item_delete(tx, row).await?;
                }
            }
        }
        if let Some(revised) = revise(app, tx, hand.actor, &proof, &before, asset).await? {
            let detail = json!({ "revision": revised.asset.revision, "changes": diff::summary(&revised.lines) });
            let event = Event::on("asset.edit", "asset", id).owned_by(revised.asset.project_id).with(detail);
            audit::record(app, tx, hand.caller, hand.actor, event).await?;
        }
    }
    Ok(())
}

async fn grant(
    app: &App,
    tx: &mut WriteTx,
    hand: Hand<'_>,
    draft: &Draft,
    key: &GrantKey,
    (held, wished): (&[HeldGrant], Option<&GrantTerms>),
) -> Result<(), Fault> {
    let owner = draft.facts.tables.get(&key.table).map(|table| table.project);
    let who = (hand.caller, hand.actor);
    if let Some(terms) = wished {
        let given = given(app, hand.author, draft, key, terms)?;
        direct_grants::direct_grant_insert(tx, &given).await?;
        pin(tx, given.id.into(), draft, key.table, terms.rows.as_ref()).await?;
        store::item_insert(tx, PolicyItemKind::Grant, given.id, &key.rule, terms.rows.as_deref()).await?;
        for former in held.iter().filter(|_| terms.hand_on) {
            // What was handed on stays: the new grant bounds it as the former did.
            store::handed_on_move(tx, former.id, given.id).await?;
        }
        end(app, tx, who, held, owner).await?;
        grants::tell_search(tx, given.id).await?;
        return grant_notes::record(app, tx, who, "grant.create", &given, owner).await;
    }
    end(app, tx, who, held, owner).await
}

fn given(app: &App, author: UserId, draft: &Draft, key: &GrantKey, terms: &GrantTerms) -> Result<DirectGrant, Fault> {
    let now = clock::to_micros(app.now());
    Ok(DirectGrant {
        id: app.new_id(),
        grantee_kind: key.holder.kind(),
        grantee_id: key.holder.id(),
        grantee_role: key.holder.role(),
        table_id: Some(key.table),
        database_id: None,
        tag: None,
        columns_mode: GrantColumns::Only,
        columns: terms.columns.iter().copied().collect(),
        row_filter: filter(draft, key.table, terms.rows.as_ref())?,
        parent_id: None,
        can_export: terms.export,
        can_grant: terms.hand_on,
        reason: terms.reason.clone(),
        granted_by: author,
        created_at: now,
        valid_from: terms.from.unwrap_or(now),
        valid_until: terms.until,
        ended_at: None,
        ended_by: None,
        break_glass: false,
    })
}

fn filter(draft: &Draft, table: TableId, rows: Option<&String>) -> Result<Option<String>, Fault> {
    let Some(rows) = rows else { return Ok(None) };
    let found = draft.filters.get(&(table, rows.clone())).map(|filter| filter.text.clone());
    found.map(Some).ok_or_else(|| Fault::internal("a condition that was not checked"))
}

/// Pins the mapping tables of a rule's condition.
async fn pin(tx: &mut WriteTx, rule: Uuid, draft: &Draft, table: TableId, rows: Option<&String>) -> Result<(), Fault> {
    let found = rows.and_then(|rows| draft.filters.get(&(table, rows.clone())));
    let mappings = found.map(|filter| filter.mappings.as_slice()).unwrap_or_default();
    Ok(rule_mappings::rule_mappings_insert(tx, rule, mappings).await?)
}

async fn end(
    app: &App,
    tx: &mut WriteTx,
    who: (&Caller, &Actor),
    held: &[HeldGrant],
    owner: Option<ProjectId>,
) -> Result<(), Fault> {
    for former in held {
        let found = direct_grants::direct_grant_find(tx, former.id).await?;
        let grant = found.ok_or_else(|| Fault::internal("a grant that is not there"))?;
        grants::end(app, tx, who, "grant.revoke", &grant, owner).await?;
        store::item_delete(tx, former.id).await?;
    }
    Ok(())
}

async fn restriction(
    app: &App,
    tx: &mut WriteTx,
    hand: Hand<'_>,
    draft: &Draft,
    key: &RestrictionKey,
    (held, wished): (&[HeldRestriction], Option<&RestrictionTerms>),
) -> Result<(), Fault> {
    let owner = match &key.spot {
        Spot::Table(id) => draft.facts.tables.get(id).map(|table| table.project),
        Spot::Tag(_) => None,
    };
    let who = (hand.caller, hand.actor);
    if let Some(terms) = wished {
        let rule = ruled(app, hand.author, draft, key, terms)?;
        if rule.mask == Some(Mask::Hmac) {
            mask_key::ensure(app, tx).await?;
        }
        restriction_store::restriction_insert(tx, &rule).await?;
        let written = if let Doing::Rows(rows) = &terms.effect { Some(rows) } else { None };
        if let Spot::Table(table) = &key.spot {
            pin(tx, rule.id.into(), draft, *table, written).await?;
        }
        let written = written.map(String::as_str);
        store::item_insert(tx, PolicyItemKind::Restriction, rule.id, &key.rule, written).await?;
        restrictions::record(app, tx, who, "restriction.create", &rule, owner).await?;
    }
    for former in held {
        let found = restriction_store::restriction_find(tx, former.id).await?;
        let rule = found.ok_or_else(|| Fault::internal("a restriction that is not there"))?;
        restriction_store::restriction_end(tx, former.id, hand.actor.user().unwrap_or(hand.author), app.now()).await?;
        store::item_delete(tx, former.id).await?;
        restrictions::record(app, tx, who, "restriction.lift", &rule, owner).await?;
    }
    Ok(())
}

fn ruled(
    app: &App,
    author: UserId,
    draft: &Draft,
    key: &RestrictionKey,
    terms: &RestrictionTerms,
) -> Result<Restriction, Fault> {
    let (table_id, tag) = match &key.spot {
        Spot::Table(id) => (Some(*id), None),
        Spot::Tag(tag) => (None, Some(tag.clone())),
    };
    let (effect, mask, rows) = match &terms.effect {
        Doing::Hide => (RestrictionEffect::Hide, None, None),
        Doing::Mask(mask) => (RestrictionEffect::Mask, Some(*mask), None),
        Doing::Rows(rows) => (RestrictionEffect::Filter, None, Some(rows)),
    };
    Ok(Restriction {
        id: app.new_id(),
        filter: match table_id {
            Some(table) => filter(draft, table, rows)?,
            None => None,
        },
        table_id,
        tag,
        effect,
        mask,
        reason: terms.reason.clone(),
        created_by: author,
        created_at: app.now(),
        ended_by: None,
        ended_at: None,
        columns: terms.columns.iter().copied().collect(),
        exempt: terms.exempt.iter().copied().collect(),
    })
}
