//! Derived tables: queries of a project whose result is a table of its own, made anew whenever they run.
//!
//! A query runs as a service account and sees what that may see. Its result is written beside the earlier one and takes its
//! place in one transaction, so that readers see the old or the new whole. Who reads the table has to see as much of each
//! source as the account did: see [`behind`].

pub(crate) mod ancestry;
pub(crate) mod behind;
pub mod build;
mod inherit;
pub mod leftovers;
mod plan;
mod write;

pub use write::{DerivedInput, create, remove, revise, run};

use lakegate_jobs::{Backoff, KindSpec};
use lakegate_model::{
    Fault, Page, PageRequest,
    derived::{DerivedTable, DerivedVersion},
    ids::{AssetId, DerivedTableId, ProjectId},
    jobs::JobRun,
    words::SlotClass,
};
use lakegate_policy::{Actor, Scope, action, action::Act, decide};
use lakegate_store::{Tx, derived as store, job_runs};
use std::time::Duration;

use crate::{App, Caller, catalog::granted, places::inside_proof};

/// Runs the query of a derived table and keeps its result.
pub const QUERY: KindSpec = KindSpec {
    name: "query",
    title: "Store the result of a query",
    class: SlotClass::Heavy,
    at_once: 4,
    bound: 10_000,
    max_tries: 3,
    deadline: Duration::from_secs(6 * 3_600),
    backoff: Backoff { first: Duration::from_secs(20), most: Duration::from_secs(900) },
    memory_bytes: 512 << 20,
};

/// The derived tables of a project, the latest first.
pub async fn list(
    app: &App,
    caller: &Caller,
    project: ProjectId,
    page: &PageRequest,
) -> Result<Page<DerivedTable>, Fault> {
    look!(app, caller, "derived_table.list", |tx, scope, actor| {
        inside_proof::<action::ViewProject>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        Ok(store::derived_list(tx, project, page).await?)
    })
}

/// One derived table.
pub async fn get(app: &App, caller: &Caller, id: DerivedTableId) -> Result<DerivedTable, Fault> {
    look!(app, caller, "derived_table.view", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await
    })
}

/// The query that makes an asset's table, for members of its project; none for others and for other tables.
pub async fn of_asset(app: &App, caller: &Caller, asset: AssetId) -> Result<Option<DerivedTable>, Fault> {
    look!(app, caller, "derived_table.view", |tx, scope, actor| {
        let (asset, _found) = granted::<action::DiscoverAsset>(tx, scope, actor, asset).await?;
        let Some(table) = asset.table_id.filter(|_| actor.role_in(asset.project_id).is_some()) else { return Ok(None) };
        Ok(store::derived_of_table(tx, table).await?)
    })
}

/// The definitions of a derived table, the latest first.
pub async fn versions(
    app: &App,
    caller: &Caller,
    id: DerivedTableId,
    page: &PageRequest,
) -> Result<Page<DerivedVersion>, Fault> {
    look!(app, caller, "derived_table.view", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await?;
        Ok(store::version_list(tx, id, page).await?)
    })
}

/// Runs of the query of a derived table, the latest first.
pub async fn runs(app: &App, caller: &Caller, id: DerivedTableId, page: &PageRequest) -> Result<Page<JobRun>, Fault> {
    look!(app, caller, "derived_table.list_runs", |tx, scope, actor| {
        find::<action::ViewProject>(tx, (scope, actor), id).await?;
        Ok(job_runs::runs_of_subject(tx, QUERY.name, id.into(), page).await?)
    })
}

/// A derived table, for those whom its project lets do so. Strangers are told what they are told of what does not exist.
pub(crate) async fn find<A: Act>(
    tx: &mut Tx,
    (scope, actor): (&Scope, &Actor),
    id: DerivedTableId,
) -> Result<DerivedTable, Fault> {
    let found = store::derived_find(tx, id).await?;
    let project = found.as_ref().map(|derived| derived.project_id);
    let seen = inside_proof::<action::ViewProject>(tx, scope, actor, project, "derived table").await?;
    decide::<A, _>(scope, actor, seen.on()).map(drop)?;
    found.ok_or_else(|| Fault::not_found("derived table"))
}
