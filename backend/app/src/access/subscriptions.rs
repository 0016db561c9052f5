//! Living with a subscription: give it back, take it back.

use lakegate_model::{Fault, access::Subscription, ids::SubscriptionId, text, words::SubscriptionState};
use lakegate_policy::{Actor, action, decide, resource::SubscriptionFacts};
use lakegate_store::{Tx, WriteTx, changes, projects, subscriptions};
use serde_json::json;

use super::{
    asset_link, asset_of,
    notices::{Message, notify},
};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::Acting,
    places::need_known,
};

/// The facts of a subscription; nobody in particular is told nothing of whether it exists.
pub(super) async fn facts_of(tx: &mut Tx, actor: &Actor, id: SubscriptionId) -> Result<SubscriptionFacts, Fault> {
    need_known(actor)?;
    subscriptions::subscription_facts(tx, id).await?.ok_or_else(|| Fault::not_found("subscription"))
}

/// Takes a subscription back. The next query of the consumer is refused, running ones are cancelled.
pub async fn revoke(app: &App, caller: &Caller, id: SubscriptionId, reason: &str) -> Result<(), Fault> {
    let reason = text::prose("reason", reason, text::COMMENT_MAX)?;
    if reason.trim().is_empty() {
        return Err(Fault::invalid("reason", "tell the subscribers why"));
    }
    let facts = change!(app, caller, "subscription.revoke", |tx, scope, actor| {
        revoke_in(app, tx, (caller, scope, actor), id, &reason).await
    })?;
    app.queries.cancel_of_project(facts.consumer);
    Ok(())
}

/// [`revoke`] in the caller's transaction, for a reason that was checked.
pub(super) async fn revoke_in(
    app: &App,
    tx: &mut WriteTx,
    (caller, scope, actor): Acting<'_>,
    id: SubscriptionId,
    reason: &str,
) -> Result<SubscriptionFacts, Fault> {
    let facts = facts_of(tx, actor, id).await?;
    let _proof = decide::<action::RevokeSubscription, _>(scope, actor, facts)?;
    let ending = Ending { state: SubscriptionState::Revoked, action: "subscription.revoke", reason };
    end(app, tx, caller, actor, &facts, ending).await?;
    Ok(facts)
}

/// Gives a subscription back.
pub async fn cancel(app: &App, caller: &Caller, id: SubscriptionId, reason: &str) -> Result<(), Fault> {
    let reason = text::prose("reason", reason, text::COMMENT_MAX)?;
    let facts = change!(app, caller, "subscription.cancel", |tx, scope, actor| {
        let facts = facts_of(tx, actor, id).await?;
        let _proof = decide::<action::CancelSubscription, _>(scope, actor, facts)?;
        let ending = Ending { state: SubscriptionState::Cancelled, action: "subscription.cancel", reason: &reason };
        end(app, tx, caller, actor, &facts, ending).await?;
        Ok(facts)
    })?;
    app.queries.cancel_of_project(facts.consumer);
    Ok(())
}

/// How a subscription ends.
pub(super) struct Ending<'a> {
    pub state: SubscriptionState,
    pub action: &'static str,
    pub reason: &'a str,
}

/// Ends a subscription with its grant and its table in the sub database, and tells both sides.
pub(super) async fn end(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    actor: &Actor,
    facts: &SubscriptionFacts,
    ending: Ending<'_>,
) -> Result<(), Fault> {
    let subscription: Subscription =
        subscriptions::subscription_by_id(tx, facts.id).await?.ok_or_else(|| Fault::not_found("subscription"))?;
    if subscription.state != SubscriptionState::Active {
        return Err(Fault::new(
            lakegate_model::Code::Conflict,
            format!("this subscription is {} already", subscription.state),
        ));
    }
    subscriptions::subscription_end(tx, facts.id, ending.state, actor.user(), ending.reason, app.now()).await?;
    let asset = asset_of(tx, subscription.asset_id).await?.ok_or_else(|| Fault::not_found("asset"))?;
    let other_side = if ending.state == SubscriptionState::Cancelled { facts.producer } else { facts.consumer };
    let people = projects::people_of(tx, other_side).await?;
    let message = Message {
        kind: "subscription.ended",
        title: format!("Access to {} was {}", asset.display_name(), ending.state),
        body: ending.reason.to_owned(),
        link: asset_link(asset.id),
        once_key: None,
    };
    notify(app, tx, people, &message).await?;
    changes::change_record(tx, "asset", asset.id.into()).await?;
    let event = Event::on(ending.action, "subscription", facts.id).owned_by(facts.producer).with(json!({
        "asset": asset.id, "asset_name": asset.display_name(), "project": facts.consumer, "reason": ending.reason,
    }));
    audit::record(app, tx, caller, actor, event).await
}
