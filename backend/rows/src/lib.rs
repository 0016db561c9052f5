//! `/data/graphql`: the rows of governed tables through a GraphQL schema that is made of what the caller may see.
//!
//! # The way of an operation
//! [`lakegate_protocol`] reads the request. [`door`] asks [`lakegate_app::query::shape`] what the caller sees of the tables
//! that the document names, anew for each request, and takes the schema of that [`shape`] out of the [`cache`] or builds
//! it ([`schema`]). A root field becomes one text of SQL: its [`filter`], its [`order`], its [`page`], put together in
//! [`list`], [`groups`] and [`by_key`] out of nothing but what [`mod@sql`] writes. What it selects of related rows is read
//! as a [`tree`] beforehand; each relation in it is one more text, for all rows that it starts from ([`related`]). [`run`] gives the text to the door of all queries, which
//! plans it under the access of that moment, allows, records and limits it; there is no other way to rows.

pub mod by_key;
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
pub mod related;
pub mod run;
pub mod schema;
pub mod select;
pub mod shape;
pub mod sql;
pub mod tree;

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
