//! Where tables come from: data sources that are crawled, and uploads.
//!
//! A data source names a location of an environment. Its runs are runs of the queue, of the kind
//! [`crawling::CRAWL`], and [`register`] writes what they find, one transaction a table. Whatever is done twice has the effect of
//! once, so a run whose server was killed is simply taken up again.

pub mod crawling;
mod found;
pub mod manage;
pub(crate) mod register;
pub mod runs;
pub mod unfinished;
pub mod upload;

use lakegate_model::{
    Fault,
    ids::{ConnectionId, EnvironmentId},
    places::{Database, Environment},
    storage::StorageAccess,
    words::DatabaseKind,
};
use lakegate_store::{Tx, environments};

use crate::{App, places::connections};

/// How a location is reached: through a connection, or as a folder of this machine.
pub(crate) async fn access(app: &App, tx: &mut Tx, connection: Option<ConnectionId>) -> Result<StorageAccess, Fault> {
    match connection {
        Some(id) => connections::storage_access(app, tx, id).await,
        None => Ok(StorageAccess::Folder),
    }
}

/// The database of an environment that holds the project's own tables.
pub(crate) async fn own_database(tx: &mut Tx, environment: &Environment) -> Result<Database, Fault> {
    let all = environments::databases_of(tx, environment.project_id).await?;
    all.into_iter()
        .find(|database| database.environment_id == environment.id && database.kind == DatabaseKind::Published)
        .ok_or_else(|| Fault::internal("an environment without its own database"))
}

async fn environment(tx: &mut Tx, id: EnvironmentId) -> Result<Environment, Fault> {
    environments::environment_find(tx, id).await?.ok_or_else(|| Fault::internal("a data source without environment"))
}
