//! Watching, bookmarking, vouching, asking the owner.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::catalog::{assets, publish, social};
use lakegate_model::{
    Fault,
    catalog::Question,
    ids::{AssetId, QuestionId},
    words::Mark,
};
use serde::Deserialize;

use super::head::{AssetHead, asset_href};
use crate::{
    flash,
    kit::{After, Pager, Place, When, Who, Wrong},
    shell::{Framed, Shell, safe_next, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
    markdown,
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/mark", post(mark))
        .route("/assets/{id}/certify", post(certify))
        .route("/assets/{id}/questions", get(questions).post(ask))
        .route("/assets/{id}/questions/{question}", post(answer))
}

#[derive(Debug, Deserialize)]
struct MarkForm {
    mark: String,
    #[serde(default)]
    on: String,
    #[serde(default)]
    next: String,
}

async fn mark(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    reader: SignedIn,
    Form(form): Form<MarkForm>,
) -> Result<Response, Refusal> {
    let mark: Mark = form.mark.parse().map_err(|fault: Fault| fault.on("mark"))?;
    if mark == Mark::Seen {
        return Err(Fault::invalid("mark", "expected one of: watch bookmark").into());
    }
    let on = form.on == "yes";
    social::mark(&web.app, &reader.caller, id, mark, on).await?;
    let text = match (mark, on) {
        (Mark::Watch, true) => "You will be told of changes.",
        (Mark::Watch, false) => "You will no longer be told of changes.",
        (_, true) => "Bookmarked. It stands on your home page.",
        (_, false) => "Bookmark removed.",
    };
    let here = asset_href(id);
    let next = if form.next.is_empty() { here.as_str() } else { safe_next(&form.next) };
    Ok(flash::done(next, text))
}

#[derive(Debug, Deserialize)]
struct CertifyForm {
    #[serde(default)]
    on: String,
}

async fn certify(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    reader: SignedIn,
    Form(form): Form<CertifyForm>,
) -> Result<Response, Refusal> {
    let on = form.on == "yes";
    publish::certify(&web.app, &reader.caller, id, on).await?;
    let text = if on { "Certified: readers see that it was checked." } else { "No longer certified." };
    Ok(flash::done(&asset_href(id), text))
}

/// A question with its answer, as the page shows it.
struct Asked {
    id: QuestionId,
    author: Who,
    at: When,
    body: String,
    answer: Option<Answered>,
}

struct Answered {
    by: Who,
    at: When,
    body: String,
}

#[derive(Template)]
#[template(path = "assets/questions.html")]
struct QuestionsPage {
    shell: Shell,
    head: AssetHead,
    questions: Vec<Asked>,
    pager: Pager,
    owner: String,
    draft: String,
    body: String,
    wrong: Wrong,
    /// The answer that was refused, and to which question.
    refused: Option<(QuestionId, String)>,
}

async fn questions(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let page = questions_page(&web, frame, id, &query.after).await?;
    show(StatusCode::OK, &page)
}

async fn questions_page(web: &Web, frame: Framed, id: AssetId, after: &str) -> Result<QuestionsPage, Fault> {
    let caller = &frame.reader.caller;
    let view = assets::view(&web.app, caller, id).await?;
    let place = Place::new(format!("{}/questions", asset_href(id)), after);
    let found = social::questions(&web.app, caller, id, &place.request(web, &frame.reader, 20)?).await?;
    let pager = place.pager(web, &frame.reader, &found)?;
    let owner = if view.owner_name.is_empty() { view.project_name.clone() } else { view.owner_name.clone() };
    Ok(QuestionsPage {
        head: AssetHead::new(&view, "Questions"),
        questions: found.items.into_iter().map(asked).collect(),
        pager,
        owner,
        draft: format!("question-{id}"),
        body: String::new(),
        wrong: Wrong::default(),
        refused: None,
        shell: frame.shell,
    })
}

fn asked(question: Question) -> Asked {
    let answer = question.answer.map(|body| Answered {
        by: Who::named(&question.answered_by_name.unwrap_or_default()),
        at: When::maybe(question.answered_at),
        body: markdown::html(&body),
    });
    Asked {
        id: question.id,
        author: Who::named(&question.author_name),
        at: When::at(question.asked_at),
        body: markdown::html(&question.body),
        answer,
    }
}

#[derive(Debug, Deserialize)]
struct AskForm {
    #[serde(default)]
    body: String,
}

async fn ask(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(form): Form<AskForm>,
) -> Result<Response, Refusal> {
    match social::ask(&web.app, &frame.reader.caller, id, &form.body).await {
        Ok(_) => {
            let to = format!("{}/questions", asset_href(id));
            Ok(flash::done_with_draft(&to, "Your question was sent.", &format!("question-{id}")))
        }
        Err(fault) => {
            let (status, wrong) = Wrong::take(fault)?;
            let page = questions_page(&web, frame, id, "").await?;
            show(status, &QuestionsPage { body: form.body, wrong, ..page })
        }
    }
}

#[derive(Debug, Deserialize)]
struct AnswerForm {
    #[serde(default)]
    answer: String,
}

async fn answer(
    State(web): State<Web>,
    Path((id, question)): Path<(AssetId, QuestionId)>,
    frame: Framed,
    Form(form): Form<AnswerForm>,
) -> Result<Response, Refusal> {
    match social::answer(&web.app, &frame.reader.caller, question, &form.answer).await {
        Ok(_) => {
            let to = format!("{}/questions", asset_href(id));
            Ok(flash::done_with_draft(&to, "Your answer was sent.", &format!("answer-{question}")))
        }
        Err(fault) => {
            let (status, wrong) = Wrong::take(fault)?;
            let page = questions_page(&web, frame, id, "").await?;
            show(status, &QuestionsPage { refused: Some((question, form.answer)), wrong, ..page })
        }
    }
}
