//! What REST, GraphQL and pages share: the state of handlers, extractors, the layers around every request, refusals,
//! embedded files.

pub mod assets;
pub mod config;
pub mod context;
pub mod csrf;
pub mod error;
pub mod extract;
pub mod live;
pub mod markdown;
pub mod metrics;
pub mod middleware;
mod state;

pub use config::{DemoPerson, WebConfig};
pub use error::Refusal;
pub use metrics::Metrics;
pub use state::{ErrorPage, Web};
