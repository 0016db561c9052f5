//! The workflows of a project.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::jobs::workflows;
use lakegate_model::{ids::ProjectId, workflows::Workflow};

use super::{
    super::{
        Head, Section, head,
        spark::{Spark, last_flows},
    },
    edit, path,
    rows::FlowRow,
    version,
    words::{Sources, wants_input},
};
use crate::{
    kit::{After, Pager, Place, counted},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/projects/{project}/workflows", get(list).post(edit::create))
}

struct Row {
    name: String,
    href: String,
    version: i64,
    steps: String,
    spark: Spark,
    /// The latest run; `None` if it never ran.
    last: Option<FlowRow>,
    /// Where it is started at once; empty if somebody has to say more, or may not.
    start: String,
}

#[derive(Template)]
#[template(path = "workflows/list.html")]
struct ListPage {
    shell: Shell,
    head: Head,
    rows: Vec<Row>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let head = head(&web, reader, id, Section::Workflows).await?;
    let place = Place::new(format!("{}/workflows", head.base), &query.after);
    let page = workflows::list(&web.app, &reader.caller, id, &place.request(&web, reader, 25)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let sources = Sources::of(&web, reader, id).await?;
    let mut rows = Vec::with_capacity(page.items.len());
    for workflow in page.items {
        rows.push(row(&web, reader, workflow, (&sources, head.contributes)).await?);
    }
    show(StatusCode::OK, &ListPage { shell: framed.shell, head, rows, pager })
}

async fn row(
    web: &Web,
    reader: &SignedIn,
    workflow: Workflow,
    (sources, contributes): (&Sources, bool),
) -> Result<Row, Refusal> {
    let href = path(&workflow);
    let (runs, spark) = last_flows(web, reader, workflow.id).await?;
    let definition = version(web, reader, workflow.id, workflow.version).await?.definition;
    let at_once = contributes && !wants_input(&definition, sources);
    Ok(Row {
        spark,
        last: runs.first().map(|run| FlowRow::of(run, &href, web.app.now())),
        start: if at_once { format!("{href}/start") } else { String::new() },
        steps: counted(definition.steps.len(), "step", "steps"),
        name: workflow.name,
        version: workflow.version,
        href,
    })
}
