//! `/data/graphql`: the rows of governed tables through a GraphQL schema that is made of what the caller may see.
//!
//! # The way of an operation
//! [`lakegate_protocol`] reads the request. [`door`] asks [`lakegate_app::query::shape`] what the caller sees of the tables
//! that the document names, anew for each request, and takes the schema of that [`shape`] out of the [`cache`] or builds
//! it ([`schema`]). A root field becomes one text of SQL: its [`filter`], its [`order`], its [`page`], put together in
//! [`list`] and [`groups`] out of nothing but what [`mod@sql`] writes. [`run`] gives the text to the door of all queries, which
//! plans it under the access of that moment, allows, records and limits it; there is no other way to rows.
//!
//! # What is not here
//! Fields by key and relations: the catalog knows no keys yet, and they come from declared ones alone (access rule 25).

pub mod cache;
pub mod door;
pub mod filter;
#[cfg(test)]
mod fixtures;
pub mod groups;
pub mod kind;
pub mod list;
pub mod names;
pub mod order;
pub mod page;
pub mod run;
pub mod schema;
pub mod select;
pub mod shape;
pub mod sql;

use axum::{Extension, Router, routing::get};
use std::sync::Arc;

use door::Data;
use lakegate_http::Web;
use lakegate_protocol::http::{by_get, by_post};

/// The address of the rows.
pub fn routes() -> Router<Web> {
    let door = Arc::new(Data::default());
    Router::new().route("/data/graphql", get(by_get::<Data>).post(by_post::<Data>)).layer(Extension(door))
}
