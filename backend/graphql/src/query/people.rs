//! The caller himself, people, groups, machine identities and tokens.

use async_graphql::{Context, Object};
use lakegate_app::{
    access::notices,
    accounts::{api_tokens, groups, me, users},
};

use crate::{
    at::At,
    errors::{self, Maybe, answer, answer_all},
    lists::{Connection, list},
    scalars::{Id, Long},
    types::{
        audit::Notice,
        people::{
            ApiToken, Consequences, Draft, Group, GroupDetail, Me, Person, ServiceAccount, Session, UserWithRoles,
        },
    },
};

/// The draft that the SQL editor keeps.
pub const EDITOR: &str = "query";

/// Queries about people.
#[derive(Debug, Default)]
pub struct PeopleQuery;

#[Object]
impl PeopleQuery {
    /// Who the caller is, and what he may do where.
    async fn me(&self, ctx: &Context<'_>) -> Maybe<Me> {
        let at = At::of(ctx);
        answer(&at, me::me(at.app(), &at.caller).await)
    }

    /// The caller's live browser sessions.
    async fn sessions(&self, ctx: &Context<'_>) -> Maybe<Vec<Session>> {
        let at = At::of(ctx);
        answer_all(&at, me::sessions(at.app(), &at.caller).await)
    }

    /// The caller's tokens, or those of a service account.
    async fn api_tokens(&self, ctx: &Context<'_>, service_account: Option<Id>) -> Maybe<Vec<ApiToken>> {
        let at = At::of(ctx);
        answer_all(&at, api_tokens::list(at.app(), &at.caller, service_account.map(Into::into)).await)
    }

    /// The service accounts of a project.
    async fn service_accounts(&self, ctx: &Context<'_>, project: Id) -> Maybe<Vec<ServiceAccount>> {
        let at = At::of(ctx);
        answer_all(&at, api_tokens::accounts(at.app(), &at.caller, project.into()).await)
    }

    /// Messages to the caller, the newest first.
    async fn notices(&self, ctx: &Context<'_>, first: Option<i32>, after: Option<String>) -> Maybe<Connection<Notice>> {
        let at = At::of(ctx);
        list!(at, first, after, "notices".to_owned(), |page| notices::list(at.app(), &at.caller, page))
    }

    /// How many messages the caller has not read.
    async fn unread_notices(&self, ctx: &Context<'_>) -> Maybe<Long> {
        let at = At::of(ctx);
        answer(&at, notices::unread(at.app(), &at.caller).await)
    }

    /// What the caller typed under a name and kept with his account; null if nothing. The SQL editor's tabs are `query`:
    /// JSON `{ "at": 0, "tabs": [{ "title", "sql" }] }`.
    async fn draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "EDITOR.to_owned()")] name: String,
    ) -> Maybe<Draft> {
        let at = At::of(ctx);
        let kept = me::draft(at.app(), &at.caller, &name).await;
        kept.map(|body| body.map(|body| Draft { name, body })).map_err(|fault| errors::error(&at, fault)).transpose()
    }

    /// Colleagues by part of a name.
    async fn people(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] search: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Person>> {
        let at = At::of(ctx);
        list!(at, first, after, format!("people {search}"), |page| users::search(at.app(), &at.caller, &search, page))
    }

    /// All users in order of names: for administrators.
    async fn users(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] search: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<UserWithRoles>> {
        let at = At::of(ctx);
        list!(at, first, after, format!("users {search}"), |page| users::list(at.app(), &at.caller, &search, page))
    }

    /// A user with his roles: for administrators.
    async fn user(&self, ctx: &Context<'_>, id: Id) -> Maybe<UserWithRoles> {
        let at = At::of(ctx);
        answer(&at, users::get(at.app(), &at.caller, id.into()).await)
    }

    /// What disabling a user would do at this moment: for administrators.
    async fn consequences_of_disabling(&self, ctx: &Context<'_>, user: Id) -> Maybe<Consequences> {
        let at = At::of(ctx);
        answer(&at, users::consequences(at.app(), &at.caller, user.into()).await)
    }

    /// The groups a user is in: his own, or anybody's for administrators.
    async fn groups_of_user(&self, ctx: &Context<'_>, user: Id) -> Maybe<Vec<Group>> {
        let at = At::of(ctx);
        answer_all(&at, users::groups_of(at.app(), &at.caller, user.into()).await)
    }

    /// Groups in order of names.
    async fn groups(
        &self,
        ctx: &Context<'_>,
        #[graphql(default)] search: String,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Group>> {
        let at = At::of(ctx);
        list!(at, first, after, format!("groups {search}"), |page| groups::list(at.app(), &at.caller, &search, page))
    }

    /// A group with those who are in it.
    async fn group(&self, ctx: &Context<'_>, id: Id) -> Maybe<GroupDetail> {
        let at = At::of(ctx);
        answer(&at, groups::get(at.app(), &at.caller, id.into()).await)
    }
}
