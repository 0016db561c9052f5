//! Lineage that other programs report to a project: datasets with what they are, jobs with their runs.

mod dataset;
mod datasets;
mod jobs;

use axum::Router;
use lakegate_app::reported::DatasetView;
use lakegate_model::{ids::ProjectId, words::ReportedMatch};

use super::{Head, Section, head};
use lakegate_http::{Refusal, Web, extract::SignedIn};

pub(super) fn routes() -> Router<Web> {
    Router::new().merge(datasets::routes()).merge(dataset::routes()).merge(jobs::routes())
}

/// The frame of a list: a step below the tab of data sources.
async fn list_head(web: &Web, reader: &SignedIn, project: ProjectId, label: &str) -> Result<Head, Refusal> {
    Ok(head(web, reader, project, Section::Sources).await?.below(Section::Sources, label))
}

/// How it is known what a dataset is, in words, and whether anybody should look at it.
fn matched(view: &DatasetView) -> (&'static str, &'static str) {
    let dataset = &view.dataset;
    let is_other = dataset.table_id.is_some() || dataset.same_as.is_some();
    match dataset.matched {
        ReportedMatch::Unmatched => ("Not known", "attention"),
        ReportedMatch::Name => ("By its name", "good"),
        ReportedMatch::Symlink => ("By another name of it", "good"),
        ReportedMatch::Rule => ("By a rule", "good"),
        ReportedMatch::Decision if is_other => ("Decided", "good"),
        ReportedMatch::Decision => ("Decided: a thing of its own", ""),
    }
}
