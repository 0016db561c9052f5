//! Coarse rights, what databases are registered for, and who is opted into fine grants.

use askama::Template;
use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    response::Response,
    routing::{get, post},
};
use lakegate_app::access::{
    coarse::{self, CoarseRightView, NewCoarseRight},
    opt_ins::{self, NewOpt, OptInView},
    registrations::{self, NewRegistration, RegistrationView},
    simulate::Change,
};
use lakegate_model::{
    Fault, PageRequest,
    grants::Grantee,
    ids::GrantId,
    words::{AccessMode, GranteeKind},
};

use crate::{
    asset::simulated::{self, Simulated, look_first},
    fields::{Fields, day_words},
    kit::{After, Choice, Crumb, Pager, Place, When, Wrong, back, crumbs, spoken},
    proof::{self, Proof},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, SignedIn},
};

const HERE: &str = "/admin/policy/coarse";
/// Rights, and decisions, on a page.
const PAGE: i64 = 50;
/// Databases that are listed and offered.
const OFFERED: i64 = 200;

pub(super) fn routes() -> Router<Web> {
    Router::new()
        .route("/admin/policy/coarse", get(overview))
        .route("/admin/policy/coarse/opt-ins", get(decisions))
        .route("/admin/policy/coarse/change", get(form).post(change))
        .route("/admin/policy/coarse/rights/{right}/revoke", post(revoke))
}

/// What a database is registered for, as a badge.
fn mode_badge(mode: AccessMode) -> (&'static str, &'static str, &'static str) {
    match mode {
        AccessMode::Fine => ("Fine grants", "", ""),
        AccessMode::Coarse => ("Coarse rights", "attention", ""),
        AccessMode::Hybrid => ("Both", "good", ""),
    }
}

struct DatabaseRow {
    name: String,
    project: String,
    badge: (&'static str, &'static str, &'static str),
    reason: String,
    by: String,
    since: When,
    href: String,
}

impl DatabaseRow {
    fn of(view: RegistrationView) -> Self {
        Self {
            href: format!("{HERE}/change?what=register&database={}", view.database),
            name: view.name,
            project: view.project,
            badge: mode_badge(view.mode),
            reason: view.reason.unwrap_or_default(),
            by: view.set_by.unwrap_or_default(),
            since: When::maybe(view.since),
        }
    }
}

struct RightRow {
    holder: String,
    kind: String,
    database: String,
    /// Whether it counts for nothing, since fine grants alone do.
    idle: bool,
    export: bool,
    reason: String,
    by: String,
    since: When,
    until: String,
    ended: When,
    /// Where it is taken back.
    href: String,
}

impl RightRow {
    fn of(view: CoarseRightView) -> Self {
        let right = view.right;
        Self {
            holder: view.holder,
            kind: spoken(right.grantee_kind.as_str()),
            database: view.database,
            idle: view.mode == AccessMode::Fine,
            export: right.can_export,
            reason: right.reason,
            by: view.granted_by,
            since: When::at(right.valid_from),
            until: right.valid_until.map_or_else(|| "no end".to_owned(), day_words),
            ended: When::maybe(right.ended_at),
            href: format!("{HERE}/rights/{}/revoke", right.id),
        }
    }
}

struct OptRow {
    who: String,
    kind: String,
    place: String,
    tags: bool,
    opted: bool,
    /// Whether it decides nothing, since the database is not registered for both models.
    idle: bool,
    reason: String,
    by: String,
    at: When,
    ended: When,
}

impl OptRow {
    fn of(view: OptInView) -> Self {
        let opt = view.opt;
        Self {
            who: view.who,
            kind: spoken(opt.grantee_kind.as_str()),
            place: match view.table {
                Some(table) => format!("{}.{table}", view.database),
                None => format!("{}.*", view.database),
            },
            tags: opt.for_tags,
            opted: opt.opted,
            idle: view.mode != AccessMode::Hybrid,
            reason: opt.reason,
            by: view.decided_by,
            at: When::at(opt.created_at),
            ended: When::maybe(opt.ended_at),
        }
    }
}

#[derive(Template)]
#[template(path = "admin/coarse.html")]
struct CoarsePage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    databases: Vec<DatabaseRow>,
    /// What new databases are registered for.
    born: &'static str,
    rights: Vec<RightRow>,
    pager: Pager,
}

async fn overview(State(web): State<Web>, Query(after): Query<After>, frame: Framed) -> Result<Response, Refusal> {
    let (caller, offered) = (&frame.reader.caller, PageRequest::new(Some(OFFERED), None)?);
    let databases = registrations::list(&web.app, caller, &offered).await?;
    let place = Place::new(HERE, &after.after);
    let found = coarse::list(&web.app, caller, &place.request(&web, &frame.reader, PAGE)?).await?;
    let page = CoarsePage {
        crumbs: crumbs(&[("Rules", "/admin/policy"), ("Coarse and fine", "")]),
        databases: databases.items.into_iter().map(DatabaseRow::of).collect(),
        born: mode_badge(web.app.settings.new_databases).0,
        pager: place.pager(&web, &frame.reader, &found)?,
        rights: found.items.into_iter().map(RightRow::of).collect(),
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "admin/opt_ins.html")]
struct OptsPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    rows: Vec<OptRow>,
    pager: Pager,
}

async fn decisions(State(web): State<Web>, Query(after): Query<After>, frame: Framed) -> Result<Response, Refusal> {
    let place = Place::new(format!("{HERE}/opt-ins"), &after.after);
    let found = opt_ins::list(&web.app, &frame.reader.caller, &place.request(&web, &frame.reader, PAGE)?).await?;
    let page = OptsPage {
        crumbs: crumbs(&[("Rules", "/admin/policy"), ("Coarse and fine", HERE), ("Opted in and out", "")]),
        pager: place.pager(&web, &frame.reader, &found)?,
        rows: found.items.into_iter().map(OptRow::of).collect(),
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "admin/coarse_change.html")]
struct ChangePage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    title: &'static str,
    lead: &'static str,
    what: String,
    database: String,
    databases: Vec<Choice>,
    mode: String,
    kind: String,
    kinds: Vec<Choice>,
    who: String,
    table_name: String,
    tags: bool,
    export: bool,
    until: String,
    reason: String,
    proof: Proof,
    preview: Option<Simulated>,
    wrong: Wrong,
}

/// The form of a change: its title, and what it does.
fn told(what: &str) -> Result<(&'static str, &'static str), Fault> {
    Ok(match what {
        "" | "right" => (
            "Give a coarse right",
            "Its holder reads every table of the database, those to come included, wherever coarse rights decide for him. Restrictions bind him too.",
        ),
        "in" => (
            "Opt in",
            "From the next query on, fine grants alone decide for them there. What coarse rights opened to them is closed.",
        ),
        "out" => (
            "Opt out",
            "From the next query on, coarse rights alone decide for them there. What fine grants opened to them is closed.",
        ),
        "register" => ("Register a database", "Says which rights count on its tables, from the next query on."),
        _ => return Err(Fault::not_found("page")),
    })
}

async fn change_page(web: &Web, frame: Framed, fields: &Fields, wrong: Wrong) -> Result<ChangePage, Fault> {
    let what = fields.one("what").to_owned();
    let (title, lead) = told(&what)?;
    let offered = PageRequest::new(Some(OFFERED), None)?;
    let databases = registrations::list(&web.app, &frame.reader.caller, &offered).await?.items;
    let label = |view: &RegistrationView| format!("{}: {}", view.name, mode_badge(view.mode).0.to_lowercase());
    let kinds = GranteeKind::ALL.iter().filter(|kind| **kind != GranteeKind::Everyone);
    Ok(ChangePage {
        crumbs: crumbs(&[("Rules", "/admin/policy"), ("Coarse and fine", HERE), (title, "")]),
        title,
        lead,
        what,
        database: fields.one("database").to_owned(),
        databases: databases.iter().map(|view| Choice::new(view.database.to_string(), label(view))).collect(),
        mode: fields.one("mode").to_owned(),
        kind: fields.one("kind").to_owned(),
        kinds: kinds.map(|kind| Choice::new(kind.as_str(), spoken(kind.as_str()))).collect(),
        who: fields.one("who").to_owned(),
        table_name: fields.one("table_name").to_owned(),
        tags: fields.has("tags"),
        export: fields.has("export"),
        until: fields.one("until").to_owned(),
        reason: fields.one("reason").to_owned(),
        proof: Proof::of(web, &frame),
        preview: None,
        wrong,
        shell: frame.shell,
    })
}

async fn form(State(web): State<Web>, Query(fields): Query<Fields>, frame: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &change_page(&web, frame, &fields, Wrong::default()).await?)
}

async fn principal(web: &Web, frame: &Framed, fields: &Fields) -> Result<Grantee, Fault> {
    let kind: GranteeKind = fields.one("kind").parse().map_err(|fault: Fault| fault.on("kind"))?;
    coarse::principal_named(&web.app, &frame.reader.caller, kind, fields.one("who")).await
}

async fn read(web: &Web, frame: &Framed, fields: &Fields) -> Result<Change, Fault> {
    let (database, reason) = (fields.id("database")?, simulated::reason(fields));
    Ok(match fields.one("what") {
        "register" => {
            let mode = fields.one("mode").parse().map_err(|fault: Fault| fault.on("mode"))?;
            Change::RegisterDatabase(NewRegistration { database, mode, reason })
        }
        "" | "right" => Change::CreateCoarseRight(NewCoarseRight {
            database,
            to: principal(web, frame, fields).await?,
            export: fields.has("export"),
            from: None,
            until: fields.day("until")?,
            reason,
        }),
        what => Change::SetOpt(NewOpt {
            who: principal(web, frame, fields).await?,
            database,
            table: Some(fields.one("table_name").to_owned()),
            for_tags: fields.has("tags"),
            opted: what == "in",
            reason,
        }),
    })
}

async fn make(web: &Web, frame: &Framed, fields: &Fields) -> Result<(&'static str, String), Fault> {
    proof::confirm(web, frame, fields).await?;
    let (app, caller) = (&web.app, &frame.reader.caller);
    Ok(match read(web, frame, fields).await? {
        Change::CreateCoarseRight(new) => {
            let made = coarse::create(app, caller, &new).await?;
            (HERE, format!("{} holds a coarse right on {}.", made.holder, made.database))
        }
        Change::SetOpt(new) => {
            let made = opt_ins::set(app, caller, &new).await?;
            let way = if made.opt.opted { "in" } else { "out" };
            ("/admin/policy/coarse/opt-ins", format!("{} is opted {way} on {}.", made.who, made.database))
        }
        Change::RegisterDatabase(new) => {
            let made = registrations::set(app, caller, &new).await?;
            (HERE, format!("{} is registered for: {}.", made.name, mode_badge(made.mode).0.to_lowercase()))
        }
        _ => return Err(Fault::not_found("page")),
    })
}

/// A fault beside the field of the form that it is about.
fn misplaced(fault: Fault) -> Fault {
    match fault.field.as_deref() {
        Some("to") => fault.on("who"),
        _ => proof::missing(fault),
    }
}

async fn preview(web: &Web, frame: &Framed, fields: &Fields) -> Result<Simulated, Fault> {
    let change = read(web, frame, fields).await.map_err(misplaced)?;
    simulated::of(web, frame, &change).await.map_err(misplaced)
}

async fn change(State(web): State<Web>, frame: Framed, Form(fields): Form<Fields>) -> Result<Response, Refusal> {
    told(fields.one("what"))?;
    look_first!(
        &fields,
        look: preview(&web, &frame, &fields),
        make: async { make(&web, &frame, &fields).await.map_err(misplaced) },
        page: |wrong| change_page(&web, frame, &fields, wrong),
    )
}

async fn revoke(State(web): State<Web>, Path(id): Path<GrantId>, reader: SignedIn) -> Result<Response, Refusal> {
    let outcome = coarse::revoke(&web.app, &reader.caller, id).await;
    back(HERE, outcome.map(|()| "The right was taken back. The next query is refused.".to_owned()))
}
