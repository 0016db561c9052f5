//! The health of the queue, for whoever runs the installation.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::jobs::health::{self, KindHealth, WorkerHealth};
use lakegate_model::Timestamp;
use serde::Deserialize;

use crate::{
    kit::{self, When, back, capitalised},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, SignedIn},
};

const HERE: &str = "/admin/jobs";

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route(HERE, get(show_health))
        .route("/admin/jobs/pause", post(pause))
        .route("/admin/jobs/resume", post(resume))
}

struct Kind {
    kind: String,
    title: String,
    class: String,
    waiting: String,
    planned: String,
    running: String,
    oldest: When,
    dead: String,
    refused: String,
    /// Why it is held up; empty if it is not.
    paused: String,
}

struct Held {
    href: String,
    kind: String,
    since: When,
    beat: When,
}

struct Worker {
    name: String,
    version: String,
    slots: String,
    since: When,
    beat: When,
    /// Whether it was not heard of for a while.
    silent: bool,
    stopping: bool,
    holds: Vec<Held>,
}

#[derive(Template)]
#[template(path = "jobs/queue.html")]
struct QueuePage {
    shell: Shell,
    kinds: Vec<Kind>,
    /// Why everything is held up; empty if it is not.
    paused: String,
    workers: Vec<Worker>,
    all: &'static str,
}

async fn show_health(State(web): State<Web>, framed: Framed) -> Result<Response, Refusal> {
    let found = health::get(&web.app, &framed.reader.caller).await?;
    let page = QueuePage {
        shell: framed.shell,
        kinds: found.kinds.into_iter().map(kind).collect(),
        paused: found.paused.map(|pause| format!("{}, by {}", pause.reason, pause.paused_by)).unwrap_or_default(),
        workers: found.workers.into_iter().map(|one| worker(one, found.at)).collect(),
        all: health::ALL,
    };
    show(StatusCode::OK, &page)
}

fn kind(health: KindHealth) -> Kind {
    let load = health.load;
    Kind {
        kind: health.kind,
        title: health.title,
        class: capitalised(health.class),
        waiting: kit::grouped(load.waiting + load.held),
        planned: kit::grouped(load.scheduled),
        running: format!("{} of {}", kit::grouped(load.running), kit::grouped(health.at_once)),
        oldest: When::maybe(load.oldest),
        dead: kit::grouped(load.dead_letters),
        refused: kit::grouped(load.refused),
        paused: health.paused.map(|pause| format!("{}, by {}", pause.reason, pause.paused_by)).unwrap_or_default(),
    }
}

/// A worker says that it lives every few seconds; one that has not for a minute is in trouble.
fn worker(health: WorkerHealth, now: Timestamp) -> Worker {
    let worker = health.worker;
    let holds = health.holds.into_iter().map(|held| Held {
        href: format!("/jobs/runs/{}", held.id),
        kind: held.kind,
        since: When::maybe(held.started_at),
        beat: When::maybe(held.beat_at),
    });
    Worker {
        holds: holds.collect(),
        silent: (now - worker.beat_at).num_seconds() > 60,
        slots: format!("{} light, {} heavy", worker.light_slots, worker.heavy_slots),
        since: When::at(worker.started_at),
        beat: When::at(worker.beat_at),
        name: worker.name,
        version: worker.version,
        stopping: worker.stopping,
    }
}

#[derive(Debug, Default, Deserialize)]
struct PauseForm {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    reason: String,
}

async fn pause(State(web): State<Web>, reader: SignedIn, Form(form): Form<PauseForm>) -> Result<Response, Refusal> {
    let outcome = health::pause(&web.app, &reader.caller, &form.kind, &form.reason).await;
    back(HERE, outcome.map(|()| "Held up. What is at work goes on.".to_owned()))
}

async fn resume(State(web): State<Web>, reader: SignedIn, Form(form): Form<PauseForm>) -> Result<Response, Refusal> {
    let outcome = health::resume(&web.app, &reader.caller, &form.kind).await;
    back(HERE, outcome.map(|()| "It goes on.".to_owned()))
}
