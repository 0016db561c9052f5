//! Governed queries: resolve what the caller may read, run it, keep it, remember it.
//!
//! Every door to rows (SQL, previews, downloads, kept results) goes through [`resolve`], which compiles the caller's
//! access afresh in the transaction at hand.

pub(crate) mod grants;
pub mod history;
pub mod kept;
mod lease;
pub(crate) mod mappings;
pub(crate) mod mask_key;
pub mod preview;
mod record;
pub mod relations;
pub mod resolve;
pub(crate) mod rules;
pub mod run;
pub mod running;
pub mod saved;
pub mod schema;
pub mod shape;

use lakegate_engine::Limits;
use lakegate_model::ids::ProjectId;

pub use lakegate_engine::encode::{Format, JsonOptions};

/// A query as it is asked.
#[derive(Debug, Clone)]
pub struct Ask {
    pub sql: String,
    /// The project to act in; `None` takes the session's.
    pub project: Option<ProjectId>,
    /// Whether the rows leave as a file: needs the permission to export (access rule 19).
    pub export: bool,
    /// Limits of this query; `None` takes the installation's.
    pub limits: Option<Limits>,
}

impl Ask {
    /// A query in a project, under the installation's limits.
    pub fn new(sql: impl Into<String>, project: Option<ProjectId>) -> Self {
        Self { sql: sql.into(), project, export: false, limits: None }
    }
}
