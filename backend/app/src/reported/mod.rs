//! Lineage that other programs report as [OpenLineage](https://openlineage.io) events.
//!
//! [`take`] takes events in: every one is kept as it came, and [`shape`] puts those of a run together, in whatever order they
//! come. [`identity`] says what the datasets are that they name, [`same`] lets people decide it, and [`draw`] enters what a
//! run reads and writes into the lineage that [`crate::lineage`] follows. What is reported is known to members of the project
//! that it was reported to.

mod draw;
mod event;
mod facets;
mod identity;
mod place;
mod read;
mod same;
mod shape;
mod take;

pub use read::{DatasetView, JobView, Output, RunView, dataset_of, datasets, events, job, jobs, rules, runs};
pub use same::{Is, create_rule, decide, delete_rule, undo};
pub use take::{Taken, take};
