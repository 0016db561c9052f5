//! Every address, on one screen.

use axum::{Router, extract::DefaultBodyLimit, middleware as layer, routing::get};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

use crate::{Web, assets, error, graphql, health, middleware, pages, rest};

/// Largest body in bytes, uploads apart.
pub const BODY_BYTES: usize = 1 << 20;

/// The whole of the web.
pub fn router(web: Web) -> Router {
    Router::new()
        .merge(rest::routes())
        .merge(pages::routes())
        .merge(graphql::routes())
        .route("/assets/{hash}/{*path}", get(assets::serve))
        .route("/favicon.ico", get(assets::favicon))
        .route("/healthz", get(health::healthz))
        .fallback(error::no_such_page)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(layer::from_fn_with_state(web.clone(), middleware::guard::guard))
        .layer(CatchPanicLayer::custom(middleware::answer::panicked))
        .layer(layer::from_fn_with_state(web.clone(), middleware::answer::answer))
        .layer(layer::from_fn_with_state(web.clone(), middleware::headers::headers))
        .layer(CompressionLayer::new().gzip(true).br(false).compress_when(middleware::headers::compressible()))
        .layer(layer::from_fn_with_state(web.clone(), middleware::observe::observe))
        .with_state(web)
}
