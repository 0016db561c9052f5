//! Domains and projects.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::places::{domains, projects};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Discover, Id},
    types::places::{Domain, Project},
};

payloads! {
    /// A domain after a change.
    DomainPayload { domain: Domain }
    /// A project after a change.
    ProjectPayload { project: Project }
}

/// A domain to be created.
#[derive(Debug, InputObject)]
pub struct CreateDomainInput {
    /// Null makes a root.
    parent: Option<Id>,
    name: String,
    #[graphql(default)]
    description: String,
    /// What assets of the domain show by default.
    discover: Discover,
}

/// What to change of a domain; what is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateDomainInput {
    name: Option<String>,
    description: Option<String>,
    discover: Option<Discover>,
}

/// A project to be created.
#[derive(Debug, InputObject)]
pub struct CreateProjectInput {
    domain: Id,
    name: String,
    #[graphql(default)]
    description: String,
}

/// What to change of a project; what is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateProjectInput {
    name: Option<String>,
    description: Option<String>,
}

/// Changes of places.
#[derive(Debug, Default)]
pub struct PlacesMutation;

#[Object]
impl PlacesMutation {
    /// Creates a domain: at the root an administrator does, below another its stewards do too.
    async fn create_domain(&self, ctx: &Context<'_>, input: CreateDomainInput) -> Maybe<DomainPayload> {
        let at = At::of(ctx);
        let new = domains::NewDomain {
            parent: input.parent.map(Into::into),
            name: input.name,
            description: input.description,
            discover: input.discover.into(),
        };
        outcome(&at, domains::create(at.app(), &at.caller, &new).await)
    }

    /// Changes a domain.
    async fn update_domain(&self, ctx: &Context<'_>, id: Id, input: UpdateDomainInput) -> Maybe<DomainPayload> {
        let at = At::of(ctx);
        let discover = input.discover.map(Into::into);
        let change = domains::DomainChange { name: input.name, description: input.description, discover };
        outcome(&at, domains::update(at.app(), &at.caller, id.into(), &change).await)
    }

    /// Names somebody who looks after a domain and those below it.
    async fn add_domain_steward(&self, ctx: &Context<'_>, domain: Id, user: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, domains::add_steward(at.app(), &at.caller, domain.into(), user.into()).await)
    }

    /// Takes the care of a domain from somebody.
    async fn remove_domain_steward(&self, ctx: &Context<'_>, domain: Id, user: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, domains::remove_steward(at.app(), &at.caller, domain.into(), user.into()).await)
    }

    /// Creates a project, whose owner the caller becomes.
    async fn create_project(&self, ctx: &Context<'_>, input: CreateProjectInput) -> Maybe<ProjectPayload> {
        let at = At::of(ctx);
        let CreateProjectInput { domain, name, description } = input;
        let new = projects::NewProject { domain: domain.into(), name, description };
        outcome(&at, projects::create(at.app(), &at.caller, &new).await)
    }

    /// Changes a project.
    async fn update_project(&self, ctx: &Context<'_>, id: Id, input: UpdateProjectInput) -> Maybe<ProjectPayload> {
        let at = At::of(ctx);
        let change = projects::ProjectChange { name: input.name, description: input.description };
        outcome(&at, projects::update(at.app(), &at.caller, id.into(), &change).await)
    }
}
