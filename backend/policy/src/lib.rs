//! Who may do what, which cells a principal sees, and why: pure functions over facts.
//!
//! `store` loads the facts, [`decide()`] makes proofs from them, [`access`] compiles what a query may read.
//!
//! ```text
//! facts (Actor, resource) --decide--> Granted<'tx, Resource, Action>  -->  store functions take it
//! ```

pub mod access;
pub mod action;
pub mod actor;
pub mod binding;
pub mod coarse;
pub mod decide;
pub mod explain;
pub mod governed;
pub mod granted;
pub mod matrix;
pub mod resource;

pub use action::Action;
pub use actor::Actor;
pub use decide::{Verdict, decide, verdict};
pub use granted::{Granted, Scope};
