//! One workflow: its picture, its runs, and what can be done with it.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::jobs::{Target, workflows};
use lakegate_model::{
    Fault, PageRequest,
    ids::{ProjectId, WorkflowId},
    workflows::Workflow,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        Head, Section, head,
        starts::{Starts, TimingForm},
    },
    backfills::DaysForm,
    find,
    graph::Graph,
    path,
    rows::{BackfillRow, FlowRow},
    version,
    versions::{self, VersionRow},
    words::{Sources, StepWords, pretty, steps, wanted_input},
};
use crate::{
    flash::done,
    kit::{After, Pager, Place, When, Wrong, again},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

/// Versions and backfills that are shown here; the others have lists of their own.
const SHOWN: i64 = 5;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/workflows/{workflow}", get(detail))
        .route("/projects/{project}/workflows/{workflow}/start", post(start))
        .route("/projects/{project}/workflows/{workflow}/rename", post(rename))
        .route("/projects/{project}/workflows/{workflow}/remove", post(remove))
}

#[derive(Debug, Default, Deserialize)]
struct StartForm {
    /// An object of JSON; empty for one without members.
    #[serde(default)]
    input: String,
    /// The number of a definition; empty for the latest.
    #[serde(default)]
    version: String,
}

#[derive(Debug, Default, Deserialize)]
struct NameForm {
    #[serde(default)]
    name: String,
}

#[derive(Debug, Default, Deserialize)]
struct RemoveForm {
    #[serde(default)]
    confirm: String,
}

/// What was typed into the forms of the page, and what was wrong with it.
#[derive(Debug, Default)]
pub(super) struct Forms {
    input: Option<String>,
    /// The number of the definition that was to be started; empty for the latest.
    version: String,
    days: DaysForm,
    name: Option<String>,
    timing: Option<TimingForm>,
    start_wrong: Wrong,
    days_wrong: Wrong,
    name_wrong: Wrong,
    timing_wrong: Wrong,
    remove_wrong: Wrong,
    /// Which of them was sent: `start`, `days`, `name`, `timing`, `remove`, or empty.
    sent: &'static str,
}

impl Forms {
    /// The form of a backfill that came back.
    pub fn days(days: DaysForm, days_wrong: Wrong) -> Self {
        Self { days, days_wrong, sent: "days", ..Self::default() }
    }

    /// The form of the schedule that came back.
    pub fn timing(timing: TimingForm, timing_wrong: Wrong) -> Self {
        Self { timing: Some(timing), timing_wrong, sent: "timing", ..Self::default() }
    }
}

#[derive(Template)]
#[template(path = "workflows/detail.html")]
pub(super) struct DetailPage {
    shell: Shell,
    head: Head,
    base: String,
    name: String,
    version: i64,
    changed: When,
    changed_by: String,
    made: When,
    made_by: String,
    graph: Graph,
    steps: Vec<StepWords>,
    runs: Vec<FlowRow>,
    pager: Pager,
    backfills: Vec<BackfillRow>,
    more_backfills: bool,
    versions: Vec<VersionRow>,
    more_versions: bool,
    starts: Starts,
    /// Whether a run or backfill is under way: this part then looks again by itself.
    live: bool,
    /// Whether its steps name input, which somebody has to give.
    wants_input: bool,
    input: String,
    new_name: String,
    forms: Forms,
}

pub(super) async fn detail_page(
    web: &Web,
    framed: Framed,
    workflow: Workflow,
    after: &str,
    forms: Forms,
) -> Result<DetailPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let (app, caller, now) = (&web.app, &reader.caller, web.app.now());
    let head = head(web, &reader, workflow.project_id, Section::Workflows).await?;
    let base = path(&workflow);
    let latest = version(web, &reader, workflow.id, workflow.version).await?;
    let sources = Sources::of(web, &reader, workflow.project_id).await?;
    let place = Place::new(base.clone(), after);
    let page = workflows::list_runs(app, caller, workflow.id, &place.request(web, &reader, 15)?).await?;
    let first = PageRequest::new(Some(SHOWN), None)?;
    let backfills = workflows::list_backfills(app, caller, workflow.id, &first).await?;
    let versions = workflows::versions(app, caller, workflow.id, &first).await?;
    let runs: Vec<FlowRow> = page.items.iter().map(|run| FlowRow::of(run, &base, now)).collect();
    let rows: Vec<BackfillRow> = backfills.items.iter().map(|view| BackfillRow::of(view, &base, now)).collect();
    let wanted = wanted_input(&latest.definition, &sources, &now.format("%Y-%m-%d").to_string());
    let starts = Starts::of(web, &reader, Target::Workflow(workflow.id), forms.timing.clone()).await?;
    Ok(DetailPage {
        starts,
        pager: place.pager(web, &reader, &page)?,
        live: runs.iter().any(|run| run.live) || rows.iter().any(|row| row.live),
        graph: versions::picture(&latest.definition, &sources),
        steps: steps(&latest.definition, &sources),
        head: head.below(Section::Workflows, &workflow.name),
        changed: When::at(latest.created_at),
        changed_by: latest.created_by,
        made: When::at(workflow.created_at),
        made_by: workflow.created_by,
        more_backfills: backfills.next.is_some(),
        more_versions: versions.next.is_some(),
        versions: versions.items.iter().map(|one| VersionRow::of(one, &base, workflow.version)).collect(),
        backfills: rows,
        wants_input: wanted.is_some(),
        input: forms.input.clone().unwrap_or_else(|| wanted.as_ref().map(pretty).unwrap_or_default()),
        new_name: forms.name.clone().unwrap_or_else(|| workflow.name.clone()),
        name: workflow.name,
        version: workflow.version,
        shell,
        base,
        runs,
        forms,
    })
}

async fn detail(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &framed.reader, project, id).await?;
    show(StatusCode::OK, &detail_page(&web, framed, workflow, &query.after, Forms::default()).await?)
}

async fn start(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Form(form): Form<StartForm>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &framed.reader, project, id).await?;
    let begun = async {
        let input = input("input", &form.input)?;
        workflows::start(&web.app, &framed.reader.caller, (id, number(&form.version)?), &input).await
    };
    match begun.await {
        Ok(view) => {
            let to = format!("{}/runs/{}", path(&workflow), view.run.id);
            Ok(done(&to, &format!("{} has been started.", workflow.name)))
        }
        Err(fault) => {
            let forms = |start_wrong| Forms {
                input: Some(form.input),
                version: form.version,
                start_wrong,
                sent: "start",
                ..Forms::default()
            };
            again(fault, |wrong| detail_page(&web, framed, workflow, "", forms(wrong))).await
        }
    }
}

fn number(text: &str) -> Result<Option<i64>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Fault::invalid("version", "this is no number of a version"))
}

/// The input of a run as it was typed.
///
/// # Errors
/// `invalid` on `field`.
pub(super) fn input(field: &'static str, text: &str) -> Result<Value, Fault> {
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    serde_json::from_str(text).map_err(|error| {
        Fault::invalid(field, format!("this is no JSON: {error}")).fix("an object such as {\"day\": \"2026-05-03\"}")
    })
}

async fn rename(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Form(form): Form<NameForm>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &framed.reader, project, id).await?;
    match workflows::rename(&web.app, &framed.reader.caller, id, &form.name).await {
        Ok(renamed) => Ok(done(&path(&renamed), "Name saved.")),
        Err(fault) => {
            let forms = |name_wrong| Forms { name: Some(form.name), name_wrong, sent: "name", ..Forms::default() };
            again(fault, |wrong| detail_page(&web, framed, workflow, "", forms(wrong))).await
        }
    }
}

async fn remove(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Form(form): Form<RemoveForm>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &framed.reader, project, id).await?;
    let removed = remove_as(&web, &framed.reader, &workflow, &form).await;
    match removed {
        Ok(()) => {
            let to = format!("/projects/{project}/workflows");
            Ok(done(&to, &format!("{} is gone. The tables that it found stay.", workflow.name)))
        }
        Err(fault) => {
            let forms = |remove_wrong| Forms { remove_wrong, sent: "remove", ..Forms::default() };
            again(fault, |wrong| detail_page(&web, framed, workflow, "", forms(wrong))).await
        }
    }
}

async fn remove_as(web: &Web, reader: &SignedIn, workflow: &Workflow, form: &RemoveForm) -> Result<(), Fault> {
    if form.confirm.trim() != workflow.name {
        let fault = Fault::invalid("confirm", "this is not the name of the workflow");
        return Err(fault.fix("type the name to delete it"));
    }
    workflows::remove(&web.app, &reader.caller, workflow.id).await
}
