//! What runs on its own for the reader's projects: the runs of their data sources.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::sources::{manage, runs};
use lakegate_model::{Fault, PageRequest, Timestamp, places::Project, words::RunState};
use serde::Deserialize;

use super::{
    kit::{Tab, When, address},
    project::run_row::RunRow,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Query, SignedIn},
};

/// Runs of each source that are looked at, and runs that the page shows.
const EACH: i64 = 10;
const SHOWN: usize = 100;
/// Sources of each project that are looked at.
const SOURCES: i64 = 100;

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new().route("/jobs", get(list))
}

#[derive(Debug, Default, Deserialize)]
struct JobsQuery {
    #[serde(default)]
    state: String,
}

struct Job {
    source: String,
    href: String,
    project: String,
    project_href: String,
    run: RunRow,
    created: Timestamp,
}

struct Coming {
    source: String,
    href: String,
    project: String,
    at: When,
    due: Timestamp,
}

#[derive(Template)]
#[template(path = "sources/jobs.html")]
struct JobsPage {
    shell: Shell,
    filters: Vec<Tab>,
    filtered: bool,
    jobs: Vec<Job>,
    coming: Vec<Coming>,
    live: bool,
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<JobsQuery>) -> Result<Response, Refusal> {
    let mut jobs = Vec::new();
    let mut coming = Vec::new();
    for (project, _) in &framed.me.projects {
        of_project(&web, &framed.reader, project, &mut jobs, &mut coming).await?;
    }
    jobs.retain(|job| wanted(&query.state, &job.run));
    jobs.sort_by_key(|job| std::cmp::Reverse(job.created));
    jobs.truncate(SHOWN);
    coming.sort_by_key(|next| next.due);
    coming.truncate(5);
    let page = JobsPage {
        shell: framed.shell,
        filters: filters(&query.state),
        filtered: !query.state.is_empty(),
        live: jobs.iter().any(|job| job.run.live),
        jobs,
        coming,
    };
    show(StatusCode::OK, &page)
}

async fn of_project(
    web: &Web,
    reader: &SignedIn,
    project: &Project,
    jobs: &mut Vec<Job>,
    coming: &mut Vec<Coming>,
) -> Result<(), Fault> {
    let project_href = format!("/projects/{}", project.id);
    let sources = manage::list(&web.app, &reader.caller, project.id, &PageRequest::new(Some(SOURCES), None)?).await?;
    for source in sources.items {
        let href = format!("{project_href}/sources/{}", source.id);
        if let Some(due) = source.next_run_at {
            let (source, project) = (source.name.clone(), project.name.clone());
            coming.push(Coming { source, project, href: href.clone(), at: When::at(due), due });
        }
        let found = runs::list(&web.app, &reader.caller, source.id, &PageRequest::new(Some(EACH), None)?).await?;
        jobs.extend(found.items.iter().map(|run| Job {
            source: source.name.clone(),
            href: href.clone(),
            project: project.name.clone(),
            project_href: project_href.clone(),
            created: run.created_at,
            run: RunRow::of(run, ""),
        }));
    }
    Ok(())
}

fn wanted(state: &str, run: &RunRow) -> bool {
    match state {
        "" => true,
        "live" => run.live,
        word => run.state == word,
    }
}

fn filters(chosen: &str) -> Vec<Tab> {
    let tab = |label, state: &str| Tab {
        label,
        href: address("/jobs", &[("state", state)]),
        active: state == chosen,
        count: 0,
    };
    vec![
        tab("All", ""),
        tab("Under way", "live"),
        tab("Failed", RunState::Failed.as_str()),
        tab("Done", RunState::Succeeded.as_str()),
    ]
}
