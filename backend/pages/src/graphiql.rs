//! GraphiQL, served by ourselves.

use askama::Template;
use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::Response,
    routing::get,
};

use serde::Deserialize;

use crate::shell::{Framed, Shell, show};
use lakegate_http::{Refusal, Web, extract::Query};

/// What this page may do beyond the others: its editor writes styles and starts workers, and fonts stand in its
/// stylesheet.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
     base-uri 'none'; object-src 'none'";

#[derive(Template)]
#[template(path = "graphiql/page.html")]
struct GraphiqlPage {
    shell: Shell,
    endpoint: &'static str,
}

/// Which endpoint is explored: `data` for rows, anything else for the catalog.
#[derive(Debug, Deserialize)]
pub struct Explored {
    over: Option<String>,
}

impl Explored {
    fn endpoint(&self) -> &'static str {
        if self.over.as_deref() == Some("data") { "/data/graphql" } else { "/graphql" }
    }
}

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/graphiql", get(graphiql))
}

/// The page of the GraphQL explorer.
///
/// # Errors
/// `unauthenticated` for strangers, who are led to the sign-in page.
pub async fn graphiql(framed: Framed, Query(explored): Query<Explored>) -> Result<Response, Refusal> {
    let page = GraphiqlPage { shell: framed.shell, endpoint: explored.endpoint() };
    let mut response = show(StatusCode::OK, &page)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    Ok(response)
}
