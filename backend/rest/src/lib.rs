//! REST under `/api/v1`: one file a noun, one function an operation.
//!
//! # How to add an operation
//! 1. A function in `<noun>.rs` with a `utoipa::path` above it, and its shapes beside it.
//! 2. A line in that file's `routes`, and one in `openapi.rs`: a test compares the two.
//! 3. `lakegate schema openapi > frontend/openapi.json`.

#![allow(unused_qualifications, reason = "the macro that documents operations writes them")]

use axum::{Router, http::StatusCode};

use lakegate_http::{Refusal, Web};
use lakegate_model::Fault;

pub mod account;
pub mod asset_life;
pub mod assets;
pub mod audit;
pub mod auth;
pub mod derived_tables;
pub mod domains;
pub mod environments;
pub mod glossary;
pub mod groups;
pub mod health;
pub mod hooks;
mod job_shapes;
pub mod jobs;
pub mod lineage;
mod lineage_shapes;
mod lists;
pub mod members;
pub mod notices;
pub mod openapi;
pub mod previews;
pub mod projects;
pub mod queries;
pub mod reported;
mod reported_shapes;
pub mod requests;
pub mod results;
pub mod revisions;
pub mod runs;
pub mod saved_queries;
pub mod search;
pub mod service_accounts;
pub mod shapes;
pub mod sources;
pub mod subscriptions;
pub mod table_keys;
pub mod tables;
pub mod tokens;
pub mod triggers;
pub mod uploads;
pub mod users;
pub mod workflow_runs;
mod workflow_shapes;
pub mod workflows;

pub use openapi::document;

/// The addresses of all operations.
pub fn routes() -> Router<Web> {
    Router::new()
        .merge(auth::routes())
        .merge(account::routes())
        .merge(users::routes())
        .merge(groups::routes())
        .merge(tokens::routes())
        .merge(service_accounts::routes())
        .merge(domains::routes())
        .merge(projects::routes())
        .merge(members::routes())
        .merge(environments::routes())
        .merge(sources::routes())
        .merge(runs::routes())
        .merge(hooks::routes())
        .merge(jobs::routes())
        .merge(triggers::routes())
        .merge(workflows::routes())
        .merge(derived_tables::routes())
        .merge(lineage::routes())
        .merge(reported::routes())
        .merge(workflow_runs::routes())
        .merge(uploads::routes())
        .merge(assets::routes())
        .merge(asset_life::routes())
        .merge(table_keys::routes())
        .merge(revisions::routes())
        .merge(previews::routes())
        .merge(search::routes())
        .merge(glossary::routes())
        .merge(requests::routes())
        .merge(subscriptions::routes())
        .merge(notices::routes())
        .merge(tables::routes())
        .merge(queries::routes())
        .merge(results::routes())
        .merge(saved_queries::routes())
        .merge(audit::routes())
}

/// The answer of a change that has nothing to tell.
fn done<T>(made: Result<T, Fault>) -> Result<StatusCode, Refusal> {
    made?;
    Ok(StatusCode::NO_CONTENT)
}
