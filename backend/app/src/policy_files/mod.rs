//! Rules that come from files: checked, planned, applied as a whole, and kept in force.
//!
//! What the files say goes through pure steps: [`format`] reads them, [`mod@check`] judges them, [`mod@wish`] spells them out over
//! the [`facts`] of a catalog, [`mod@plan`] compares that with what is there, [`words`] tells it. [`apply`], [`proposals`] and
//! [`reconcile`] load facts and carry plans out, each in one transaction. Only what a set put there is ever changed or
//! taken away.

pub mod apply;
pub mod check;
mod draft;
pub mod export;
pub mod facts;
pub mod format;
mod load;
pub mod pattern;
pub mod plan;
pub mod problem;
pub mod proposals;
pub mod reconcile;
pub(crate) mod stakes;
pub mod standing;
mod widening;
pub mod wish;
pub mod words;
mod write;

#[cfg(test)]
mod tests;

pub use lakegate_model::policy_files::PolicyFile;
