//! What data is used for, over all projects: for data protection officers and auditors.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use lakegate_app::access::{
    purposes::{self, NewPurpose, ProjectPurposeView},
    register,
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{ProjectPurposeId, PurposeId},
    purposes::Purpose,
    words::{ProductRole, PurposeState},
};
use serde::Deserialize;

use super::{
    flash::done,
    kit::{After, Choice, Pager, Place, When, Wrong, again, back, confirm_first, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/purposes", get(list).post(create))
        .route("/purposes/register.csv", get(download))
        .route("/purposes/{purpose}/end", post(end))
        .route("/purposes/asked/{id}/decision", post(decide))
}

/// A purpose that a project asked for, in a list.
pub(super) struct AskedRow {
    pub project: String,
    pub purpose: String,
    pub basis: String,
    pub reason: String,
    pub asked_by: String,
    pub asked: When,
    pub state: String,
    pub decision: String,
    pub decided_by: String,
    /// The path under which it is decided or withdrawn.
    pub href: String,
    pub live: bool,
}

impl AskedRow {
    /// The row, with the path that its form goes to.
    pub fn new(view: ProjectPurposeView, href: String) -> Self {
        Self {
            live: matches!(view.asked.state, PurposeState::Asked | PurposeState::Approved),
            state: spoken(view.asked.state.as_str()),
            asked: When::at(view.asked.asked_at),
            project: view.project,
            purpose: view.purpose.name,
            basis: view.purpose.legal_basis,
            reason: view.asked.reason,
            asked_by: view.asked_by,
            decision: view.asked.decision,
            decided_by: view.decided_by.unwrap_or_default(),
            href,
        }
    }
}

struct PurposeRow {
    name: String,
    description: String,
    basis: String,
    since: When,
    ended: bool,
    end: String,
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    legal_basis: String,
}

#[derive(Template)]
#[template(path = "purposes/list.html")]
struct PurposesPage {
    shell: Shell,
    /// Whether the reader decides.
    officer: bool,
    waiting: Vec<AskedRow>,
    purposes: Vec<PurposeRow>,
    pager: Pager,
    form: Typed,
    wrong: Wrong,
}

async fn page(web: &Web, frame: Framed, after: &str, form: Typed, wrong: Wrong) -> Result<PurposesPage, Fault> {
    let reader = &frame.reader;
    let first = PageRequest::new(Some(100), None)?;
    let waiting = purposes::in_state(&web.app, &reader.caller, PurposeState::Asked, &first).await?;
    let place = Place::new("/purposes".to_owned(), after);
    let found = purposes::list(&web.app, &reader.caller, &place.request(web, reader, 50)?).await?;
    let pager = place.pager(web, reader, &found)?;
    let decision = |view: ProjectPurposeView| {
        let href = format!("/purposes/asked/{}/decision", view.asked.id);
        AskedRow::new(view, href)
    };
    Ok(PurposesPage {
        officer: frame.me.roles.contains(&ProductRole::DataProtectionOfficer),
        waiting: waiting.items.into_iter().map(decision).collect(),
        purposes: found.items.into_iter().map(purpose_row).collect(),
        pager,
        form,
        wrong,
        shell: frame.shell,
    })
}

fn purpose_row(purpose: Purpose) -> PurposeRow {
    PurposeRow {
        end: format!("/purposes/{}/end", purpose.id),
        since: When::at(purpose.created_at),
        ended: purpose.ended_at.is_some(),
        name: purpose.name,
        description: purpose.description,
        basis: purpose.legal_basis,
    }
}

async fn list(State(web): State<Web>, frame: Framed, Query(query): Query<After>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, frame, &query.after, Typed::default(), Wrong::default()).await?)
}

async fn create(State(web): State<Web>, frame: Framed, Form(form): Form<Typed>) -> Result<Response, Refusal> {
    let new = NewPurpose {
        name: form.name.clone(),
        description: form.description.clone(),
        legal_basis: form.legal_basis.clone(),
    };
    match purposes::create(&web.app, &frame.reader.caller, &new).await {
        Ok(made) => Ok(done("/purposes", &format!("Projects may ask for {} now.", made.name))),
        Err(fault) => again(fault, |wrong| page(&web, frame, "", form, wrong)).await,
    }
}

async fn end(State(web): State<Web>, reader: SignedIn, Path(id): Path<PurposeId>) -> Result<Response, Refusal> {
    let outcome = purposes::end(&web.app, &reader.caller, id).await;
    back("/purposes", outcome.map(|()| "Ended. What demands it opens nothing any more.".to_owned()))
}

#[derive(Debug, Default, Deserialize)]
struct Decision {
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    reason: String,
}

async fn decide(
    State(web): State<Web>,
    reader: SignedIn,
    Path(id): Path<ProjectPurposeId>,
    Form(form): Form<Decision>,
) -> Result<Response, Refusal> {
    let approve = match form.verdict.as_str() {
        "approve" => true,
        "refuse" => false,
        _ => return Err(Fault::invalid("verdict", "expected one of: approve refuse").into()),
    };
    match purposes::decide_on(&web.app, &reader.caller, id, approve, &form.reason).await {
        Ok(view) => {
            let words = format!("{} for {}: {}.", view.purpose.name, view.project, view.asked.state);
            back("/purposes", Ok(words))
        }
        Err(fault) if fault.code == lakegate_model::Code::Reauthenticate => Ok(confirm_first(fault, "/purposes")?),
        Err(fault) => back("/purposes", Err(fault)),
    }
}

async fn download(State(web): State<Web>, reader: SignedIn) -> Result<Response, Refusal> {
    let csv = register::csv(&web.app, &reader.caller).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"processing-activities.csv\""),
    ];
    Ok((headers, csv).into_response())
}

/// Purposes that a rule may demand, as boxes to tick.
///
/// # Errors
/// As the list itself.
pub(super) async fn choices(web: &Web, reader: &SignedIn) -> Result<Vec<Choice>, Fault> {
    let found = purposes::list(&web.app, &reader.caller, &PageRequest::new(Some(200), None)?).await?;
    let living = found.items.into_iter().filter(|purpose| purpose.ended_at.is_none());
    Ok(living.map(|purpose| Choice::new(purpose.id.to_string(), purpose.name)).collect())
}
