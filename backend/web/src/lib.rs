//! The web of Lakegate on one screen: REST, GraphQL and pages behind the same layers.
//!
//! # The way of a request
//! [`middleware::observe`] gives it an id and later writes its line into the log; [`middleware::headers`] adds what every
//! answer carries; [`middleware::answer`] turns refusals into problem documents or error pages; [`middleware::guard`]
//! refuses foreign hosts and forged changes. Then the handler's extractors prove who calls and check the input's form,
//! the handler calls one use case, and its value or [`Refusal`](lakegate_http::Refusal) goes back the same way.
//!
//! [`middleware::observe`]: lakegate_http::middleware::observe
//! [`middleware::headers`]: lakegate_http::middleware::headers
//! [`middleware::answer`]: lakegate_http::middleware::answer
//! [`middleware::guard`]: lakegate_http::middleware::guard

mod router;

pub use lakegate_graphql as graphql;
pub use lakegate_http::{DemoPerson, Metrics, Web, WebConfig};
pub use lakegate_rest as rest;
pub use router::{router, web};
