//! What a campaign lists: the grants on what it is over, and what was used of them.

use lakegate_model::{
    Code, Fault,
    catalog::Column,
    grants::DirectGrant,
    ids::{ColumnId, GrantId, SubscriptionId},
    reviews::{Review, ReviewItem},
    words::SubscriptionState,
};
use lakegate_policy::{Action, Actor, Verdict, access::ColumnScope, verdict};
use lakegate_store::{
    Tx, assets,
    concerned::{self, Place},
    direct_grants, projects, readable, reviews as store, subscriptions, users,
};
use std::collections::BTreeSet;

use super::{MOST_ITEMS, Over, over};
use crate::{
    App,
    access::{
        grant_views,
        shrink::columns_of,
        usage::{self, Uses},
    },
    query::grants::opened,
};

/// The tables that a campaign is over.
pub(super) async fn places(tx: &mut Tx, review: &Review) -> Result<Vec<Place>, Fault> {
    Ok(match over(review) {
        Some(Over::Asset(id)) => concerned::place_of_asset(tx, id).await?.into_iter().collect(),
        Some(Over::Project(id)) => concerned::places_in_project(tx, id).await?,
        Some(Over::Domain(id)) => {
            let mut places = Vec::new();
            for project in store::projects_under(tx, id).await? {
                places.extend(concerned::places_in_project(tx, project).await?);
            }
            places
        }
        None => Vec::new(),
    })
}

/// Every live grant on what a campaign is over, on assets that its starter finds.
pub(super) async fn items(app: &App, tx: &mut Tx, actor: &Actor, review: &Review) -> Result<Vec<ReviewItem>, Fault> {
    let mut items = Vec::new();
    let mut listed: BTreeSet<GrantId> = BTreeSet::new();
    for place in places(tx, review).await? {
        let Some(asset) = place.asset_id else { continue };
        let Some((asset, facts)) = assets::asset_facts(tx, actor, asset).await? else { continue };
        if verdict(actor, Action::DiscoverAsset, &facts.into()) != Verdict::Allow {
            continue;
        }
        let known = readable::table_columns(tx, place.table_id).await?;
        let blank =
            ReviewItem { asset_id: Some(asset.id), opens: asset.display_name().to_owned(), ..blank(app, review) };
        for (subscription, _) in store::subscriptions_to(tx, place.table_id).await? {
            items.extend(subscribed(tx, &known, subscription, ReviewItem { id: app.new_id(), ..blank.clone() }).await?);
        }
        // Emergencies have a review of their own.
        let given_to = store::direct_grants_to(tx, place.table_id).await?;
        for grant in given_to.into_iter().filter(|grant| !grant.break_glass) {
            let Some(scope) = opened(tx, &grant, place.table_id).await? else { continue };
            if listed.insert(grant.id) {
                let blank = ReviewItem { id: app.new_id(), ..blank.clone() };
                items.push(given(tx, actor, (&known, &scope), grant, blank).await?);
            }
        }
        if items.len() > MOST_ITEMS {
            let words = format!("there are more than {MOST_ITEMS} grants to review");
            return Err(Fault::new(Code::LimitExceeded, words).fix("start one for each project or asset"));
        }
    }
    Ok(items)
}

fn blank(app: &App, review: &Review) -> ReviewItem {
    ReviewItem {
        id: app.new_id(),
        review_id: review.id,
        grant_id: uuid::Uuid::nil().into(),
        subscription_id: None,
        asset_id: None,
        opens: String::new(),
        holder: String::new(),
        since: app.now(),
        until: None,
        approved_by: String::new(),
        reason: String::new(),
        columns: String::new(),
        last_used: None,
        used_columns: String::new(),
        usage_complete: true,
        decision: None,
        decided_by: None,
        decided_at: None,
        note: String::new(),
        replaced_by: None,
    }
}

async fn subscribed(
    tx: &mut Tx,
    known: &[Column],
    id: SubscriptionId,
    blank: ReviewItem,
) -> Result<Option<ReviewItem>, Fault> {
    let Some(subscription) = subscriptions::subscription_by_id(tx, id).await? else { return Ok(None) };
    let Some((grant, columns)) = subscriptions::grant_live(tx, id).await? else { return Ok(None) };
    let scope = columns.map_or(ColumnScope::All, |columns| ColumnScope::Only(columns.into_iter().collect()));
    let project = projects::project_label(tx, subscription.project_id).await?.map(|(name, _)| name);
    Ok(Some(ReviewItem {
        grant_id: grant.id,
        subscription_id: Some(id),
        holder: project.unwrap_or_default(),
        since: subscription.created_at,
        until: grant.valid_until,
        approved_by: users::user_find(tx, grant.granted_by).await?.map(|user| user.display_name).unwrap_or_default(),
        reason: grant.reason,
        columns: named(known, &columns_of(known, &scope)),
        ..blank
    }))
}

async fn given(
    tx: &mut Tx,
    actor: &Actor,
    (known, scope): (&[Column], &ColumnScope),
    grant: DirectGrant,
    blank: ReviewItem,
) -> Result<ReviewItem, Fault> {
    let on_table = grant.table_id.is_some();
    let view = grant_views::view(tx, actor, grant, false).await?;
    let columns = match on_table {
        true => named(known, &columns_of(known, scope)),
        false => String::new(),
    };
    Ok(ReviewItem {
        grant_id: view.grant.id,
        asset_id: blank.asset_id.filter(|_| on_table),
        opens: if on_table { blank.opens } else { view.on },
        holder: view.holder,
        since: view.grant.valid_from,
        until: view.grant.valid_until,
        approved_by: view.granted_by,
        reason: view.grant.reason,
        columns,
        ..blank
    })
}

fn named(known: &[Column], ids: &[ColumnId]) -> String {
    let names = known.iter().filter(|column| ids.contains(&column.id)).map(|column| column.name.as_str());
    names.collect::<Vec<_>>().join(", ")
}

/// Every grant that an item stands for: those of a subscription that came before the present one too.
pub(super) async fn grants_behind(tx: &mut Tx, item: &ReviewItem) -> Result<Vec<GrantId>, Fault> {
    match item.subscription_id {
        Some(id) => Ok(store::grants_of_subscription(tx, id).await?),
        None => Ok(vec![item.grant_id]),
    }
}

/// Fills in what was used of each grant until now.
pub(super) async fn used(tx: &mut Tx, review: &Review, items: &mut [ReviewItem]) -> Result<(), Fault> {
    for item in items.iter_mut() {
        item.last_used = None;
        item.used_columns.clear();
        item.usage_complete = true;
    }
    for place in places(tx, review).await? {
        let uses = usage::uses_of(tx, &place, None).await?;
        let known = readable::table_columns(tx, place.table_id).await?;
        for item in items.iter_mut().filter(|item| item.asset_id.is_none() || item.asset_id == place.asset_id) {
            add(tx, item, (&uses, &known)).await?;
        }
    }
    Ok(())
}

async fn add(tx: &mut Tx, item: &mut ReviewItem, (uses, known): (&Uses, &[Column])) -> Result<(), Fault> {
    let used = uses.under(&grants_behind(tx, item).await?);
    item.usage_complete &= uses.complete;
    item.last_used = item.last_used.max(used.last);
    let ids: Vec<ColumnId> = used.columns.into_iter().collect();
    let names = named(known, &ids);
    let joint = if item.used_columns.is_empty() || names.is_empty() { "" } else { ", " };
    item.used_columns.push_str(joint);
    item.used_columns.push_str(&names);
    Ok(())
}

/// Whether the grant of an item is in force no more.
pub(super) async fn has_ended(tx: &mut Tx, item: &ReviewItem) -> Result<bool, Fault> {
    if let Some(id) = item.subscription_id {
        let held = subscriptions::subscription_by_id(tx, id).await?;
        return Ok(held.is_none_or(|held| held.state != SubscriptionState::Active));
    }
    let grant = direct_grants::direct_grant_find(tx, item.grant_id).await?;
    Ok(grant.is_none_or(|grant| grant.ended_at.is_some()))
}
