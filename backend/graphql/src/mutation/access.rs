//! Asking for access, deciding, giving back and taking back.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};
use lakegate_app::access::{
    decisions, notices, requests, subscriptions,
    views::{self, RequestKey},
};
use lakegate_model::{Fault, ids};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::Id,
    types::access::{Request, Subscription},
};

payloads! {
    /// The requests that were made, one for each asset.
    RequestSubscriptionPayload { requests: Vec<Request> }
    /// The subscription that an approval gave.
    ApproveSubscriptionPayload { subscription: Subscription }
}

/// A wish to use assets.
#[derive(Debug, InputObject)]
pub struct RequestSubscriptionInput {
    /// The project that will use them.
    project: Id,
    assets: Vec<Id>,
    /// What the data is needed for.
    reason: String,
    /// Wished columns, for a single asset; null asks for all.
    columns: Option<Vec<Id>>,
    until: Option<DateTime<Utc>>,
}

/// What a request says from now on.
#[derive(Debug, InputObject)]
pub struct EditRequestInput {
    reason: String,
    /// Wished columns; null asks for all.
    columns: Option<Vec<Id>>,
    until: Option<DateTime<Utc>>,
}

/// How a request is approved.
#[derive(Debug, InputObject)]
pub struct ApproveSubscriptionInput {
    reason: String,
    /// A choice among the wished columns; null gives what was asked for.
    columns: Option<Vec<Id>>,
    /// An end, not later than the wished one; null takes the wished one.
    until: Option<DateTime<Utc>>,
    /// Whether rows may leave through downloads and exports.
    #[graphql(default)]
    export: bool,
    /// Only rows for which this condition is true, such as `region = session_attribute('region')`; null gives all rows.
    row_filter: Option<String>,
    /// Purposes of which whoever uses the data states one; none keeps those of the present access.
    #[graphql(default)]
    purposes: Vec<Id>,
}

fn columns(ids: Option<Vec<Id>>) -> Option<Vec<ids::ColumnId>> {
    ids.map(|ids| ids.into_iter().map(Into::into).collect())
}

/// What was made is there, whatever hinders showing it: that is a mistake of ours, not of the caller.
fn unshown(fault: Fault) -> Fault {
    Fault::internal(format!("a change was made, but cannot be shown: {fault:?}"))
}

async fn ask(at: &At, wish: &requests::Wish) -> Result<Vec<Request>, Fault> {
    let made = requests::request(at.app(), &at.caller, wish).await?;
    let mut shown = Vec::with_capacity(made.len());
    for id in made {
        let detail = views::get(at.app(), &at.caller, RequestKey::Id(id)).await.map_err(unshown)?;
        shown.push(detail.view.into());
    }
    Ok(shown)
}

async fn approve(at: &At, id: Id, approval: &decisions::Approval) -> Result<Subscription, Fault> {
    let made = decisions::approve(at.app(), &at.caller, id.into(), approval).await?;
    let view = views::subscription(at.app(), &at.caller, made).await.map_err(unshown)?;
    Ok(view.into())
}

/// Changes of access.
#[derive(Debug, Default)]
pub struct AccessMutation;

#[Object]
impl AccessMutation {
    /// Asks for one or several assets, all or none. Each becomes a request with a number to quote.
    async fn request_subscription(
        &self,
        ctx: &Context<'_>,
        input: RequestSubscriptionInput,
    ) -> Maybe<RequestSubscriptionPayload> {
        let at = At::of(ctx);
        let wish = requests::Wish {
            project: input.project.into(),
            assets: input.assets.into_iter().map(Into::into).collect(),
            reason: input.reason,
            columns: columns(input.columns),
            until: input.until,
        };
        outcome(&at, ask(&at, &wish).await)
    }

    /// Changes an open request.
    async fn edit_request(&self, ctx: &Context<'_>, id: Id, input: EditRequestInput) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        let edit = requests::Edit { reason: input.reason, columns: columns(input.columns), until: input.until };
        outcome(&at, requests::edit(at.app(), &at.caller, id.into(), &edit).await)
    }

    /// Says something in the thread of a request: an approver asks, a requester answers.
    async fn comment_request(&self, ctx: &Context<'_>, id: Id, body: String) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, requests::comment(at.app(), &at.caller, id.into(), &body).await)
    }

    /// Takes an open request back.
    async fn withdraw_request(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, requests::withdraw(at.app(), &at.caller, id.into()).await)
    }

    /// Approves a request: the table appears in the consumer's database at once.
    async fn approve_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "request")] id: Id,
        input: ApproveSubscriptionInput,
    ) -> Maybe<ApproveSubscriptionPayload> {
        let at = At::of(ctx);
        let ApproveSubscriptionInput { reason, columns: chosen, until, export, row_filter, purposes } = input;
        let purposes = purposes.into_iter().map(Into::into).collect();
        let approval = decisions::Approval { reason, columns: columns(chosen), until, export, row_filter, purposes };
        outcome(&at, approve(&at, id, &approval).await)
    }

    /// Rejects a request, with a reason.
    async fn reject_subscription(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "request")] id: Id,
        reason: String,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, decisions::reject(at.app(), &at.caller, id.into(), &reason).await)
    }

    /// Takes a subscription back: the next query over it is refused.
    async fn revoke_subscription(&self, ctx: &Context<'_>, id: Id, reason: String) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, subscriptions::revoke(at.app(), &at.caller, id.into(), &reason).await)
    }

    /// Gives a subscription back.
    async fn cancel_subscription(
        &self,
        ctx: &Context<'_>,
        id: Id,
        #[graphql(default)] reason: String,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, subscriptions::cancel(at.app(), &at.caller, id.into(), &reason).await)
    }

    /// Marks one of the caller's messages as read, or all of them.
    async fn mark_notices_read(&self, ctx: &Context<'_>, id: Option<Id>) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, notices::mark_read(at.app(), &at.caller, id.map(Into::into)).await)
    }
}
