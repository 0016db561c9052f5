//! Whole-program tests: the real program over HTTP and as a command, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commands;
mod sessions;
mod sign_in;
