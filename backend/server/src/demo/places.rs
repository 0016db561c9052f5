//! Domains, projects and environments of the sample organisation.

use anyhow::Context;
use lakegate_app::{
    App, Caller,
    places::{
        domains::{self, NewDomain},
        environments::{self, EnvironmentView, NewEnvironment},
        members,
        projects::{self, NewProject},
    },
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{DomainId, ProjectId, UserId},
    words::{Discover, MemberKind, ProjectRole},
};
use std::path::PathBuf;
use url::Url;

use super::people::{Cast, acting_as};

/// A project with its storage.
#[derive(Debug, Clone)]
pub struct Place {
    pub project: ProjectId,
    pub environment: EnvironmentView,
}

impl Place {
    /// The folder of the environment.
    ///
    /// # Errors
    /// If it is not a folder of this machine.
    pub fn folder(&self) -> anyhow::Result<PathBuf> {
        let location = &self.environment.environment.location;
        Url::parse(location)?.to_file_path().map_err(|()| anyhow::anyhow!("{location} is not a folder")).context("demo")
    }
}

/// The places of the sample organisation.
#[derive(Debug, Clone)]
pub struct Places {
    pub sales: Place,
    pub research: Place,
    pub marketing: Place,
}

/// Finds the places, or makes what is missing.
///
/// # Errors
/// What the use cases say.
pub async fn found(app: &App, cast: &Cast) -> Result<Places, Fault> {
    let ada = acting_as(cast.ada);
    let retail = domain(app, &ada, "Retail", "Orders, catalogues and campaigns.").await?;
    let market = domain(app, &ada, "Market research", "Companies and who owns them.").await?;
    for domain in [retail, market] {
        steward(app, &ada, domain, cast.stella).await?;
    }
    let sales = Wish {
        domain: retail,
        name: "Sales producer project",
        description: "Publishes what the shops and the catalogue sell.",
        environment: "publish-environment",
    };
    let research = Wish {
        domain: market,
        name: "Market research project",
        description: "Keeps the list of companies and their owners.",
        environment: "research-environment",
    };
    let marketing = Wish {
        domain: retail,
        name: "Marketing consumer project",
        description: "Plans campaigns with data of other teams.",
        environment: "subscriber-environment",
    };
    let places = Places {
        sales: place(app, &acting_as(cast.olga), sales).await?,
        research: place(app, &acting_as(cast.olga), research).await?,
        marketing: place(app, &acting_as(cast.mark), marketing).await?,
    };
    join(app, &acting_as(cast.mark), places.marketing.project, cast.ann, ProjectRole::Contributor).await?;
    Ok(places)
}

async fn domain(app: &App, caller: &Caller, name: &str, description: &str) -> Result<DomainId, Fault> {
    let tree = domains::tree(app, caller).await?;
    if let Some(node) = tree.into_iter().find(|node| node.domain.name == name) {
        return Ok(node.domain.id);
    }
    let new = NewDomain {
        parent: None,
        name: name.to_owned(),
        description: description.to_owned(),
        discover: Discover::Requestable,
    };
    Ok(domains::create(app, caller, &new).await?.id)
}

async fn steward(app: &App, caller: &Caller, domain: DomainId, user: UserId) -> Result<(), Fault> {
    let view = domains::get(app, caller, domain).await?;
    if view.stewards.iter().any(|steward| steward.id == user) {
        return Ok(());
    }
    domains::add_steward(app, caller, domain, user).await
}

/// A project to be found or made.
struct Wish {
    domain: DomainId,
    name: &'static str,
    description: &'static str,
    environment: &'static str,
}

async fn place(app: &App, caller: &Caller, wish: Wish) -> Result<Place, Fault> {
    let project = project(app, caller, &wish).await?;
    let held = environments::list(app, caller, project).await?;
    let environment = match held.into_iter().find(|view| view.environment.name == wish.environment) {
        Some(view) => view,
        None => {
            let new = NewEnvironment { project, name: wish.environment.to_owned(), location: None, connection: None };
            environments::create(app, caller, &new).await?
        }
    };
    Ok(Place { project, environment })
}

async fn project(app: &App, caller: &Caller, wish: &Wish) -> Result<ProjectId, Fault> {
    let mine = projects::mine(app, caller, &PageRequest::default()).await?;
    if let Some(view) = mine.items.into_iter().find(|view| view.project.name == wish.name) {
        return Ok(view.project.id);
    }
    let new = NewProject { domain: wish.domain, name: wish.name.to_owned(), description: wish.description.to_owned() };
    Ok(projects::create(app, caller, &new).await?.project.id)
}

async fn join(app: &App, caller: &Caller, project: ProjectId, user: UserId, role: ProjectRole) -> Result<(), Fault> {
    let held = members::list(app, caller, project).await?;
    if held.iter().any(|member| member.member_id == user.0) {
        return Ok(());
    }
    members::add(app, caller, project, (MemberKind::User, user.into()), role).await.map(|_| ())
}
