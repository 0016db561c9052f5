//! Pages: a struct, its template and its handler in one file an area.

pub mod account;
pub mod admin;
pub mod asset;
pub mod audit;
pub mod bench;
pub mod break_glass;
#[cfg(debug_assertions)]
pub mod components;
pub mod error;
pub mod fields;
pub mod flash;
pub mod glossary;
pub mod graphiql;
pub mod home;
pub mod inbox;
pub mod jobs;
pub mod kit;
pub mod notices;
pub mod paging;
pub mod permissions;
pub mod project;
pub mod projects;
pub mod proof;
pub mod purposes;
pub mod query;
pub mod requests;
pub mod reviews;
pub mod rules;
pub mod search;
pub mod session;
pub mod shell;

use axum::{Router, middleware::from_fn};

use lakegate_http::Web;

/// The addresses of all pages.
pub fn routes() -> Router<Web> {
    let pages = Router::new()
        .merge(session::routes())
        .merge(home::routes())
        .merge(search::routes())
        .merge(asset::routes())
        .merge(requests::routes())
        .merge(reviews::routes())
        .merge(break_glass::routes())
        .merge(inbox::routes())
        .merge(notices::routes())
        .merge(account::routes())
        .merge(projects::routes())
        .merge(project::routes())
        .merge(purposes::routes())
        .merge(permissions::routes())
        .merge(rules::routes())
        .merge(query::routes())
        .merge(glossary::routes())
        .merge(graphiql::routes())
        .merge(audit::routes())
        .merge(admin::routes())
        .merge(jobs::routes())
        .merge(bench::routes());
    #[cfg(debug_assertions)]
    let pages = pages.merge(components::routes());
    pages.layer(from_fn(flash::forget))
}
