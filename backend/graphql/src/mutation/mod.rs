//! Changes. Each gives a payload `{ ok, problem, <value> }` (see [`super::errors`]).

pub mod access;
pub mod accounts;
pub mod assets;
pub mod break_glass;
pub mod coarse;
pub mod derived;
pub mod glossary;
pub mod grants;
pub mod jobs;
pub mod members;
pub mod places;
pub mod policy;
pub mod purposes;
pub mod reported;
pub mod reviews;
pub mod rules;
pub mod run;
pub mod run_notices;
pub mod simulate;
pub mod sources;
pub mod storage;
pub mod table_keys;
pub mod tags;
pub mod triggers;
pub mod users;
pub mod workflows;
