//! Campaigns of review: every grant on an asset, a project or a domain, to be kept, taken back or narrowed until a day.

mod decide;
mod gather;
mod remind;
mod table;

pub use decide::{Decision, close, decide};
pub use remind::remind;
pub use table::csv;

use lakegate_model::{
    Code, Fault, Page, PageRequest, Timestamp,
    ids::{AssetId, DomainId, ProjectId, ReviewId},
    reviews::{Review, ReviewItem},
    text,
    words::{ReviewScope, TokenScope},
};
use lakegate_policy::{
    Action, Actor, Verdict, action, decide as permit,
    resource::{DomainFacts, Resource},
    verdict,
};
use lakegate_store::{Tx, assets, domains, projects, reviews as store, users};
use serde_json::json;

use super::check_until;
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::{known, person},
};

/// Most grants in one campaign.
pub const MOST_ITEMS: usize = 500;
/// What an item opens that the reader does not find any more.
const UNSEEN: &str = "an asset that is hidden now";

/// What a campaign is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    Asset(AssetId),
    Project(ProjectId),
    Domain(DomainId),
}

/// A campaign to be started.
#[derive(Debug, Clone)]
pub struct NewReview {
    pub title: String,
    pub over: Over,
    pub due: Timestamp,
}

/// A campaign with names, as its reader may know them.
#[derive(Debug, Clone)]
pub struct ReviewView {
    pub review: Review,
    /// The name of what it is over.
    pub over: String,
    /// Display name.
    pub started_by: String,
    pub items: Vec<ItemView>,
    /// Whether the reader may decide and close.
    pub may_run: bool,
}

/// A grant in a campaign.
#[derive(Debug, Clone)]
pub struct ItemView {
    pub item: ReviewItem,
    /// Display name.
    pub decided_by: Option<String>,
    /// Whether the grant ended without a decision here.
    pub ended: bool,
}

impl ReviewView {
    /// How many of how many grants need no decision any more.
    pub fn progress(&self) -> (usize, usize) {
        (self.items.iter().filter(|one| one.is_done()).count(), self.items.len())
    }
}

impl ItemView {
    /// Whether nothing is left to decide.
    pub fn is_done(&self) -> bool {
        self.item.decision.is_some() || self.ended
    }
}

/// Starts a campaign: it lists every live grant on what it is over, as it is now.
///
/// # Errors
/// `invalid` naming the field, `forbidden` for who neither owns nor looks after it and makes no rules, `limit_exceeded` for
/// more than [`MOST_ITEMS`] grants.
pub async fn start(app: &App, caller: &Caller, new: &NewReview) -> Result<ReviewView, Fault> {
    let title = text::line("title", &new.title, text::TITLE_MAX)?;
    let due = check_until("due_at", Some(new.due), app.now())?.unwrap_or(new.due);
    let review = bare(app, new.over, title, due);
    change!(app, caller, "review.start", |tx, scope, actor| {
        let by = person(actor, TokenScope::Write)?;
        let facts = resource(tx, actor, new.over).await?;
        let proof = permit::<action::RunReview, Resource>(scope, actor, facts)?;
        let begun = Review { started_by: by, ..review.clone() };
        let mut items = gather::items(app, tx, actor, &begun).await?;
        gather::used(tx, &begun, &mut items).await?;
        store::review_insert(tx, &proof, &begun).await?;
        for item in &items {
            store::item_insert(tx, item).await?;
        }
        record(app, tx, (caller, actor), "review.start", &begun, json!({ "items": items.len(), "due": due })).await?;
        view(tx, actor, begun, true).await
    })
}

fn bare(app: &App, over: Over, title: String, due: Timestamp) -> Review {
    let (scope, asset_id, project_id, domain_id) = match over {
        Over::Asset(id) => (ReviewScope::Asset, Some(id), None, None),
        Over::Project(id) => (ReviewScope::Project, None, Some(id), None),
        Over::Domain(id) => (ReviewScope::Domain, None, None, Some(id)),
    };
    Review {
        id: app.new_id(),
        title,
        scope,
        asset_id,
        project_id,
        domain_id,
        started_by: uuid::Uuid::nil().into(),
        started_at: app.now(),
        due_at: due,
        reminded_at: None,
        closed_by: None,
        closed_at: None,
    }
}

/// A campaign that the caller may read; of an open one, with what was used until now.
pub async fn get(app: &App, caller: &Caller, id: ReviewId) -> Result<ReviewView, Fault> {
    look!(app, caller, "review.view", |tx, scope, actor| {
        let review = found(tx, actor, id, Action::ViewReview).await?;
        view(tx, actor, review, true).await
    })
}

/// The campaigns that the caller may read, the newest first, with what was used until each began.
pub async fn list(app: &App, caller: &Caller, open_only: bool, page: &PageRequest) -> Result<Page<ReviewView>, Fault> {
    look!(app, caller, "review.list", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let all = store::review_list(tx, open_only, page).await?;
        let mut items = Vec::new();
        for review in all.items {
            if may(tx, actor, &review, Action::ViewReview).await? {
                items.push(view(tx, actor, review, false).await?);
            }
        }
        Ok(Page { items, next: all.next })
    })
}

/// A campaign on which the actor may do something; one that he may not read does not exist for him.
async fn found(tx: &mut Tx, actor: &Actor, id: ReviewId, action: Action) -> Result<Review, Fault> {
    known(actor, TokenScope::Read)?;
    let absent = || Fault::not_found("review");
    let review = store::review_find(tx, id).await?.ok_or_else(absent)?;
    if !may(tx, actor, &review, Action::ViewReview).await? {
        return Err(absent());
    }
    if action != Action::ViewReview && !may(tx, actor, &review, action).await? {
        return Err(Fault::new(Code::Forbidden, format!("you may not {}", action.in_words()))
            .fix("ask an owner, a steward of the domain or a security administrator"));
    }
    Ok(review)
}

async fn may(tx: &mut Tx, actor: &Actor, review: &Review, action: Action) -> Result<bool, Fault> {
    let Some(over) = over(review) else { return Ok(false) };
    match resource(tx, actor, over).await {
        Ok(facts) => Ok(verdict(actor, action, &facts) == Verdict::Allow),
        Err(fault) if fault.code == Code::NotFound => Ok(false),
        Err(fault) => Err(fault),
    }
}

fn over(review: &Review) -> Option<Over> {
    match review.scope {
        ReviewScope::Asset => review.asset_id.map(Over::Asset),
        ReviewScope::Project => review.project_id.map(Over::Project),
        ReviewScope::Domain => review.domain_id.map(Over::Domain),
    }
}

/// What a campaign is over, with the facts that decide.
async fn resource(tx: &mut Tx, actor: &Actor, over: Over) -> Result<Resource, Fault> {
    known(actor, TokenScope::Read)?;
    Ok(match over {
        Over::Asset(id) => {
            let found = assets::asset_facts(tx, actor, id).await?;
            found.ok_or_else(|| Fault::not_found("asset"))?.1.into()
        }
        Over::Project(id) => projects::project_facts(tx, id).await?.ok_or_else(|| Fault::not_found("project"))?.into(),
        Over::Domain(id) => {
            domains::domain_find(tx, id).await?.ok_or_else(|| Fault::not_found("domain"))?;
            DomainFacts { id }.into()
        }
    })
}

/// A campaign as the actor may read it; of an open one, with what was used until now, if that is asked for.
async fn view(tx: &mut Tx, actor: &Actor, review: Review, used: bool) -> Result<ReviewView, Fault> {
    let mut items = store::items_of(tx, review.id).await?;
    if used && review.closed_at.is_none() {
        gather::used(tx, &review, &mut items).await?;
    }
    let mut views = Vec::with_capacity(items.len());
    for mut item in items {
        if !finds(tx, actor, &item).await? {
            item.opens = UNSEEN.to_owned();
            let texts = [&mut item.columns, &mut item.used_columns, &mut item.holder, &mut item.reason, &mut item.note];
            texts.into_iter().for_each(String::clear);
            item.approved_by.clear();
        }
        let decided_by = match item.decided_by {
            Some(user) => users::user_find(tx, user).await?.map(|user| user.display_name),
            None => None,
        };
        let ended = item.decision.is_none() && gather::has_ended(tx, &item).await?;
        views.push(ItemView { item, decided_by, ended });
    }
    let started_by = users::user_find(tx, review.started_by).await?.map(|user| user.display_name);
    Ok(ReviewView {
        over: over_name(tx, &review).await?,
        started_by: started_by.unwrap_or_default(),
        may_run: review.closed_at.is_none() && may(tx, actor, &review, Action::RunReview).await?,
        items: views,
        review,
    })
}

/// Whether a reader of a campaign finds the asset of an item.
async fn finds(tx: &mut Tx, actor: &Actor, item: &ReviewItem) -> Result<bool, Fault> {
    let Some(asset) = item.asset_id else { return Ok(true) };
    let facts = assets::asset_facts(tx, actor, asset).await?;
    Ok(facts.is_some_and(|(_, facts)| verdict(actor, Action::DiscoverAsset, &facts.into()) == Verdict::Allow))
}

/// Whoever reads a campaign knows what it is over.
async fn over_name(tx: &mut Tx, review: &Review) -> Result<String, Fault> {
    Ok(match over(review) {
        Some(Over::Asset(id)) => {
            let found = assets::asset_facts(tx, &Actor::system(), id).await?;
            found.map(|(asset, _)| asset.display_name().to_owned())
        }
        Some(Over::Project(id)) => projects::project_label(tx, id).await?.map(|(name, _)| name),
        Some(Over::Domain(id)) => domains::domain_find(tx, id).await?.map(|domain| domain.name),
        None => None,
    }
    .unwrap_or_default())
}

/// The project whose owners read of a campaign in the audit.
async fn owner(tx: &mut Tx, review: &Review) -> Result<Option<ProjectId>, Fault> {
    let Some(asset) = review.asset_id else { return Ok(review.project_id) };
    Ok(assets::asset_facts(tx, &Actor::system(), asset).await?.map(|(_, facts)| facts.project))
}

async fn record(
    app: &App,
    tx: &mut lakegate_store::WriteTx,
    (caller, actor): (&Caller, &Actor),
    action: &'static str,
    review: &Review,
    detail: serde_json::Value,
) -> Result<(), Fault> {
    let mut event = Event::on(action, "review", review.id).with(json!({
        "title": review.title, "scope": review.scope, "asset": review.asset_id, "project": review.project_id,
        "domain": review.domain_id, "detail": detail,
    }));
    event.owner_project = owner(tx, review).await?;
    audit::record(app, tx, caller, actor, event).await
}
