//! The runs of the reader's projects, and what comes next.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::jobs::{
    Target,
    runs::{self, Wanted},
    schedules,
};
use lakegate_model::{
    Fault, PageRequest, Timestamp,
    words::{JobState, ProductRole},
};
use serde::Deserialize;

use super::row::Row;
use crate::{
    kit::{Tab, When, address},
    paging::{Pager, Place},
    project::{
        spark::{self, Spark},
        started::href,
    },
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Query};

/// Runs on a page.
const SHOWN: i64 = 50;
/// Coming ticks that are shown, and schedules of each project that are looked at.
const COMING: usize = 5;
const SCHEDULES: i64 = 50;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/jobs", get(list))
}

#[derive(Debug, Default, Deserialize)]
struct JobsQuery {
    /// `running`, `failed`, `succeeded`, or `dead` for failed ones that nobody has looked after.
    #[serde(default)]
    state: String,
    #[serde(default)]
    after: String,
}

struct Coming {
    name: String,
    href: String,
    project: String,
    words: String,
    at: When,
    due: Timestamp,
    target: Target,
    spark: Spark,
}

#[derive(Template)]
#[template(path = "jobs/list.html")]
struct JobsPage {
    shell: Shell,
    filters: Vec<Tab>,
    filtered: bool,
    rows: Vec<Row>,
    coming: Vec<Coming>,
    pager: Pager,
    /// Whether something is under way: the page then looks again by itself.
    live: bool,
    /// Whether the reader looks after the queue.
    runs_queue: bool,
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<JobsQuery>) -> Result<Response, Refusal> {
    let Framed { reader, shell, me, .. } = framed;
    let wanted = wanted(&query.state)?;
    let place = Place::new(address("/jobs", &[("state", &query.state)]), &query.after);
    let page = runs::list(&web.app, &reader.caller, &wanted, &place.request(&web, &reader, SHOWN)?).await?;
    let rows: Vec<Row> = page.items.iter().map(Row::of).collect();
    let mut coming = Vec::new();
    for (project, _) in &me.projects {
        let found =
            schedules::list(&web.app, &reader.caller, Some(project.id), &PageRequest::new(Some(SCHEDULES), None)?)
                .await?;
        coming.extend(found.items.into_iter().filter_map(|view| {
            let due = *view.coming.first()?;
            let target = Target::of_work(&view.schedule.kind, view.schedule.subject_id)?;
            Some(Coming {
                href: href(project.id, target),
                project: project.name.clone(),
                name: view.schedule.name,
                words: view.words,
                at: When::at(due),
                due,
                target,
                spark: Spark::default(),
            })
        }));
    }
    coming.sort_by_key(|next| next.due);
    coming.truncate(COMING);
    for next in &mut coming {
        next.spark = spark::of_target(&web, &reader, next.target).await?;
    }
    let page = JobsPage {
        pager: place.pager(&web, &reader, &page)?,
        filters: filters(&query.state),
        filtered: !query.state.is_empty(),
        live: rows.iter().any(|row| row.live),
        runs_queue: me.roles.contains(&ProductRole::Administrator),
        shell,
        rows,
        coming,
    };
    show(StatusCode::OK, &page)
}

fn wanted(state: &str) -> Result<Wanted, Fault> {
    let wanted = match state {
        "" => Wanted::default(),
        "dead" => Wanted { dead_letters: true, ..Wanted::default() },
        word => {
            let state: JobState = word.parse().map_err(|fault: Fault| fault.on("state"))?;
            Wanted { state: Some(state), ..Wanted::default() }
        }
    };
    Ok(wanted)
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
        tab("Running", JobState::Running.as_str()),
        tab("Waiting", JobState::Waiting.as_str()),
        tab("To look after", "dead"),
        tab("Done", JobState::Succeeded.as_str()),
    ]
}
