//! Column lineage of bound plans: statements with their expected edges in `cases/`, and random plans that are run.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cases;
mod odd;
mod random;
mod tables;
