//! Deciding on the grants of a campaign, through the use cases that take back and narrow; and closing it.

use chrono::TimeDelta;
use lakegate_model::{
    Code, Fault,
    ids::{ColumnId, GrantId, ProjectId, ReviewId, ReviewItemId},
    reviews::{Review, ReviewItem},
    text,
    words::{ReviewDecision, TokenScope},
};
use lakegate_policy::Action;
use lakegate_store::{Tx, WriteTx, reviews as store};
use serde_json::json;
use std::collections::BTreeSet;

use super::{ReviewView, found, gather, record, view};
use crate::{
    App, Caller,
    access::{grants, shrink, subscriptions, usage},
    caller::{Acting, person},
};

/// Days that count as lately, if nobody says otherwise.
pub const DAYS: i64 = 90;
/// Longest time that counts as lately.
const DAYS_MAX: i64 = 3_650;

/// What a reviewer decides of one grant.
#[derive(Debug, Clone)]
pub struct Decision {
    pub what: ReviewDecision,
    /// Why; whoever loses something reads it.
    pub note: String,
    /// For narrowing: what was used within so many days stays.
    pub days: Option<i64>,
}

/// Decides on one grant of an open campaign. What is taken back is gone with the next query.
///
/// # Errors
/// Those of taking back and narrowing: a campaign gives no rights beyond its reviewer's own. `conflict` for a closed campaign,
/// and for a grant that was taken back or narrowed already.
pub async fn decide(app: &App, caller: &Caller, id: ReviewItemId, decision: &Decision) -> Result<ReviewView, Fault> {
    let note = text::prose("note", &decision.note, text::COMMENT_MAX)?;
    if decision.what != ReviewDecision::Keep && note.trim().is_empty() {
        return Err(Fault::invalid("note", "tell those who lose access why"));
    }
    let days = decision.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&days) {
        return Err(Fault::invalid("days", format!("expected 1 to {DAYS_MAX} days")));
    }
    let (view, consumer) = change!(app, caller, "review.decide", |tx, scope, actor| {
        let item = store::item_find(tx, id).await?.ok_or_else(|| Fault::not_found("review"))?;
        let review = found(tx, actor, item.review_id, Action::RunReview).await?;
        need_open(&review)?;
        need_undecided(&item)?;
        let by = person(actor, TokenScope::Write)?;
        let acting = (caller, scope, actor);
        let (replaced, consumer) = match decision.what {
            ReviewDecision::Keep => (None, None),
            ReviewDecision::Revoke => (None, revoke(app, tx, acting, &item, &note).await?),
            ReviewDecision::Shrink => shrink(app, tx, acting, (&review, &item), (days, &note)).await?,
        };
        let mut used = item.clone();
        gather::used(tx, &review, std::slice::from_mut(&mut used)).await?;
        store::item_used(tx, &used).await?;
        store::item_decide(tx, id, (decision.what, &note), by, app.now(), replaced).await?;
        let detail = json!({ "item": id, "grant": item.grant_id, "subscription": item.subscription_id,
            "decision": decision.what, "note": note, "replaced_by": replaced });
        record(app, tx, (caller, actor), "review.decide", &review, detail).await?;
        Ok((view(tx, actor, review, true).await?, consumer))
    })?;
    if let Some(consumer) = consumer {
        app.queries.cancel_of_project(consumer);
    }
    Ok(view)
}

fn need_open(review: &Review) -> Result<(), Fault> {
    match review.closed_at {
        None => Ok(()),
        Some(_) => Err(Fault::new(Code::Conflict, "this review is closed").fix("start another one")),
    }
}

/// Keeping may be thought over; what was taken away is not undone by another decision.
fn need_undecided(item: &ReviewItem) -> Result<(), Fault> {
    match item.decision {
        None | Some(ReviewDecision::Keep) => Ok(()),
        Some(ReviewDecision::Revoke) => Err(Fault::new(Code::Conflict, "this access was taken back already")),
        Some(ReviewDecision::Shrink) => Err(Fault::new(Code::Conflict, "this access was narrowed already")
            .fix("what is left of it stands on the asset's page")),
    }
}

/// Gives the project whose running queries have to end.
async fn revoke(
    app: &App,
    tx: &mut WriteTx,
    acting: Acting<'_>,
    item: &ReviewItem,
    note: &str,
) -> Result<Option<ProjectId>, Fault> {
    match item.subscription_id {
        Some(id) => {
            let facts = subscriptions::revoke_in(app, tx, acting, id, note).await.map_err(not_his)?;
            Ok(Some(facts.consumer))
        }
        None => grants::revoke_in(app, tx, acting, item.grant_id).await.map(|()| None).map_err(not_his),
    }
}

async fn shrink(
    app: &App,
    tx: &mut WriteTx,
    acting: Acting<'_>,
    (review, item): (&Review, &ReviewItem),
    (days, note): (i64, &str),
) -> Result<(Option<GrantId>, Option<ProjectId>), Fault> {
    let used = used_lately(app, tx, (review, item), days).await?;
    match item.subscription_id {
        Some(id) => {
            let (facts, grant) = shrink::subscription_in(app, tx, acting, id, (&used, note)).await.map_err(not_his)?;
            Ok((Some(grant), Some(facts.consumer)))
        }
        None => {
            let grant = shrink::direct_in(app, tx, acting, item.grant_id, (&used, note)).await.map_err(not_his)?;
            Ok((Some(grant), None))
        }
    }
}

/// The columns that were read under a grant within some days.
async fn used_lately(
    app: &App,
    tx: &mut Tx,
    (review, item): (&Review, &ReviewItem),
    days: i64,
) -> Result<BTreeSet<ColumnId>, Fault> {
    let from = app.now() - TimeDelta::days(days);
    let grants = gather::grants_behind(tx, item).await?;
    let mut used = BTreeSet::new();
    for place in gather::places(tx, review).await? {
        if item.asset_id.is_some() && item.asset_id != place.asset_id {
            continue;
        }
        let uses = usage::uses_of(tx, &place, Some(from)).await?;
        if !uses.complete {
            let words = format!("more than {} reads in that time: not all were looked at", usage::MOST_READS);
            return Err(Fault::new(Code::LimitExceeded, words).on("days").fix("take fewer days"));
        }
        used.extend(uses.under(&grants).columns);
    }
    Ok(used)
}

/// Whoever reads a campaign sees its grants; that he may not end one is no secret.
fn not_his(fault: Fault) -> Fault {
    if fault.code != Code::NotFound {
        return fault;
    }
    Fault::new(Code::Forbidden, "you may not change this access")
        .fix("ask an owner of the project, or a steward of its domain")
}

/// Closes a campaign: what is undecided stays as it is, and everything stays readable.
pub async fn close(app: &App, caller: &Caller, id: ReviewId) -> Result<ReviewView, Fault> {
    change!(app, caller, "review.close", |tx, scope, actor| {
        let review = found(tx, actor, id, Action::RunReview).await?;
        need_open(&review)?;
        let by = person(actor, TokenScope::Write)?;
        let mut items = store::items_of(tx, id).await?;
        gather::used(tx, &review, &mut items).await?;
        for item in &items {
            store::item_used(tx, item).await?;
        }
        store::review_close(tx, id, by, app.now()).await?;
        let undecided = items.iter().filter(|item| item.decision.is_none()).count();
        let detail = json!({ "items": items.len(), "undecided": undecided });
        record(app, tx, (caller, actor), "review.close", &review, detail).await?;
        let closed = Review { closed_by: Some(by), closed_at: Some(app.now()), ..review };
        view(tx, actor, closed, false).await
    })
}
