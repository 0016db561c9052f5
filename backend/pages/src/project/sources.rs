//! Where a project's tables come from: data sources and their runs.

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
    jobs::{
        Target,
        schedules::{self, Timing},
    },
    places::{connections, environments, roots},
    sources::{
        manage::{self, NewSource, SourceChange},
        runs,
    },
};
use lakegate_model::{
    Fault, PageRequest,
    catalog::DataSource,
    ids::{DataSourceId, EnvironmentId, ProjectId, RunId},
    words::CatchUp,
};
use serde::Deserialize;

use super::{
    Head, Section,
    environments::{choices, chosen},
    head,
    run_row::RunRow,
    spark::{Spark, last_runs},
    timing::{interval_of, interval_text, intervals},
    triggers,
};
use crate::{
    flash::{self, done},
    kit::{After, Choice, Pager, Place, When, Wrong, again, back, place_text},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/sources", get(list).post(create))
        .route("/projects/{project}/sources/new", get(new_form))
        .route("/projects/{project}/sources/{source}", get(detail).post(update))
        .route("/projects/{project}/sources/{source}/run", post(run_now))
        .route("/projects/{project}/sources/{source}/remove", post(remove))
        .route("/projects/{project}/sources/{source}/runs/{run}/cancel", post(cancel))
}

struct Row {
    name: String,
    href: String,
    location: String,
    interval: String,
    last: RunRow,
    spark: Spark,
    run: String,
}

#[derive(Template)]
#[template(path = "sources/list.html")]
struct ListPage {
    shell: Shell,
    head: Head,
    sources: Vec<Row>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let head = head(&web, reader, id, Section::Sources).await?;
    let place = Place::new(format!("{}/sources", head.base), &query.after);
    let page = manage::list(&web.app, &reader.caller, id, &place.request(&web, reader, 25)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let mut sources = Vec::with_capacity(page.items.len());
    for source in page.items {
        let href = format!("{}/sources/{}", head.base, source.id);
        let (runs, spark) = last_runs(&web, reader, source.id).await?;
        sources.push(Row {
            last: runs.first().map(|run| RunRow::of(run, "")).unwrap_or_default(),
            spark,
            run: if head.contributes { format!("{href}/run") } else { String::new() },
            interval: interval_text(source.interval_seconds),
            name: source.name,
            location: place_text(&source.location),
            href,
        });
    }
    show(StatusCode::OK, &ListPage { shell: framed.shell, head, sources, pager })
}

#[derive(Debug, Default, Deserialize)]
struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    environment: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    connection: String,
    #[serde(default)]
    interval: String,
    /// In place of the interval.
    #[serde(default)]
    cron: String,
    #[serde(default)]
    zone: String,
}

#[derive(Template)]
#[template(path = "sources/new.html")]
struct NewPage {
    shell: Shell,
    head: Head,
    form: Typed,
    environments: Vec<Choice>,
    connections: Vec<Choice>,
    intervals: Vec<Choice>,
    roots: Vec<String>,
    wrong: Wrong,
}

async fn new_page(web: &Web, framed: Framed, id: ProjectId, form: Typed, wrong: Wrong) -> Result<NewPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let head = head(web, &reader, id, Section::Sources).await?;
    let places = environments::list(&web.app, &reader.caller, id).await?;
    let reached = connections::list(&web.app, &reader.caller, id).await?;
    let roots = roots::usable(&web.app, &reader.caller, id).await?;
    let environment =
        |view: environments::EnvironmentView| Choice::new(view.environment.id.to_string(), view.environment.name);
    Ok(NewPage {
        shell,
        head: head.below(Section::Sources, "New data source"),
        environments: places.into_iter().map(environment).collect(),
        connections: choices(reached),
        intervals: intervals(&form.interval),
        roots: roots.into_iter().map(|root| root.uri).collect(),
        form,
        wrong,
    })
}

async fn new_form(State(web): State<Web>, framed: Framed, Path(id): Path<ProjectId>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &new_page(&web, framed, id, Typed::default(), Wrong::default()).await?)
}

async fn create(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    match create_from(&web, &framed.reader, &form).await {
        Ok(source) => {
            let to = format!("/projects/{id}/sources/{}", source.id);
            // The first run is what somebody who makes a source waits for.
            match runs::start(&web.app, &framed.reader.caller, source.id).await {
                Ok(_) => Ok(done(&to, "Source created. Its first run has started.")),
                Err(fault) => Ok(flash::refused(&to, &format!("The source is there, but did not start: {fault}"))),
            }
        }
        Err(fault) => again(fault, |wrong| new_page(&web, framed, id, form, wrong)).await,
    }
}

async fn create_from(web: &Web, reader: &SignedIn, form: &Typed) -> Result<DataSource, Fault> {
    let environment: EnvironmentId =
        form.environment.parse().map_err(|_| Fault::invalid("environment", "choose an environment"))?;
    let new = NewSource {
        environment,
        name: form.name.clone(),
        location: form.location.clone(),
        connection: chosen(&form.connection)?,
        interval_seconds: interval_of(&form.interval)?,
    };
    manage::create(&web.app, &reader.caller, &new).await.map_err(|fault| match fault.field.as_deref() {
        Some("interval_seconds") => fault.on("interval"),
        _ => fault,
    })
}

#[derive(Template)]
#[template(path = "sources/detail.html")]
struct DetailPage {
    shell: Shell,
    head: Head,
    base: String,
    name: String,
    location: String,
    environment: String,
    connection: String,
    interval: String,
    next_run: When,
    form: Typed,
    intervals: Vec<Choice>,
    runs: Vec<RunRow>,
    /// What starts it when something happens.
    triggers: Vec<triggers::Row>,
    /// The tables that it found, by name and address.
    tables: Vec<(String, String)>,
    /// Whether a run is under way: the page then looks again by itself.
    live: bool,
    pager: Pager,
    wrong: Wrong,
}

/// A source of this project; one of another project is absent here.
pub(super) async fn find(
    web: &Web,
    reader: &SignedIn,
    project: ProjectId,
    id: DataSourceId,
) -> Result<DataSource, Fault> {
    let source = manage::get(&web.app, &reader.caller, id).await?;
    if source.project_id == project { Ok(source) } else { Err(Fault::not_found("data source")) }
}

async fn detail_page(
    web: &Web,
    framed: Framed,
    source: DataSource,
    after: &str,
    (form, wrong): (Option<Typed>, Wrong),
) -> Result<DetailPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let head = head(web, &reader, source.project_id, Section::Sources).await?;
    let base = format!("{}/sources/{}", head.base, source.id);
    let place = Place::new(base.clone(), after);
    let page = runs::list(&web.app, &reader.caller, source.id, &place.request(web, &reader, 20)?).await?;
    let tables = found_tables(web, &reader, &source).await?;
    let triggers = triggers::rows(web, &reader, Target::Source(source.id)).await?;
    let own = if head.contributes { base.as_str() } else { "" };
    let runs: Vec<RunRow> = page.items.iter().map(|run| RunRow::of(run, own)).collect();
    let (environment, connection) = names(web, &reader, &head, &source).await?;
    let present = source.interval_seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
    let schedule = schedules::of(&web.app, &reader.caller, Target::Source(source.id)).await?;
    let cron = schedule.as_ref().filter(|view| view.schedule.cron.is_some());
    let form = form.unwrap_or_else(|| Typed {
        name: source.name.clone(),
        location: source.location.clone(),
        interval: present,
        cron: cron.and_then(|view| view.schedule.cron.clone()).unwrap_or_default(),
        zone: cron.map_or_else(|| "UTC".to_owned(), |view| view.schedule.zone.clone()),
        ..Typed::default()
    });
    Ok(DetailPage {
        pager: place.pager(web, &reader, &page)?,
        live: runs.iter().any(|run| run.live),
        intervals: intervals(&form.interval),
        interval: cron.map_or_else(|| interval_text(source.interval_seconds), |view| view.words.clone()),
        next_run: When::maybe(source.next_run_at),
        head: head.below(Section::Sources, &source.name),
        name: source.name,
        location: place_text(&source.location),
        tables,
        triggers,
        shell,
        base,
        environment,
        connection,
        form,
        runs,
        wrong,
    })
}

/// The tables that came from a source, among the first of the project.
async fn found_tables(web: &Web, reader: &SignedIn, source: &DataSource) -> Result<Vec<(String, String)>, Fault> {
    let page = PageRequest::new(Some(200), None)?;
    let assets = assets::of_project(&web.app, &reader.caller, source.project_id, None, &page).await?;
    let found = assets.items.into_iter().filter(|asset| asset.source_id == Some(source.id));
    Ok(found.map(|asset| (asset.name, format!("/assets/{}", asset.id))).collect())
}

/// The names of a source's environment and connection.
async fn names(web: &Web, reader: &SignedIn, head: &Head, source: &DataSource) -> Result<(String, String), Fault> {
    let environment = environments::get(&web.app, &reader.caller, source.environment_id).await?.environment.name;
    if !head.contributes {
        return Ok((environment, String::new()));
    }
    let reached = connections::list(&web.app, &reader.caller, source.project_id).await?;
    let connection = reached.into_iter().find(|connection| Some(connection.id) == source.connection_id);
    Ok((environment, connection.map(|connection| connection.name).unwrap_or_default()))
}

async fn detail(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DataSourceId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let source = find(&web, &framed.reader, project, id).await?;
    show(StatusCode::OK, &detail_page(&web, framed, source, &query.after, (None, Wrong::default())).await?)
}

async fn update(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DataSourceId)>,
    Form(form): Form<Typed>,
) -> Result<Response, Refusal> {
    let source = find(&web, &framed.reader, project, id).await?;
    match save(&web, &framed.reader, id, &form).await {
        Ok(_) => Ok(done(&format!("/projects/{project}/sources/{id}"), "Source saved.")),
        Err(fault) => again(fault, |wrong| detail_page(&web, framed, source, "", (Some(form), wrong))).await,
    }
}

/// A cron expression takes the interval's place.
async fn save(web: &Web, reader: &SignedIn, id: DataSourceId, form: &Typed) -> Result<DataSource, Fault> {
    let cron = form.cron.trim();
    let mut change = SourceChange { name: Some(form.name.clone()), location: None, interval_seconds: None };
    change.location = Some(form.location.trim().to_owned()).filter(|location| !location.is_empty());
    if cron.is_empty() {
        change.interval_seconds = Some(interval_of(&form.interval)?);
    } else {
        let timing = Timing {
            cron: Some(cron.to_owned()),
            every_seconds: None,
            once_at: None,
            zone: form.zone.trim().to_owned(),
            jitter_seconds: 0,
            catch_up: CatchUp::One,
            enabled: true,
        };
        schedules::set(&web.app, &reader.caller, Target::Source(id), &timing).await?;
    }
    manage::update(&web.app, &reader.caller, id, &change).await
}

async fn run_now(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id)): Path<(ProjectId, DataSourceId)>,
) -> Result<Response, Refusal> {
    let source = find(&web, &reader, project, id).await?;
    let started = runs::start(&web.app, &reader.caller, id).await;
    back(&format!("/projects/{project}/sources/{id}"), started.map(|_| format!("{} is running.", source.name)))
}

async fn cancel(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id, run)): Path<(ProjectId, DataSourceId, RunId)>,
) -> Result<Response, Refusal> {
    find(&web, &reader, project, id).await?;
    let cancelled = runs::cancel(&web.app, &reader.caller, run).await;
    back(&format!("/projects/{project}/sources/{id}"), cancelled.map(|_| "The run is being stopped.".to_owned()))
}

async fn remove(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DataSourceId)>,
) -> Result<Response, Refusal> {
    let source = find(&web, &framed.reader, project, id).await?;
    match manage::remove(&web.app, &framed.reader.caller, id).await {
        Ok(()) => Ok(done(&format!("/projects/{project}/sources"), "Source removed. Its tables stay as they are.")),
        Err(fault) => again(fault, |wrong| detail_page(&web, framed, source, "", (None, wrong))).await,
    }
}
