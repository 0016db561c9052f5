//! Every address, on one screen.

use axum::{Router, extract::DefaultBodyLimit, middleware as layer, routing::get};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};

use lakegate_app::App;
use lakegate_graphql as graphql;
use lakegate_http::{Metrics, Web, WebConfig, assets, error, middleware};
use lakegate_pages as pages;
use lakegate_rest as rest;
use lakegate_rows as rows;

/// The state of all handlers: the application, and the page that shows errors.
pub fn web(app: App, config: WebConfig, metrics: Metrics) -> Web {
    Web::new(app, config, metrics, pages::error::page)
}

/// The whole of the web.
pub fn router(web: Web) -> Router {
    Router::new()
        .merge(rest::routes())
        .merge(pages::routes())
        .merge(graphql::routes())
        .merge(rows::routes())
        .route("/assets/{hash}/{*path}", get(assets::serve))
        .route("/favicon.ico", get(assets::favicon))
        .route("/healthz", get(rest::health::healthz))
        .fallback(error::no_such_page)
        .method_not_allowed_fallback(error::no_such_method)
        .layer(DefaultBodyLimit::max(middleware::BODY_BYTES))
        .layer(layer::from_fn_with_state(web.clone(), middleware::guard::guard))
        .layer(layer::from_fn(middleware::drain::drain))
        .layer(CatchPanicLayer::custom(middleware::answer::panicked))
        .layer(layer::from_fn_with_state(web.clone(), middleware::answer::answer))
        .layer(layer::from_fn_with_state(web.clone(), middleware::headers::headers))
        .layer(CompressionLayer::new().gzip(true).br(false).compress_when(middleware::headers::compressible()))
        .layer(layer::from_fn_with_state(web.clone(), middleware::observe::observe))
        .with_state(web)
}
