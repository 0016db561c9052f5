//! Work that is done later: the runs of the reader's projects, one run, the queue.

mod list;
mod queue;
pub(crate) mod row;
mod run;

use axum::Router;

use lakegate_http::Web;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().merge(list::routes()).merge(run::routes()).merge(queue::routes())
}
