//! `/graphql` through the whole router: its protocol, its limits, its outcomes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "graphql/nodes.rs"]
mod nodes;
#[path = "graphql/outcomes.rs"]
mod outcomes;
#[path = "graphql/paging.rs"]
mod paging;
#[path = "graphql/protocol.rs"]
mod protocol;
mod support;
