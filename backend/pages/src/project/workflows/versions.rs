//! What a workflow did and does: its definitions by their numbers.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::jobs::workflows;
use lakegate_model::{
    ids::{ProjectId, WorkflowId},
    workflows::{Definition, WorkflowVersion},
};

use super::{
    super::{Head, Section, head},
    find,
    graph::{Graph, Look},
    path, version,
    words::{Sources, StepWords, divided, pretty, steps, wanted_input, works_on},
};
use crate::{
    kit::{After, Pager, Place, When, counted},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/workflows/{workflow}/versions", get(list))
        .route("/projects/{project}/workflows/{workflow}/versions/{number}", get(one))
}

/// A version in lists.
pub(super) struct VersionRow {
    pub number: i64,
    pub href: String,
    pub latest: bool,
    pub steps: String,
    pub by: String,
    pub at: When,
}

impl VersionRow {
    /// A version; `base` is the path of its workflow, `latest` the number of the latest one.
    pub fn of(version: &WorkflowVersion, base: &str, latest: i64) -> Self {
        Self {
            number: version.number,
            href: format!("{base}/versions/{}", version.number),
            latest: version.number == latest,
            steps: counted(version.definition.steps.len(), "step", "steps"),
            by: version.created_by.clone(),
            at: When::at(version.created_at),
        }
    }
}

/// The picture of a definition that nobody runs.
pub(super) fn picture(definition: &Definition, sources: &Sources) -> Graph {
    let look = |step| {
        let parts = divided(step);
        let below = if parts.is_empty() { works_on(step, sources) } else { parts };
        Look { below, icon: if step.for_each.is_some() { "layers" } else { "search" }, ..Look::default() }
    };
    let looks: Vec<Look> = definition.steps.iter().map(look).collect();
    Graph::of(definition, &looks)
}

#[derive(Template)]
#[template(path = "workflows/versions.html")]
struct ListPage {
    shell: Shell,
    head: Head,
    name: String,
    rows: Vec<VersionRow>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let workflow = find(&web, &reader, project, id).await?;
    let head = head(&web, &reader, project, Section::Workflows).await?;
    let base = path(&workflow);
    let place = Place::new(format!("{base}/versions"), &query.after);
    let page = workflows::versions(&web.app, &reader.caller, id, &place.request(&web, &reader, 25)?).await?;
    let page = ListPage {
        pager: place.pager(&web, &reader, &page)?,
        rows: page.items.iter().map(|one| VersionRow::of(one, &base, workflow.version)).collect(),
        head: head.below(Section::Workflows, &workflow.name).deeper(&base, "Versions"),
        name: workflow.name,
        shell,
    };
    show(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "workflows/version.html")]
struct VersionPage {
    shell: Shell,
    head: Head,
    /// The path of the workflow.
    base: String,
    name: String,
    row: VersionRow,
    graph: Graph,
    steps: Vec<StepWords>,
    definition: String,
    /// What its steps want to be given, to be filled in; empty if nothing.
    input: String,
}

async fn one(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id, number)): Path<(ProjectId, WorkflowId, i64)>,
) -> Result<Response, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let workflow = find(&web, &reader, project, id).await?;
    let version = version(&web, &reader, id, number).await?;
    let head = head(&web, &reader, project, Section::Workflows).await?;
    let sources = Sources::of(&web, &reader, project).await?;
    let base = path(&workflow);
    let wanted = wanted_input(&version.definition, &sources, &web.app.now().format("%Y-%m-%d").to_string());
    let page = VersionPage {
        head: head.below(Section::Workflows, &workflow.name).deeper(&base, &format!("Version {number}")),
        row: VersionRow::of(&version, &base, workflow.version),
        graph: picture(&version.definition, &sources),
        steps: steps(&version.definition, &sources),
        definition: pretty(&version.definition),
        input: wanted.as_ref().map(pretty).unwrap_or_default(),
        name: workflow.name,
        shell,
        base,
    };
    show(StatusCode::OK, &page)
}
