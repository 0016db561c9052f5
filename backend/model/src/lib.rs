//! The words of Lakegate: ids, entities, invariants, error codes and the clock.
//!
//! Everything here is data. Nothing reads a file, opens a connection or asks the time by itself. The one exception is for
//! tests and absent from release builds: [`mod@failpoint`].
//! The feature `sqlx` lets `store` read and write these types without a second set of row types.

pub mod access;
pub mod audit;
pub mod break_glass;
pub mod catalog;
pub mod clock;
pub mod coarse;
pub mod columns;
pub mod derived;
pub mod error;
pub mod failpoint;
pub mod grants;
pub mod ids;
pub mod jobs;
pub mod lineage;
pub mod outgoing;
pub mod page;
pub mod people;
pub mod places;
pub mod policy_files;
pub mod purposes;
pub mod random;
pub mod reported;
pub mod reviews;
pub mod rules;
pub mod run_notices;
pub mod storage;
pub mod table_keys;
pub mod text;
pub mod triggers;
pub mod words;
pub mod workflows;

pub use clock::{Clock, Timestamp};
pub use error::{Code, Fault};
pub use page::{Page, PageRequest};
pub use random::Random;
