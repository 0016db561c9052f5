//! Object stores, file formats and tables: find, read, import and maintain them.
//!
//! `lake` knows no user and no database. It is handed a [`lakegate_model::storage::StorageAccess`] and a
//! location, and gives back plain data. What it reads is foreign and may be hostile, so whatever looks inside a
//! file runs through a [`sandbox::Sandbox`]: a child process with limits of memory, processor and wall time.
//!
//! The rooms:
//! - [`location`]: addresses of folders and bucket prefixes, and whether two of them overlap;
//! - [`outgoing`]: connections to the outside, to checked addresses alone;
//! - [`storage`]: opens a location; nothing outside of it can be reached, links are not followed;
//! - [`infer`]: format, delimiter, header and column types of a file;
//! - [`discover`]: lists a location and groups its files into tables;
//! - [`import`]: turns an upload into Parquet that survives a power cut once it is acknowledged;
//! - [`sandbox`]: the child process;
//! - [`maintain`]: deletes a table's files, finds files that no table names;
//! - [`types`]: column types to and from Arrow.

mod convert;
pub mod discover;
pub mod error;
pub mod import;
pub mod infer;
pub mod location;
pub mod maintain;
pub mod outgoing;
pub mod sandbox;
pub mod storage;
pub mod types;

pub use error::LakeError;
pub use location::LocationUri;
pub use sandbox::Sandbox;
pub use storage::Storage;
