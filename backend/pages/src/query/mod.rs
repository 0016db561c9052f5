//! Writing and running SQL: the editor, what its script asks for, and the same without script.

mod api;
mod editor;
mod history;
mod results;

use axum::Router;

use lakegate_http::Web;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().merge(editor::routes()).merge(api::routes()).merge(history::routes()).merge(results::routes())
}
