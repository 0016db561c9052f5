//! What a project uses data for.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::access::purposes;
use lakegate_model::{
    Fault,
    ids::{ProjectId, ProjectPurposeId},
};
use serde::Deserialize;

use super::{Head, Section, head};
use crate::{
    flash::done,
    kit::{After, Choice, Pager, Place, Wrong, again, back},
    purposes::{AskedRow, choices},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/purposes", get(list).post(ask))
        .route("/projects/{project}/purposes/{id}/withdraw", post(withdraw))
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    purpose: String,
    #[serde(default)]
    reason: String,
}

#[derive(Template)]
#[template(path = "project/purposes.html")]
struct PurposesPage {
    shell: Shell,
    head: Head,
    rows: Vec<AskedRow>,
    pager: Pager,
    choices: Vec<Choice>,
    form: Typed,
    wrong: Wrong,
}

async fn page(
    web: &Web,
    frame: Framed,
    (id, after): (ProjectId, &str),
    form: Typed,
    wrong: Wrong,
) -> Result<PurposesPage, Refusal> {
    let reader = &frame.reader;
    let head = head(web, reader, id, Section::Purposes).await?;
    let place = Place::new(format!("{}/purposes", head.base), after);
    let found = purposes::of_project(&web.app, &reader.caller, id, &place.request(web, reader, 50)?).await?;
    let pager = place.pager(web, reader, &found)?;
    let row = |view: purposes::ProjectPurposeView| {
        let href = format!("{}/purposes/{}/withdraw", head.base, view.asked.id);
        AskedRow::new(view, href)
    };
    let rows = found.items.into_iter().map(row).collect();
    let choices = choices(web, reader).await?;
    Ok(PurposesPage { shell: frame.shell, head, rows, pager, choices, form, wrong })
}

async fn list(
    State(web): State<Web>,
    frame: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, frame, (id, &query.after), Typed::default(), Wrong::default()).await?)
}

async fn ask(
    State(web): State<Web>,
    frame: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let purpose = form.purpose.parse().map_err(|_| Fault::invalid("purpose", "choose one"))?;
        purposes::ask(&web.app, &frame.reader.caller, (id, purpose), &form.reason).await
    };
    match outcome.await {
        Ok(view) => {
            let words = format!("A data protection officer was asked for {}.", view.purpose.name);
            Ok(done(&format!("/projects/{id}/purposes"), &words))
        }
        Err(fault) => again(fault, |wrong| page(&web, frame, (id, ""), form, wrong)).await,
    }
}

async fn withdraw(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id)): Path<(ProjectId, ProjectPurposeId)>,
) -> Result<Response, Refusal> {
    let outcome = purposes::withdraw(&web.app, &reader.caller, id).await;
    back(&format!("/projects/{project}/purposes"), outcome.map(|()| "Nobody states it here any more.".to_owned()))
}
