//! `/graphql`: the catalog and every action of the portal, over the same use cases as REST and pages.
//!
//! # The way of an operation
//! [`lakegate_protocol`] reads the request, weighs its document and writes the answer; resolvers ([`query`],
//! [`mutation`]) parse ids and call one use case each with the request's caller; [`types`] shows what came back.
//!
//! # Outcomes
//! One rule, told in [`errors`]: changes give payloads `{ ok, problem, <value> }`; look-ups give null and an error with
//! `extensions.code`; what is hidden is `not_found`, like what is absent.
//!
//! # Lists
//! Relay connections with sealed cursors ([`lists`]). Names beside ids are loaded together ([`names`]). Nothing that
//! opens a transaction hangs below an item of a list, except those names.
//!
//! # How to add a field
//! 1. A function in `query/<area>.rs` or `mutation/<area>.rs`, its types in `types/<noun>.rs`.
//! 2. `lakegate schema graphql > frontend/schema.graphql`: a test compares the two.

pub mod at;
pub mod door;
pub mod errors;
pub mod lists;
pub mod mutation;
pub mod names;
pub mod query;
pub mod scalars;
pub mod schema;
pub mod subscription;
pub mod types;

use axum::{Extension, Router, routing::get};
use std::sync::Arc;

use door::Portal;
use lakegate_http::Web;
use lakegate_protocol::http::{by_get, by_post};

pub use schema::sdl;

/// The addresses of GraphQL.
pub fn routes() -> Router<Web> {
    let door = Arc::new(Portal::new());
    Router::new().route("/graphql", get(by_get::<Portal>).post(by_post::<Portal>)).layer(Extension(door))
}
