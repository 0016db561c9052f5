//! Derived tables of a project: queries whose result is a table, what they are, and their runs.

mod detail;
mod form;
mod list;
mod rows;
mod run;
mod versions;

use axum::Router;
use lakegate_app::{derived, jobs::Target};
use lakegate_model::{
    Fault,
    derived::DerivedTable,
    ids::{DerivedTableId, ProjectId},
};

use super::{Head, Section, head, started::href};
use lakegate_http::{Refusal, Web, extract::SignedIn};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .merge(list::routes())
        .merge(form::routes())
        .merge(detail::routes())
        .merge(run::routes())
        .merge(versions::routes())
}

/// A derived table of this project; one of another project is absent here.
async fn find(web: &Web, reader: &SignedIn, project: ProjectId, id: DerivedTableId) -> Result<DerivedTable, Fault> {
    let derived = derived::get(&web.app, &reader.caller, id).await?;
    if derived.project_id == project { Ok(derived) } else { Err(Fault::not_found("derived table")) }
}

/// The path of a derived table.
fn path(derived: &DerivedTable) -> String {
    href(derived.project_id, Target::Derived(derived.id))
}

/// The frame of the list: a step below the tab of queries.
async fn list_head(web: &Web, reader: &SignedIn, project: ProjectId) -> Result<Head, Refusal> {
    Ok(head(web, reader, project, Section::Queries).await?.below(Section::Queries, "Derived tables"))
}

/// The frame of a page below the list.
async fn page_head(web: &Web, reader: &SignedIn, project: ProjectId, label: &str) -> Result<Head, Refusal> {
    let head = list_head(web, reader, project).await?;
    let list = format!("{}/derived", head.base);
    Ok(head.deeper(&list, label))
}
