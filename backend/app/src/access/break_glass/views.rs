//! Emergency accesses as people look at them: one, those they may know of, and those that wait for their review.

use lakegate_model::{
    Fault, Page, PageRequest, Timestamp,
    break_glass::BreakGlass,
    ids::{GrantId, UserId},
    words::TokenScope,
};
use lakegate_policy::{Action, Actor, Verdict, resource::Platform, verdict};
pub use lakegate_store::break_glass::BreakGlassFilter;
use lakegate_store::{Tx, assets, break_glass as store, concerned, projects, readable, users};

use crate::{
    App, Caller,
    access::usage::uses_of,
    caller::{known, person},
};

/// Reviews that may wait for one person at once; what waits longest comes first.
const MOST_WAITING: i64 = 200;

/// An emergency access with the names around it.
#[derive(Debug, Clone)]
pub struct BreakGlassView {
    pub glass: BreakGlass,
    /// Display name of who opened it.
    pub person: String,
    pub asset: String,
    pub project: String,
    /// Display name of who ended it before its time.
    pub ended_by: Option<String>,
    /// Display name of who reviewed it.
    pub reviewed_by: Option<String>,
    /// Whether it opens the table now.
    pub open: bool,
    /// How often the table was read through it, and when last.
    pub reads: usize,
    pub last_read: Option<Timestamp>,
    /// The columns that were read through it.
    pub columns: Vec<String>,
    /// Whether the caller may end it.
    pub may_end: bool,
    /// Whether it waits for a review that the caller may make.
    pub may_review: bool,
}

/// An emergency access that the actor may know of.
///
/// # Errors
/// `not_found`
pub(super) async fn found(tx: &mut Tx, actor: &Actor, id: GrantId) -> Result<BreakGlass, Fault> {
    known(actor, TokenScope::Read)?;
    let absent = || Fault::not_found(super::WHAT);
    let glass = store::break_glass_find(tx, id).await?.ok_or_else(absent)?;
    if sees(tx, actor, &glass).await? { Ok(glass) } else { Err(absent()) }
}

/// He who opened it, auditors, and whoever reviews access to the asset.
async fn sees(tx: &mut Tx, actor: &Actor, glass: &BreakGlass) -> Result<bool, Fault> {
    if actor.user() == Some(glass.user_id) || verdict(actor, Action::ReadAudit, &Platform.into()) == Verdict::Allow {
        return Ok(true);
    }
    may(tx, actor, glass, Action::ViewReview).await
}

async fn may(tx: &mut Tx, actor: &Actor, glass: &BreakGlass, action: Action) -> Result<bool, Fault> {
    let found = assets::asset_facts(tx, actor, glass.asset_id).await?;
    Ok(found.is_some_and(|(_, facts)| verdict(actor, action, &facts.into()) == Verdict::Allow))
}

/// One that the caller may know of.
///
/// # Errors
/// `not_found`
pub async fn get(app: &App, caller: &Caller, id: GrantId) -> Result<BreakGlassView, Fault> {
    look!(app, caller, "break_glass.list", |tx, scope, actor| {
        let glass = found(tx, actor, id).await?;
        view(app, tx, actor, glass).await
    })
}

/// Those that the caller may know of, the newest first: his own, those on data that he owns or looks after, and for auditors
/// all. A page may hold fewer than were asked for.
pub async fn list(
    app: &App,
    caller: &Caller,
    filter: BreakGlassFilter,
    page: &PageRequest,
) -> Result<Page<BreakGlassView>, Fault> {
    look!(app, caller, "break_glass.list", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        let all = store::break_glass_list(tx, filter, app.now(), page).await?;
        let mut items = Vec::new();
        for glass in all.items {
            if sees(tx, actor, &glass).await? {
                items.push(view(app, tx, actor, glass).await?);
            }
        }
        Ok(Page { items, next: all.next })
    })
}

/// Those that wait for the caller's review, the longest waiting first.
pub async fn waiting(app: &App, caller: &Caller) -> Result<Vec<BreakGlassView>, Fault> {
    look!(app, caller, "break_glass.list", |tx, scope, actor| {
        let user = person(actor, TokenScope::Read)?;
        let mut views = Vec::new();
        for glass in his_to_review(tx, actor, user).await? {
            views.push(view(app, tx, actor, glass).await?);
        }
        Ok(views)
    })
}

/// How many wait for the caller's review.
pub async fn waiting_count(app: &App, caller: &Caller) -> Result<usize, Fault> {
    look!(app, caller, "break_glass.list", |tx, scope, actor| {
        let user = person(actor, TokenScope::Read)?;
        Ok(his_to_review(tx, actor, user).await?.len())
    })
}

async fn his_to_review(tx: &mut Tx, actor: &Actor, user: UserId) -> Result<Vec<BreakGlass>, Fault> {
    let mut his = Vec::new();
    for glass in store::break_glass_waiting(tx, user, MOST_WAITING).await? {
        if may(tx, actor, &glass, Action::ReviewBreakGlass).await? {
            his.push(glass);
        }
    }
    Ok(his)
}

pub(super) async fn view(app: &App, tx: &mut Tx, actor: &Actor, glass: BreakGlass) -> Result<BreakGlassView, Fault> {
    let own = actor.user() == Some(glass.user_id);
    let open = glass.is_open(app.now());
    let asset = crate::access::asset_of(tx, glass.asset_id).await?;
    let (reads, last_read, columns) = used(tx, &glass).await?;
    Ok(BreakGlassView {
        person: name(tx, glass.user_id).await?,
        asset: asset.map(|asset| asset.display_name().to_owned()).unwrap_or_default(),
        project: projects::project_label(tx, glass.project_id).await?.map(|(name, _)| name).unwrap_or_default(),
        ended_by: maybe_name(tx, glass.ended_by).await?,
        reviewed_by: maybe_name(tx, glass.reviewed_by).await?,
        may_end: open && (own || may(tx, actor, &glass, Action::RevokeAccess).await?),
        may_review: !own && glass.reviewed_at.is_none() && may(tx, actor, &glass, Action::ReviewBreakGlass).await?,
        open,
        reads,
        last_read,
        columns,
        glass,
    })
}

/// What the audit tells of reads through it.
async fn used(tx: &mut Tx, glass: &BreakGlass) -> Result<(usize, Option<Timestamp>, Vec<String>), Fault> {
    let Some(place) = concerned::place_of_asset(tx, glass.asset_id).await? else { return Ok((0, None, Vec::new())) };
    let uses = uses_of(tx, &place, Some(glass.opened_at)).await?.under(&[glass.id]);
    let columns = readable::table_columns(tx, place.table_id).await?;
    let read = columns.into_iter().filter(|column| uses.columns.contains(&column.id)).map(|column| column.name);
    Ok((uses.reads, uses.last, read.collect()))
}

async fn name(tx: &mut Tx, user: UserId) -> Result<String, Fault> {
    Ok(users::user_find(tx, user).await?.map(|user| user.display_name).unwrap_or_default())
}

async fn maybe_name(tx: &mut Tx, user: Option<UserId>) -> Result<Option<String>, Fault> {
    match user {
        Some(user) => name(tx, user).await.map(Some),
        None => Ok(None),
    }
}
