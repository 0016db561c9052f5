//! Deciding requests: the grant comes in the same transaction.

use lakegate_model::{
    Code, Fault, Timestamp,
    access::{Grant, Request, TableLink},
    catalog::Asset,
    ids::{ColumnId, RequestId, SubscriptionId, TableId, UserId},
    text,
    words::{AssetStatus, RequestState},
};
use lakegate_policy::{Actor, action, decide, resource::RequestFacts};
use lakegate_store::{Tx, WriteTx, changes, projects, requests, subscriptions};
use serde_json::json;

use super::{
    GOVERNED_KEYS, asset_link, asset_of, check_columns, check_until,
    notices::{Message, notify},
    requests::{columns_of, facts_of, need_open, note},
};
use crate::{
    App, Caller,
    audit::{self, Event},
};

/// What the approver gives; never more than was asked for.
#[derive(Debug, Clone, Default)]
pub struct Approval {
    pub reason: String,
    /// A choice among the wished columns; `None` gives what was asked for.
    pub columns: Option<Vec<ColumnId>>,
    /// An end, not later than the wished one; `None` takes the wished one.
    pub until: Option<Timestamp>,
    /// Whether rows may leave through downloads and exports.
    pub export: bool,
}

/// Approves a request: subscription, grant and the table in the consumer's sub database come at once.
pub async fn approve(
    app: &App,
    caller: &Caller,
    id: RequestId,
    approval: &Approval,
) -> Result<SubscriptionId, Fault> {
    let reason = text::prose("reason", &approval.reason, text::COMMENT_MAX)?;
    check_until("until", approval.until, app.now())?;
    change!(app, caller, "request.approve", |tx, scope, actor| {
        let facts = facts_of(tx, id).await?;
        let proof = decide::<action::DecideRequest, _>(scope, actor, facts)?;
        crate::accounts::need_confirmed(actor, app.now())?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &view).await?;
        need_open(&request)?;
        let by = actor.user().ok_or_else(|| Fault::new(Code::Forbidden, "a person has to decide"))?;
        let asset = decidable_asset(tx, &request).await?;
        need_distance(tx, actor, &request, &facts).await?;
        let terms = terms(tx, &request, approval).await?;
        requests::request_decide(tx, &proof, RequestState::Approved, by, &reason, app.now()).await?;
        let subscription = match request.amends_id {
            Some(subscription) => subscription,
            None => {
                let subscription = app.new_id();
                subscriptions::subscription_insert(tx, &proof, subscription, request.asset_id, app.now()).await?;
                subscription
            }
        };
        let given = Given { subscription, by, reason: &reason, terms, export: approval.export };
        give(app, tx, caller, actor, &request, &asset, &facts, given).await?;
        Ok(subscription)
    })
}

/// Approves a request for an open asset at once: its owner decided that beforehand.
pub(super) async fn approve_standing(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    actor: &Actor,
    id: RequestId,
) -> Result<(), Fault> {
    let facts = facts_of(tx, id).await?;
    let scope = lakegate_policy::Scope::begin();
    let system = Actor::system();
    let view = decide::<action::ViewRequest, _>(&scope, &system, facts)?;
    let proof = decide::<action::DecideRequest, _>(&scope, &system, facts)?;
    let request = requests::request_get(tx, &view).await?;
    let asset = decidable_asset(tx, &request).await?;
    let reason = "open to all: its owner approves every request";
    let terms = terms(tx, &request, &Approval::default()).await?;
    let by = asset.owner_id.unwrap_or(request.requester_id);
    requests::request_decide(tx, &proof, RequestState::Approved, by, reason, app.now()).await?;
    let subscription = match request.amends_id {
        Some(subscription) => subscription,
        None => {
            let subscription = app.new_id();
            subscriptions::subscription_insert(tx, &proof, subscription, request.asset_id, app.now()).await?;
            subscription
        }
    };
    let given = Given { subscription, by, reason, terms, export: false };
    give(app, tx, caller, actor, &request, &asset, &facts, given).await
}

/// What a grant will allow.
struct Terms {
    columns: Option<Vec<ColumnId>>,
    until: Option<Timestamp>,
}

struct Given<'a> {
    subscription: SubscriptionId,
    by: UserId,
    reason: &'a str,
    terms: Terms,
    export: bool,
}

async fn decidable_asset(tx: &mut Tx, request: &Request) -> Result<Asset, Fault> {
    let asset = asset_of(tx, request.asset_id).await?.ok_or_else(|| Fault::not_found("asset"))?;
    if asset.status != AssetStatus::Published {
        return Err(Fault::new(Code::Conflict, format!("the asset is {}; it takes no new subscriptions", asset.status))
            .fix("reject the request and point to the successor"));
    }
    Ok(asset)
}

/// Access rule 16: for data under a governed key, the approver is no member of the asking project.
async fn need_distance(tx: &mut Tx, actor: &Actor, request: &Request, facts: &RequestFacts) -> Result<(), Fault> {
    if actor.role_in(facts.consumer).is_none() {
        return Ok(());
    }
    let tags = lakegate_store::asset_words::tags_of(tx, request.asset_id).await?;
    let governed = tags.iter().any(|tag| {
        let key = tag.tag.split('=').next().unwrap_or_default();
        GOVERNED_KEYS.contains(&key)
    });
    if governed {
        return Err(Fault::new(Code::Forbidden, "the data is under a governed tag and you are in the asking project")
            .fix("another owner or the domain steward has to decide"));
    }
    Ok(())
}

/// The approver narrows, and never widens.
async fn terms(tx: &mut Tx, request: &Request, approval: &Approval) -> Result<Terms, Fault> {
    let known = columns_of(tx, request).await?;
    let columns = match (&approval.columns, &request.columns) {
        (None, None) => None,
        (None, Some(wished)) => Some(check_columns(&known, wished)?),
        (Some(given), wished) => {
            let given = check_columns(&known, given)?;
            if let Some(extra) = given.iter().find(|id| wished.as_ref().is_some_and(|wished| !wished.contains(id))) {
                return Err(Fault::invalid("columns", format!("{extra} was not asked for")));
            }
            Some(given)
        }
    };
    let until = match (approval.until, request.wanted_until) {
        (Some(given), Some(wished)) if given > wished => {
            return Err(Fault::invalid("until", "this is later than was asked for"));
        }
        (given, wished) => given.or(wished),
    };
    Ok(Terms { columns, until })
}

/// Gives what was decided: replaces the live grant, puts the table into the sub database, tells everyone.
#[expect(clippy::too_many_arguments, reason = "one step of a transaction, called from the two ways to decide")]
async fn give(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    actor: &Actor,
    request: &Request,
    asset: &Asset,
    facts: &RequestFacts,
    given: Given<'_>,
) -> Result<(), Fault> {
    let table = asset.table_id.ok_or_else(|| Fault::new(Code::Conflict, "this asset has no table to use"))?;
    let now = app.now();
    subscriptions::grant_end(tx, given.subscription, now).await?;
    let grant = Grant {
        id: app.new_id(),
        subscription_id: given.subscription,
        project_id: request.project_id,
        table_id: table,
        all_columns: given.terms.columns.is_none(),
        can_export: given.export,
        reason: given.reason.to_owned(),
        granted_by: given.by,
        valid_from: now,
        valid_until: given.terms.until,
        ended_at: None,
    };
    subscriptions::grant_insert(tx, &grant, given.terms.columns.as_deref()).await?;
    if request.amends_id.is_none() {
        link(tx, request, asset, table, given.subscription).await?;
    }
    note(app, tx, request.id, "approved", Some(given.by), given.reason).await?;
    tell_requester(app, tx, request, asset, "approved").await?;
    changes::change_record(tx, "asset", asset.id.into()).await?;
    let event = Event::on("request.approve", "request", request.id).owned_by(facts.producer).with(json!({
        "number": request.number, "asset": asset.id, "asset_name": asset.display_name(), "project": request.project_id,
        "subscription": given.subscription, "grant": grant.id, "columns": given.terms.columns,
        "until": given.terms.until, "export": given.export, "reason": given.reason,
    }));
    audit::record(app, tx, caller, actor, event).await
}

/// Puts the table into the first sub database of the consumer, under a free name.
async fn link(
    tx: &mut WriteTx,
    request: &Request,
    asset: &Asset,
    table: TableId,
    subscription: SubscriptionId,
) -> Result<(), Fault> {
    let databases = subscriptions::sub_databases(tx, request.project_id).await?;
    let database = databases.first().ok_or_else(|| {
        Fault::new(Code::Conflict, "the asking project has no environment any more").fix("ask it to create one")
    })?;
    let producer = projects::project_label(tx, asset.project_id).await?.map(|(name, _)| name).unwrap_or_default();
    let base = text::slug(&asset.name);
    let mut candidates = vec![base.clone(), text::slug(&format!("{producer} {base}"))];
    candidates.extend((2..100).map(|n| format!("{}_{n}", base.chars().take(58).collect::<String>())));
    for name in candidates {
        if !subscriptions::link_taken(tx, database.id, &name).await? {
            let link = TableLink { database_id: database.id, table_id: table, subscription_id: subscription, name };
            subscriptions::link_insert(tx, &link).await?;
            return Ok(());
        }
    }
    Err(Fault::new(Code::Conflict, "the sub database has too many tables of this name"))
}

async fn tell_requester(
    app: &App,
    tx: &mut WriteTx,
    request: &Request,
    asset: &Asset,
    word: &str,
) -> Result<(), Fault> {
    let mut people = projects::owners_of(tx, request.project_id).await?;
    if !people.contains(&request.requester_id) {
        people.push(request.requester_id);
    }
    let approved = word == "approved";
    let message = Message {
        kind: if approved { "request.approved" } else { "request.rejected" },
        title: format!("{} was {word}: {}", request.reference(), asset.display_name()),
        body: if approved { "You can query it now.".to_owned() } else { String::new() },
        link: if approved { asset_link(asset.id) } else { format!("/requests/{}", request.id) },
        once_key: None,
    };
    notify(app, tx, people, &message).await
}

/// Rejects a request; the reason is what the requester reads.
pub async fn reject(app: &App, caller: &Caller, id: RequestId, reason: &str) -> Result<(), Fault> {
    let reason = text::prose("reason", reason, text::COMMENT_MAX)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "tell the requester why"));
    }
    change!(app, caller, "request.reject", |tx, scope, actor| {
        let facts = facts_of(tx, id).await?;
        let proof = decide::<action::DecideRequest, _>(scope, actor, facts)?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &view).await?;
        need_open(&request)?;
        let by = actor.user().ok_or_else(|| Fault::new(Code::Forbidden, "a person has to decide"))?;
        let asset = asset_of(tx, request.asset_id).await?.ok_or_else(|| Fault::not_found("asset"))?;
        requests::request_decide(tx, &proof, RequestState::Rejected, by, &reason, app.now()).await?;
        note(app, tx, id, "rejected", Some(by), &reason).await?;
        tell_requester(app, tx, &request, &asset, "rejected").await?;
        let event = Event::on("request.reject", "request", id)
            .owned_by(facts.producer)
            .with(json!({ "number": request.number, "asset": asset.id, "reason": reason }));
        audit::record(app, tx, caller, actor, event).await
    })
}
