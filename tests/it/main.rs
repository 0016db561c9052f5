//! Whole-program tests: the real program over HTTP and as a command, on both databases.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod audit;
mod backup;
mod bad_input;
mod catalog_sales;
mod commands;
mod companies;
mod demo;
mod disk_full;
mod failpoints;
mod grants;
mod keys;
mod kill;
mod mappings;
mod policy_files;
mod projects;
mod purposes;
mod query;
mod reviews;
mod rules;
mod s3;
mod search;
mod sessions;
mod sign_in;
mod sources;
mod upload;
