//! One event of the audit with what it points at, as far as its reader may know of that.

use lakegate_model::{
    Fault,
    audit::AuditEvent,
    ids::{AssetId, ColumnId, GrantId, QueryId, RestrictionId},
};
use lakegate_policy::{Actor, Scope, action, decide};
use lakegate_store::{Tx, audit as store, direct_grants, restrictions, subscriptions};
use serde_json::{Value, json};
use uuid::Uuid;

use super::read::{note, own, reach, shown};
use crate::{
    App, Caller,
    access::{explain, explain::RuleKind, rule_words},
    catalog::{granted, state},
};

/// A grant or restriction under which somebody read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRule {
    pub kind: RuleKind,
    pub id: Uuid,
    /// In words for who reviews the asset, and for him who read; empty for others, and where the rule is gone.
    pub words: String,
}

/// An event with what it points at.
#[derive(Debug, Clone)]
pub struct EventView {
    pub event: AuditEvent,
    /// The asset that it is about, where its reader finds it.
    pub asset: Option<(AssetId, String)>,
    /// Whether the reader reviews who has access to that asset.
    pub may_review: bool,
    /// Names of the columns that were read, those that its reader may know of.
    pub columns: Vec<String>,
    /// How many were read besides.
    pub other_columns: usize,
    pub rules: Vec<EventRule>,
    /// Names the access under which was read: equal ones see equal cells of an equal data version.
    pub fingerprint: Option<String>,
    pub query: Option<QueryId>,
    /// Whether it is the reader's own.
    pub own: bool,
}

/// One event by its number. Looking at somebody else's is recorded.
///
/// # Errors
/// `not_found` for an event that there is not, and for one that the caller may not see.
pub async fn get(app: &App, caller: &Caller, number: i64) -> Result<EventView, Fault> {
    change!(app, caller, "audit.read", |tx, scope, actor| {
        let reach = reach(scope, actor)?;
        let event = store::event_find(tx, &reach, number).await?.ok_or_else(|| Fault::not_found("event"))?;
        let looked = json!({ "events": 1, "number": number });
        note(app, tx, (caller, actor, &reach), "audit.read", std::slice::from_ref(&event), looked).await?;
        let reader = own(actor);
        let event = shown(app, tx, event, reader).await?;
        view(app, tx, (scope, actor), event).await
    })
}

async fn view(app: &App, tx: &mut Tx, (scope, actor): (&Scope, &Actor), event: AuditEvent) -> Result<EventView, Fault> {
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    let is_own = own(actor).is_some() && event.actor_id == own(actor);
    let mut view = EventView {
        asset: None,
        may_review: false,
        columns: Vec::new(),
        other_columns: ids(&detail, "columns").len(),
        rules: Vec::new(),
        fingerprint: detail["access"].as_str().map(str::to_owned),
        query: query_of(&event, &detail),
        own: is_own,
        event,
    };
    if let Some(id) = asset_of(&view.event, &detail) {
        at_asset(app, tx, (scope, actor), id, &detail, &mut view).await?;
    }
    let words = view.may_review || is_own;
    for id in ids(&detail, "grants") {
        view.rules.push(grant(tx, id.into(), words.then_some(view.may_review)).await?);
    }
    for id in ids(&detail, "restrictions") {
        view.rules.push(restriction(tx, id.into(), words.then_some(view.may_review)).await?);
    }
    Ok(view)
}

/// Adds the asset and the columns, if the reader finds it.
async fn at_asset(
    app: &App,
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    id: AssetId,
    detail: &Value,
    view: &mut EventView,
) -> Result<(), Fault> {
    let Ok((asset, found)) = granted::<action::DiscoverAsset>(tx, scope, actor, id).await else { return Ok(()) };
    view.may_review = decide::<action::ReviewAsset, _>(scope, actor, found.on()).is_ok();
    view.asset = Some((id, asset.display_name().to_owned()));
    let read: Vec<ColumnId> = ids(detail, "columns").into_iter().map(ColumnId::from).collect();
    if read.is_empty() {
        return Ok(());
    }
    let seen = explain::seen_columns(app, tx, actor, &asset, view.may_review).await?;
    let columns = state::load(tx, asset).await?.columns;
    let named = columns.into_iter().filter(|column| read.contains(&column.id) && seen.contains(&column.id));
    view.columns = named.map(|column| column.name).collect();
    view.other_columns = read.len().saturating_sub(view.columns.len());
    Ok(())
}

fn asset_of(event: &AuditEvent, detail: &Value) -> Option<AssetId> {
    if event.subject_kind == "asset" {
        return event.subject_id.map(Into::into);
    }
    detail["asset"].as_str().and_then(|id| id.parse().ok())
}

fn query_of(event: &AuditEvent, detail: &Value) -> Option<QueryId> {
    if event.subject_kind == "query" {
        return event.subject_id.map(Into::into);
    }
    detail["query"].as_str().and_then(|id| id.parse().ok())
}

fn ids(detail: &Value, name: &str) -> Vec<Uuid> {
    let listed = detail[name].as_array().into_iter().flatten();
    listed.filter_map(|id| id.as_str().and_then(|id| Uuid::parse_str(id).ok())).collect()
}

/// A grant, in the words for a reviewer or for him whom it served; `None` for words leaves them out.
async fn grant(tx: &mut Tx, id: GrantId, words: Option<bool>) -> Result<EventRule, Fault> {
    let subscribed = subscriptions::grant_find(tx, id).await?;
    let kind = if subscribed.is_some() { RuleKind::Subscription } else { RuleKind::DirectGrant };
    let words = match (words, subscribed) {
        (None, _) => String::new(),
        (Some(review), Some(grant)) => rule_words::subscription(tx, &grant, review).await?,
        (Some(_), None) if direct_grants::direct_grant_find(tx, id).await?.is_none() => String::new(),
        (Some(review), None) => rule_words::direct_grant(tx, id, review).await?,
    };
    Ok(EventRule { kind, id: id.into(), words })
}

async fn restriction(tx: &mut Tx, id: RestrictionId, words: Option<bool>) -> Result<EventRule, Fault> {
    let words = match (words, restrictions::restriction_find(tx, id).await?) {
        (Some(review), Some(_)) => rule_words::restriction(tx, id, (None, &[]), review).await?,
        _ => String::new(),
    };
    Ok(EventRule { kind: RuleKind::Restriction, id: id.into(), words })
}
