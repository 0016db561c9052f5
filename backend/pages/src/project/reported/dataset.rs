//! One reported dataset, and deciding what it is.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    catalog::assets,
    reported::{self, DatasetView, Is},
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{AssetId, ProjectId, ReportedDatasetId},
    words::ReportedMatch,
};
use serde::Deserialize;

use super::{super::Head, list_head, matched};
use crate::{
    flash::done,
    kit::{Choice, When, Wrong, again, back},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

/// Assets or datasets to choose from.
const CHOICES: i64 = 200;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/reported/{dataset}", get(page_of).post(decide))
        .route("/projects/{project}/reported/{dataset}/undo", post(undo))
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    /// `asset`, `dataset` or `itself`.
    #[serde(default)]
    is: String,
    #[serde(default)]
    asset: String,
    #[serde(default)]
    dataset: String,
}

#[derive(Template)]
#[template(path = "reported/dataset.html")]
struct DatasetPage {
    shell: Shell,
    head: Head,
    action: String,
    name: String,
    namespace: String,
    matched: &'static str,
    tone: &'static str,
    /// The asset or dataset that it is.
    other: String,
    other_href: String,
    owners: String,
    lifecycle: String,
    first: When,
    heard: When,
    decided: bool,
    assets: Vec<Choice>,
    datasets: Vec<Choice>,
    form: Typed,
    wrong: Wrong,
}

/// A dataset of this project; one of another project is absent here.
async fn find(web: &Web, reader: &SignedIn, (project, id): Place) -> Result<DatasetView, Fault> {
    let view = reported::dataset_of(&web.app, &reader.caller, id).await?;
    if view.dataset.project_id == project { Ok(view) } else { Err(Fault::not_found("reported dataset")) }
}

type Place = (ProjectId, ReportedDatasetId);

async fn page_of(State(web): State<Web>, frame: Framed, Path(at): Path<Place>) -> Result<Response, Refusal> {
    let form = Typed { is: "asset".to_owned(), ..Typed::default() };
    show(StatusCode::OK, &page(&web, frame, at, form, Wrong::default()).await?)
}

async fn page(web: &Web, frame: Framed, at: Place, form: Typed, wrong: Wrong) -> Result<DatasetPage, Refusal> {
    let reader = &frame.reader;
    let view = find(web, reader, at).await?;
    let head = list_head(web, reader, at.0, "Reported datasets").await?;
    let list = format!("{}/reported", head.base);
    let head = head.deeper(&list, &view.dataset.name);
    let (matched, tone) = matched(&view);
    let (other, other_href) = other(web, reader, &view, &list).await?;
    let (assets, datasets) = match head.contributes {
        true => (assets(web, reader, at.0).await?, datasets(web, reader, at).await?),
        false => (Vec::new(), Vec::new()),
    };
    Ok(DatasetPage {
        action: format!("{list}/{}", at.1),
        matched,
        tone,
        other,
        other_href,
        owners: view.owners.join(", "),
        lifecycle: view.lifecycle.unwrap_or_default(),
        first: When::at(view.dataset.first_at),
        heard: When::at(view.dataset.last_at),
        decided: view.dataset.matched == ReportedMatch::Decision,
        name: view.dataset.name,
        namespace: view.dataset.namespace,
        assets,
        datasets,
        form,
        wrong,
        head,
        shell: frame.shell,
    })
}

/// What the dataset is, as a link.
async fn other(web: &Web, reader: &SignedIn, view: &DatasetView, list: &str) -> Result<(String, String), Fault> {
    if let Some(asset) = view.dataset.asset_id {
        let asset: AssetId = asset;
        let found = assets::view(&web.app, &reader.caller, asset).await?;
        return Ok((found.asset.display_name().to_owned(), format!("/assets/{asset}")));
    }
    match view.dataset.same_as {
        Some(id) => {
            let same = reported::dataset_of(&web.app, &reader.caller, id).await?;
            Ok((same.dataset.name, format!("{list}/{id}")))
        }
        None => Ok(Default::default()),
    }
}

async fn assets(web: &Web, reader: &SignedIn, project: ProjectId) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(CHOICES), None)?;
    let found = assets::of_project(&web.app, &reader.caller, project, None, &page).await?;
    let tables = found.items.into_iter().filter(|asset| asset.table_id.is_some());
    Ok(tables.map(|asset| Choice::new(asset.id.to_string(), asset.display_name())).collect())
}

async fn datasets(web: &Web, reader: &SignedIn, (project, own): Place) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(CHOICES), None)?;
    let found = reported::datasets(&web.app, &reader.caller, (project, false), &page).await?;
    let others = found.items.into_iter().map(|view| view.dataset).filter(|dataset| dataset.id != own);
    let choice = |dataset: lakegate_model::reported::ReportedDataset| {
        Choice::new(dataset.id.to_string(), format!("{} in {}", dataset.name, dataset.namespace))
    };
    Ok(others.map(choice).collect())
}

async fn decide(
    State(web): State<Web>,
    frame: Framed,
    Path(at): Path<Place>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        find(&web, &frame.reader, at).await?;
        reported::decide(&web.app, &frame.reader.caller, at.1, said(&form)?).await
    };
    match outcome.await {
        Ok(view) => {
            let words = format!("It is decided what {} is. Its lineage follows.", view.dataset.name);
            Ok(done(&format!("/projects/{}/reported/{}", at.0, at.1), &words))
        }
        Err(fault) => again(fault, |wrong| page(&web, frame, at, form, wrong)).await,
    }
}

fn said(form: &Typed) -> Result<Is, Fault> {
    match form.is.as_str() {
        "asset" => form.asset.parse().map(Is::Asset).map_err(|_| Fault::invalid("asset", "choose one")),
        "dataset" => form.dataset.parse().map(Is::Dataset).map_err(|_| Fault::invalid("dataset", "choose one")),
        "itself" => Ok(Is::Itself),
        _ => Err(Fault::invalid("is", "choose what it is")),
    }
}

async fn undo(State(web): State<Web>, reader: SignedIn, Path(at): Path<Place>) -> Result<Response, Refusal> {
    let outcome = async {
        find(&web, &reader, at).await?;
        reported::undo(&web.app, &reader.caller, at.1).await
    };
    let words = outcome.await.map(|_| "The decision is undone.".to_owned());
    back(&format!("/projects/{}/reported/{}", at.0, at.1), words)
}
