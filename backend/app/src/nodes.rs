//! A thing by its id alone, whatever it is.

use lakegate_model::{
    Code, Fault, PageRequest,
    access::{QueryRun, SavedQuery},
    catalog::{DataSource, SourceRun, Term},
    words::TokenScope,
};
use lakegate_store::kinds::{self, Kind};
use uuid::Uuid;

use crate::{
    App, Caller,
    access::views::{self, RequestKey, RequestView, SubscriptionView},
    caller::known,
    catalog::{
        assets::{self, AssetView},
        glossary,
    },
    places::{
        domains::{self, DomainView},
        environments::{self, EnvironmentView},
        projects::{self, ProjectView},
    },
    query::{history, saved},
    sources::{manage, runs},
};

/// A thing as the look-up of its own kind shows it to the caller.
#[derive(Debug, Clone)]
pub enum Node {
    Project(Box<ProjectView>),
    Domain(Box<DomainView>),
    Environment(Box<EnvironmentView>),
    Source(Box<DataSource>),
    Run(Box<SourceRun>),
    Asset(Box<AssetView>),
    Term(Box<Term>),
    Request(Box<RequestView>),
    Subscription(Box<SubscriptionView>),
    Query(Box<QueryRun>),
    SavedQuery(Box<SavedQuery>),
}

/// The thing with an id.
///
/// # Errors
/// `not_found` in the same words for what is absent, hidden, or not the caller's to look at: not even the kind is told.
pub async fn find(app: &App, caller: &Caller, id: Uuid) -> Result<Node, Fault> {
    let kind = look!(app, caller, "node.view", |tx, scope, actor| {
        known(actor, TokenScope::Read)?;
        Ok(kinds::kind_of(tx, id).await?)
    })?;
    let absent = || Fault::not_found("thing");
    let found = of_kind(app, caller, kind.ok_or_else(absent)?, id).await;
    found.map_err(|fault| match fault.code {
        Code::NotFound | Code::Forbidden => absent(),
        _ => fault,
    })
}

async fn of_kind(app: &App, caller: &Caller, kind: Kind, id: Uuid) -> Result<Node, Fault> {
    Ok(match kind {
        Kind::Project => Node::Project(projects::get(app, caller, id.into()).await?.into()),
        Kind::Domain => Node::Domain(domains::get(app, caller, id.into()).await?.into()),
        Kind::Environment => Node::Environment(environments::get(app, caller, id.into()).await?.into()),
        Kind::Source => Node::Source(manage::get(app, caller, id.into()).await?.into()),
        Kind::Run => Node::Run(runs::get(app, caller, id.into()).await?.into()),
        Kind::Asset => Node::Asset(assets::view(app, caller, id.into()).await?.into()),
        Kind::Term => {
            let page = PageRequest::new(Some(1), None)?;
            Node::Term(glossary::get(app, caller, id.into(), &page).await?.0.into())
        }
        Kind::Request => Node::Request(views::get(app, caller, RequestKey::Id(id.into())).await?.view.into()),
        Kind::Subscription => Node::Subscription(views::subscription(app, caller, id.into()).await?.into()),
        Kind::Query => Node::Query(history::get(app, caller, id.into()).await?.into()),
        Kind::SavedQuery => Node::SavedQuery(saved::get(app, caller, id.into()).await?.into()),
    })
}
