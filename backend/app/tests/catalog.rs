//! The catalog: sources, uploads, assets, words, search; on every database there is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "catalog/crawl.rs"]
mod crawl;
#[path = "catalog/life.rs"]
mod life;
#[path = "catalog/retention.rs"]
mod retention;
#[path = "catalog/run_notices.rs"]
mod run_notices;
#[path = "catalog/searching.rs"]
mod searching;
#[path = "catalog/stage.rs"]
mod stage;
mod support;
#[path = "catalog/uploads.rs"]
mod uploads;
#[path = "catalog/words.rs"]
mod words;
#[path = "catalog/workflow_notices.rs"]
mod workflow_notices;
