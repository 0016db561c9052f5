//! A workflow over ranges of days: begun, watched, stopped.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::jobs::workflows::{self, BackfillView, Days};
use lakegate_model::{
    Fault,
    ids::{BackfillId, ProjectId, WorkflowId},
};
use serde::Deserialize;

use super::{
    super::{Head, Section, head},
    detail::{Forms, detail_page, input},
    find, path,
    rows::{BackfillRow, FlowRow},
    words::pretty,
};
use crate::{
    flash::done,
    kit::{After, Pager, Place, again, back},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/workflows/{workflow}/backfills", get(list).post(begin))
        .route("/projects/{project}/workflows/{workflow}/backfills/{backfill}", get(one))
        .route("/projects/{project}/workflows/{workflow}/backfills/{backfill}/cancel", post(cancel))
}

/// Which days somebody wants.
#[derive(Debug, Default, Deserialize)]
pub(super) struct DaysForm {
    #[serde(default)]
    pub first: String,
    #[serde(default)]
    pub last: String,
    #[serde(default)]
    pub at_most: String,
    /// `yes` if days run again that were done.
    #[serde(default)]
    pub anew: String,
    #[serde(default)]
    pub days_input: String,
}

impl DaysForm {
    fn wanted(&self) -> Result<Days, Fault> {
        let at_most = self.at_most.trim();
        let most = if at_most.is_empty() { Ok(1) } else { at_most.parse() };
        Ok(Days {
            first: self.first.clone(),
            last: self.last.clone(),
            at_most: most.map_err(|_| Fault::invalid("at_most", "this is a whole number"))?,
            anew: self.anew == "yes",
            input: input("days_input", &self.days_input)?,
        })
    }
}

async fn begin(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Form(form): Form<DaysForm>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &framed.reader, project, id).await?;
    let begun = async { workflows::backfill(&web.app, &framed.reader.caller, id, &form.wanted()?).await };
    match begun.await {
        Ok(view) => Ok(done(&format!("{}/backfills/{}", path(&workflow), view.backfill.id), "The backfill is there.")),
        Err(fault) => {
            let fault = if fault.field.as_deref() == Some("input") { fault.on("days_input") } else { fault };
            again(fault, |wrong| detail_page(&web, framed, workflow, "", Forms::days(form, wrong))).await
        }
    }
}

#[derive(Template)]
#[template(path = "workflows/backfills.html")]
struct ListPage {
    shell: Shell,
    head: Head,
    name: String,
    backfills: Vec<BackfillRow>,
    pager: Pager,
    live: bool,
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
    let (base, now) = (path(&workflow), web.app.now());
    let place = Place::new(format!("{base}/backfills"), &query.after);
    let page = workflows::list_backfills(&web.app, &reader.caller, id, &place.request(&web, &reader, 25)?).await?;
    let pager = place.pager(&web, &reader, &page)?;
    let backfills: Vec<BackfillRow> = page.items.iter().map(|view| BackfillRow::of(view, &base, now)).collect();
    let page = ListPage {
        live: backfills.iter().any(|row| row.live),
        head: head.below(Section::Workflows, &workflow.name).deeper(&base, "Backfills"),
        name: workflow.name,
        shell,
        backfills,
        pager,
    };
    show(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "workflows/backfill.html")]
struct BackfillPage {
    shell: Shell,
    head: Head,
    base: String,
    workflow: String,
    workflow_href: String,
    row: BackfillRow,
    runs: Vec<FlowRow>,
    pager: Pager,
    covered: i64,
    waiting: i64,
    at_most: i64,
    anew: bool,
    /// What each run gets beside its day; empty if nothing.
    input: String,
    can_cancel: bool,
}

/// A backfill of this workflow; one of another workflow is absent here.
async fn find_one(web: &Web, reader: &SignedIn, workflow: WorkflowId, id: BackfillId) -> Result<BackfillView, Fault> {
    let view = workflows::get_backfill(&web.app, &reader.caller, id).await?;
    if view.backfill.workflow_id == workflow { Ok(view) } else { Err(Fault::not_found("backfill")) }
}

async fn one(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id, backfill)): Path<(ProjectId, WorkflowId, BackfillId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let workflow = find(&web, &reader, project, id).await?;
    let view = find_one(&web, &reader, id, backfill).await?;
    let head = head(&web, &reader, project, Section::Workflows).await?;
    let (workflow_href, now) = (path(&workflow), web.app.now());
    let row = BackfillRow::of(&view, &workflow_href, now);
    let place = Place::new(row.href.clone(), &query.after);
    let page = workflows::backfill_runs(&web.app, &reader.caller, backfill, &place.request(&web, &reader, 50)?).await?;
    let given = view.backfill.input.as_object().is_some_and(|input| !input.is_empty());
    let page = BackfillPage {
        pager: place.pager(&web, &reader, &page)?,
        runs: page.items.iter().map(|run| FlowRow::of(run, &workflow_href, now)).collect(),
        can_cancel: head.contributes && row.live && !view.backfill.cancel_requested,
        head: head.below(Section::Workflows, &workflow.name).deeper(&workflow_href, "Backfill"),
        base: row.href.clone(),
        covered: view.progress.covered,
        waiting: view.progress.waiting,
        at_most: view.backfill.at_most,
        anew: view.backfill.anew,
        input: if given { pretty(&view.backfill.input) } else { String::new() },
        workflow: workflow.name,
        workflow_href,
        shell,
        row,
    };
    show(StatusCode::OK, &page)
}

async fn cancel(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id, backfill)): Path<(ProjectId, WorkflowId, BackfillId)>,
) -> Result<Response, Refusal> {
    let workflow = find(&web, &reader, project, id).await?;
    find_one(&web, &reader, id, backfill).await?;
    let cancelled = workflows::cancel_backfill(&web.app, &reader.caller, backfill).await;
    let to = format!("{}/backfills/{backfill}", path(&workflow));
    back(&to, cancelled.map(|_| "The backfill is being stopped. What is done stays.".to_owned()))
}
