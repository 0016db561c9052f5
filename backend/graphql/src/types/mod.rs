//! What clients read: one file a noun, each type made from a value of the application.

pub mod access;
pub mod assets;
pub mod audit;
pub mod break_glass;
pub mod catalog;
pub mod coarse;
pub mod derived;
pub mod explain;
pub mod explore;
pub mod grants;
pub mod jobs;
pub mod lineage;
pub mod node;
pub mod past;
pub mod people;
pub mod places;
pub mod policy;
pub mod purposes;
pub mod query;
pub mod reported;
pub mod reviews;
pub mod rules;
pub mod run_notices;
pub mod search;
pub mod simulate;
pub mod sources;
pub mod storage;
pub mod table_keys;
pub mod tags;
pub mod triggers;
pub mod workflows;

use super::scalars::Id;

/// Ids of any kind as GraphQL ids.
pub(super) fn ids<I: Into<Id>>(ids: impl IntoIterator<Item = I>) -> Vec<Id> {
    ids.into_iter().map(Into::into).collect()
}

/// A text, or null for an empty one.
pub(super) fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
