//! What the program can be told to do: one file a command.

pub mod audit;
pub mod backup;
pub mod config;
pub mod doctor;
pub mod keys;
pub mod migrate;
pub mod policy;
pub mod reindex;
pub mod restore;
pub mod schema;
pub mod serve;
pub mod user;
pub mod worker;
