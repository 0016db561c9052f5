//! What starts runs of a data source, workflow or derived table by itself: triggers, their events, and what calls are signed with.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::jobs::{
    Target,
    triggers::{self, Made, NewTrigger},
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{DataSourceId, DerivedTableId, ProjectId, TriggerId, WorkflowId},
    triggers::JobTrigger,
    words::Happening,
};

use super::{
    Head, head,
    started::Started,
    trigger_form::{Asked, TriggerForm, asked},
};
use crate::{
    flash::done,
    kit::{After, Pager, Place, When, Wrong, again, back, capitalised, counted, duration, place_text},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/projects/{project}/sources/{source}/triggers", post(create_for_source))
        .route("/projects/{project}/sources/{source}/triggers/new", get(new_form_for_source))
        .route("/projects/{project}/workflows/{workflow}/triggers", post(create_for_workflow))
        .route("/projects/{project}/workflows/{workflow}/triggers/new", get(new_form_for_workflow))
        .route("/projects/{project}/derived/{derived}/triggers", post(create_for_derived))
        .route("/projects/{project}/derived/{derived}/triggers/new", get(new_form_for_derived))
        .route("/projects/{project}/triggers/{trigger}", get(detail).post(update))
        .route("/projects/{project}/triggers/{trigger}/secret", post(renew_secret))
        .route("/projects/{project}/triggers/{trigger}/remove", post(remove))
}

/// A trigger in the list of what it starts.
pub(super) struct Row {
    pub name: String,
    pub href: String,
    pub words: String,
    pub enabled: bool,
    pub last: When,
    pub gathered: String,
}

/// The triggers that start something.
pub(super) async fn rows(web: &Web, reader: &SignedIn, target: Target) -> Result<Vec<Row>, Fault> {
    let page = PageRequest::new(Some(50), None)?;
    let found = triggers::list(&web.app, &reader.caller, target, &page).await?;
    Ok(found.items.iter().map(row).collect())
}

fn row(trigger: &JobTrigger) -> Row {
    Row {
        name: trigger.name.clone(),
        href: format!("/projects/{}/triggers/{}", trigger.project_id, trigger.id),
        words: format!("{}; {}", happening(trigger), batch(trigger)),
        enabled: trigger.enabled,
        last: When::maybe(trigger.last_at),
        gathered: gathered(trigger),
    }
}

/// What a trigger waits for, in words.
fn happening(trigger: &JobTrigger) -> String {
    match trigger.happening {
        Happening::ObjectCreated => format!("An object arrives below {}", place_text(&trigger.prefix)),
        Happening::TableChanged => "A table is new or changes".to_owned(),
        Happening::RunEnded => match trigger.outcome {
            Some(outcome) => format!("Another run has {outcome}"),
            None => "Another run ends".to_owned(),
        },
        Happening::AssetPublished => "An asset is published".to_owned(),
        Happening::Webhook => "Somebody calls".to_owned(),
    }
}

/// When a run starts, in words.
fn batch(trigger: &JobTrigger) -> String {
    let seconds = duration(trigger.batch_seconds.saturating_mul(1_000));
    match (trigger.batch_events, trigger.batch_seconds) {
        (1, _) => "each starts a run".to_owned(),
        (_, 0) => "a run starts at once".to_owned(),
        (events, _) => format!("a run starts with {events} of them, or {seconds} after the first"),
    }
}

fn gathered(trigger: &JobTrigger) -> String {
    if trigger.gathered == 0 { String::new() } else { counted(trigger.gathered, "event waits", "events wait") }
}

#[derive(Template)]
#[template(path = "sources/trigger_new.html")]
struct NewPage {
    shell: Shell,
    head: Head,
    started: String,
    back: String,
    action: String,
    asked: Asked,
    form: TriggerForm,
    wrong: Wrong,
}

async fn new_page(
    web: &Web,
    framed: Framed,
    started: Started,
    form: TriggerForm,
    wrong: Wrong,
) -> Result<NewPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let head = head(web, &reader, started.project, started.section()).await?;
    Ok(NewPage {
        shell,
        head: head.below(started.section(), "New trigger"),
        action: format!("{}/triggers", started.href()),
        back: started.href(),
        asked: asked(web, &reader, &started, form.happening()?).await?,
        started: started.name,
        form,
        wrong,
    })
}

async fn new_form_for_source(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DataSourceId)>,
    Query(form): Query<TriggerForm>,
) -> Result<Response, Refusal> {
    new_form(&web, framed, (project, Target::Source(id)), form).await
}

async fn new_form_for_workflow(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Query(form): Query<TriggerForm>,
) -> Result<Response, Refusal> {
    new_form(&web, framed, (project, Target::Workflow(id)), form).await
}

async fn new_form_for_derived(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
    Query(form): Query<TriggerForm>,
) -> Result<Response, Refusal> {
    new_form(&web, framed, (project, Target::Derived(id)), form).await
}

async fn new_form(
    web: &Web,
    framed: Framed,
    (project, target): (ProjectId, Target),
    form: TriggerForm,
) -> Result<Response, Refusal> {
    let started = Started::find(web, &framed.reader, project, target).await?;
    let form = TriggerForm { enabled: "yes".to_owned(), ..form.with_defaults(&started) };
    show(StatusCode::OK, &new_page(web, framed, started, form, Wrong::default()).await?)
}

async fn create_for_source(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DataSourceId)>,
    Form(form): Form<TriggerForm>,
) -> Result<Response, Refusal> {
    create(&web, framed, (project, Target::Source(id)), form).await
}

async fn create_for_workflow(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, WorkflowId)>,
    Form(form): Form<TriggerForm>,
) -> Result<Response, Refusal> {
    create(&web, framed, (project, Target::Workflow(id)), form).await
}

async fn create_for_derived(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, DerivedTableId)>,
    Form(form): Form<TriggerForm>,
) -> Result<Response, Refusal> {
    create(&web, framed, (project, Target::Derived(id)), form).await
}

async fn create(
    web: &Web,
    framed: Framed,
    (project, target): (ProjectId, Target),
    form: TriggerForm,
) -> Result<Response, Refusal> {
    let started = Started::find(web, &framed.reader, project, target).await?;
    let made = async {
        let new: NewTrigger = form.wanted()?;
        triggers::create(&web.app, &framed.reader.caller, target, &new).await
    };
    match made.await {
        Ok(made) => made_page(web, framed, made, StatusCode::CREATED).await,
        Err(fault) => again(fault, |wrong| new_page(web, framed, started, form, wrong)).await,
    }
}

#[derive(Template)]
#[template(path = "sources/trigger_secret.html")]
struct SecretPage {
    shell: Shell,
    head: Head,
    name: String,
    href: String,
    secret: String,
    /// A first call on a command line.
    trial: String,
}

/// Where nobody calls there is nothing to be shown once.
async fn made_page(web: &Web, framed: Framed, made: Made, status: StatusCode) -> Result<Response, Refusal> {
    let trigger = made.trigger;
    let href = format!("/projects/{}/triggers/{}", trigger.project_id, trigger.id);
    let Some(secret) = made.secret else { return Ok(done(&href, "The trigger is there.")) };
    let started = started_by(web, &framed.reader, &trigger).await?;
    let head = head(web, &framed.reader, trigger.project_id, started.section()).await?;
    let page = SecretPage {
        shell: framed.shell,
        head: head.below(started.section(), &trigger.name),
        trial: trial(&trigger, &secret),
        name: trigger.name,
        href,
        secret,
    };
    show(status, &page)
}

/// A signed call by `curl` and `openssl`, ready for copying.
fn trial(trigger: &JobTrigger, secret: &str) -> String {
    let body = match trigger.happening {
        Happening::ObjectCreated => r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#,
        _ => "{}",
    };
    format!(
        "BODY='{body}'; TIME=$(date +%s); NONCE=$(openssl rand -hex 16)\n\
         SIGNATURE=$(printf '%s.%s.%s' \"$TIME\" \"$NONCE\" \"$BODY\" | openssl dgst -sha256 -hmac '{secret}' -r | cut -d' ' -f1)\n\
         curl \"$LAKEGATE/api/v1/hooks/{}\" -H \"Lakegate-Timestamp: $TIME\" -H \"Lakegate-Nonce: $NONCE\" \\\n  \
         -H \"Lakegate-Signature: v1=$SIGNATURE\" -H 'Content-Type: application/json' -d \"$BODY\"",
        trigger.id
    )
}

struct EventRow {
    about: String,
    at: When,
    /// The run that it is part of; empty while it waits.
    run: String,
}

#[derive(Template)]
#[template(path = "sources/trigger.html")]
struct DetailPage {
    shell: Shell,
    head: Head,
    base: String,
    row: Row,
    started: String,
    started_href: String,
    happening: String,
    batch: String,
    excluded: Vec<String>,
    listing: String,
    due: When,
    address: String,
    by: String,
    events: Vec<EventRow>,
    asked: Asked,
    form: TriggerForm,
    /// Whether the form is open: something in it was wrong.
    editing: bool,
    pager: Pager,
    wrong: Wrong,
}

async fn detail_page(
    web: &Web,
    framed: Framed,
    trigger: JobTrigger,
    after: &str,
    (form, wrong): (Option<TriggerForm>, Wrong),
) -> Result<DetailPage, Refusal> {
    let Framed { reader, shell, .. } = framed;
    let started = started_by(web, &reader, &trigger).await?;
    let head = head(web, &reader, trigger.project_id, started.section()).await?;
    let base = format!("{}/triggers/{}", head.base, trigger.id);
    let place = Place::new(base.clone(), after);
    let page = triggers::events(&web.app, &reader.caller, trigger.id, &place.request(web, &reader, 25)?).await?;
    let event = |event: &lakegate_model::triggers::TriggerEvent| EventRow {
        about: event.about.clone(),
        at: When::at(event.at),
        run: event.run_id.map(|run| format!("/jobs/runs/{run}")).unwrap_or_default(),
    };
    Ok(DetailPage {
        pager: place.pager(web, &reader, &page)?,
        events: page.items.iter().map(event).collect(),
        asked: asked(web, &reader, &started, trigger.happening).await?,
        started_href: started.href(),
        head: head.below(started.section(), &trigger.name),
        started: started.name,
        happening: happening(&trigger),
        batch: capitalised(&batch(&trigger)),
        excluded: trigger.excluded.iter().map(|place| place_text(place)).collect(),
        listing: trigger.list_seconds.map(|seconds| duration(seconds * 1_000)).unwrap_or_default(),
        due: When::maybe(trigger.due_at),
        address: trigger.secret_id.map(|_| format!("/api/v1/hooks/{}", trigger.id)).unwrap_or_default(),
        by: trigger.created_by.clone(),
        row: row(&trigger),
        editing: form.is_some(),
        form: form.unwrap_or_else(|| TriggerForm::of(&trigger)),
        shell,
        base,
        wrong,
    })
}

/// What a trigger starts.
async fn started_by(web: &Web, reader: &SignedIn, trigger: &JobTrigger) -> Result<Started, Fault> {
    Started::find(web, reader, trigger.project_id, Target::of_trigger(trigger)).await
}

/// A trigger of this project; one of another project is absent here.
async fn find(web: &Web, reader: &SignedIn, project: ProjectId, id: TriggerId) -> Result<JobTrigger, Fault> {
    let trigger = triggers::get(&web.app, &reader.caller, id).await?;
    if trigger.project_id == project { Ok(trigger) } else { Err(Fault::not_found("trigger")) }
}

async fn detail(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, TriggerId)>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let trigger = find(&web, &framed.reader, project, id).await?;
    show(StatusCode::OK, &detail_page(&web, framed, trigger, &query.after, (None, Wrong::default())).await?)
}

async fn update(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, TriggerId)>,
    Form(form): Form<TriggerForm>,
) -> Result<Response, Refusal> {
    let trigger = find(&web, &framed.reader, project, id).await?;
    let form = TriggerForm { on: trigger.happening.as_str().to_owned(), ..form };
    let changed = async { triggers::update(&web.app, &framed.reader.caller, id, &form.wanted()?).await };
    match changed.await {
        Ok(_) => Ok(done(&format!("/projects/{project}/triggers/{id}"), "Trigger saved.")),
        Err(fault) => again(fault, |wrong| detail_page(&web, framed, trigger, "", (Some(form), wrong))).await,
    }
}

async fn renew_secret(
    State(web): State<Web>,
    framed: Framed,
    Path((project, id)): Path<(ProjectId, TriggerId)>,
) -> Result<Response, Refusal> {
    find(&web, &framed.reader, project, id).await?;
    match triggers::renew_secret(&web.app, &framed.reader.caller, id).await {
        Ok(made) => made_page(&web, framed, made, StatusCode::OK).await,
        Err(fault) => back(&format!("/projects/{project}/triggers/{id}"), Err(fault)),
    }
}

async fn remove(
    State(web): State<Web>,
    reader: SignedIn,
    Path((project, id)): Path<(ProjectId, TriggerId)>,
) -> Result<Response, Refusal> {
    let trigger = find(&web, &reader, project, id).await?;
    let started = started_by(&web, &reader, &trigger).await?;
    let removed = triggers::remove(&web.app, &reader.caller, id).await;
    back(&started.href(), removed.map(|()| format!("{} is gone. The runs that it started stay.", trigger.name)))
}
