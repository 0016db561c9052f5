//! `/graphql`: the catalog and every action of the portal, over the same use cases as REST and pages.
//!
//! # The way of an operation
//! [`http`] reads the request as GraphQL over HTTP says and refuses foreign forms; [`limits`] weighs the document before
//! anything of it runs; resolvers ([`query`], [`mutation`]) parse ids and call one use case each with the request's
//! caller; [`types`] shows what came back; [`log`] notes each root field with its outcome; [`order`] gives the answer the
//! order of its document.
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
pub mod errors;
pub mod http;
pub mod limits;
pub mod lists;
pub mod log;
pub mod media;
pub mod mutation;
pub mod names;
pub mod order;
pub mod query;
pub mod request;
pub mod scalars;
pub mod schema;
pub mod stream;
pub mod subscription;
pub mod types;

use axum::{Extension, Router, routing::get};
use std::sync::Arc;

use lakegate_http::Web;

pub use schema::sdl;

/// The addresses of GraphQL.
pub fn routes() -> Router<Web> {
    let endpoint = Arc::new(http::Endpoint::new());
    Router::new().route("/graphql", get(http::by_get).post(http::by_post)).layer(Extension(endpoint))
}
