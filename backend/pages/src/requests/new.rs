//! Asking for access.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use lakegate_app::{
    access::{
        requests::{self, Wish},
        views::{self, RequestKey, may_ask},
    },
    catalog::assets::{self, AssetView},
};
use lakegate_model::{
    Fault,
    ids::{AssetId, ProjectId},
    words::{ColumnState, RequestState},
};

use super::{Pick, chosen_columns, request_href};
use crate::{
    asset::head::asset_href,
    fields::Fields,
    flash,
    kit::{Choice, Crumb, Wrong, again, crumbs},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};

/// An asset that is asked for.
struct Wanted {
    id: AssetId,
    title: String,
    href: String,
    project: String,
}

#[derive(Template)]
#[template(path = "requests/new.html")]
struct NewPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    heading: String,
    assets: Vec<Wanted>,
    /// Projects on whose behalf the reader may ask.
    projects: Vec<Choice>,
    project: String,
    reason: String,
    until: String,
    some: bool,
    columns: Vec<Pick>,
    readers: String,
    draft: String,
    today: String,
    wrong: Wrong,
}

pub(super) async fn form_for_one(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(mut fields): Query<Fields>,
) -> Result<Response, Refusal> {
    fields.0.retain(|(name, _)| name != "asset");
    fields.0.push(("asset".to_owned(), id.to_string()));
    show(StatusCode::OK, &new_page(&web, frame, &fields, Wrong::default()).await?)
}

pub(super) async fn form(
    State(web): State<Web>,
    frame: Framed,
    Query(fields): Query<Fields>,
) -> Result<Response, Refusal> {
    show(StatusCode::OK, &new_page(&web, frame, &fields, Wrong::default()).await?)
}

async fn wanted(web: &Web, frame: &Framed, fields: &Fields) -> Result<Vec<AssetView>, Fault> {
    let ids: Vec<AssetId> = fields.ids("asset")?;
    if ids.is_empty() || ids.len() > requests::MAX_ASSETS {
        return Err(
            Fault::invalid("asset", "choose what you want to use").fix("find it by search, and ask on its page")
        );
    }
    let mut views = Vec::with_capacity(ids.len());
    for id in ids {
        views.push(assets::view(&web.app, &frame.reader.caller, id).await?);
    }
    Ok(views)
}

async fn new_page(web: &Web, frame: Framed, fields: &Fields, wrong: Wrong) -> Result<NewPage, Fault> {
    let views = wanted(web, &frame, fields).await?;
    let owners: Vec<ProjectId> = views.iter().map(|view| view.asset.project_id).collect();
    let projects: Vec<Choice> = frame
        .me
        .projects
        .iter()
        .filter(|(project, role)| may_ask(*role) && !owners.contains(&project.id))
        .map(|(project, _)| Choice::new(project.id.to_string(), project.name.clone()))
        .collect();
    Ok(NewPage {
        crumbs: path_here(&views),
        heading: heading(&views),
        project: chosen(&frame, fields, &projects),
        projects,
        reason: fields.one("reason").to_owned(),
        until: fields.one("until").to_owned(),
        some: fields.one("columns") == "some",
        columns: picks(&views, fields),
        readers: readers(&views),
        draft: draft(&views),
        today: web.app.now().format("%Y-%m-%d").to_string(),
        assets: views.iter().map(line).collect(),
        wrong,
        shell: frame.shell,
    })
}

/// The project that was chosen, else the one the reader acts in, else the first.
fn chosen(frame: &Framed, fields: &Fields, projects: &[Choice]) -> String {
    let acting = frame.me.acting.as_ref().map(|project| project.id.to_string()).unwrap_or_default();
    let offered = |id: &&str| projects.iter().any(|choice| choice.value == *id);
    let first = projects.first().map(|choice| choice.value.as_str()).unwrap_or_default();
    [fields.one("project"), acting.as_str()].into_iter().find(offered).unwrap_or(first).to_owned()
}

fn line(view: &AssetView) -> Wanted {
    Wanted {
        id: view.asset.id,
        title: view.asset.display_name().to_owned(),
        href: asset_href(view.asset.id),
        project: view.project_name.clone(),
    }
}

fn heading(views: &[AssetView]) -> String {
    match views {
        [one] => format!("Request access to {}", one.asset.display_name()),
        many => format!("Request access to {} assets", many.len()),
    }
}

fn path_here(views: &[AssetView]) -> Vec<Crumb> {
    let (search, here) = (("Search", "/search"), ("Request access", ""));
    match views {
        [one] => crumbs(&[search, (one.asset.display_name(), &asset_href(one.asset.id)), here]),
        _ => crumbs(&[search, here]),
    }
}

/// Columns can be chosen for one asset at a time.
fn picks(views: &[AssetView], fields: &Fields) -> Vec<Pick> {
    let [one] = views else { return Vec::new() };
    let some = fields.one("columns") == "some";
    let released = one.columns.iter().filter(|column| column.column.state == ColumnState::Active);
    released
        .map(|column| Pick::new(&column.column, !some || fields.holds("column", &column.column.id.to_string())))
        .collect()
}

fn readers(views: &[AssetView]) -> String {
    let mut names: Vec<&str> = views.iter().map(|view| view.project_name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    format!("Owners of {} read this, and the audit keeps it.", names.join(", "))
}

fn draft(views: &[AssetView]) -> String {
    match views {
        [one] => format!("request-{}", one.asset.id),
        _ => "request-several".to_owned(),
    }
}

pub(super) async fn send(
    State(web): State<Web>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let sent = match wish(&fields) {
        Ok(wish) => requests::request(&web.app, &frame.reader.caller, &wish).await,
        Err(fault) => Err(fault),
    };
    match sent {
        Ok(made) => {
            let views = wanted(&web, &frame, &fields).await?;
            arrived(&web, &frame, &made, &draft(&views)).await
        }
        Err(fault) => again(fault, |wrong| new_page(&web, frame, &fields, wrong)).await,
    }
}

fn wish(fields: &Fields) -> Result<Wish, Fault> {
    Ok(Wish {
        project: fields.id("project")?,
        assets: fields.ids("asset")?,
        reason: fields.one("reason").to_owned(),
        columns: chosen_columns(fields)?,
        until: fields.day("until")?,
    })
}

/// Where one goes with a request that was sent: to it, or to the data if it was granted at once.
async fn arrived(
    web: &Web,
    frame: &Framed,
    made: &[lakegate_model::ids::RequestId],
    draft: &str,
) -> Result<Response, Refusal> {
    let [only] = made else {
        return Ok(flash::done_with_draft("/requests", &format!("{} requests were sent.", made.len()), draft));
    };
    let view = views::get(&web.app, &frame.reader.caller, RequestKey::Id(*only)).await?.view;
    let reference = view.request.reference();
    if view.request.state == RequestState::Approved {
        let text = format!("{reference} was granted at once. You may query {} now.", view.asset_name);
        return Ok(flash::done_with_draft(&asset_href(view.request.asset_id), &text, draft));
    }
    let text = format!("{reference} was sent to {}.", view.producer_name);
    Ok(flash::done_with_draft(&request_href(&view), &text, draft))
}
