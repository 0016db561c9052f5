//! The use cases of Lakegate: what REST, GraphQL, pages, jobs and the command line all call.
//!
//! # How a use case is written
//! One verb family a file. A function takes the [`App`], the [`Caller`] and its input, and
//! 1. checks the input's form (no database needed),
//! 2. opens a transaction with [`change!`] or [`look!`], which reads afresh who acts,
//! 3. loads the facts of what is acted on, and asks `policy::decide` for a proof,
//! 4. calls store functions with the proof,
//! 5. records the event with [`audit::record`], last in the transaction.
//!
//! Refusals are recorded by the macros, in a transaction of their own.

#[macro_use]
mod macros;

pub mod access;
pub mod accounts;
pub mod app;
pub mod audit;
pub mod caller;
pub mod catalog;
pub mod derived;
pub mod jobs;
pub mod keys;
mod lens;
pub mod lineage;
pub mod names;
pub mod nodes;
pub mod places;
pub mod policy_files;
pub mod query;
pub mod reported;
pub mod seal;
pub mod sources;

pub use app::{App, Services, Settings};
pub use caller::{Caller, Identity};
