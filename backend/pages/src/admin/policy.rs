//! Rules from files: how they stand, what waits for a second person, and what was before.

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::policy_files::{
    plan::Kind,
    proposals, reconcile,
    standing::{self, Standing, VersionView, WaitingView},
    words::{self, PlanWords},
};
use lakegate_model::{ids::PolicyVersionId, words::PolicyVersionState};

use crate::{
    fields::Fields,
    flash::done,
    kit::{After, Crumb, Pager, Place, Tab, When, Wrong, again, back, crumbs, spoken},
    proof::{self, Proof},
    rules,
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

const HERE: &str = "/admin/policy";
/// Versions on a page.
const PAGE: i64 = 20;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin/policy", get(overview))
        .route("/admin/policy/compare", post(compare))
        .route("/admin/policy/{version}", get(version))
        .route("/admin/policy/{version}/approve", post(approve))
        .route("/admin/policy/{version}/refuse", post(refuse))
}

/// A line of a plan: `add`, `del` or neither, and its words.
struct Line {
    kind: &'static str,
    about: String,
    words: String,
}

impl Line {
    fn of(line: &words::Line) -> Self {
        let (kind, differs) = match line.kind {
            Kind::Add => ("add", ""),
            Kind::Remove => ("del", ""),
            Kind::Change => ("", " differs"),
        };
        // The sign and the word before it have columns of their own.
        let all = line.to_string();
        let words = all.split_once(&format!("{} ", line.about)).map_or(all.as_str(), |(_, words)| words).to_owned();
        Self { kind, about: format!("{}{differs}", spoken(line.about.as_str())), words }
    }
}

/// A plan, or why there is none.
struct Changes {
    summary: String,
    lines: Vec<Line>,
    notes: Vec<String>,
    problem: String,
}

impl Changes {
    fn of(plan: Result<PlanWords, String>) -> Self {
        let plan = match plan {
            Ok(plan) => plan,
            Err(problem) => return Self { summary: String::new(), lines: Vec::new(), notes: Vec::new(), problem },
        };
        let summary = plan.summary();
        let lines = plan.lines.iter().map(Line::of).collect();
        Self { summary, lines, notes: plan.notes, problem: String::new() }
    }
}

/// A version as a row.
struct Row {
    href: String,
    number: i64,
    state: String,
    /// The look of its badge.
    look: &'static str,
    by: String,
    at: When,
    decided_by: String,
    decided_at: When,
    /// Applied by one person alone, although it widened his reading.
    alone: bool,
}

impl Row {
    fn of(view: &VersionView) -> Self {
        let version = &view.version;
        Self {
            href: format!("{HERE}/{}", version.id),
            number: version.number,
            state: spoken(version.state.as_str()),
            look: match version.state {
                PolicyVersionState::Applied => "good",
                PolicyVersionState::Proposed => "attention",
                PolicyVersionState::Refused => "danger",
                PolicyVersionState::Superseded => "",
            },
            by: view.created_by.clone(),
            at: When::at(version.created_at),
            decided_by: view.decided_by.clone(),
            decided_at: When::maybe(version.decided_at),
            alone: version.alone,
        }
    }
}

/// A proposal that waits.
struct Waiting {
    row: Row,
    why: Vec<String>,
    changes: Changes,
    /// The digest of the plan that is shown; empty if it cannot be applied.
    seen: String,
    own: bool,
}

impl Waiting {
    fn of(view: WaitingView) -> Self {
        Self {
            row: Row::of(&view.version),
            why: view.version.version.widening.clone(),
            seen: view.plan.as_ref().map(PlanWords::digest).unwrap_or_default(),
            own: view.own,
            changes: Changes::of(view.plan),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/policy.html")]
struct PolicyPage {
    shell: Shell,
    tabs: Vec<Tab>,
    current: Option<Row>,
    digest: String,
    files: usize,
    compared: When,
    failure: String,
    failed: When,
    drift: Changes,
    waiting: Option<Waiting>,
    rows: Vec<Row>,
    pager: Pager,
    reason: String,
    proof: Proof,
    wrong: Wrong,
}

async fn page(web: &Web, framed: Framed, after: &str, reason: &str, wrong: Wrong) -> Result<PolicyPage, Refusal> {
    let caller = &framed.reader.caller;
    let Standing { current, waiting, compared_at, failure, drift } = standing::standing(&web.app, caller).await?;
    let place = Place::new(HERE, after);
    let found = standing::versions(&web.app, caller, &place.request(web, &framed.reader, PAGE)?).await?;
    let (failure, failed) = failure.unwrap_or_default();
    Ok(PolicyPage {
        tabs: rules::tabs("From files"),
        digest: current.as_ref().map(|view| view.version.digest.chars().take(12).collect()).unwrap_or_default(),
        files: current.as_ref().map(|view| view.version.files.len()).unwrap_or_default(),
        current: current.as_ref().map(Row::of),
        compared: When::maybe(compared_at),
        failure,
        failed: When::maybe(failed),
        drift: Changes::of(drift),
        waiting: waiting.map(Waiting::of),
        rows: found.items.iter().map(Row::of).collect(),
        pager: place.pager(web, &framed.reader, &found)?,
        reason: reason.to_owned(),
        proof: Proof::of(web, &framed),
        wrong,
        shell: framed.shell,
    })
}

async fn overview(State(web): State<Web>, Query(after): Query<After>, framed: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &page(&web, framed, &after.after, "", Wrong::default()).await?)
}

async fn approve(
    State(web): State<Web>,
    Path(id): Path<PolicyVersionId>,
    framed: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let outcome = async {
        proof::confirm(&web, &framed, &fields).await?;
        proposals::approve(&web.app, &framed.reader.caller, id, fields.one("seen")).await.map_err(proof::missing)
    };
    match outcome.await {
        Ok(applied) => Ok(done(HERE, &format!("Version {} is in force.", applied.version.number))),
        Err(fault) => again(fault, |wrong| page(&web, framed, "", "", wrong)).await,
    }
}

async fn refuse(
    State(web): State<Web>,
    Path(id): Path<PolicyVersionId>,
    framed: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    let reason = fields.one("reason");
    match proposals::refuse(&web.app, &framed.reader.caller, id, reason).await {
        Ok(()) => Ok(done(HERE, "It is refused. What is in force stays.")),
        Err(fault) => again(fault, |wrong| page(&web, framed, "", reason, wrong)).await,
    }
}

async fn compare(State(web): State<Web>, reader: SignedIn) -> Result<Response, Refusal> {
    let outcome = reconcile::now(&web.app, &reader.caller).await;
    back(HERE, outcome.map(|plan| format!("Compared: {}.", plan.summary())))
}

/// A file with its text.
struct FileText {
    name: String,
    text: String,
}

#[derive(Template)]
#[template(path = "admin/policy_version.html")]
struct VersionPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    row: Row,
    digest: String,
    why: Vec<String>,
    reason: String,
    plan: String,
    files: Vec<FileText>,
}

async fn version(State(web): State<Web>, Path(id): Path<PolicyVersionId>, framed: Framed) -> Result<Response, Refusal> {
    let view = standing::version(&web.app, &framed.reader.caller, id).await?;
    let row = Row::of(&view);
    let name = format!("Version {}", row.number);
    let version = view.version;
    let page = VersionPage {
        crumbs: crumbs(&[("Rules", HERE), (&name, "")]),
        digest: version.digest,
        why: version.widening,
        reason: version.decision_reason,
        plan: version.plan,
        files: version.files.into_iter().map(|file| FileText { name: file.name, text: file.text }).collect(),
        shell: framed.shell,
        row,
    };
    show(StatusCode::OK, &page)
}
