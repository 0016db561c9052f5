//! Publishing in two steps, deprecating, archiving, opening columns.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::catalog::{
    assets::AssetView,
    publish::{self, Deprecation, Missing},
};
use lakegate_model::{Code, Fault, ids::AssetId, words::AssetStatus};

use super::{
    edit::editable,
    head::{AssetHead, asset_href},
};
use crate::{
    fields::Fields,
    flash,
    kit::{Wrong, again, again_with, sentence},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/publish", get(publish_form).post(publish_now))
        .route("/assets/{id}/deprecate", get(deprecate_form).post(deprecate))
        .route("/assets/{id}/undeprecate", post(undeprecate))
        .route("/assets/{id}/archive", get(archive_form).post(archive))
        .route("/assets/{id}/release", post(release))
}

/// Something to be mended before publishing, with the place to mend it.
struct Gap {
    what: &'static str,
    message: String,
    href: String,
}

#[derive(Template)]
#[template(path = "assets/publish.html")]
struct PublishPage {
    shell: Shell,
    head: AssetHead,
    gaps: Vec<Gap>,
    hints: Vec<String>,
    revision: String,
    discover: &'static str,
    error: String,
}

fn gap(id: AssetId, missing: Missing) -> Gap {
    let edit = format!("{}/edit", asset_href(id));
    let (what, place) = match missing.field {
        "title" => ("Title", "#f-title"),
        "description" => ("Description", "#f-description"),
        "owner" => ("Owner", "#f-owner"),
        _ => ("Columns", "#columns"),
    };
    Gap { what, message: sentence(&missing.message), href: format!("{edit}{place}") }
}

async fn publish_page(web: &Web, frame: Framed, id: AssetId, error: String) -> Result<PublishPage, Fault> {
    let view = editable(web, &frame, id).await?;
    let readiness = publish::readiness(&web.app, &frame.reader.caller, id).await?;
    Ok(PublishPage {
        head: AssetHead::new(&view, "Edit"),
        gaps: readiness.missing.into_iter().map(|missing| gap(id, missing)).collect(),
        hints: readiness.hints.iter().map(|hint| sentence(hint)).collect(),
        revision: readiness.revision.to_string(),
        discover: super::discover_words(view.discover),
        error,
        shell: frame.shell,
    })
}

async fn publish_form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    if view.asset.status != AssetStatus::Inventory {
        return Ok(flash::refused(&asset_href(id), "It was published before."));
    }
    show(StatusCode::OK, &publish_page(&web, frame, id, String::new()).await?)
}

async fn publish_now(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    match publish::publish(&web.app, &frame.reader.caller, id, fields.revision()?).await {
        Ok(asset) => Ok(flash::done(&asset_href(id), &format!("{} is published.", asset.display_name()))),
        Err(fault) => again(fault, |wrong| publish_page(&web, frame, id, wrong.besides([]).to_owned())).await,
    }
}

#[derive(Template)]
#[template(path = "assets/deprecate.html")]
struct DeprecatePage {
    shell: Shell,
    head: AssetHead,
    note: String,
    from: String,
    successor: String,
    revision: String,
    wrong: Wrong,
}

async fn deprecate_form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    show(StatusCode::OK, &deprecate_page(frame, &view, &Fields::default(), Wrong::default()))
}

fn deprecate_page(frame: Framed, view: &AssetView, fields: &Fields, wrong: Wrong) -> DeprecatePage {
    let revision = fields.one("revision");
    DeprecatePage {
        head: AssetHead::new(view, "Edit"),
        note: fields.one("note").to_owned(),
        from: fields.one("from").to_owned(),
        successor: fields.one("successor").to_owned(),
        revision: if revision.is_empty() { view.asset.revision.to_string() } else { revision.to_owned() },
        wrong,
        shell: frame.shell,
    }
}

async fn deprecate(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    match carry_out(&web, &frame, id, &fields).await {
        Ok(()) => Ok(flash::done(&asset_href(id), "Deprecated. Subscribers were told.")),
        Err(fault) => again_with(fault, |wrong| deprecate_page(frame, &view, &fields, wrong)),
    }
}

async fn carry_out(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<(), Fault> {
    let how = Deprecation {
        successor: successor(fields.one("successor"))?,
        from: fields.day("from")?,
        note: fields.one("note").to_owned(),
    };
    publish::deprecate(&web.app, &frame.reader.caller, id, fields.revision()?, &how).await.map(drop)
}

/// The asset that a pasted address of its page means.
fn successor(text: &str) -> Result<Option<AssetId>, Fault> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let after = text.split("/assets/").nth(1).unwrap_or(text);
    let id = after.split(['/', '?', '#']).next().unwrap_or(after);
    id.parse().map(Some).map_err(|_| Fault::invalid("successor", "paste the address of its page"))
}

/// Back to the page of the asset: done, or with a sentence why not.
fn told(id: AssetId, done: Result<String, Fault>) -> Result<Response, Refusal> {
    match done {
        Ok(text) => Ok(flash::done(&asset_href(id), &text)),
        Err(fault) if matches!(fault.code, Code::Conflict | Code::Invalid) => {
            let fix = fault.fix.as_deref().map(sentence).unwrap_or_default();
            let text = format!("{} {fix}", sentence(&fault.message));
            Ok(flash::refused(&format!("{}/edit", asset_href(id)), text.trim()))
        }
        Err(fault) => Err(fault.into()),
    }
}

async fn undeprecate(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    reader: SignedIn,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let done = publish::undeprecate(&web.app, &reader.caller, id, fields.revision()?).await;
    told(id, done.map(|asset| format!("{} takes requests again.", asset.display_name())))
}

#[derive(Template)]
#[template(path = "assets/archive.html")]
struct ArchivePage {
    shell: Shell,
    head: AssetHead,
    revision: String,
}

async fn archive_form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    let view = editable(&web, &frame, id).await?;
    let revision = view.asset.revision.to_string();
    show(StatusCode::OK, &ArchivePage { shell: frame.shell, head: AssetHead::new(&view, "Edit"), revision })
}

async fn archive(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    reader: SignedIn,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let done = publish::archive(&web.app, &reader.caller, id, fields.revision()?).await;
    told(id, done.map(|asset| format!("{} was put away.", asset.display_name())))
}

async fn release(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    reader: SignedIn,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let columns = fields.ids("column")?;
    let done = publish::release(&web.app, &reader.caller, id, &columns).await;
    told(id, done.map(|_| "The columns are open to whose access covers them.".to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_successor_is_named_by_its_address() {
        let id = "0190f3a1-7c1e-7b5a-9d3e-2f6a4b8c0d1e";
        for text in [id.to_owned(), format!("/assets/{id}"), format!("http://127.0.0.1:8080/assets/{id}/edit?x=1#y")] {
            assert_eq!(successor(&text).unwrap().unwrap().to_string(), id);
        }
        assert!(successor("  ").unwrap().is_none() && successor("Companies").is_err());
    }
}
