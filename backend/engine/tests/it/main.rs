//! The engine as its callers use it: small files in a temporary folder, real queries.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attacks;
mod barrier;
mod cancel;
mod flags;
mod foreign;
mod formats;
mod hiding;
mod hostile;
mod postgres_oracle;
mod results;
mod rules;
mod support;
