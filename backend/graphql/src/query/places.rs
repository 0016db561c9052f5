//! Domains, projects, environments, connections and storage roots.

use async_graphql::{Context, Object};
use lakegate_app::places::{connections, domains, environments, invitations, members, projects, roots};

use crate::{
    at::At,
    errors::{Maybe, answer, answer_all},
    lists::{Connection, list},
    scalars::Id,
    types::{
        places::{DomainDetail, DomainNode, Invitation, Project, ProjectMember},
        storage::{Connection as StorageConnection, Environment, StorageRoot},
    },
};

/// Queries about places.
#[derive(Debug, Default)]
pub struct PlacesQuery;

#[Object]
impl PlacesQuery {
    /// The tree of domains, each behind its parent.
    async fn domains(&self, ctx: &Context<'_>) -> Maybe<Vec<DomainNode>> {
        let at = At::of(ctx);
        answer_all(&at, domains::tree(at.app(), &at.caller).await)
    }

    /// A domain with those who look after it.
    async fn domain(&self, ctx: &Context<'_>, id: Id) -> Maybe<DomainDetail> {
        let at = At::of(ctx);
        answer(&at, domains::get(at.app(), &at.caller, id.into()).await)
    }

    /// The caller's projects.
    async fn projects(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
    ) -> Maybe<Connection<Project>> {
        let at = At::of(ctx);
        list!(at, first, after, "projects".to_owned(), |page| projects::mine(at.app(), &at.caller, page))
    }

    /// A project that the caller is in.
    async fn project(&self, ctx: &Context<'_>, id: Id) -> Maybe<Project> {
        let at = At::of(ctx);
        answer(&at, projects::get(at.app(), &at.caller, id.into()).await)
    }

    /// The members of a project.
    async fn project_members(&self, ctx: &Context<'_>, project: Id) -> Maybe<Vec<ProjectMember>> {
        let at = At::of(ctx);
        answer_all(&at, members::list(at.app(), &at.caller, project.into()).await)
    }

    /// Invitations that wait for the caller's answer, or those into a project.
    async fn invitations(&self, ctx: &Context<'_>, project: Option<Id>) -> Maybe<Vec<Invitation>> {
        let at = At::of(ctx);
        answer_all(
            &at,
            match project {
                Some(project) => invitations::into_project(at.app(), &at.caller, project.into()).await,
                None => invitations::mine(at.app(), &at.caller).await,
            },
        )
    }

    /// The environments of a project.
    async fn environments(&self, ctx: &Context<'_>, project: Id) -> Maybe<Vec<Environment>> {
        let at = At::of(ctx);
        answer_all(&at, environments::list(at.app(), &at.caller, project.into()).await)
    }

    /// An environment.
    async fn environment(&self, ctx: &Context<'_>, id: Id) -> Maybe<Environment> {
        let at = At::of(ctx);
        answer(&at, environments::get(at.app(), &at.caller, id.into()).await)
    }

    /// The connections of a project, without their secrets.
    async fn connections(&self, ctx: &Context<'_>, project: Id) -> Maybe<Vec<StorageConnection>> {
        let at = At::of(ctx);
        answer_all(&at, connections::list(at.app(), &at.caller, project.into()).await)
    }

    /// All storage roots, for administrators; or those that a project may use.
    async fn storage_roots(&self, ctx: &Context<'_>, project: Option<Id>) -> Maybe<Vec<StorageRoot>> {
        let at = At::of(ctx);
        answer_all(
            &at,
            match project {
                Some(project) => roots::usable(at.app(), &at.caller, project.into()).await,
                None => roots::list(at.app(), &at.caller).await,
            },
        )
    }
}
