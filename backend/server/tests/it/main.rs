//! The program as people run it: its commands, its start and its end.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commands;
mod http;
mod support;
