//! The jobs that other programs tell of, and their runs.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::reported::{self, RunView};
use lakegate_model::{
    Fault,
    ids::{ProjectId, ReportedJobId},
    words::ReportedState,
};

use super::{super::Head, list_head};
use crate::{
    kit::{After, Pager, Place, When, bytes, counted, duration, grouped, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/reported/jobs", get(list))
        .route("/projects/{project}/reported/jobs/{job}", get(runs))
}

struct JobRow {
    href: String,
    name: String,
    namespace: String,
    kind: String,
    owners: String,
    heard: When,
}

struct RunRow {
    run_id: String,
    state: String,
    tone: &'static str,
    started: When,
    lasted: String,
    /// How much it reads and writes, in words.
    told: String,
    error: String,
    parent: String,
}

#[derive(Template)]
#[template(path = "reported/jobs.html")]
struct JobsPage {
    shell: Shell,
    head: Head,
    rows: Vec<JobRow>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "reported/job.html")]
struct JobPage {
    shell: Shell,
    head: Head,
    name: String,
    namespace: String,
    kind: String,
    owners: String,
    rows: Vec<RunRow>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    frame: Framed,
    Path(project): Path<ProjectId>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let reader = &frame.reader;
    let head = list_head(&web, reader, project, "Reported jobs").await?;
    let path = format!("{}/reported/jobs", head.base);
    let place = Place::new(path.clone(), &query.after);
    let found = reported::jobs(&web.app, &reader.caller, project, &place.request(&web, reader, 50)?).await?;
    let pager = place.pager(&web, reader, &found)?;
    let row = |view: reported::JobView| JobRow {
        href: format!("{path}/{}", view.job.id),
        kind: view.kind.unwrap_or_default(),
        owners: view.owners.join(", "),
        heard: When::at(view.job.last_at),
        name: view.job.name,
        namespace: view.job.namespace,
    };
    let rows = found.items.into_iter().map(row).collect();
    show(StatusCode::OK, &JobsPage { shell: frame.shell, head, rows, pager })
}

async fn runs(
    State(web): State<Web>,
    frame: Framed,
    Path((project, job)): Path<(ProjectId, ReportedJobId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let reader = &frame.reader;
    let view = reported::job(&web.app, &reader.caller, job).await?;
    if view.job.project_id != project {
        return Err(Fault::not_found("reported job").into());
    }
    let head = list_head(&web, reader, project, "Reported jobs").await?;
    let jobs = format!("{}/reported/jobs", head.base);
    let place = Place::new(format!("{jobs}/{job}"), &query.after);
    let found = reported::runs(&web.app, &reader.caller, job, &place.request(&web, reader, 50)?).await?;
    let pager = place.pager(&web, reader, &found)?;
    let page = JobPage {
        shell: frame.shell,
        head: head.deeper(&jobs, &view.job.name),
        kind: view.kind.unwrap_or_default(),
        owners: view.owners.join(", "),
        name: view.job.name,
        namespace: view.job.namespace,
        rows: found.items.into_iter().map(row).collect(),
        pager,
    };
    show(StatusCode::OK, &page)
}

fn row(run: RunView) -> RunRow {
    let rows: i64 = run.outputs.iter().filter_map(|output| output.rows).fold(0, i64::saturating_add);
    let size: i64 = run.outputs.iter().filter_map(|output| output.bytes).fold(0, i64::saturating_add);
    let mut told = vec![
        format!("reads {}", counted(run.inputs.len(), "dataset", "datasets")),
        format!("writes {}", counted(run.outputs.len(), "dataset", "datasets")),
    ];
    if rows > 0 {
        told.push(format!("{} rows", grouped(rows)));
    }
    if size > 0 {
        told.push(bytes(size));
    }
    if run.failed_assertions > 0 {
        told.push(counted(run.failed_assertions, "test failed", "tests failed"));
    }
    let lasted = run.started_at.zip(run.ended_at).map(|(start, end)| duration((end - start).num_milliseconds()));
    RunRow {
        run_id: run.run_id.to_string(),
        state: spoken(run.state.as_str()),
        tone: match run.state {
            ReportedState::Completed => "good",
            ReportedState::Failed => "danger",
            ReportedState::Aborted => "attention",
            ReportedState::Designed | ReportedState::Started | ReportedState::Running => "",
        },
        started: When::at(run.started_at.unwrap_or(run.last_at)),
        lasted: lasted.unwrap_or_default(),
        told: told.join(", "),
        error: run.error.unwrap_or_default(),
        parent: run.parent.map(|(_, name, _)| name).unwrap_or_default(),
    }
}
