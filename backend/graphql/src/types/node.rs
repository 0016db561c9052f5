//! A thing by its id alone.

use async_graphql::Interface;
use lakegate_app::nodes;

use super::{
    access::{Request, Subscription},
    assets::Asset,
    catalog::Term,
    places::{Domain, DomainDetail, Project},
    query::{QueryRun, SavedQuery},
    sources::{DataSource, SourceRun},
    storage::Environment,
};
use crate::scalars::Id;

/// A thing with an id of its own, unique over all kinds. `node` gives it again, as far as the caller may see it.
#[derive(Debug, Clone, Interface)]
#[graphql(field(name = "id", ty = "&Id", desc = "Never changes, and is never used again."))]
pub enum Node {
    Project(Box<Project>),
    Domain(Box<Domain>),
    Environment(Box<Environment>),
    DataSource(Box<DataSource>),
    SourceRun(Box<SourceRun>),
    Asset(Box<Asset>),
    Term(Box<Term>),
    Request(Box<Request>),
    Subscription(Box<Subscription>),
    QueryRun(Box<QueryRun>),
    SavedQuery(Box<SavedQuery>),
}

impl From<nodes::Node> for Node {
    fn from(node: nodes::Node) -> Self {
        match node {
            nodes::Node::Project(view) => Self::Project(Box::new((*view).into())),
            nodes::Node::Domain(view) => Self::Domain(Box::new(DomainDetail::from(*view).domain)),
            nodes::Node::Environment(view) => Self::Environment(Box::new((*view).into())),
            nodes::Node::Source(source) => Self::DataSource(Box::new((*source).into())),
            nodes::Node::Run(run) => Self::SourceRun(Box::new((*run).into())),
            nodes::Node::Asset(view) => Self::Asset(Box::new((*view).into())),
            nodes::Node::Term(term) => Self::Term(Box::new((*term).into())),
            nodes::Node::Request(view) => Self::Request(Box::new((*view).into())),
            nodes::Node::Subscription(view) => Self::Subscription(Box::new((*view).into())),
            nodes::Node::Query(run) => Self::QueryRun(Box::new((*run).into())),
            nodes::Node::SavedQuery(saved) => Self::SavedQuery(Box::new((*saved).into())),
        }
    }
}
