//! Deciding requests: the grant comes in the same transaction.

use lakegate_model::{
    Code, Fault, Timestamp,
    access::{Grant, Request, TableLink},
    catalog::{Asset, Column},
    ids::{ColumnId, PurposeId, RequestId, SubscriptionId, TableId, UserId},
    rules::CheckedFilter,
    text,
    words::{AssetStatus, RequestState, TokenScope},
};
use lakegate_policy::{Actor, Granted, Scope, action, decide, resource::RequestFacts};
use lakegate_store::{Tx, WriteTx, assets, changes, projects, purposes, requests, rule_mappings, subscriptions, users};
use serde_json::json;

use super::{
    asset_link, asset_of, check_columns, check_until,
    filters::check_filter,
    is_governed,
    notices::{Message, notify},
    purposes::demanded,
    requests::{columns_of, facts_of, need_open, note},
};
use crate::{
    App, Caller,
    accounts::need_confirmed,
    audit::{self, Event},
    caller::person,
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
    /// Only rows for which this is true; `None` gives all rows.
    pub row_filter: Option<String>,
    /// Whoever uses the data states one of these; none given keeps those of the present access.
    pub purposes: Vec<PurposeId>,
}

/// Approves a request: subscription, grant and the table in the consumer's sub database come at once.
pub async fn approve(app: &App, caller: &Caller, id: RequestId, approval: &Approval) -> Result<SubscriptionId, Fault> {
    let reason = text::prose("reason", &approval.reason, text::COMMENT_MAX)?;
    let approval = &Approval { until: check_until("until", approval.until, app.now())?, ..approval.clone() };
    change!(app, caller, "request.approve", |tx, scope, actor| {
        let facts = facts_of(tx, actor, id).await?;
        let proof = decide::<action::DecideRequest, _>(scope, actor, facts)?;
        need_confirmed(actor, app.now())?;
        let by = person(actor, TokenScope::Write)?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &view).await?;
        need_open(&request)?;
        need_other_author(tx, &view, by).await?;
        need_distance(tx, actor, &request, &facts).await?;
        let mut terms = terms(tx, &request, approval, app.now()).await?;
        terms.row_filter = row_filter(app, tx, actor, &request, approval).await?;
        terms.purposes = match approval.purposes.is_empty() {
            true => present_purposes(tx, &request).await?,
            false => demanded(tx, &approval.purposes).await?,
        };
        let given = Given { by, reason: &reason, terms };
        give(app, tx, (caller, actor), &proof, &request, given).await
    })
}

/// Approves a request for an open asset at once, if its owner's standing decision can serve as an approval: he is there,
/// does not ask himself, and the data are under no governed tag (access rule 16). Returns whether it did.
pub(super) async fn approve_standing(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    facts: &RequestFacts,
) -> Result<bool, Fault> {
    let scope = Scope::begin();
    let system = Actor::system();
    let view = decide::<action::ViewRequest, _>(&scope, &system, *facts)?;
    let proof = decide::<action::DecideRequest, _>(&scope, &system, *facts)?;
    let request = requests::request_get(tx, &view).await?;
    let owner = asset_of(tx, request.asset_id).await?.and_then(|asset| asset.owner_id);
    let Some(by) = owner.filter(|owner| *owner != request.requester_id) else { return Ok(false) };
    let there = users::user_find(tx, by).await?.is_some_and(|user| !user.disabled);
    if !there || is_governed(tx, request.asset_id).await? {
        return Ok(false);
    }
    let reason = "open to all: its owner approves every request";
    let mut terms = terms(tx, &request, &Approval::default(), app.now()).await?;
    terms.row_filter = present_filter(tx, &request).await?;
    terms.purposes = present_purposes(tx, &request).await?;
    let given = Given { by, reason, terms };
    give(app, tx, (caller, &system), &proof, &request, given).await?;
    Ok(true)
}

/// Whoever changed what is asked for does not approve it: it would be his own wish.
async fn need_other_author(
    tx: &mut Tx,
    view: &Granted<'_, RequestFacts, action::ViewRequest>,
    by: UserId,
) -> Result<(), Fault> {
    let thread = requests::entry_list(tx, view).await?;
    if thread.iter().any(|entry| entry.author_id == Some(by) && entry.kind == "edited") {
        return Err(Fault::new(Code::Forbidden, "you edited this request yourself")
            .fix("another owner or the domain steward has to decide"));
    }
    Ok(())
}

/// What a grant will allow.
struct Terms {
    columns: Option<Vec<ColumnId>>,
    until: Option<Timestamp>,
    export: bool,
    row_filter: Option<CheckedFilter>,
    purposes: Vec<PurposeId>,
}

/// A decision to give.
struct Given<'a> {
    by: UserId,
    reason: &'a str,
    terms: Terms,
}

async fn decidable_asset(tx: &mut Tx, request: &Request) -> Result<Asset, Fault> {
    let asset = asset_of(tx, request.asset_id).await?.ok_or_else(|| Fault::not_found("asset"))?;
    if asset.status != AssetStatus::Published {
        return Err(Fault::new(
            Code::Conflict,
            format!("the asset is {}; it takes no new subscriptions", asset.status),
        )
        .fix("reject the request and point to the successor"));
    }
    Ok(asset)
}

/// Access rule 16: for data under a governed key, the approver is no member of the asking project.
async fn need_distance(tx: &mut Tx, actor: &Actor, request: &Request, facts: &RequestFacts) -> Result<(), Fault> {
    if actor.role_in(facts.consumer).is_none() {
        return Ok(());
    }
    if is_governed(tx, request.asset_id).await? {
        return Err(Fault::new(Code::Forbidden, "the data is under a governed tag and you are in the asking project")
            .fix("another owner or the domain steward has to decide"));
    }
    Ok(())
}

/// The approver narrows, and never widens.
async fn terms(tx: &mut Tx, request: &Request, approval: &Approval, now: Timestamp) -> Result<Terms, Fault> {
    let known = columns_of(tx, request).await?;
    let columns = match (&approval.columns, &request.columns) {
        (None, None) => None,
        (None, Some(wished)) => Some(check_columns(&known, wished)?),
        (Some(given), wished) => {
            let given = check_columns(&known, given)?;
            let asked = |column: &Column| match wished {
                Some(wished) => wished.contains(&column.id),
                // Who asked for all asked for what is to be found.
                None => !column.unlisted,
            };
            if let Some(extra) = known.iter().find(|column| given.contains(&column.id) && !asked(column)) {
                return Err(Fault::invalid("columns", format!("{} was not asked for", extra.id)));
            }
            Some(given)
        }
    };
    Ok(Terms {
        columns,
        until: until(request, approval, now)?,
        export: approval.export,
        row_filter: None,
        purposes: Vec::new(),
    })
}

/// The row filter of an approval, as it is kept. An approval that names none keeps that of the present access: more time
/// or columns must not open all rows by the way.
async fn row_filter(
    app: &App,
    tx: &mut Tx,
    actor: &Actor,
    request: &Request,
    approval: &Approval,
) -> Result<Option<CheckedFilter>, Fault> {
    let Some(text) = approval.row_filter.as_deref().filter(|text| !text.trim().is_empty()) else {
        return present_filter(tx, request).await;
    };
    let found = assets::asset_facts(tx, actor, request.asset_id).await?;
    let (asset, facts) = found.ok_or_else(|| Fault::not_found("asset"))?;
    let table = asset.table_id.ok_or_else(|| Fault::new(Code::Conflict, "this asset has no table to use"))?;
    check_filter(app, tx, (actor, &facts), table, text).await.map(Some)
}

/// The grant that the asking project has now.
async fn present(tx: &mut Tx, request: &Request) -> Result<Option<Grant>, Fault> {
    let active = subscriptions::subscription_active(tx, request.project_id, request.asset_id).await?;
    let Some(active) = active else { return Ok(None) };
    Ok(subscriptions::grant_live(tx, active.id).await?.map(|(grant, _)| grant))
}

async fn present_purposes(tx: &mut Tx, request: &Request) -> Result<Vec<PurposeId>, Fault> {
    let Some(grant) = present(tx, request).await? else { return Ok(Vec::new()) };
    Ok(purposes::rule_purposes_of(tx, grant.id.into()).await?)
}

async fn present_filter(tx: &mut Tx, request: &Request) -> Result<Option<CheckedFilter>, Fault> {
    let Some(grant) = present(tx, request).await? else { return Ok(None) };
    let mappings = rule_mappings::rule_mappings_of(tx, grant.id.into()).await?;
    Ok(grant.row_filter.map(|text| CheckedFilter { text, mappings }))
}

fn until(request: &Request, approval: &Approval, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    match (approval.until, request.wanted_until) {
        (_, Some(wished)) if wished <= now => Err(Fault::new(Code::Conflict, "the wished end has passed meanwhile")
            .on("until")
            .fix("ask the requester to edit the request")),
        (Some(given), Some(wished)) if given > wished => {
            Err(Fault::invalid("until", "this is later than was asked for"))
        }
        (given, wished) => Ok(given.or(wished)),
    }
}

/// Gives what was decided: one live grant, the table in the sub database, and word to everyone.
///
/// Whether a living subscription is changed or a new one begins is seen now, not when it was asked for: the old one may
/// have ended since.
async fn give(
    app: &App,
    tx: &mut WriteTx,
    (caller, actor): (&Caller, &Actor),
    proof: &Granted<'_, RequestFacts, action::DecideRequest>,
    request: &Request,
    given: Given<'_>,
) -> Result<SubscriptionId, Fault> {
    let asset = decidable_asset(tx, request).await?;
    let table = asset.table_id.ok_or_else(|| Fault::new(Code::Conflict, "this asset has no table to use"))?;
    let now = app.now();
    requests::request_decide(tx, proof, RequestState::Approved, given.by, given.reason, now).await?;
    let subscription = match subscriptions::subscription_active(tx, request.project_id, asset.id).await? {
        Some(active) => active.id,
        None => subscribe(app, tx, proof, request, &asset, table).await?,
    };
    subscriptions::grant_end(tx, subscription, now).await?;
    let grant = Grant {
        id: app.new_id(),
        subscription_id: subscription,
        project_id: request.project_id,
        table_id: table,
        all_columns: given.terms.columns.is_none(),
        can_export: given.terms.export,
        row_filter: given.terms.row_filter.as_ref().map(|filter| filter.text.clone()),
        reason: given.reason.to_owned(),
        granted_by: given.by,
        valid_from: now,
        valid_until: given.terms.until,
        ended_at: None,
    };
    subscriptions::grant_insert(tx, &grant, given.terms.columns.as_deref()).await?;
    let mappings = given.terms.row_filter.map(|filter| filter.mappings).unwrap_or_default();
    rule_mappings::rule_mappings_insert(tx, grant.id.into(), &mappings).await?;
    purposes::rule_purposes_insert(tx, grant.id.into(), &given.terms.purposes).await?;
    note(app, tx, request.id, "approved", Some(given.by), given.reason).await?;
    tell_requester(app, tx, request, &asset, "approved").await?;
    changes::change_record(tx, "asset", asset.id.into()).await?;
    let event = Event::on("request.approve", "request", request.id).owned_by(asset.project_id).with(json!({
        "number": request.number, "asset": asset.id, "asset_name": asset.display_name(), "project": request.project_id,
        "subscription": subscription, "grant": grant.id, "columns": given.terms.columns, "by": given.by,
        "purposes": given.terms.purposes, "until": grant.valid_until, "export": grant.can_export, "reason": given.reason,
        "row_filter": grant.row_filter.as_deref().map(lakegate_engine::mask_literals),
    }));
    audit::record(app, tx, caller, actor, event).await?;
    Ok(subscription)
}

async fn subscribe(
    app: &App,
    tx: &mut WriteTx,
    proof: &Granted<'_, RequestFacts, action::DecideRequest>,
    request: &Request,
    asset: &Asset,
    table: TableId,
) -> Result<SubscriptionId, Fault> {
    let subscription = app.new_id();
    subscriptions::subscription_insert(tx, proof, subscription, asset.id, app.now()).await?;
    link(tx, request, asset, table, subscription).await?;
    Ok(subscription)
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
        // Whoever is rejected may find the asset no longer, and then not learn its name.
        title: match approved {
            true => format!("{} was {word}: {}", request.reference(), asset.display_name()),
            false => format!("{} was {word}", request.reference()),
        },
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
        let facts = facts_of(tx, actor, id).await?;
        let proof = decide::<action::DecideRequest, _>(scope, actor, facts)?;
        let by = person(actor, TokenScope::Write)?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &view).await?;
        need_open(&request)?;
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
