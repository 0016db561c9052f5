//! Whole-program tests: the real program over HTTP and as a command, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audit;
mod backup;
mod bad_input;
mod break_glass;
mod catalog_sales;
mod coarse;
mod commands;
mod companies;
mod demo;
mod disk_full;
mod failpoints;
mod grants;
mod job_streams;
mod jobs;
mod jobs_rest;
mod keys;
mod kill;
mod mappings;
mod policy_files;
mod portal;
mod projects;
mod purposes;
mod query;
mod reviews;
mod rules;
mod run_notices;
mod s3;
mod search;
mod sessions;
mod sign_in;
mod sources;
mod triggers;
mod upload;
mod workflows;
