//! Pages: a struct, its template and its handler in one file an area.

pub mod error;
pub mod session;
pub mod shell;

use axum::Router;

use crate::Web;

/// The addresses of all pages.
pub fn routes() -> Router<Web> {
    session::routes()
}
