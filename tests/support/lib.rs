//! The harness of the whole-program tests: it starts the real program, speaks to it as people and programs do, and
//! fails if the program ever made a mistake that it had to answer with 500.
//!
//! # How to add a test
//! Write `both!(async fn what_holds(app) { ... });` in the file of its area in `tests/it`. `app` is a program of its own
//! with an empty database and one administrator ([`Server::admin`]); [`people`] makes further people and [`story`] the
//! usual places and tables. Wait with [`wait::eventually`], never by sleeping.

#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod answer;
pub mod browser;
pub mod client;
pub mod command;
pub mod database;
pub mod files;
pub mod log;
pub mod mutate;
pub mod oracle;
pub mod people;
pub mod raw;
pub mod s3;
pub mod server;
pub mod story;
pub mod upload;
pub mod wait;

pub use answer::Answer;
pub use browser::Browser;
pub use client::Client;
pub use database::Database;
pub use serde_json::{Value, json};
pub use server::{Options, Server};
pub use wait::{eventually, eventually_ok};

/// What [`seed`] gives in a run of ordinary size.
const EVERYDAY_SEED: u64 = 20_260_119;

/// How many times the counts of kills, properties and loads are to be multiplied.
pub fn scale() -> u64 {
    std::env::var("LAKEGATE_TEST_SCALE").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The seed of everything random in a test, printed so that a failure can be repeated with `LAKEGATE_TEST_SEED`.
///
/// At scale 1 it is the same in every run, so that the same tree always gives the same verdict; a larger scale takes a
/// fresh one and finds what is new.
pub fn seed() -> u64 {
    let given = std::env::var("LAKEGATE_TEST_SEED").ok().and_then(|text| text.parse().ok());
    let seed = given.unwrap_or_else(|| if scale() > 1 { rand::random() } else { EVERYDAY_SEED });
    eprintln!("LAKEGATE_TEST_SEED={seed}");
    seed
}

/// Says on standard error, past the capture of the test runner, that something was left out.
pub fn skipped(what: &str, why: &str) {
    use std::io::Write;
    let _closed = writeln!(std::io::stderr(), "SKIPPED {what}: {why}");
}

/// Makes one test for each database: `both!(async fn name(app) { ... });`.
///
/// `app` is `&mut Server`. The test on PostgreSQL says that it was left out when no server is named. Options for the
/// server can stand before the function: `both!(Options::default().toml("..."), async fn name(app) { ... });`.
#[macro_export]
macro_rules! both {
    (async fn $name:ident($app:ident) $body:block) => {
        $crate::both!($crate::Options::default(), async fn $name($app) $body);
    };
    ($options:expr, async fn $name:ident($app:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($app: &mut $crate::Server) $body

            async fn on(database: $crate::Database) {
                let options: $crate::Options = $options;
                let mut server = $crate::Server::start(options.on(database)).await;
                story(&mut server).await;
                server.finish().await;
            }

            #[tokio::test]
            async fn sqlite() {
                on($crate::Database::Sqlite).await;
            }

            #[tokio::test]
            async fn postgres() {
                match $crate::Database::postgres(concat!(module_path!())) {
                    Some(database) => on(database).await,
                    None => {}
                }
            }
        }
    };
}
