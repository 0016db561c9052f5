//! Looking after the installation: people, groups, domains, storage.

mod coarse;
mod domains;
mod groups;
mod policy;
mod storage;
mod users;

use axum::Router;
use serde::Deserialize;

use super::kit::Tab;
use lakegate_http::Web;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(users::routes())
        .merge(groups::routes())
        .merge(domains::routes())
        .merge(storage::routes())
        .merge(policy::routes())
        .merge(coarse::routes())
}

/// The query string of a list that can be searched.
#[derive(Debug, Default, Deserialize)]
struct ListQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    after: String,
}

/// The field that names somebody who is to join a list of people.
#[derive(Debug, Default, Deserialize)]
struct PersonForm {
    #[serde(default)]
    person: String,
}

/// The tabs of the area, with one of them open.
fn tabs(active: &str) -> Vec<Tab> {
    let tab = |label: &'static str, href: &str| Tab { label, href: href.to_owned(), active: label == active, count: 0 };
    vec![
        tab("Users", "/admin/users"),
        tab("Groups", "/admin/groups"),
        tab("Domains", "/admin/domains"),
        tab("Storage", "/admin/storage"),
    ]
}
