//! Talking about a request, changing it, taking it back.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use lakegate_app::access::{
    requests::{self, Edit},
    views::RequestDetail,
};
use lakegate_model::{Code, Fault, catalog::Column};

use super::{Pick, chosen_columns, found, request_href, request_page};
use crate::{
    fields::{Fields, day_text},
    flash,
    kit::{Crumb, Wrong, again, again_with, crumbs},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path},
};

pub(super) async fn comment(
    State(web): State<Web>,
    Path(text): Path<String>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let detail = found(&web, &frame, &text).await?;
    match requests::comment(&web.app, &frame.reader.caller, detail.view.request.id, fields.one("body")).await {
        Ok(()) => {
            let draft = format!("comment-{}", detail.view.request.reference());
            Ok(flash::done_with_draft(&request_href(&detail.view), "Sent.", &draft))
        }
        Err(fault) => again(fault, |wrong| request_page(&web, frame, detail, &fields, wrong)).await,
    }
}

#[derive(Template)]
#[template(path = "requests/edit.html")]
struct EditPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    reference: String,
    href: String,
    asset: String,
    producer: String,
    reason: String,
    until: String,
    some: bool,
    columns: Vec<Pick>,
    draft: String,
    wrong: Wrong,
}

/// A request that the reader may change.
async fn editable(web: &Web, frame: &Framed, text: &str) -> Result<RequestDetail, Fault> {
    let detail = found(web, frame, text).await?;
    if detail.view.can_edit {
        return Ok(detail);
    }
    Err(Fault::new(Code::Forbidden, "only its author or an owner of the asking project changes an open request"))
}

pub(super) async fn form(State(web): State<Web>, Path(text): Path<String>, frame: Framed) -> Result<Response, Refusal> {
    let detail = editable(&web, &frame, &text).await?;
    let wished = detail.view.request.columns.is_some();
    let reason = detail.view.request.reason.clone();
    let until = day_text(detail.view.request.wanted_until);
    let ticked = |_: &Column, asked: bool| asked || !wished;
    show(StatusCode::OK, &edit_page(frame, &detail, (reason, until, wished), ticked, Wrong::default()))
}

fn edit_page(
    frame: Framed,
    detail: &RequestDetail,
    (reason, until, some): (String, String, bool),
    ticked: impl Fn(&Column, bool) -> bool,
    wrong: Wrong,
) -> EditPage {
    let view = &detail.view;
    let (reference, href) = (view.request.reference(), request_href(view));
    let asked = detail.columns.iter().map(|column| (column, true));
    let others = detail.not_wished.iter().map(|column| (column, false));
    let listed = asked.chain(others).filter(|(column, asked)| *asked || !column.unlisted);
    let mut columns: Vec<(i64, Pick)> =
        listed.map(|(column, asked)| (column.ordinal, Pick::new(column, ticked(column, asked)))).collect();
    columns.sort_by_key(|(ordinal, _)| *ordinal);
    EditPage {
        crumbs: crumbs(&[("Inbox", "/inbox"), (&reference, &href), ("Change", "")]),
        asset: view.asset_name.clone(),
        producer: view.producer_name.clone(),
        draft: format!("edit-{reference}"),
        columns: columns.into_iter().map(|(_, pick)| pick).collect(),
        reference,
        href,
        reason,
        until,
        some,
        wrong,
        shell: frame.shell,
    }
}

fn change(fields: &Fields) -> Result<Edit, Fault> {
    Ok(Edit { reason: fields.one("reason").to_owned(), columns: chosen_columns(fields)?, until: fields.day("until")? })
}

pub(super) async fn save(
    State(web): State<Web>,
    Path(text): Path<String>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let detail = editable(&web, &frame, &text).await?;
    let saved = match change(&fields) {
        Ok(change) => requests::edit(&web.app, &frame.reader.caller, detail.view.request.id, &change).await,
        Err(fault) => Err(fault),
    };
    match saved {
        Ok(()) => {
            let draft = format!("edit-{}", detail.view.request.reference());
            Ok(flash::done_with_draft(&request_href(&detail.view), "Changed. It waits for a decision again.", &draft))
        }
        Err(fault) => {
            let some = fields.one("columns") == "some";
            let words = (fields.one("reason").to_owned(), fields.one("until").to_owned(), some);
            let ticked = |column: &Column, _: bool| !some || fields.holds("column", &column.id.to_string());
            again_with(fault, |wrong| edit_page(frame, &detail, words, ticked, wrong))
        }
    }
}

pub(super) async fn withdraw(
    State(web): State<Web>,
    Path(text): Path<String>,
    frame: Framed,
) -> Result<Response, Refusal> {
    let detail = editable(&web, &frame, &text).await?;
    requests::withdraw(&web.app, &frame.reader.caller, detail.view.request.id).await?;
    Ok(flash::done(&request_href(&detail.view), &format!("{} was withdrawn.", detail.view.request.reference())))
}
