//! The kinds of work: what brings data in, what starts other work, and what tells people of it. Each does its work
//! through the use cases of `app`, by the policy that binds everybody.

mod crawl;
mod listing;
mod notify;
mod query;

use lakegate_app::App;
use lakegate_jobs::{Registry, workflows::StartWorkflow};

/// Everything that a worker of this program knows to do.
pub fn registry(app: &App) -> Registry {
    Registry::default()
        .with(crawl::Crawl::new(app.clone()))
        .with(query::StoreQuery::new(app.clone()))
        .with(listing::LookForObjects::new(app.clone()))
        .with(notify::Notify::new(app.clone()))
        .with(StartWorkflow)
}
