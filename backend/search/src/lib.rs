//! The search index: what can be found, by whom, and in which order.
//!
//! The crate knows no user and no database. A [`Document`] carries the *visibility tokens* of those who may find it, a
//! [`Query`] carries the tokens its caller holds, and the two meet inside the query itself, so that hits, counts,
//! facets and suggestions always agree. Nothing in an answer depends on a document the caller may not see: matching
//! words rank by where they stand in a document, never by how rare they are in the whole index.
//!
//! The index is derived. Every change has a number; the highest number that an index holds for certain is its
//! [`Index::position`], stored in the same atomic commit as the documents. After a crash the caller follows the
//! changes from there. [`IndexSet`] keeps one live index and lets another be built beside it.
//!
//! Every function blocks on the disk and the processor: call them from a blocking thread
//! (`tokio::task::spawn_blocking`), never from an async task. All types are `Send + Sync`; searches run while changes
//! are applied.

mod analyse;
mod best;
mod document;
mod error;
mod gather;
mod generations;
mod highlight;
mod index;
mod keys;
mod parse;
mod plan;
mod query;
mod schema;
mod search;
mod spread;
mod suggest;
mod visible;
mod words;

pub use document::{Change, Document, Facets, UnlistedText};
pub use error::SearchError;
pub use generations::{Generation, IndexSet};
pub use index::{Applied, Index};
pub use keys::{KeyEntry, MAX_KEYS};
pub use query::{
    Answer, Facet, FacetCounts, FacetFilter, FacetValue, Highlight, Hit, HitField, MAX_CLAUSES, MAX_LIMIT, MAX_OFFSET,
    MAX_QUERY_CHARS, Query, Sort, Suggestion,
};
