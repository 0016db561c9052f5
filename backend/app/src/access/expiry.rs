//! The end of subscriptions by the clock, and the notices before it.
//!
//! Access itself ends on time without this: validity is a predicate of every compiled access.

use chrono::TimeDelta;
use lakegate_model::{Fault, ids::SubscriptionId, words::SubscriptionState};
use lakegate_policy::Actor;
use lakegate_store::{WriteTx, in_read, in_write, projects, subscriptions};

use super::{
    asset_link, asset_of,
    notices::{Message, notify},
    subscriptions::{Ending, end},
};
use crate::{App, Caller};

/// Days before an end at which the subscribers are told.
pub const NOTICE_DAYS: [i64; 3] = [14, 7, 1];
/// Subscriptions handled in one go.
const BATCH: i64 = 200;

/// Ends what is due and sends the notices that are due. Running it twice has the effect of once.
///
/// Returns how many subscriptions ended.
pub async fn run(app: &App) -> Result<usize, Fault> {
    let due = in_read!(&app.db, |tx, _scope| { Ok(subscriptions::subscriptions_due(tx, app.now(), BATCH).await?) })?;
    for id in &due {
        expire(app, *id).await?;
    }
    warn(app).await?;
    Ok(due.len())
}

async fn expire(app: &App, id: SubscriptionId) -> Result<(), Fault> {
    let caller = Caller::system("expiry");
    in_write!(&app.db, |tx, _scope| {
        let Some(facts) = subscriptions::subscription_facts(tx, id).await? else { return Ok(()) };
        let active = subscriptions::subscription_by_id(tx, id).await?;
        if active.is_none_or(|subscription| subscription.state != SubscriptionState::Active) {
            return Ok(());
        }
        let ending = Ending {
            state: SubscriptionState::Expired,
            action: "subscription.expire",
            reason: "its agreed end has come",
        };
        end(app, tx, &caller, &Actor::system(), &facts, ending).await
    })
}

async fn warn(app: &App) -> Result<(), Fault> {
    let widest = NOTICE_DAYS.iter().copied().max().unwrap_or(0);
    let (from, until) = (app.now(), app.now() + TimeDelta::days(widest));
    let ending =
        in_read!(&app.db, |tx, _scope| { Ok(subscriptions::subscriptions_ending(tx, from, until, BATCH).await?) })?;
    for (id, end) in ending {
        let left = (end - app.now()).num_seconds();
        // The nearest mark that has passed: 10 days left is past "14 days", not yet "7 days".
        let mark = NOTICE_DAYS.iter().copied().filter(|days| left <= days * 86_400).min();
        if let Some(days) = mark {
            in_write!(&app.db, |tx, _scope| { warn_one(app, tx, id, end, days).await })?;
        }
    }
    Ok(())
}

async fn warn_one(
    app: &App,
    tx: &mut WriteTx,
    id: SubscriptionId,
    end: lakegate_model::Timestamp,
    days: i64,
) -> Result<(), Fault> {
    let Some(subscription) = subscriptions::subscription_by_id(tx, id).await? else { return Ok(()) };
    let Some(asset) = asset_of(tx, subscription.asset_id).await? else { return Ok(()) };
    let people = projects::people_of(tx, subscription.project_id).await?;
    let day = if days == 1 { "tomorrow".to_owned() } else { format!("within {days} days") };
    let message = Message {
        kind: "subscription.ending",
        title: format!("Access to {} ends {day}", asset.display_name()),
        body: "Ask for more time on the asset's page, or give it back.".to_owned(),
        link: asset_link(asset.id),
        once_key: Some(format!("ending:{id}:{}:{days}", end.timestamp())),
    };
    notify(app, tx, people, &message).await
}
