//! Asking for access: make, edit, talk about and withdraw a request.

use lakegate_model::{
    Code, Fault, Timestamp,
    access::{Request, RequestEntry},
    ids::{AssetId, ColumnId, ProjectId, RequestId, UserId},
    text,
    words::{Discover, RequestState, TokenScope},
};
use lakegate_policy::{Actor, Scope, action, decide, resource::RequestFacts};
use lakegate_store::{Tx, WriteTx, assets, readable, requests, subscriptions};
use serde_json::json;
use uuid::Uuid;

use super::{
    approvers, check_columns, check_until, decisions,
    notices::{Message, notify},
};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::person,
    places::{need_known, project_proof},
};

/// Most assets asked for at once.
pub const MAX_ASSETS: usize = 50;

/// A wish to use assets.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The project that will use them.
    pub project: ProjectId,
    pub assets: Vec<AssetId>,
    pub reason: String,
    /// Wished columns, for a single asset; `None` asks for all.
    pub columns: Option<Vec<ColumnId>>,
    pub until: Option<Timestamp>,
}

/// Makes one request for each asset, all or none. A request for an asset that is in use asks to change that use.
///
/// # Errors
/// `conflict` if a request for one of them is open; `forbidden` or `not_found` as policy says.
pub async fn request(app: &App, caller: &Caller, wish: &Wish) -> Result<Vec<RequestId>, Fault> {
    let reason = text::prose("reason", &wish.reason, text::COMMENT_MAX)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "say in a sentence what you need the data for"));
    }
    if wish.assets.is_empty() || wish.assets.len() > MAX_ASSETS {
        return Err(Fault::invalid("assets", format!("ask for 1 to {MAX_ASSETS} assets at once")));
    }
    if wish.columns.is_some() && wish.assets.len() > 1 {
        return Err(Fault::invalid("columns", "choose columns for one asset at a time"));
    }
    let wish = &Wish { until: check_until("until", wish.until, app.now())?, ..wish.clone() };
    change!(app, caller, "request.create", |tx, scope, actor| {
        let requester = person(actor, TokenScope::Write)?;
        let project = project_proof::<action::RequestForProject>(tx, scope, actor, wish.project).await;
        let _may = project.map_err(|fault| fault.on("project"))?;
        if subscriptions::sub_databases(tx, wish.project).await?.is_empty() {
            return Err(Fault::new(Code::Conflict, "the project has no environment to receive the table")
                .on("project")
                .fix("an owner of the project creates an environment first"));
        }
        let mut made = Vec::with_capacity(wish.assets.len());
        for asset in &wish.assets {
            made.push(ask_for(app, tx, caller, (scope, actor), wish, *asset, (requester, &reason)).await?);
        }
        Ok(made)
    })
}

async fn ask_for(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    (scope, actor): (&Scope, &Actor),
    wish: &Wish,
    asset: AssetId,
    (requester, reason): (UserId, &str),
) -> Result<RequestId, Fault> {
    let (entry, facts) = assets::asset_facts(tx, actor, asset).await?.ok_or_else(|| Fault::not_found("asset"))?;
    let proof = decide::<action::RequestAsset, _>(scope, actor, facts)?;
    if facts.project == wish.project {
        return Err(Fault::new(Code::Conflict, "the project owns this asset and needs no subscription").on("project"));
    }
    let table = entry.table_id.ok_or_else(|| Fault::new(Code::Conflict, "this asset has no table to use"))?;
    let columns = match &wish.columns {
        None => None,
        Some(wanted) => Some(check_columns(&readable::table_columns(tx, table).await?, wanted)?),
    };
    let amends = subscriptions::subscription_active(tx, wish.project, asset).await?.map(|active| active.id);
    let new = requests::NewRequest {
        id: app.new_id(),
        project_id: wish.project,
        requester_id: requester,
        reason: reason.to_owned(),
        columns,
        wanted_until: wish.until,
        amends_id: amends,
        created_at: app.now(),
    };
    let number = requests::request_insert(tx, &proof, &new).await?;
    note(app, tx, new.id, "requested", Some(requester), reason).await?;
    let request = facts_of(tx, actor, new.id).await?;
    let event = Event::on("request.create", "request", new.id)
        .owned_by(request.producer)
        .with(json!({ "number": number, "asset": asset, "project": wish.project, "amends": amends }));
    audit::record(app, tx, caller, actor, event).await?;
    if facts.discover != Discover::Open || !decisions::approve_standing(app, tx, caller, &request).await? {
        tell_approvers(app, tx, &request, number, entry.display_name()).await?;
    }
    Ok(new.id)
}

async fn tell_approvers(
    app: &App,
    tx: &mut WriteTx,
    request: &RequestFacts,
    number: i64,
    asset: &str,
) -> Result<(), Fault> {
    let people = approvers(tx, request).await?;
    let message = Message {
        kind: "request.received",
        title: format!("REQ-{number:06}: access to {asset}"),
        body: "A project asks to use your data. Please decide.".to_owned(),
        link: format!("/requests/{}", request.id),
        once_key: None,
    };
    notify(app, tx, people, &message).await
}

/// The facts of a request that has to exist; nobody in particular is told nothing of whether it does.
pub(super) async fn facts_of(tx: &mut Tx, actor: &Actor, id: RequestId) -> Result<RequestFacts, Fault> {
    need_known(actor)?;
    requests::request_facts(tx, id).await?.ok_or_else(|| Fault::not_found("request"))
}

/// Adds to the thread.
pub(super) async fn note(
    app: &App,
    tx: &mut WriteTx,
    request: RequestId,
    kind: &str,
    author: Option<UserId>,
    body: &str,
) -> Result<(), Fault> {
    let entry = RequestEntry {
        request_id: request,
        kind: kind.to_owned(),
        author_id: author,
        author_name: None,
        body: body.to_owned(),
        created_at: app.now(),
    };
    requests::entry_insert(tx, app.new_id::<Uuid>(), &entry).await?;
    Ok(())
}

/// What of a request can be changed.
#[derive(Debug, Clone)]
pub struct Edit {
    pub reason: String,
    pub columns: Option<Vec<ColumnId>>,
    pub until: Option<Timestamp>,
}

/// Changes an open request and puts it before the approver again.
pub async fn edit(app: &App, caller: &Caller, id: RequestId, edit: &Edit) -> Result<(), Fault> {
    let reason = text::prose("reason", &edit.reason, text::COMMENT_MAX)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "say in a sentence what you need the data for"));
    }
    let until = check_until("until", edit.until, app.now())?;
    change!(app, caller, "request.edit", |tx, scope, actor| {
        let facts = facts_of(tx, actor, id).await?;
        let proof = decide::<action::EditRequest, _>(scope, actor, facts)?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &view).await?;
        need_open(&request)?;
        let columns = match &edit.columns {
            None => None,
            Some(wanted) => Some(check_columns(&columns_of(tx, &request).await?, wanted)?),
        };
        requests::request_edit(tx, &proof, &reason, columns.as_deref(), until, app.now()).await?;
        note(app, tx, id, "edited", actor.user(), &reason).await?;
        let people = approvers(tx, &facts).await?;
        notify(app, tx, people, &news(&request, "it was edited")).await?;
        let event = Event::on("request.edit", "request", id).owned_by(facts.producer);
        audit::record(app, tx, caller, actor, event).await
    })
}

pub(super) async fn columns_of(tx: &mut Tx, request: &Request) -> Result<Vec<lakegate_model::catalog::Column>, Fault> {
    let table = super::asset_of(tx, request.asset_id).await?.and_then(|asset| asset.table_id);
    let table = table.ok_or_else(|| Fault::new(Code::Conflict, "this asset has no table to use"))?;
    Ok(readable::table_columns(tx, table).await?)
}

pub(super) fn need_open(request: &Request) -> Result<(), Fault> {
    if matches!(request.state, RequestState::Pending | RequestState::NeedsInformation) {
        return Ok(());
    }
    Err(Fault::new(Code::Conflict, format!("{} is {} already", request.reference(), request.state)))
}

/// Writes into the thread. An approver's question gives the turn to the requester; an answer gives it back.
pub async fn comment(app: &App, caller: &Caller, id: RequestId, body: &str) -> Result<(), Fault> {
    let body = text::prose("body", body, text::COMMENT_MAX)?;
    if body.trim().is_empty() {
        return Err(Fault::invalid("body", "this may not be empty"));
    }
    change!(app, caller, "request.comment", |tx, scope, actor| {
        let facts = facts_of(tx, actor, id).await?;
        let _may = decide::<action::CommentRequest, _>(scope, actor, facts)?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &view).await?;
        need_open(&request)?;
        let asks = decide::<action::DecideRequest, _>(scope, actor, facts).is_ok();
        let (kind, state) =
            if asks { ("question", RequestState::NeedsInformation) } else { ("answer", RequestState::Pending) };
        requests::request_turn(tx, &view, state, app.now()).await?;
        note(app, tx, id, kind, actor.user(), &body).await?;
        let people = if asks { vec![facts.requester] } else { approvers(tx, &facts).await? };
        notify(app, tx, people, &news(&request, &format!("a new {kind}"))).await?;
        let event = Event::on("request.comment", "request", id).owned_by(facts.producer);
        audit::record(app, tx, caller, actor, event.with(json!({ "kind": kind }))).await
    })
}

/// A message about what happened to a request. It names no asset: whoever gets it may see less by then.
fn news(request: &Request, what: &str) -> Message {
    Message {
        kind: "request.comment",
        title: format!("{}: {what}", request.reference()),
        body: String::new(),
        link: format!("/requests/{}", request.id),
        once_key: None,
    }
}

/// Takes an open request back.
pub async fn withdraw(app: &App, caller: &Caller, id: RequestId) -> Result<(), Fault> {
    change!(app, caller, "request.withdraw", |tx, scope, actor| {
        let facts = facts_of(tx, actor, id).await?;
        let proof = decide::<action::EditRequest, _>(scope, actor, facts)?;
        let view = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        need_open(&requests::request_get(tx, &view).await?)?;
        requests::request_withdraw(tx, &proof, app.now()).await?;
        note(app, tx, id, "withdrawn", actor.user(), "").await?;
        let event = Event::on("request.withdraw", "request", id).owned_by(facts.producer);
        audit::record(app, tx, caller, actor, event).await
    })
}
