//! The metadata database: SQLite or PostgreSQL, one SQL text for both.
//!
//! # How to add a function
//! 1. Write its text as a constant in the `statements!` of its module: `$1` placeholders, portable SQL (see the rules in
//!    `CONTRIBUTING.md`). A test prepares every text on both databases.
//! 2. A read takes `&mut Tx`, a change takes `&mut WriteTx`; what is guarded also takes a proof
//!    ([`lakegate_policy::Granted`]) and uses the id inside it.
//! 3. Run it with `fetch_all!`, `fetch_optional!`, `fetch_one!`, `execute!` or `execute_one!`.
//! 4. A new unique index gets a line in [`error::CONSTRAINTS`].

#[macro_use]
mod macros;

pub mod db;
pub mod error;
pub mod migrate;

pub mod account_actors;
pub mod actors;
pub mod asset_words;
pub mod assets;
pub mod audit;
pub mod break_glass;
pub mod changes;
pub mod coarse;
pub mod concerned;
pub mod derived;
pub mod direct_grants;
pub mod domains;
pub mod drafts;
pub mod environments;
pub mod glossary;
pub mod groups;
pub mod job_batches;
pub mod job_claims;
pub mod job_lanes;
pub mod job_listen;
pub mod job_logs;
pub mod job_runs;
pub mod job_schedules;
pub mod job_triggers;
pub mod job_workers;
pub mod kinds;
mod like;
pub mod lineage;
pub mod marks;
pub mod notices;
pub mod past;
pub mod policy_files;
pub mod projects;
pub mod purposes;
pub mod queries;
pub mod query_reads;
pub mod readable;
pub mod reported;
pub mod reported_datasets;
pub mod requests;
pub mod restrictions;
pub mod reviews;
pub mod revisions;
pub mod rule_mappings;
pub mod run_notices;
pub mod sealed;
pub mod sessions;
pub mod sources;
pub mod subscriptions;
pub mod table_keys;
pub mod tables;
pub mod tokens;
pub mod trial;
pub mod upkeep;
pub mod users;
pub mod workflow_backfills;
pub mod workflow_runs;
pub mod workflow_steps;
pub mod workflows;

pub use db::{Db, ReadTx, Tx, WriteTx};
pub use error::StoreError;

/// Every SQL text of the store with its name.
pub fn statements() -> Vec<(&'static str, &'static str)> {
    [
        account_actors::STATEMENTS,
        actors::STATEMENTS,
        audit::STATEMENTS,
        break_glass::STATEMENTS,
        sealed::STATEMENTS,
        asset_words::STATEMENTS,
        assets::STATEMENTS,
        glossary::STATEMENTS,
        marks::STATEMENTS,
        revisions::STATEMENTS,
        sources::STATEMENTS,
        tables::STATEMENTS,
        changes::STATEMENTS,
        coarse::STATEMENTS,
        concerned::STATEMENTS,
        derived::STATEMENTS,
        direct_grants::STATEMENTS,
        domains::STATEMENTS,
        drafts::STATEMENTS,
        environments::STATEMENTS,
        groups::STATEMENTS,
        job_claims::STATEMENTS,
        job_lanes::STATEMENTS,
        job_logs::STATEMENTS,
        job_runs::STATEMENTS,
        job_schedules::STATEMENTS,
        job_triggers::STATEMENTS,
        job_workers::STATEMENTS,
        kinds::STATEMENTS,
        lineage::STATEMENTS,
        projects::STATEMENTS,
        sessions::STATEMENTS,
        tokens::STATEMENTS,
        notices::STATEMENTS,
        past::STATEMENTS,
        policy_files::STATEMENTS,
        purposes::STATEMENTS,
        queries::STATEMENTS,
        query_reads::STATEMENTS,
        readable::STATEMENTS,
        reported::STATEMENTS,
        reported_datasets::STATEMENTS,
        requests::STATEMENTS,
        restrictions::STATEMENTS,
        reviews::STATEMENTS,
        rule_mappings::STATEMENTS,
        run_notices::STATEMENTS,
        subscriptions::STATEMENTS,
        table_keys::STATEMENTS,
        upkeep::STATEMENTS,
        users::STATEMENTS,
        workflow_backfills::STATEMENTS,
        workflow_runs::STATEMENTS,
        workflow_steps::STATEMENTS,
        workflows::STATEMENTS,
    ]
    .concat()
}

/// SQL texts that differ between the databases in what stands for their rows or the clock, with their names.
pub fn set_statements() -> Vec<(&'static str, job_batches::Both)> {
    [
        assets::SET_STATEMENTS,
        job_batches::SET_STATEMENTS,
        job_lanes::SET_STATEMENTS,
        lineage::SET_STATEMENTS,
        reported_datasets::SET_STATEMENTS,
        table_keys::SET_STATEMENTS,
        tables::SET_STATEMENTS,
    ]
    .concat()
}
