//! Looking things up. What is hidden and what is absent are one: null, with an error of code `not_found`.
//!
//! Fields that act in a project take it as the argument `project`; without it the header `Lakegate-Project` decides,
//! then the project that the session chose.

pub mod access;
pub mod break_glass;
pub mod catalog;
pub mod coarse;
pub mod derived;
pub mod explore;
pub mod grants;
pub mod jobs;
pub mod lineage;
pub mod node;
pub mod people;
pub mod places;
pub mod policy;
pub mod purposes;
pub mod reported;
pub mod reviews;
pub mod rules;
pub mod run;
pub mod run_notices;
pub mod search;
pub mod sources;
pub mod table_keys;
pub mod triggers;
pub mod workflows;
