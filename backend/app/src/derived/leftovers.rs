//! Files of earlier results: kept as long as a query that began before may read them, then deleted.

use chrono::TimeDelta;
use lakegate_lake::{LakeError, Storage, maintain};
use lakegate_model::Fault;
use lakegate_store::{
    derived::{self as store, Leftover},
    in_read, in_write,
};

use crate::{App, places::outgoing::check_access, sources};

/// Files that one sweep deletes.
const MOST: i64 = 500;

/// Deletes what no running query can read any more. What cannot be reached now is tried again with the next sweep.
///
/// # Errors
/// What the database says.
pub async fn sweep(app: &App) -> Result<(), Fault> {
    let longest = TimeDelta::from_std(app.settings.query_limits.wall).unwrap_or(TimeDelta::hours(24));
    let until = app.now() - longest - TimeDelta::minutes(1);
    for file in in_read!(&app.db, |tx, _scope| { Ok(store::leftovers(tx, until, MOST).await?) })? {
        match delete(app, &file).await {
            Ok(()) => in_write!(&app.db, |tx, _scope| { Ok(store::leftover_gone(tx, file.id).await?) })?,
            Err(fault) => tracing::warn!(location = file.location, %fault, "a file of an earlier result is left"),
        }
    }
    Ok(())
}

async fn delete(app: &App, file: &Leftover) -> Result<(), Fault> {
    let access = in_read!(&app.db, |tx, _scope| { sources::access(app, tx, file.connection_id).await })?;
    check_access(&access).await?;
    match Storage::open(&access, &file.location) {
        Err(LakeError::FolderGone { .. }) => Ok(()),
        storage => Ok(maintain::delete_files(&storage?, std::slice::from_ref(&file.path)).await.map(drop)?),
    }
}
