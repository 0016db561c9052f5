//! Requests, subscriptions, who has access, and the audit.

use async_graphql::{Context, Object};
use lakegate_app::{
    access::{
        self, RequestFilter,
        views::{self, RequestKey},
    },
    audit,
};
use lakegate_model::{Fault, ids::ProjectId};

use crate::{
    at::At,
    errors::{self, Maybe, answer, answer_all},
    lists::{Connection, list},
    scalars::{Id, Long, Side},
    types::{
        access::{Request, RequestDetail, Subscription},
        audit::{AuditEvent, AuditEventView, AuditFilter},
    },
};

/// Queries about access.
#[derive(Debug, Default)]
pub struct AccessQuery;

#[Object]
impl AccessQuery {
    /// Open requests that the caller may decide, the longest waiting first.
    async fn tasks(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Maybe<Connection<Request>> {
        let at = At::of(ctx);
        list!(at, first, after, "tasks".to_owned(), |page| views::tasks(at.app(), &at.caller, page))
    }

    /// How many requests wait for the caller's decision.
    async fn task_count(&self, ctx: &Context<'_>) -> Maybe<Long> {
        let at = At::of(ctx);
        answer(&at, views::task_count(at.app(), &at.caller).await)
    }

    /// Requests that the caller sent or received, the newest first.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a GraphQL field")]
    async fn requests(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "Side::Both")] side: Side,
        #[graphql(default)] open_only: bool,
        project: Option<Id>,
        asset: Option<Id>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Request>> {
        let at = At::of(ctx);
        let name = format!("requests {side:?} {open_only} {:?} {:?}", project.map(|id| id.0), asset.map(|id| id.0));
        let filter = RequestFilter {
            side: access::Side::from(side),
            open_only,
            project: project.map(Into::into),
            asset: asset.map(Into::into),
        };
        list!(at, first, after, name, |page| views::list(at.app(), &at.caller, filter, page))
    }

    /// A request, by id or by the number that people quote (`REQ-000123`).
    async fn request(&self, ctx: &Context<'_>, id: Option<Id>, reference: Option<String>) -> Maybe<RequestDetail> {
        let at = At::of(ctx);
        match key(id, reference.as_deref()) {
            Ok(key) => answer(&at, views::get(at.app(), &at.caller, key).await),
            Err(fault) => Some(Err(errors::error(&at, fault))),
        }
    }

    /// What a project, or the one the caller acts in, is subscribed to.
    async fn subscriptions(
        &self,
        ctx: &Context<'_>,
        project: Option<Id>,
        #[graphql(default = true)] active_only: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Subscription>> {
        let at = At::of(ctx);
        let project = project.map(ProjectId::from);
        let name = format!("subscriptions {active_only} {:?}", project.or(at.caller.project));
        list!(at, first, after, name, |page| views::my_access(at.app(), &at.caller, project, active_only, page))
    }

    /// The live subscriptions of the caller's projects to an asset.
    async fn my_subscriptions_to(&self, ctx: &Context<'_>, asset: Id) -> Maybe<Vec<Subscription>> {
        let at = At::of(ctx);
        answer_all(&at, views::mine_on(at.app(), &at.caller, asset.into()).await)
    }

    /// Who is subscribed to the assets of a project.
    async fn subscriptions_given(
        &self,
        ctx: &Context<'_>,
        project: Id,
        #[graphql(default = true)] active_only: bool,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Subscription>> {
        let at = At::of(ctx);
        let name = format!("subscriptions given {active_only} {}", project.0);
        list!(at, first, after, name, |page| views::given_by(at.app(), &at.caller, project.into(), active_only, page))
    }

    /// A subscription.
    async fn subscription(&self, ctx: &Context<'_>, id: Id) -> Maybe<Subscription> {
        let at = At::of(ctx);
        answer(&at, views::subscription(at.app(), &at.caller, id.into()).await)
    }

    /// Who has and had access to an asset.
    async fn who_has_access(
        &self,
        ctx: &Context<'_>,
        asset: Id,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Subscription>> {
        let at = At::of(ctx);
        let name = format!("who has access {}", asset.0);
        list!(at, first, after, name, |page| views::who_has_access(at.app(), &at.caller, asset.into(), page))
    }

    /// Events that the caller may see, the newest first: his own, those on assets he owns, or all for an auditor.
    async fn audit_events(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] filter: AuditFilter,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<AuditEvent>> {
        let at = At::of(ctx);
        let (filter, text) = filter.split();
        list!(at, first, after, format!("audit {text}"), |page| audit::read::events(
            at.app(),
            &at.caller,
            &filter,
            page
        ))
    }

    /// One event by its number, with what it points at.
    async fn audit_event(&self, ctx: &Context<'_>, number: Long) -> Maybe<AuditEventView> {
        let at = At::of(ctx);
        answer(&at, audit::event::get(at.app(), &at.caller, number.0).await)
    }

    /// Everything that a filter finds, as CSV with one event a line; refused where more than 20,000 events fit.
    async fn audit_csv(&self, ctx: &Context<'_>, #[graphql(default)] filter: AuditFilter) -> Maybe<String> {
        let at = At::of(ctx);
        answer(&at, audit::table::csv(at.app(), &at.caller, &filter.split().0).await)
    }
}

fn key(id: Option<Id>, reference: Option<&str>) -> Result<RequestKey, Fault> {
    match (id, reference) {
        (Some(id), None) => Ok(RequestKey::Id(id.into())),
        (None, Some(reference)) => {
            let number = reference.strip_prefix("REQ-").and_then(|number| number.parse().ok());
            number
                .map(RequestKey::Number)
                .ok_or_else(|| Fault::invalid("reference", "expected a number such as REQ-000123"))
        }
        _ => Err(Fault::invalid("id", "name the request by id or by reference")),
    }
}
