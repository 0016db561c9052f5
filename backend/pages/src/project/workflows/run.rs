//! One run of a workflow: how each step stands, its parts, and what can be done about it.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::jobs::workflows::{self, FlowView, PartCounts};
use lakegate_model::{
    Fault, Timestamp,
    ids::{ProjectId, WorkflowId, WorkflowRunId},
    words::{StepState, WorkflowState},
    workflows::{Definition, WorkflowPart, WorkflowStep},
};
use serde::Deserialize;

use super::{
    super::{Head, Section, head},
    find,
    graph::{Graph, Look},
    path,
    rows::{FlowRow, State as Shown, took},
    version,
    words::{Sources, StepWords, pretty, steps},
};
use crate::{
    kit::{Pager, Place, When, address, back, counted, grouped, sentence},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query, SignedIn},
};

/// Parts of a step on a page.
const PARTS: i64 = 25;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/workflows/{workflow}/runs/{flow}", get(one))
        .route("/projects/{project}/workflows/{workflow}/runs/{flow}/cancel", post(cancel))
        .route("/projects/{project}/workflows/{workflow}/runs/{flow}/retry", post(retry))
}

#[derive(Debug, Default, Deserialize)]
struct RunQuery {
    /// The step whose parts are shown.
    #[serde(default)]
    step: String,
    #[serde(default)]
    after: String,
}

struct StepRow {
    words: StepWords,
    href: String,
    /// Whether its parts are those below.
    chosen: bool,
    state: Shown,
    /// Parts that have ended, and all; 0 of 0 before it begins.
    done: i64,
    total: i64,
    /// How many of its parts have succeeded or, while it is at work, ended.
    parts: String,
    took: String,
    error: String,
    live: bool,
}

struct PartRow {
    number: String,
    state: Shown,
    subject: String,
    subject_href: String,
    /// The run of the queue.
    run: String,
    tries: i64,
    input: String,
    output: String,
    error: String,
    ended: When,
}

#[derive(Template)]
#[template(path = "workflows/run.html")]
struct RunPage {
    shell: Shell,
    head: Head,
    base: String,
    workflow: String,
    workflow_href: String,
    backfill_href: String,
    cause_href: String,
    row: FlowRow,
    graph: Graph,
    steps: Vec<StepRow>,
    /// How many steps have ended.
    done: String,
    /// The step whose parts are shown; empty if none has begun.
    step: String,
    parts: Vec<PartRow>,
    pager: Pager,
    input: String,
    can_cancel: bool,
    can_retry: bool,
}

/// A run of this workflow; one of another workflow is absent here.
async fn find_one(web: &Web, reader: &SignedIn, workflow: WorkflowId, id: WorkflowRunId) -> Result<FlowView, Fault> {
    let view = workflows::get_run(&web.app, &reader.caller, id).await?;
    if view.run.workflow_id == workflow { Ok(view) } else { Err(Fault::not_found("run")) }
}

async fn one(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id, flow)): Path<(ProjectId, WorkflowId, WorkflowRunId)>,
    Query(query): Query<RunQuery>,
) -> Result<Response, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let workflow = find(&web, &reader, project, id).await?;
    let view = find_one(&web, &reader, id, flow).await?;
    let head = head(&web, &reader, project, Section::Workflows).await?;
    let sources = Sources::of(&web, &reader, project).await?;
    let definition = version(&web, &reader, id, view.run.version).await?.definition;
    let (workflow_href, now) = (path(&workflow), web.app.now());
    let row = FlowRow::of(&view.run, &workflow_href, now);
    let chosen = chosen(&view, &definition, &query.step);
    let (parts, pager) = parts(&web, &reader, &view, (&chosen, &query.after), &sources).await?;
    let steps = step_rows(&view, (&definition, &sources), (&row.href, &chosen), now);
    let failed = matches!(view.run.state, WorkflowState::Failed | WorkflowState::Cancelled);
    let ended = view.steps.iter().filter(|step| step.ended_at.is_some()).count();
    let given = view.run.input.as_object().is_some_and(|input| !input.is_empty());
    let page = RunPage {
        graph: picture(&definition, &steps),
        backfill_href: view.run.backfill_id.map(|id| format!("{workflow_href}/backfills/{id}")).unwrap_or_default(),
        cause_href: view.run.cause_id.map(|id| format!("/jobs/runs/{id}")).unwrap_or_default(),
        done: format!("{} of {} ended", grouped(ended), counted(view.steps.len(), "step", "steps")),
        input: if given { pretty(&view.run.input) } else { String::new() },
        can_cancel: head.contributes && row.live && !view.run.cancel_requested,
        can_retry: head.contributes && failed,
        head: head.below(Section::Workflows, &workflow.name).deeper(&workflow_href, "Run"),
        base: row.href.clone(),
        workflow: workflow.name,
        step: chosen,
        workflow_href,
        shell,
        row,
        steps,
        parts,
        pager,
    };
    show(StatusCode::OK, &page)
}

/// The step that was asked for, or else the one that is of most interest: that failed, that is at work, that has begun.
fn chosen(view: &FlowView, definition: &Definition, asked: &str) -> String {
    let of = |name: &str| view.steps.iter().find(|step| step.name == name);
    if of(asked).is_some() {
        return asked.to_owned();
    }
    let rank = |step: &WorkflowStep| match step.state {
        StepState::Failed => 0,
        StepState::Running => 1,
        _ if step.parts > 0 => 2,
        _ => 3,
    };
    let begun = definition.steps.iter().filter_map(|step| of(&step.name)).filter(|step| rank(step) < 3);
    begun.min_by_key(|step| rank(step)).map(|step| step.name.clone()).unwrap_or_default()
}

async fn parts(
    web: &Web,
    reader: &SignedIn,
    view: &FlowView,
    (step, after): (&str, &str),
    sources: &Sources,
) -> Result<(Vec<PartRow>, Pager), Fault> {
    let base = format!("/projects/{}/workflows/{}/runs/{}", view.run.project_id, view.run.workflow_id, view.run.id);
    let place = Place::new(address(&base, &[("step", step)]), after);
    let request = place.request(web, reader, PARTS)?;
    let page = workflows::parts(&web.app, &reader.caller, (view.run.id, step), &request).await?;
    let rows = page.items.iter().map(|part| part_row(view, part, sources)).collect();
    Ok((rows, place.pager(web, reader, &page)?))
}

fn part_row(view: &FlowView, part: &WorkflowPart, sources: &Sources) -> PartRow {
    PartRow {
        number: grouped(part.number + 1),
        state: Shown::of_step(part.state),
        subject: part.subject_id.map(|id| sources.name(id)).unwrap_or_default(),
        subject_href: part
            .subject_id
            .filter(|id| sources.has(&id.to_string()))
            .map(|id| format!("/projects/{}/sources/{id}", view.run.project_id))
            .unwrap_or_default(),
        run: part.run_id.map(|id| format!("/jobs/runs/{id}")).unwrap_or_default(),
        tries: part.runs,
        input: if part.input.is_null() { String::new() } else { pretty(&part.input) },
        output: part.output.as_ref().map(pretty).unwrap_or_default(),
        error: part.error.as_deref().map(sentence).unwrap_or_default(),
        ended: When::maybe(part.ended_at),
    }
}

/// The steps in the order of the definition.
fn step_rows(
    view: &FlowView,
    (definition, sources): (&Definition, &Sources),
    place: (&str, &str),
    now: Timestamp,
) -> Vec<StepRow> {
    let row = |words: StepWords| {
        let step = view.steps.iter().find(|step| step.name == words.name)?;
        let counts = view.counts.get(&step.name).copied().unwrap_or_default();
        Some(step_row(step, words, counts, place, now))
    };
    steps(definition, sources).into_iter().filter_map(row).collect()
}

fn step_row(
    step: &WorkflowStep,
    words: StepWords,
    counts: PartCounts,
    (base, chosen): (&str, &str),
    now: Timestamp,
) -> StepRow {
    let state = Shown::of_step(step.state);
    StepRow {
        href: format!("{}#parts", address(base, &[("step", &step.name)])),
        chosen: step.name == chosen,
        state,
        done: counts.ended(),
        total: step.parts,
        parts: part_words(step, counts),
        took: took(step.started_at, step.ended_at, now),
        error: step.error.as_deref().map(sentence).unwrap_or_default(),
        live: step.state == StepState::Running,
        words,
    }
}

fn part_words(step: &WorkflowStep, counts: PartCounts) -> String {
    match (step.state, step.parts) {
        (_, 0) => String::new(),
        (StepState::Running, total) => format!("{} of {} done", grouped(counts.ended()), grouped(total)),
        (_, total) => format!("{} of {}", grouped(counts.succeeded), grouped(total)),
    }
}

/// The picture of the definition in the colours of its steps' states.
fn picture(definition: &Definition, rows: &[StepRow]) -> Graph {
    let look = |step: &lakegate_model::workflows::Step| {
        let Some(row) = rows.iter().find(|row| row.words.name == step.name) else { return Look::default() };
        let below =
            if row.total > 1 { format!("{}, {}", row.state.label, row.parts) } else { row.state.label.to_owned() };
        Look { below, tone: row.state.tone, icon: row.state.icon, href: row.href.clone() }
    };
    let looks: Vec<Look> = definition.steps.iter().map(look).collect();
    Graph::of(definition, &looks)
}

async fn cancel(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id, flow)): Path<(ProjectId, WorkflowId, WorkflowRunId)>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &reader, project, id).await?;
    find_one(&web, &reader, id, flow).await?;
    let cancelled = workflows::cancel(&web.app, &reader.caller, flow).await;
    back(&run_path(&path(&workflow), flow), cancelled.map(|_| "The run is being stopped.".to_owned()))
}

async fn retry(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id, flow)): Path<(ProjectId, WorkflowId, WorkflowRunId)>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &reader, project, id).await?;
    find_one(&web, &reader, id, flow).await?;
    let again = workflows::retry(&web.app, &reader.caller, flow).await;
    let said = again.map(|_| "What did not succeed is tried again.".to_owned());
    back(&run_path(&path(&workflow), flow), said)
}

fn run_path(workflow: &str, flow: WorkflowRunId) -> String {
    format!("{workflow}/runs/{flow}")
}
