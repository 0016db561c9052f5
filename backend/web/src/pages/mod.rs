//! Pages: a struct, its template and its handler in one file an area.

pub mod error;
pub mod flash;
pub mod kit;
pub mod session;
pub mod shell;

use axum::{Router, middleware::from_fn};

use crate::Web;

/// The addresses of all pages.
pub fn routes() -> Router<Web> {
    Router::new().merge(session::routes()).layer(from_fn(flash::forget))
}
