//! The end of subscriptions by the clock, and the notices before it.
//!
//! Access itself ends on time without this: validity is a predicate of every compiled access.

use chrono::TimeDelta;
use lakegate_model::{Fault, Timestamp, ids::SubscriptionId, words::SubscriptionState};
use lakegate_policy::Actor;
use lakegate_store::{
    WriteTx, coarse as coarse_rights, direct_grants, in_read, in_write, notices, projects, subscriptions,
};

use super::{
    asset_link, asset_of, coarse, grants,
    notices::{Message, notify},
    reviews,
    subscriptions::{Ending, end},
};
use crate::{App, Caller};

/// Days before an end at which the subscribers are told.
pub const NOTICE_DAYS: [i64; 3] = [14, 7, 1];
/// Subscriptions handled in one go.
const BATCH: i64 = 200;

/// Ends what is due and sends the notices that are due. Running it twice has the effect of once.
///
/// Returns how many subscriptions, direct grants and coarse rights ended.
pub async fn run(app: &App) -> Result<usize, Fault> {
    let due = in_read!(&app.db, |tx, _scope| { Ok(subscriptions::subscriptions_due(tx, app.now(), BATCH).await?) })?;
    let mut ended = 0;
    for id in due {
        match expire(app, id).await {
            Ok(true) => ended += 1,
            Ok(false) => {}
            // One that cannot be ended must not hold up the others; its access is over in any case.
            Err(error) => tracing::error!(subscription = %id, ?error, "an expired subscription could not be ended"),
        }
    }
    ended += end_direct_grants(app).await?;
    ended += end_coarse_rights(app).await?;
    warn(app).await?;
    reviews::remind(app).await?;
    Ok(ended)
}

async fn end_direct_grants(app: &App) -> Result<usize, Fault> {
    let due = in_read!(&app.db, |tx, _scope| { Ok(direct_grants::direct_grants_due(tx, app.now(), BATCH).await?) })?;
    let caller = Caller::system("expiry");
    let mut ended = 0;
    for id in due {
        match in_write!(&app.db, |tx, _scope| { grants::expire(app, tx, &caller, id).await }) {
            Ok(done) => ended += usize::from(done),
            Err(error) => tracing::error!(grant = %id, ?error, "an expired grant could not be ended"),
        }
    }
    Ok(ended)
}

async fn end_coarse_rights(app: &App) -> Result<usize, Fault> {
    let due = in_read!(&app.db, |tx, _scope| { Ok(coarse_rights::coarse_rights_due(tx, app.now(), BATCH).await?) })?;
    let caller = Caller::system("expiry");
    let mut ended = 0;
    for id in due {
        match in_write!(&app.db, |tx, _scope| { coarse::expire(app, tx, &caller, id).await }) {
            Ok(done) => ended += usize::from(done),
            Err(error) => tracing::error!(right = %id, ?error, "an expired coarse right could not be ended"),
        }
    }
    Ok(ended)
}

/// Ends a subscription if it is still due: meanwhile it may have ended, or been given more time.
async fn expire(app: &App, id: SubscriptionId) -> Result<bool, Fault> {
    let caller = Caller::system("expiry");
    let consumer = in_write!(&app.db, |tx, _scope| {
        let Some(facts) = subscriptions::subscription_facts(tx, id).await? else { return Ok(None) };
        let active = subscriptions::subscription_by_id(tx, id).await?;
        let live = subscriptions::grant_live(tx, id).await?.and_then(|(grant, _)| grant.valid_until);
        if active.is_none_or(|subscription| subscription.state != SubscriptionState::Active)
            || live.is_none_or(|until| until > app.now())
        {
            return Ok(None);
        }
        let ending = Ending {
            state: SubscriptionState::Expired,
            action: "subscription.expire",
            reason: "its agreed end has come",
        };
        end(app, tx, &caller, &Actor::system(), &facts, ending).await?;
        Ok(Some(facts.consumer))
    })?;
    if let Some(consumer) = consumer {
        app.queries.cancel_of_project(consumer);
    }
    Ok(consumer.is_some())
}

async fn warn(app: &App) -> Result<(), Fault> {
    let now = app.now();
    let until = now + TimeDelta::days(NOTICE_DAYS.iter().copied().max().unwrap_or(0));
    let mut after = (now, SubscriptionId(uuid::Uuid::nil()));
    loop {
        let ending = in_read!(&app.db, |tx, _scope| {
            Ok(subscriptions::subscriptions_ending(tx, after, until, BATCH).await?)
        })?;
        let Some((last, end)) = ending.last() else { return Ok(()) };
        after = (*end, *last);
        for (id, end) in ending {
            let left = (end - now).num_seconds();
            // The nearest mark that has passed: 10 days left is past "14 days", not yet "7 days".
            let mark = NOTICE_DAYS.iter().copied().filter(|days| left <= days * 86_400).min();
            if let Some(days) = mark {
                warn_about(app, id, end, days).await?;
            }
        }
    }
}

/// Tells the subscribers once; who was told takes no turn at writing.
async fn warn_about(app: &App, id: SubscriptionId, end: Timestamp, days: i64) -> Result<(), Fault> {
    let key = format!("ending:{id}:{}:{days}", end.timestamp());
    let told = in_read!(&app.db, |tx, _scope| {
        let Some(facts) = subscriptions::subscription_facts(tx, id).await? else { return Ok(true) };
        for user in projects::people_of(tx, facts.consumer).await? {
            if !notices::notice_was_sent(tx, user, &key).await? {
                return Ok(false);
            }
        }
        Ok(true)
    })?;
    if told {
        return Ok(());
    }
    in_write!(&app.db, |tx, _scope| { warn_one(app, tx, id, &key, days).await })
}

async fn warn_one(app: &App, tx: &mut WriteTx, id: SubscriptionId, key: &str, days: i64) -> Result<(), Fault> {
    let Some(subscription) = subscriptions::subscription_by_id(tx, id).await? else { return Ok(()) };
    let Some(asset) = asset_of(tx, subscription.asset_id).await? else { return Ok(()) };
    let people = projects::people_of(tx, subscription.project_id).await?;
    let day = if days == 1 { "tomorrow".to_owned() } else { format!("within {days} days") };
    let message = Message {
        kind: "subscription.ending",
        title: format!("Access to {} ends {day}", asset.display_name()),
        body: "Ask for more time on the asset's page, or give it back.".to_owned(),
        link: asset_link(asset.id),
        once_key: Some(key.to_owned()),
    };
    notify(app, tx, people, &message).await
}
