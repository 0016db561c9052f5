//! GraphQL over HTTP, for every address that answers it.
//!
//! # The way of an operation
//! [`http`] reads the request as GraphQL over HTTP says and refuses foreign forms; a [`Door`] gives the schema that
//! whoever asks sees; [`limits`] weighs the document before anything of it runs; resolvers find the request in [`At`];
//! [`log`] notes each root field with its outcome; [`order`] gives the answer the order of its document.

mod answer;
pub mod at;
pub mod errors;
pub mod http;
pub mod limits;
pub mod log;
pub mod media;
pub mod omit;
pub mod order;
pub mod request;
pub mod stream;

pub use answer::stranger;
pub use at::At;
pub use http::{Door, Endpoint};
