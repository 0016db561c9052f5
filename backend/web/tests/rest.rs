//! REST through the whole router: its nouns, and what it says to bad input.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "rest/bad_input.rs"]
mod bad_input;
#[path = "rest/client.rs"]
mod client;
#[path = "rest/nouns.rs"]
mod nouns;
mod support;
