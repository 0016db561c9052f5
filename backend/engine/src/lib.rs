//! Governed SQL: every query runs in a session of its own that holds nothing but the tables and columns its caller may read.
//!
//! The path of a query: [`references`] names the tables a text mentions; the caller resolves them to [`GovernedTable`]s
//! (compiled access, an explicit list of files); [`Engine::prepare`] binds the text to exactly these and tells what will be
//! read; [`Prepared::run`] streams the rows under [`Limits`]; [`encode`] turns them into JSON, CSV, Arrow or Parquet, and
//! [`keep`] into a file that can be paged through.
//!
//! What a caller may not read does not exist here: naming it gives the same error as a name that nobody ever used.
//! A table of which cells are withheld is read behind a barrier (`barrier.rs`): no expression of the caller meets a row or
//! a value he may not see.

mod barrier;
mod counted;
pub mod encode;
mod faults;
mod flags;
mod functions;
pub mod keep;
mod ledger;
mod limits;
pub mod lineage;
mod masking;
mod memory;
mod plan;
mod query;
mod rules;
mod scan;
mod scrub;
mod session;
mod spelling;
mod statement;
mod stores;
mod table;
mod types;
mod yielding;

pub use flags::{METADATA_KEY, Withheld};
pub use ledger::Report;
pub use limits::{EngineConfig, Limits};
pub use masking::mask_literals;
pub use plan::TableRead;
pub use query::{Engine, Prepared, QueryHandle, QuerySpec, ResultStream, RunningQuery};
pub use rules::{Filter, Mapping, MaskKeys, Subject};
pub use statement::{References, TableName, references};
pub use table::{GovernedTable, TableColumn};
pub use types::{ResultColumn, arrow_type, column_type, result_columns};

/// The catalog under which every database stands in SQL: `lakegate.<database>.<table>`.
pub const CATALOG: &str = "lakegate";
