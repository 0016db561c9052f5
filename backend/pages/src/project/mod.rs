//! The inside of a project: one file a tab.

mod account_actors;
mod accounts;
mod connections;
mod derived;
mod environments;
mod inventory;
mod members;
mod overview;
mod purposes;
mod queries;
mod reported;
pub(crate) mod run_row;
mod sources;
pub(crate) mod spark;
pub(crate) mod started;
mod starts;
mod subscriptions;
mod timing;
mod trigger_form;
mod triggers;
mod upload;
mod workflows;

use axum::Router;
use lakegate_app::places::projects::{self, ProjectView};
use lakegate_model::{ids::ProjectId, words::ProjectRole};

use super::kit::{Crumb, Tab, Who, crumbs, spoken};
use lakegate_http::{Refusal, Web, extract::SignedIn};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(overview::routes())
        .merge(members::routes())
        .merge(environments::routes())
        .merge(connections::routes())
        .merge(inventory::routes())
        .merge(sources::routes())
        .merge(triggers::routes())
        .merge(workflows::routes())
        .merge(upload::routes())
        .merge(subscriptions::routes())
        .merge(accounts::routes())
        .merge(account_actors::routes())
        .merge(queries::routes())
        .merge(derived::routes())
        .merge(purposes::routes())
        .merge(reported::routes())
}

/// The tabs of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Overview,
    Data,
    Sources,
    Workflows,
    Subscriptions,
    Members,
    Storage,
    Queries,
    Accounts,
    Purposes,
}

impl Section {
    const ALL: [(Self, &'static str, &'static str); 10] = [
        (Self::Overview, "Overview", ""),
        (Self::Data, "Inventory", "/data"),
        (Self::Sources, "Data sources", "/sources"),
        (Self::Workflows, "Workflows", "/workflows"),
        (Self::Subscriptions, "Subscriptions", "/subscriptions"),
        (Self::Members, "Members", "/members"),
        (Self::Storage, "Environments", "/environments"),
        (Self::Queries, "Queries", "/queries"),
        (Self::Accounts, "Service accounts", "/accounts"),
        (Self::Purposes, "Purposes", "/purposes"),
    ];

    fn label(self) -> (&'static str, &'static str) {
        let found = Self::ALL.iter().find(|(section, ..)| *section == self);
        found.map_or(("", ""), |(_, label, path)| (*label, *path))
    }
}

/// What every page of a project shows above its own part.
struct Head {
    /// Path of the project.
    base: String,
    name: String,
    who: Who,
    domain: String,
    role: String,
    crumbs: Vec<Crumb>,
    tabs: Vec<Tab>,
    /// Brings data in and describes it.
    contributes: bool,
    /// Looks after members, storage and requests.
    manages: bool,
    view: ProjectView,
}

/// The frame of a page inside a project; a stranger is told that there is no such project.
async fn head(web: &Web, reader: &SignedIn, id: ProjectId, section: Section) -> Result<Head, Refusal> {
    let view = projects::get(&web.app, &reader.caller, id).await?;
    let base = format!("/projects/{id}");
    let name = view.project.name.clone();
    let tab = |(of, label, path): &(Section, &'static str, &str)| Tab {
        label,
        href: format!("{base}{path}"),
        active: *of == section,
        count: 0,
    };
    let (label, _) = section.label();
    let here = if section == Section::Overview { vec![] } else { vec![(label, "")] };
    let own = if here.is_empty() { "" } else { base.as_str() };
    let steps: Vec<(&str, &str)> = [("Projects", "/projects"), (name.as_str(), own)].into_iter().chain(here).collect();
    Ok(Head {
        who: Who::named(&name),
        domain: view.domain_name.clone(),
        role: view.role.map(|role| spoken(role.as_str())).unwrap_or_default(),
        crumbs: crumbs(&steps),
        tabs: Section::ALL.iter().map(tab).collect(),
        contributes: view.role.is_none_or(|role| role >= ProjectRole::Contributor),
        manages: view.role.is_none_or(|role| role == ProjectRole::Owner),
        base,
        name,
        view,
    })
}

impl Head {
    /// Adds a step below the tab: the tab itself becomes a link.
    fn below(self, section: Section, label: &str) -> Self {
        let (_, path) = section.label();
        let href = format!("{}{path}", self.base);
        self.deeper(&href, label)
    }

    /// Adds a step below the last one, which becomes a link to `href`.
    fn deeper(mut self, href: &str, label: &str) -> Self {
        if let Some(last) = self.crumbs.last_mut() {
            last.href = href.to_owned();
        }
        self.crumbs.push(Crumb { label: label.to_owned(), href: String::new() });
        self
    }
}
