//! The datasets that other programs speak of, and the rules by which their names are tables.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    places::environments,
    reported::{self, DatasetView},
};
use lakegate_model::{
    Fault,
    ids::{ProjectId, ReportedRuleId},
};
use serde::Deserialize;

use super::{super::Head, list_head, matched};
use crate::{
    flash::done,
    kit::{Choice, Pager, Place, Tab, When, Wrong, again, back},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/reported", get(list))
        .route("/projects/{project}/reported/rules", post(create_rule))
        .route("/projects/{project}/reported/rules/{rule}/delete", post(delete_rule))
}

#[derive(Debug, Default, Deserialize)]
struct Asked {
    /// `all`, or those of which nobody knows what they are.
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    database: String,
}

struct Row {
    href: String,
    name: String,
    namespace: String,
    matched: &'static str,
    tone: &'static str,
    owners: String,
    lifecycle: String,
    heard: When,
}

struct RuleRow {
    namespace: String,
    prefix: String,
    database: String,
    delete: String,
}

#[derive(Template)]
#[template(path = "reported/datasets.html")]
struct ListPage {
    shell: Shell,
    head: Head,
    filters: Vec<Tab>,
    all: bool,
    rows: Vec<Row>,
    pager: Pager,
    rules: Vec<RuleRow>,
    databases: Vec<Choice>,
    form: Typed,
    wrong: Wrong,
}

async fn list(
    State(web): State<Web>,
    frame: Framed,
    Path(project): Path<ProjectId>,
    Query(asked): Query<Asked>,
) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, frame, project, (asked, Typed::default()), Wrong::default()).await?)
}

async fn page(
    web: &Web,
    frame: Framed,
    project: ProjectId,
    (asked, form): (Asked, Typed),
    wrong: Wrong,
) -> Result<ListPage, Refusal> {
    let reader = &frame.reader;
    let head = list_head(web, reader, project, "Reported datasets").await?;
    let path = format!("{}/reported", head.base);
    let all = asked.show == "all";
    let here = if all { format!("{path}?show=all") } else { path.clone() };
    let place = Place::new(here, &asked.after);
    let of = (project, !all);
    let found = reported::datasets(&web.app, &reader.caller, of, &place.request(web, reader, 50)?).await?;
    let pager = place.pager(web, reader, &found)?;
    let tab = |label, href, active| Tab { label, href, active, count: 0 };
    Ok(ListPage {
        filters: vec![tab("Not known yet", path.clone(), !all), tab("All", format!("{path}?show=all"), all)],
        all,
        rows: found.items.into_iter().map(|view| row(&path, view)).collect(),
        pager,
        rules: rules(web, reader, project).await?,
        databases: if head.contributes { databases(web, reader, project).await? } else { Vec::new() },
        form,
        wrong,
        head,
        shell: frame.shell,
    })
}

fn row(path: &str, view: DatasetView) -> Row {
    let (matched, tone) = matched(&view);
    Row {
        href: format!("{path}/{}", view.dataset.id),
        matched,
        tone,
        owners: view.owners.join(", "),
        lifecycle: view.lifecycle.unwrap_or_default(),
        heard: When::at(view.dataset.last_at),
        name: view.dataset.name,
        namespace: view.dataset.namespace,
    }
}

async fn rules(web: &Web, reader: &SignedIn, project: ProjectId) -> Result<Vec<RuleRow>, Fault> {
    let rules = reported::rules(&web.app, &reader.caller, project).await?;
    let row = |rule: lakegate_model::reported::ReportedRule| RuleRow {
        delete: format!("/projects/{project}/reported/rules/{}/delete", rule.id),
        namespace: rule.namespace,
        prefix: rule.prefix,
        database: rule.database_name,
    };
    Ok(rules.into_iter().map(row).collect())
}

async fn databases(web: &Web, reader: &SignedIn, project: ProjectId) -> Result<Vec<Choice>, Fault> {
    let places = environments::list(&web.app, &reader.caller, project).await?;
    let all = places.into_iter().flat_map(|place| place.databases);
    Ok(all.map(|database| Choice::new(database.id.to_string(), database.name)).collect())
}

async fn create_rule(
    State(web): State<Web>,
    frame: Framed,
    Path(project): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let outcome = async {
        let database = form.database.parse().map_err(|_| Fault::invalid("database", "choose one"))?;
        let rule = (form.namespace.as_str(), form.prefix.as_str(), database);
        reported::create_rule(&web.app, &frame.reader.caller, project, rule).await
    };
    match outcome.await {
        Ok(rule) => {
            let words = format!("Names under {}{} are tables of {}.", rule.namespace, rule.prefix, rule.database_name);
            Ok(done(&format!("/projects/{project}/reported?show=all"), &words))
        }
        Err(fault) => again(fault, |wrong| page(&web, frame, project, (Asked::default(), form), wrong)).await,
    }
}

async fn delete_rule(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, rule)): Path<(ProjectId, ReportedRuleId)>,
) -> Result<Response, Refusal> {
    let outcome = reported::delete_rule(&web.app, &reader.caller, rule).await;
    back(&format!("/projects/{project}/reported"), outcome.map(|()| "The rule is gone.".to_owned()))
}
