//! Emergency access: opening a table for oneself, what is open, and the review by a second person.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::break_glass::{
        self, Lasting, NewBreakGlass, REASON_MIN,
        views::{self, BreakGlassFilter, BreakGlassView},
    },
    catalog::assets,
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query},
};
use lakegate_model::{
    Code, Fault,
    ids::{AssetId, GrantId},
    words::BreakGlassVerdict,
};
use serde::Deserialize;

use crate::{
    asset::head::{AssetHead, asset_href},
    fields::Fields,
    flash,
    kit::{Pager, Place, Tab, When, Who, Wrong, address, again, back, confirm_first, counted},
    proof::{self, Proof},
    shell::{Framed, Shell, show},
};

/// The addresses of this area.
pub fn routes() -> Router<Web> {
    Router::new()
        .route("/assets/{id}/break-glass", get(form).post(open))
        .route("/break-glass", get(list))
        .route("/break-glass/{glass}", get(detail))
        .route("/break-glass/{glass}/end", axum::routing::post(end))
        .route("/break-glass/{glass}/review", axum::routing::post(review))
}

/// Word, state of colour, glyph.
type Badge = (&'static str, &'static str, &'static str);

/// An emergency access as a row, and as its page.
pub struct Row {
    pub href: String,
    pub asset: String,
    pub asset_href: String,
    pub project: String,
    pub person: Who,
    pub reason: String,
    pub opened: When,
    pub until: When,
    pub ended: When,
    pub ended_by: String,
    pub reads: String,
    pub last_read: When,
    pub columns: String,
    pub state: Badge,
    pub verdict: Badge,
    pub note: String,
    pub reviewed_by: String,
    pub reviewed: When,
    pub may_end: bool,
    pub may_review: bool,
}

impl Row {
    /// As the reader may see it.
    pub fn of(view: &BreakGlassView) -> Self {
        let glass = &view.glass;
        Self {
            href: href(glass.id),
            asset: view.asset.clone(),
            asset_href: asset_href(glass.asset_id),
            project: view.project.clone(),
            person: Who::named(&view.person),
            reason: glass.reason.clone(),
            opened: When::at(glass.opened_at),
            until: When::at(glass.until),
            ended: When::maybe(glass.ended_at),
            ended_by: view.ended_by.clone().unwrap_or_default(),
            reads: counted(view.reads, "read", "reads"),
            last_read: When::maybe(view.last_read),
            columns: view.columns.join(", "),
            state: match (view.open, &view.ended_by) {
                (true, _) => ("Open", "danger", "lock-open"),
                (false, Some(_)) => ("Ended early", "", "ban"),
                (false, None) => ("Ran out", "", "clock"),
            },
            verdict: match glass.verdict {
                None => ("Waits for review", "attention", "clock"),
                Some(BreakGlassVerdict::Confirmed) => ("Confirmed", "good", "circle-check"),
                Some(BreakGlassVerdict::Objected) => ("Objected to", "danger", "circle-x"),
            },
            note: glass.note.clone(),
            reviewed_by: view.reviewed_by.clone().unwrap_or_default(),
            reviewed: When::maybe(glass.reviewed_at),
            may_end: view.may_end,
            may_review: view.may_review,
        }
    }
}

fn href(id: GrantId) -> String {
    format!("/break-glass/{id}")
}

#[derive(Template)]
#[template(path = "break_glass/open.html")]
struct OpenPage {
    shell: Shell,
    head: AssetHead,
    back: String,
    reason: String,
    minutes: String,
    most: String,
    least_words: String,
    proof: Proof,
    wrong: Wrong,
}

async fn open_page(web: &Web, frame: Framed, id: AssetId, fields: &Fields, wrong: Wrong) -> Result<OpenPage, Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, id).await?;
    if !view.may_break_glass {
        return Err(Fault::new(Code::Forbidden, "this is not open to you in an emergency")
            .fix("ask a security administrator, or act in the project that owns it"));
    }
    let Lasting { minutes, most_minutes } = web.app.settings.break_glass;
    let said = Some(fields.one("minutes")).filter(|said| !said.is_empty());
    Ok(OpenPage {
        head: AssetHead::new(&view, "Overview"),
        back: asset_href(id),
        reason: fields.one("reason").to_owned(),
        minutes: said.map_or_else(|| minutes.to_string(), str::to_owned),
        most: format!("At most {most_minutes}; it ends by itself."),
        least_words: format!(
            "At least {REASON_MIN} characters: what happened, and why it cannot wait for an approval."
        ),
        proof: Proof::of(web, &frame),
        wrong,
        shell: frame.shell,
    })
}

async fn form(State(web): State<Web>, Path(id): Path<AssetId>, frame: Framed) -> Result<Response, Refusal> {
    show(StatusCode::OK, &open_page(&web, frame, id, &Fields::default(), Wrong::default()).await?)
}

async fn opened(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<BreakGlassView, Fault> {
    proof::confirm(web, frame, fields).await?;
    let minutes = match fields.one("minutes").trim() {
        "" => None,
        said => Some(said.parse().map_err(|_| Fault::invalid("minutes", "write a whole number of minutes"))?),
    };
    let new = NewBreakGlass { asset: id, reason: fields.one("reason").to_owned(), minutes };
    break_glass::open(&web.app, &frame.reader.caller, &new).await.map_err(proof::missing)
}

async fn open(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Form(fields): Form<Fields>,
) -> Result<Response, Refusal> {
    match opened(&web, &frame, id, &fields).await {
        Ok(view) => {
            Ok(flash::done(&href(view.glass.id), "It is open to you. Each read is marked, and its owners were told."))
        }
        Err(fault) => again(fault, |wrong| open_page(&web, frame, id, &fields, wrong)).await,
    }
}

#[derive(Debug, Default, Deserialize)]
struct Which {
    /// `waiting` for what waits for a review, `all`, or else what is open now.
    #[serde(default)]
    show: String,
    #[serde(default)]
    after: String,
}

#[derive(Template)]
#[template(path = "break_glass/list.html")]
struct ListPage {
    shell: Shell,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
}

async fn list(State(web): State<Web>, frame: Framed, Query(which): Query<Which>) -> Result<Response, Refusal> {
    let chosen = ["waiting", "all"].into_iter().find(|name| which.show == *name).unwrap_or_default();
    let place = Place::new(address("/break-glass", &[("show", chosen)]), &which.after);
    let wanted = place.request(&web, &frame.reader, 50)?;
    let filter = BreakGlassFilter { open: chosen.is_empty(), unreviewed: chosen == "waiting" };
    let found = views::list(&web.app, &frame.reader.caller, filter, &wanted).await?;
    let tab = |label, name: &str| Tab {
        label,
        href: address("/break-glass", &[("show", name)]),
        active: chosen == name,
        count: 0,
    };
    let page = ListPage {
        tabs: vec![tab("Open now", ""), tab("Not reviewed", "waiting"), tab("All", "all")],
        rows: found.items.iter().map(Row::of).collect(),
        pager: place.pager(&web, &frame.reader, &found)?,
        shell: frame.shell,
    };
    show(StatusCode::OK, &page)
}

#[derive(Template)]
#[template(path = "break_glass/detail.html")]
struct DetailPage {
    shell: Shell,
    row: Row,
    note: String,
    wrong: Wrong,
}

async fn detail(State(web): State<Web>, Path(id): Path<GrantId>, frame: Framed) -> Result<Response, Refusal> {
    let view = views::get(&web.app, &frame.reader.caller, id).await?;
    let page = DetailPage { shell: frame.shell, row: Row::of(&view), note: String::new(), wrong: Wrong::default() };
    show(StatusCode::OK, &page)
}

async fn end(State(web): State<Web>, Path(id): Path<GrantId>, frame: Framed) -> Result<Response, Refusal> {
    let outcome = break_glass::end(&web.app, &frame.reader.caller, id).await;
    back(&href(id), outcome.map(|_| "Ended. The next query is refused.".to_owned()))
}

#[derive(Debug, Default, Deserialize)]
struct Said {
    #[serde(default)]
    verdict: String,
    #[serde(default)]
    note: String,
}

async fn review(
    State(web): State<Web>,
    Path(id): Path<GrantId>,
    frame: Framed,
    Form(said): Form<Said>,
) -> Result<Response, Refusal> {
    let outcome = match said.verdict.parse::<BreakGlassVerdict>().map_err(|fault| fault.on("verdict")) {
        Ok(verdict) => break_glass::review(&web.app, &frame.reader.caller, id, (verdict, &said.note)).await,
        Err(fault) => Err(fault),
    };
    match outcome {
        Ok(view) => {
            let words = match view.glass.verdict {
                Some(BreakGlassVerdict::Objected) => "You objected to it.",
                Some(BreakGlassVerdict::Confirmed) | None => "You confirmed it.",
            };
            Ok(flash::done(&href(id), words))
        }
        Err(fault) if fault.code == Code::Reauthenticate => Ok(confirm_first(fault, &href(id))?),
        Err(fault) => {
            let view = views::get(&web.app, &frame.reader.caller, id).await?;
            let draw = |wrong| async {
                Ok::<_, Fault>(DetailPage { shell: frame.shell, row: Row::of(&view), note: said.note, wrong })
            };
            again(fault, draw).await
        }
    }
}
