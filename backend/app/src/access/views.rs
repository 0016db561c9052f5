//! Requests and subscriptions as people read them: with names instead of ids, and what the reader may do.

use lakegate_model::{
    Fault, Page, PageRequest, Timestamp,
    access::{Grant, Request, RequestEntry, Subscription, TableLink},
    catalog::Column,
    ids::{AssetId, ColumnId, ProjectId, RequestId, SubscriptionId, UserId},
    words::{ColumnState, ProjectRole, RequestState, SubscriptionState, TokenScope},
};
use lakegate_policy::{Actor, Scope, Verdict, action, decide, resource::RequestFacts, verdict};
use lakegate_store::{Tx, assets, environments, projects, readable, requests, subscriptions, users};

use super::{requests::facts_of, subscriptions::facts_of as subscription_facts};
use crate::{
    App, Caller,
    caller::person,
    places::{need_known, project_proof},
};

pub use lakegate_store::requests::{RequestFilter, Side};

/// A request with names.
#[derive(Debug, Clone)]
pub struct RequestView {
    pub request: Request,
    pub asset_name: String,
    /// The project that owns the asset.
    pub producer: ProjectId,
    pub producer_name: String,
    pub project_name: String,
    pub requester_name: String,
    pub decider_name: Option<String>,
    pub can_decide: bool,
    pub can_edit: bool,
}

/// A request with its thread and the columns it is about.
#[derive(Debug, Clone)]
pub struct RequestDetail {
    pub view: RequestView,
    pub thread: Vec<RequestEntry>,
    /// The wished columns, or all released ones.
    pub columns: Vec<Column>,
    /// What the asking project would get beyond this: the columns of the table that were not asked for.
    pub not_wished: Vec<Column>,
}

/// A subscription with names and its live grant.
#[derive(Debug, Clone)]
pub struct SubscriptionView {
    pub subscription: Subscription,
    pub asset_name: String,
    pub producer: ProjectId,
    pub producer_name: String,
    pub project_name: String,
    pub request_reference: String,
    pub grant: Option<Grant>,
    /// The granted columns by name; `None` for all released ones.
    pub columns: Option<Vec<String>>,
    /// Where the table stands: `database.table`.
    pub tables: Vec<String>,
    pub can_cancel: bool,
    pub can_revoke: bool,
}

/// Requests the caller sent or received, the newest first.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: RequestFilter,
    page: &PageRequest,
) -> Result<Page<RequestView>, Fault> {
    look!(app, caller, "request.list", |tx, scope, actor| {
        let found = requests::request_list(tx, person(actor, TokenScope::Read)?, filter, page).await?;
        views(tx, actor, found).await
    })
}

/// Open requests the caller may decide, the longest waiting first.
pub async fn tasks(app: &App, caller: &Caller, page: &PageRequest) -> Result<Page<RequestView>, Fault> {
    look!(app, caller, "request.list", |tx, scope, actor| {
        let found = requests::task_list(tx, person(actor, TokenScope::Read)?, page).await?;
        views(tx, actor, found).await
    })
}

/// How many requests wait for the caller's decision.
pub async fn task_count(app: &App, caller: &Caller) -> Result<i64, Fault> {
    look!(app, caller, "request.list", |tx, scope, actor| {
        Ok(requests::task_count(tx, person(actor, TokenScope::Read)?).await?)
    })
}

async fn views(tx: &mut Tx, actor: &Actor, found: Page<Request>) -> Result<Page<RequestView>, Fault> {
    let mut items = Vec::with_capacity(found.items.len());
    for request in found.items {
        items.push(view(tx, actor, request).await?);
    }
    Ok(Page { items, next: found.next })
}

async fn view(tx: &mut Tx, actor: &Actor, request: Request) -> Result<RequestView, Fault> {
    let facts = facts_of(tx, actor, request.id).await?;
    let open = matches!(request.state, RequestState::Pending | RequestState::NeedsInformation);
    let may = |action| open && verdict(actor, action, &facts.into()) == Verdict::Allow;
    let (can_decide, can_edit) = (may(action::Action::DecideRequest), may(action::Action::EditRequest));
    let decider_name = match request.decided_by {
        Some(id) => Some(user_name(tx, id).await?),
        None => None,
    };
    Ok(RequestView {
        asset_name: asset_name(tx, actor, request.asset_id).await?,
        producer: facts.producer,
        producer_name: project_name(tx, facts.producer).await?,
        project_name: project_name(tx, request.project_id).await?,
        requester_name: user_name(tx, request.requester_id).await?,
        decider_name,
        can_decide,
        can_edit,
        request,
    })
}

async fn user_name(tx: &mut Tx, id: UserId) -> Result<String, Fault> {
    Ok(users::user_find(tx, id).await?.map(|user| user.display_name).unwrap_or_default())
}

async fn project_name(tx: &mut Tx, id: ProjectId) -> Result<String, Fault> {
    Ok(projects::project_label(tx, id).await?.map(|(name, _)| name).unwrap_or_default())
}

/// What stands for the name of an asset that the reader finds no longer.
const UNSEEN: &str = "an asset that is hidden now";

async fn asset_name(tx: &mut Tx, actor: &Actor, id: AssetId) -> Result<String, Fault> {
    let found = assets::asset_facts(tx, actor, id).await?;
    let seen =
        found.filter(|(_, facts)| verdict(actor, action::Action::DiscoverAsset, &(*facts).into()) == Verdict::Allow);
    Ok(seen.map_or_else(|| UNSEEN.to_owned(), |(asset, _)| asset.display_name().to_owned()))
}

/// A request by id or by the number that people quote, with its thread.
pub async fn get(app: &App, caller: &Caller, which: RequestKey) -> Result<RequestDetail, Fault> {
    look!(app, caller, "request.view", |tx, scope, actor| {
        need_known(actor)?;
        let id = match which {
            RequestKey::Id(id) => id,
            RequestKey::Number(number) => {
                requests::request_by_number(tx, number).await?.ok_or_else(|| Fault::not_found("request"))?
            }
        };
        let facts = facts_of(tx, actor, id).await?;
        let proof = decide::<action::ViewRequest, _>(scope, actor, facts)?;
        let request = requests::request_get(tx, &proof).await?;
        let thread = requests::entry_list(tx, &proof).await?;
        let (columns, not_wished) = wished(tx, (scope, actor), &facts, &request).await?;
        Ok(RequestDetail { view: view(tx, actor, request).await?, thread, columns, not_wished })
    })
}

/// How a request is named.
#[derive(Debug, Clone, Copy)]
pub enum RequestKey {
    Id(RequestId),
    Number(i64),
}

/// The wished columns and the others. Unlisted ones that were not asked for are shown to whoever decides, not to whoever
/// asks; and nothing is shown of an asset that the reader finds no longer.
async fn wished(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    facts: &RequestFacts,
    request: &Request,
) -> Result<(Vec<Column>, Vec<Column>), Fault> {
    let found = assets::asset_facts(tx, actor, request.asset_id).await?;
    let seen = found.filter(|(_, facts)| decide::<action::DiscoverAsset, _>(scope, actor, *facts).is_ok());
    let Some(table) = seen.and_then(|(asset, _)| asset.table_id) else { return Ok((Vec::new(), Vec::new())) };
    let decides = decide::<action::DecideRequest, _>(scope, actor, *facts).is_ok();
    let known = readable::table_columns(tx, table).await?;
    let (wished, others): (Vec<Column>, Vec<Column>) = known
        .into_iter()
        .filter(|column| column.state == ColumnState::Active)
        .partition(|column| match &request.columns {
            Some(wished) => wished.contains(&column.id),
            None => !column.unlisted,
        });
    Ok((wished, others.into_iter().filter(|column| decides || !column.unlisted).collect()))
}

/// What the caller's projects, or one of them, are subscribed to.
pub async fn my_access(
    app: &App,
    caller: &Caller,
    project: Option<ProjectId>,
    active_only: bool,
    page: &PageRequest,
) -> Result<Page<SubscriptionView>, Fault> {
    look!(app, caller, "subscription.list", |tx, scope, actor| {
        let project = project.or(actor.acting).ok_or_else(|| Fault::invalid("project", "choose a project"))?;
        let proof = project_proof(tx, scope, actor, project).await?;
        let found = subscriptions::subscriptions_of(tx, &proof, active_only, page).await?;
        subscription_views(tx, actor, found).await
    })
}

/// Who is subscribed to the assets of a project.
pub async fn given_by(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    active_only: bool,
    page: &PageRequest,
) -> Result<Page<SubscriptionView>, Fault> {
    look!(app, caller, "subscription.list", |tx, scope, actor| {
        let proof = project_proof(tx, scope, actor, project).await?;
        let found = subscriptions::subscriptions_into(tx, &proof, active_only, page).await?;
        subscription_views(tx, actor, found).await
    })
}

/// Which projects have and had access to an asset. Who is in them is their own business.
pub async fn who_has_access(
    app: &App,
    caller: &Caller,
    asset: AssetId,
    page: &PageRequest,
) -> Result<Page<SubscriptionView>, Fault> {
    look!(app, caller, "asset.review", |tx, scope, actor| {
        need_known(actor)?;
        let (_, facts) = assets::asset_facts(tx, actor, asset).await?.ok_or_else(|| Fault::not_found("asset"))?;
        let proof = decide::<action::ReviewAsset, _>(scope, actor, facts)?;
        let found = subscriptions::subscriptions_on(tx, &proof, page).await?;
        subscription_views(tx, actor, found).await
    })
}

/// The live subscriptions of the caller's projects to an asset.
pub async fn mine_on(app: &App, caller: &Caller, asset: AssetId) -> Result<Vec<SubscriptionView>, Fault> {
    look!(app, caller, "subscription.list", |tx, scope, actor| {
        let mut found = Vec::new();
        for project in actor.projects.keys() {
            if let Some(active) = subscriptions::subscription_active(tx, *project, asset).await? {
                found.push(subscription_view(tx, actor, active).await?);
            }
        }
        Ok(found)
    })
}

/// One subscription.
pub async fn subscription(app: &App, caller: &Caller, id: SubscriptionId) -> Result<SubscriptionView, Fault> {
    look!(app, caller, "subscription.view", |tx, scope, actor| {
        let facts = subscription_facts(tx, actor, id).await?;
        let proof = decide::<action::ViewSubscription, _>(scope, actor, facts)?;
        let subscription = subscriptions::subscription_get(tx, &proof).await?;
        subscription_view(tx, actor, subscription).await
    })
}

async fn subscription_views(
    tx: &mut Tx,
    actor: &Actor,
    found: Page<Subscription>,
) -> Result<Page<SubscriptionView>, Fault> {
    let mut items = Vec::with_capacity(found.items.len());
    for subscription in found.items {
        items.push(subscription_view(tx, actor, subscription).await?);
    }
    Ok(Page { items, next: found.next })
}

async fn subscription_view(tx: &mut Tx, actor: &Actor, subscription: Subscription) -> Result<SubscriptionView, Fault> {
    let facts = subscription_facts(tx, actor, subscription.id).await?;
    let active = subscription.state == SubscriptionState::Active;
    let may = |action| active && verdict(actor, action, &facts.into()) == Verdict::Allow;
    let (can_cancel, can_revoke) = (may(action::Action::CancelSubscription), may(action::Action::RevokeSubscription));
    let (grant, columns) = match subscriptions::grant_live(tx, subscription.id).await? {
        Some((grant, Some(ids))) => {
            let names = column_names(tx, grant.table_id, &ids).await?;
            (Some(grant), Some(names))
        }
        Some((grant, None)) => (Some(grant), None),
        None => (None, None),
    };
    Ok(SubscriptionView {
        asset_name: asset_name(tx, actor, subscription.asset_id).await?,
        producer: facts.producer,
        producer_name: project_name(tx, facts.producer).await?,
        project_name: project_name(tx, facts.consumer).await?,
        request_reference: request_reference(tx, actor, subscription.request_id).await?,
        grant,
        columns,
        tables: table_names(tx, subscription.id).await?,
        can_cancel,
        can_revoke,
        subscription,
    })
}

async fn column_names(
    tx: &mut Tx,
    table: lakegate_model::ids::TableId,
    ids: &[ColumnId],
) -> Result<Vec<String>, Fault> {
    let known = readable::table_columns(tx, table).await?;
    Ok(known.into_iter().filter(|column| ids.contains(&column.id)).map(|column| column.name).collect())
}

async fn table_names(tx: &mut Tx, id: SubscriptionId) -> Result<Vec<String>, Fault> {
    let mut names = Vec::new();
    for TableLink { database_id, name, .. } in subscriptions::links_of(tx, id).await? {
        if let Some(database) = environments::database_find(tx, database_id).await? {
            names.push(format!("{}.{name}", database.name));
        }
    }
    Ok(names)
}

async fn request_reference(tx: &mut Tx, actor: &Actor, id: RequestId) -> Result<String, Fault> {
    let facts = facts_of(tx, actor, id).await?;
    let scope = Scope::begin();
    match decide::<action::ViewRequest, _>(&scope, actor, facts) {
        Ok(proof) => Ok(requests::request_get(tx, &proof).await?.reference()),
        Err(_) => Ok(String::new()),
    }
}

/// When a project's access to an asset ends, for the asset's page.
pub async fn access_until(tx: &mut Tx, subscription: SubscriptionId) -> Result<Option<Timestamp>, Fault> {
    Ok(subscriptions::grant_live(tx, subscription).await?.and_then(|(grant, _)| grant.valid_until))
}

/// Whether a role may ask for access on behalf of its project.
pub fn may_ask(role: ProjectRole) -> bool {
    role >= ProjectRole::Contributor
}
