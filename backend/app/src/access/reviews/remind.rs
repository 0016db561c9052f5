//! Word of what is undecided on the day of a campaign.

use lakegate_model::{Fault, Timestamp, ids::UserId, reviews::Review};
use lakegate_policy::Actor;
use lakegate_store::{Tx, WriteTx, domains, in_read, in_write, projects, reviews as store};
use std::collections::BTreeSet;

use super::{owner, view};
use crate::{
    App,
    access::notices::{Message, notify},
};

/// Campaigns handled in one go.
const BATCH: i64 = 50;

/// Tells those who run a campaign, once its day has come, what is undecided. Running it twice has the effect of once.
pub async fn remind(app: &App) -> Result<(), Fault> {
    let now = app.now();
    let due = in_read!(&app.db, |tx, _scope| { Ok(store::reviews_due(tx, now, BATCH).await?) })?;
    for review in due {
        let id = review.id;
        if let Err(error) = in_write!(&app.db, |tx, _scope| { remind_one(app, tx, &review, now).await }) {
            tracing::error!(review = %id, ?error, "nobody could be reminded of a review");
        }
    }
    Ok(())
}

async fn remind_one(app: &App, tx: &mut WriteTx, review: &Review, now: Timestamp) -> Result<(), Fault> {
    let Some(fresh) = store::review_find(tx, review.id).await? else { return Ok(()) };
    if fresh.reminded_at.is_some() || fresh.closed_at.is_some() {
        return Ok(());
    }
    let (done, all) = view(tx, &Actor::system(), fresh, false).await?.progress();
    if done < all {
        let left = all - done;
        let message = Message {
            kind: "review.due",
            title: format!("{left} of {all} grants are undecided: {}", review.title),
            body: "The review was due today. Decide on what is left, or close it.".to_owned(),
            link: format!("/reviews/{}", review.id),
            once_key: Some(format!("review due:{}", review.id)),
        };
        let people = runners(tx, review).await?;
        notify(app, tx, people, &message).await?;
    }
    Ok(store::review_reminded(tx, review.id, now).await?)
}

/// Who started it, and the owners or stewards of what it is over.
async fn runners(tx: &mut Tx, review: &Review) -> Result<BTreeSet<UserId>, Fault> {
    let mut people = BTreeSet::from([review.started_by]);
    if let Some(project) = owner(tx, review).await? {
        people.extend(projects::owners_of(tx, project).await?);
    }
    if let Some(domain) = review.domain_id {
        people.extend(domains::steward_list(tx, domain).await?.into_iter().map(|user| user.id));
    }
    Ok(people)
}
