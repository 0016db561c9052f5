//! Which location belongs to whom (access rule 15): one location, one environment; nobody becomes the owner of a
//! neighbour's bytes.

use lakegate_lake::LocationUri;
use lakegate_model::{
    Code, Fault,
    ids::{EnvironmentId, ProjectId},
    places::{Environment, StorageRoot},
};
use lakegate_store::{Tx, WriteTx, environments as store};
use std::path::{Path, PathBuf};
use url::Url;

use crate::App;

/// The folder of the data directory below which environments lie that name no location of their own.
pub const LAKE: &str = "lake";

/// Reads an address that somebody wrote.
///
/// # Errors
/// `invalid` on `location`, saying what does not fit.
pub fn parse(text: &str) -> Result<LocationUri, Fault> {
    Ok(LocationUri::parse(text)?)
}

/// Makes a location part of an environment, in the transaction that creates what lies there.
///
/// What lies within a location that the environment holds already needs nothing more.
///
/// # Errors
/// `invalid`, `forbidden` or `conflict` on `location`.
pub async fn claim_location(
    app: &App,
    tx: &mut WriteTx,
    environment: &Environment,
    location: &LocationUri,
) -> Result<(), Fault> {
    if check(app, tx, environment.project_id, Some(environment.id), location).await? == Holding::New {
        store::location_insert(tx, &location.to_string(), environment.id, app.now()).await?;
    }
    Ok(())
}

/// How a location stands to an environment that may hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// The environment holds it, or what it lies in.
    Own,
    /// Nobody holds it, and this environment may.
    New,
}

/// Whether an environment of a project may hold a location; `None` stands for one that is about to be created.
///
/// # Errors
/// As [`claim_location`].
pub async fn check(
    app: &App,
    tx: &mut Tx,
    project: ProjectId,
    environment: Option<EnvironmentId>,
    location: &LocationUri,
) -> Result<Holding, Fault> {
    let taken = parse_all(store::location_all(tx).await?)?;
    if within_own(&taken, environment, location) {
        return Ok(Holding::Own);
    }
    if default_home(app, project)?.is_none_or(|home| !home.contains(location)) {
        stay_out_of(&own_directory(app)?, location)?;
        let roots = parse_roots(store::root_all(tx).await?)?;
        stay_below_root(&roots, project, location)?;
    }
    refuse_overlap(&taken, environment, location)?;
    Ok(Holding::New)
}

fn parse_all(rows: Vec<(String, EnvironmentId)>) -> Result<Vec<(LocationUri, EnvironmentId)>, Fault> {
    rows.into_iter().map(|(uri, holder)| Ok((LocationUri::parse(&uri).map_err(Fault::internal)?, holder))).collect()
}

/// Storage roots with their addresses read.
pub(super) fn parse_roots(rows: Vec<StorageRoot>) -> Result<Vec<(LocationUri, StorageRoot)>, Fault> {
    rows.into_iter().map(|root| Ok((LocationUri::parse(&root.uri).map_err(Fault::internal)?, root))).collect()
}

fn within_own(
    taken: &[(LocationUri, EnvironmentId)],
    environment: Option<EnvironmentId>,
    location: &LocationUri,
) -> bool {
    taken.iter().any(|(held, holder)| Some(*holder) == environment && held.contains(location))
}

fn refuse_overlap(
    taken: &[(LocationUri, EnvironmentId)],
    environment: Option<EnvironmentId>,
    location: &LocationUri,
) -> Result<(), Fault> {
    let foreign =
        |(held, holder): &(LocationUri, EnvironmentId)| Some(*holder) != environment && held.overlaps(location);
    if taken.iter().any(foreign) {
        return Err(Fault::new(Code::Conflict, "this location overlaps one that belongs to another environment")
            .on("location")
            .fix("choose a place beside it"));
    }
    Ok(())
}

/// The nearest root above decides; and no root of another project may lie inside.
fn stay_below_root(
    roots: &[(LocationUri, StorageRoot)],
    project: ProjectId,
    location: &LocationUri,
) -> Result<(), Fault> {
    let usable = |root: &StorageRoot| root.project_id.is_none_or(|only| only == project);
    let nearest = roots.iter().filter(|(uri, _)| uri.contains(location)).max_by_key(|(uri, _)| uri.path().len());
    let foreign_inside = roots.iter().any(|(uri, root)| location.contains(uri) && !usable(root));
    if foreign_inside || !nearest.is_some_and(|(_, root)| usable(root)) {
        return Err(Fault::new(Code::Forbidden, "this location is not below a storage root of this project")
            .on("location")
            .fix("ask an administrator to assign a storage root"));
    }
    Ok(())
}

fn stay_out_of(own: &LocationUri, location: &LocationUri) -> Result<(), Fault> {
    if own.overlaps(location) {
        return Err(Fault::new(Code::Forbidden, "this location is kept for the server itself").on("location"));
    }
    Ok(())
}

/// The data directory as a location, links resolved.
///
/// # Errors
/// `internal` if it is not there or its path is not UTF-8.
pub(super) fn own_directory(app: &App) -> Result<LocationUri, Fault> {
    folder_location(&own_path(app)?)
}

fn own_path(app: &App) -> Result<PathBuf, Fault> {
    app.settings.data_dir.canonicalize().map_err(Fault::internal)
}

/// The place for environments of a project that name no location; `None` where the installation has none.
pub(super) fn default_home(app: &App, project: ProjectId) -> Result<Option<LocationUri>, Fault> {
    if !app.settings.local_lake {
        return Ok(None);
    }
    let home = own_directory(app)?.join(&format!("{LAKE}/{project}")).map_err(Fault::internal)?;
    Ok(Some(home))
}

fn folder_location(path: &Path) -> Result<LocationUri, Fault> {
    let url = Url::from_directory_path(path).map_err(|()| Fault::internal("a path that is not absolute"))?;
    LocationUri::parse(url.as_str()).map_err(Fault::internal)
}

#[cfg(test)]
#[path = "locations_tests.rs"]
mod tests;
