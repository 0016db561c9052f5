//! HTTP: REST, GraphQL and pages over the use cases of `app`.
//!
//! # The way of a request
//! [`middleware::observe`] gives it an id and later writes its line into the log; [`middleware::headers`] adds what every
//! answer carries; [`middleware::answer`] turns refusals into problem documents or error pages; [`middleware::guard`]
//! refuses foreign hosts and forged changes. Then the handler's extractors prove who calls and check the input's form,
//! the handler calls one use case, and its value or [`Refusal`] goes back the same way.
//!
//! # How to add a REST operation
//! 1. A function in `rest/<noun>.rs` with a `utoipa::path` above it, and its shapes beside it.
//! 2. A line in that file's `routes`, and one in `rest/openapi.rs`: a test compares the two.
//! 3. `lakegate schema openapi > frontend/openapi.json`.

pub mod assets;
pub mod config;
pub mod context;
pub mod csrf;
pub mod error;
pub mod extract;
pub mod graphql;
pub mod health;
pub mod markdown;
pub mod metrics;
pub mod middleware;
pub mod pages;
pub mod rest;
mod router;
mod state;

pub use config::{DemoPerson, WebConfig};
pub use error::Refusal;
pub use metrics::Metrics;
pub use router::router;
pub use state::Web;
