//! What the reader wants to be told of runs, and what became of it.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::{
    jobs::{
        notices::{
            deliveries::{self, DeliveryView},
            seen::Seen,
            watches::{self, NewWatch, WatchView, Wish},
        },
        workflows,
    },
    sources::manage,
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{DataSourceId, RunDeliveryId, RunWatchId},
    words::{DeliveryState, NoticeWay, ProductRole, RunNews, WatchScope},
};

use crate::{
    fields::Fields,
    flash,
    kit::{Choice, Pager, Place, When, Wrong, again, back, capitalised, counted, spoken},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
};

const HERE: &str = "/account/notices";
/// Notices on a page.
const SHOWN: i64 = 30;
/// Data sources of each project that can be chosen.
const SOURCES: i64 = 100;
/// The words of the form's boxes, by the names of their fields.
const NEWS: [(&str, &str); 4] =
    [("started", "started"), ("succeeded", "succeeded"), ("partly", "succeeded in part"), ("failed", "failed")];

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route(HERE, get(page).post(create))
        .route("/account/notices/{watch}", post(change))
        .route("/account/notices/{watch}/test", post(test))
        .route("/account/notices/{watch}/remove", post(remove))
        .route("/account/deliveries/{delivery}/replay", post(replay))
}

/// A box of a form.
struct Tick {
    name: &'static str,
    label: &'static str,
    on: bool,
}

/// What somebody wants to be told.
struct WatchRow {
    id: RunWatchId,
    target: String,
    news: String,
    way: String,
    address: String,
    ticks: Vec<Tick>,
    late: String,
}

/// A notice.
struct DeliveryRow {
    id: RunDeliveryId,
    title: String,
    href: String,
    way: String,
    label: &'static str,
    tone: &'static str,
    at: When,
    /// How often it was tried, and what came of it.
    words: String,
    /// Whether it can be sent once more.
    again: bool,
}

#[derive(Template)]
#[template(path = "account/run_notices.html")]
struct NoticesPage {
    shell: Shell,
    watches: Vec<WatchRow>,
    deliveries: Vec<DeliveryRow>,
    pager: Pager,
    targets: Vec<Choice>,
    target: String,
    ways: Vec<Choice>,
    way: String,
    address: String,
    ticks: Vec<Tick>,
    late: String,
    /// The secret of a webhook just made; shown this once.
    secret: String,
    wrong: Wrong,
}

async fn page(State(web): State<Web>, frame: Framed, Query(fields): Query<Fields>) -> Result<Response, Refusal> {
    show(StatusCode::OK, &notices_page(&web, frame, &fields).await?)
}

async fn notices_page(web: &Web, frame: Framed, fields: &Fields) -> Result<NoticesPage, Fault> {
    let caller = &frame.reader.caller;
    let watches = watches::list(&web.app, caller).await?;
    let place = Place::new(HERE, fields.one("after"));
    let sent = deliveries::list(&web.app, caller, None, &place.request(web, &frame.reader, SHOWN)?).await?;
    let fresh = !fields.has("way");
    let asked = match fields.one("source") {
        "" => fields.one("target").to_owned(),
        source => format!("source:{source}"),
    };
    Ok(NoticesPage {
        watches: watches.into_iter().map(watch_row).collect(),
        pager: place.pager(web, &frame.reader, &sent)?,
        deliveries: sent.items.into_iter().map(delivery_row).collect(),
        targets: targets(web, &frame).await?,
        target: asked,
        ways: ways(web),
        way: fields.one("way").to_owned(),
        address: fields.one("address").to_owned(),
        ticks: ticks(|name| fields.has(name) || (fresh && name == "failed")),
        late: fields.one("late_minutes").to_owned(),
        secret: String::new(),
        wrong: Wrong::default(),
        shell: frame.shell,
    })
}

/// What the reader can choose: everything for administrators, his projects, their data sources and workflows.
async fn targets(web: &Web, frame: &Framed) -> Result<Vec<Choice>, Fault> {
    let mut found = Vec::new();
    if frame.me.roles.contains(&ProductRole::Administrator) {
        found.push(Choice::new(WatchScope::Everything.as_str(), "All runs of the installation"));
    }
    for (project, _) in &frame.me.projects {
        found.push(Choice::new(format!("project:{}", project.id), format!("All runs of {}", project.name)));
        let page = PageRequest::new(Some(SOURCES), None)?;
        for source in manage::list(&web.app, &frame.reader.caller, project.id, &page).await?.items {
            let label = format!("{}: {}", project.name, source.name);
            found.push(Choice::new(format!("source:{}", source.id), label));
        }
        for workflow in workflows::list(&web.app, &frame.reader.caller, project.id, &page).await?.items {
            let label = format!("{}: {} (workflow)", project.name, workflow.name);
            found.push(Choice::new(format!("workflow:{}", workflow.id), label));
        }
    }
    Ok(found)
}

/// The ways, with a word at the one that this installation has not.
fn ways(web: &Web) -> Vec<Choice> {
    let sends_mail = web.app.settings.notices.mail.is_some();
    let label = |way: NoticeWay| match way {
        NoticeWay::Mail if !sends_mail => "Mail (not set up here)",
        way => way_words(way),
    };
    NoticeWay::ALL.iter().map(|way| Choice::new(way.as_str(), label(*way))).collect()
}

fn ticks(is_on: impl Fn(&str) -> bool) -> Vec<Tick> {
    NEWS.into_iter().map(|(name, label)| Tick { name, label, on: is_on(name) }).collect()
}

fn way_words(way: NoticeWay) -> &'static str {
    match way {
        NoticeWay::Portal => "Here in the portal",
        NoticeWay::Webhook => "Webhook",
        NoticeWay::Mail => "Mail to my address",
    }
}

fn watch_row(view: WatchView) -> WatchRow {
    let watch = view.watch;
    let wants = |name: &str| match name {
        "started" => watch.started,
        "succeeded" => watch.succeeded,
        "partly" => watch.partly,
        _ => watch.failed,
    };
    let mut news: Vec<String> =
        NEWS.iter().filter(|(name, _)| wants(name)).map(|(_, label)| (*label).to_owned()).collect();
    if let Some(minutes) = watch.late_minutes {
        news.push(format!("late by {}", counted(minutes, "minute", "minutes")));
    }
    let target = match (watch.scope, view.target) {
        (WatchScope::Everything, Some(_)) => "All runs of the installation".to_owned(),
        (WatchScope::Project, Some(name)) => format!("All runs of {name}"),
        (WatchScope::Source | WatchScope::Workflow, Some(name)) => name,
        (_, None) => "Something that you do not see any more".to_owned(),
    };
    WatchRow {
        id: watch.id,
        target,
        news: capitalised(&news.join(", ")),
        way: way_words(watch.way).to_owned(),
        ticks: ticks(wants),
        address: watch.address.unwrap_or_default(),
        late: watch.late_minutes.map(|minutes| minutes.to_string()).unwrap_or_default(),
    }
}

fn delivery_row(view: DeliveryView) -> DeliveryRow {
    let delivery = view.delivery;
    let (label, tone) = match delivery.state {
        DeliveryState::Waiting => ("On its way", "info"),
        DeliveryState::Delivered => ("Delivered", "good"),
        DeliveryState::Failed => ("Not delivered", "danger"),
        DeliveryState::Withheld => ("Withheld", ""),
    };
    let title = match view.about.as_ref().map(what) {
        Some(what) => format!("{} – {what}", spoken(delivery.news.as_str())),
        None => "A trial".to_owned(),
    };
    let tried = match delivery.attempts {
        0 => String::new(),
        attempts => counted(attempts, "attempt", "attempts"),
    };
    let parts = [Some(tried).filter(|tried| !tried.is_empty()), delivery.error.clone()];
    DeliveryRow {
        id: delivery.id,
        title,
        href: view.about.as_ref().and_then(Seen::href).unwrap_or_default(),
        way: way_words(view.way).to_owned(),
        label,
        tone,
        at: When::at(delivery.happened_at),
        words: parts.into_iter().flatten().collect::<Vec<_>>().join(": "),
        again: delivery.state != DeliveryState::Waiting
            && !(view.way == NoticeWay::Portal && delivery.state == DeliveryState::Delivered)
            && (delivery.news != RunNews::Test || view.way != NoticeWay::Portal),
    }
}

/// What a notice is about, in words.
fn what(about: &Seen) -> String {
    let (title, subject) = match about {
        Seen::Run(run) => (run.title.as_str(), &run.subject),
        Seen::Workflow(seen) => ("Workflow", &seen.name),
    };
    match subject {
        Some(subject) => format!("{title}: {subject}"),
        None => title.to_owned(),
    }
}

/// Shows the secret in the answer itself: it stands nowhere else, and is not shown again.
async fn create(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    match make(&web, &frame, &fields).await {
        Ok(Some(secret)) => {
            let page = notices_page(&web, frame, &Fields::default()).await?;
            show(StatusCode::OK, &NoticesPage { secret, ..page })
        }
        Ok(None) => Ok(flash::done(HERE, "You will be told.")),
        Err(fault) => {
            again(fault, async |wrong| {
                let page = notices_page(&web, frame, &fields).await?;
                Ok::<_, Fault>(NoticesPage { wrong, ..page })
            })
            .await
        }
    }
}

async fn make(web: &Web, frame: &Framed, fields: &Fields) -> Result<Option<String>, Fault> {
    let (scope, target) = fields.one("target").split_once(':').unwrap_or((fields.one("target"), ""));
    let target: Option<DataSourceId> = match target {
        "" => None,
        text => Some(text.parse().map_err(|fault: Fault| fault.on("target"))?),
    };
    let new = NewWatch {
        scope: scope.parse().map_err(|fault: Fault| fault.on("target"))?,
        target: target.map(Into::into),
        wish: wish(fields)?,
        way: fields.one("way").parse().map_err(|fault: Fault| fault.on("way"))?,
        address: Some(fields.one("address").trim().to_owned()).filter(|address| !address.is_empty()),
    };
    Ok(watches::create(&web.app, &frame.reader.caller, &new).await?.secret)
}

fn wish(fields: &Fields) -> Result<Wish, Fault> {
    let late = match fields.one("late_minutes").trim() {
        "" => None,
        text => Some(text.parse().map_err(|_| Fault::invalid("late_minutes", "write a number of minutes"))?),
    };
    Ok(Wish {
        started: fields.has("started"),
        succeeded: fields.has("succeeded"),
        partly: fields.has("partly"),
        failed: fields.has("failed"),
        late_minutes: late,
    })
}

async fn change(
    State(web): State<Web>,
    Path(id): Path<RunWatchId>,
    reader: SignedIn,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let changed = match wish(&fields) {
        Ok(wish) => watches::change(&web.app, &reader.caller, id, &wish).await,
        Err(fault) => Err(fault),
    };
    back(HERE, changed.map(|_| "Saved.".to_owned()))
}

async fn test(State(web): State<Web>, Path(id): Path<RunWatchId>, reader: SignedIn) -> Result<Response, Refusal> {
    let tried = deliveries::test(&web.app, &reader.caller, id).await;
    back(HERE, tried.map(|()| "A notice is on its way.".to_owned()))
}

async fn remove(State(web): State<Web>, Path(id): Path<RunWatchId>, reader: SignedIn) -> Result<Response, Refusal> {
    let removed = watches::remove(&web.app, &reader.caller, id).await;
    back(HERE, removed.map(|()| "You are not told any more.".to_owned()))
}

async fn replay(State(web): State<Web>, Path(id): Path<RunDeliveryId>, reader: SignedIn) -> Result<Response, Refusal> {
    let sent = deliveries::replay(&web.app, &reader.caller, id).await;
    back(HERE, sent.map(|_| "It is sent once more.".to_owned()))
}
