//! Narrowing a grant to what was used of it. It never opens anything, and the grant that stays keeps rows, end and rights.

use lakegate_model::{
    Code, Fault,
    access::Grant,
    catalog::Column,
    grants::DirectGrant,
    ids::{AssetId, ColumnId, GrantId, SubscriptionId},
    words::{GrantColumns, TokenScope},
};
use lakegate_policy::{access::ColumnScope, action, decide, resource::SubscriptionFacts};
use lakegate_store::{
    Tx, WriteTx, assets, changes, direct_grants, projects, purposes, readable, rule_mappings::rule_terms_copy,
    subscriptions as store,
};
use serde_json::json;
use std::collections::BTreeSet;

use super::{
    asset_link, asset_of,
    grants::{self, GrantOn, NewGrant},
    notices::{Message, notify},
    requests::note,
    subscriptions::facts_of,
};
use crate::{
    App,
    audit::{self, Event},
    caller::{Acting, person},
    query::grants::opened,
};

/// Leaves a subscription those of its columns that are named, in the caller's transaction: one grant takes the place of the
/// other (access rule 16), as it was approved but for its columns.
pub(super) async fn subscription_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    id: SubscriptionId,
    (used, reason): (&BTreeSet<ColumnId>, &str),
) -> Result<(SubscriptionFacts, GrantId), Fault> {
    let by = person(actor, TokenScope::Write)?;
    let facts = facts_of(tx, actor, id).await?;
    let _proof = decide::<action::RevokeSubscription, _>(scope, actor, facts)?;
    let ended = || Fault::new(Code::Conflict, "this subscription has ended already");
    let subscription = store::subscription_by_id(tx, id).await?.ok_or_else(ended)?;
    let (old, columns) = store::grant_live(tx, id).await?.ok_or_else(ended)?;
    let known = readable::table_columns(tx, old.table_id).await?;
    let held = columns.map_or(ColumnScope::All, |columns| ColumnScope::Only(columns.into_iter().collect()));
    let kept = kept(&known, &held, used)?;
    store::grant_end(tx, id, app.now()).await?;
    let former = old.id;
    let grant = Grant { id: app.new_id(), all_columns: false, valid_from: app.now(), ..old };
    store::grant_insert(tx, &grant, Some(&kept)).await?;
    rule_terms_copy(tx, former.into(), grant.id.into()).await?;
    note(app, tx, subscription.request_id, "narrowed", Some(by), reason).await?;
    let asset = asset_of(tx, subscription.asset_id).await?.ok_or_else(|| Fault::not_found("asset"))?;
    let message = Message {
        kind: "subscription.narrowed",
        title: format!("Access to {} was narrowed to what you used of it", asset.display_name()),
        body: reason.to_owned(),
        link: asset_link(asset.id),
        once_key: None,
    };
    let people = projects::people_of(tx, facts.consumer).await?;
    notify(app, tx, people, &message).await?;
    changes::change_record(tx, "asset", asset.id.into()).await?;
    let event = Event::on("subscription.narrow", "subscription", id).owned_by(facts.producer).with(json!({
        "asset": asset.id, "project": facts.consumer, "grant": grant.id, "columns": kept, "reason": reason,
    }));
    audit::record(app, tx, caller, actor, event).await?;
    Ok((facts, grant.id))
}

/// Puts a grant of the named columns in the place of a direct grant, by the use cases that give and take back, in the
/// caller's transaction.
pub(super) async fn direct_in(
    app: &App,
    tx: &mut WriteTx,
    acting: Acting<'_>,
    id: GrantId,
    (used, reason): (&BTreeSet<ColumnId>, &str),
) -> Result<GrantId, Fault> {
    let grant = direct_grants::direct_grant_find(tx, id).await?.filter(|grant| grant.ended_at.is_none());
    let grant = grant.ok_or_else(|| Fault::new(Code::Conflict, "this grant has ended already"))?;
    let (asset, kept) = narrower(tx, &grant, used).await?;
    let new = NewGrant {
        on: GrantOn::Asset(asset, GrantColumns::Only, kept),
        to: grant.grantee(),
        row_filter: grant.row_filter.clone(),
        export: grant.can_export,
        hand_on: grant.can_grant,
        from: Some(grant.valid_from),
        until: grant.valid_until,
        purposes: purposes::rule_purposes_of(tx, id.into()).await?,
        reason: reason.to_owned(),
    };
    let made = grants::create_in(app, tx, acting, &new).await?;
    grants::revoke_in(app, tx, acting, id).await?;
    Ok(made.grant.id)
}

async fn narrower(
    tx: &mut Tx,
    grant: &DirectGrant,
    used: &BTreeSet<ColumnId>,
) -> Result<(AssetId, Vec<ColumnId>), Fault> {
    let whole = || {
        Fault::new(Code::Conflict, "only a grant on one table has columns to leave out")
            .fix("take it back, and give access to the tables that are used")
    };
    let table = grant.table_id.ok_or_else(whole)?;
    if grant.parent_id.is_some() {
        return Err(Fault::new(Code::Conflict, "this grant was handed on: it opens no more than the one above it")
            .fix("narrow that one, or take this one back"));
    }
    let asset = assets::asset_of_table(tx, table).await?.ok_or_else(whole)?;
    let known = readable::table_columns(tx, table).await?;
    let held = opened(tx, grant, table).await?.ok_or_else(whole)?;
    Ok((asset, kept(&known, &held, used)?))
}

/// The used ones of the columns that a grant opens.
fn kept(known: &[Column], held: &ColumnScope, used: &BTreeSet<ColumnId>) -> Result<Vec<ColumnId>, Fault> {
    let opens = columns_of(known, held);
    let kept: Vec<ColumnId> = opens.iter().copied().filter(|id| used.contains(id)).collect();
    if kept.is_empty() {
        return Err(Fault::new(Code::Conflict, "nothing was used of it in that time").fix("take it back instead"));
    }
    if kept.len() == opens.len() {
        return Err(Fault::new(Code::Conflict, "every column that it opens was used").fix("keep it as it is"));
    }
    Ok(kept)
}

/// The columns of a table that are open under a scope today.
pub(super) fn columns_of(known: &[Column], held: &ColumnScope) -> Vec<ColumnId> {
    let open = known.iter().filter(|column| column.state == lakegate_model::words::ColumnState::Active);
    let opened = open.filter(|column| match held {
        ColumnScope::All => !column.unlisted,
        ColumnScope::Only(ids) => ids.contains(&column.id),
        ColumnScope::Except(ids) => !column.unlisted && !ids.contains(&column.id),
    });
    opened.map(|column| column.id).collect()
}
