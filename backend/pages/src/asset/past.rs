//! What somebody could read of an asset on an earlier day, and what changed since.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    access::past::{self, PastDifference, PastReading, Whose},
    catalog::assets,
};
use lakegate_model::{Code, Fault, Timestamp, ids::AssetId};

use super::{
    head::{AssetHead, asset_href},
    simulated::{Badge, column, effects},
};
use crate::{
    fields::{Fields, day_words},
    kit::{Choice, When, Wrong, again, capitalised, people, person_meant},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/past", get(page))
}

/// What is told of one day.
struct Day {
    /// "What Olga could read on 4 May 2026"
    title: String,
    project: String,
    columns: Vec<(String, Badge, String)>,
    export: bool,
    /// Words, since when, who approved it and why.
    through: Vec<(String, When, String)>,
    assumes: Vec<String>,
}

/// What changed from one day to another.
struct Change {
    title: String,
    words: String,
    effects: Vec<(Badge, String)>,
    assumes: Vec<String>,
}

#[derive(Template)]
#[template(path = "assets/past.html")]
struct PastPage {
    shell: Shell,
    head: AssetHead,
    action: String,
    person: String,
    people: Vec<Choice>,
    day: String,
    until: String,
    answer: Option<Day>,
    change: Option<Change>,
    wrong: Wrong,
}

async fn past_page(
    web: &Web,
    frame: Framed,
    id: AssetId,
    fields: &Fields,
    (answer, change, wrong): (Option<Day>, Option<Change>, Wrong),
) -> Result<PastPage, Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, id).await?;
    if !view.may_review {
        return Err(Fault::new(Code::Forbidden, "you do not review who reads this")
            .fix("ask an owner of its project or a steward of its domain"));
    }
    Ok(PastPage {
        head: AssetHead::new(&view, "Access"),
        action: format!("{}/past", asset_href(id)),
        person: fields.one("person").to_owned(),
        people: people(web, &frame.reader).await?,
        day: fields.one("day").to_owned(),
        until: fields.one("until").to_owned(),
        answer,
        change,
        wrong,
        shell: frame.shell,
    })
}

/// The end of a day that a field names, or this moment for today.
fn moment(web: &Web, fields: &Fields, name: &str) -> Result<Option<Timestamp>, Fault> {
    let (now, end) = (web.app.now(), fields.day(name)?);
    Ok(end.map(|end| if end.date_naive() == now.date_naive() { now } else { end }))
}

async fn asked(
    web: &Web,
    frame: &Framed,
    id: AssetId,
    fields: &Fields,
) -> Result<(Option<Day>, Option<Change>), Fault> {
    let user = person_meant(web, &frame.reader, "person", fields.one("person")).await?;
    let whose = Whose { asset: id, user: user.id, project: None };
    let at = moment(web, fields, "day")?.ok_or_else(|| Fault::invalid("day", "say which day"))?;
    let caller = &frame.reader.caller;
    let placed = |fault: Fault, at: &str| if fault.field.as_deref() == Some("at") { fault.on(at) } else { fault };
    match moment(web, fields, "until")? {
        Some(until) => {
            let found = past::between(&web.app, caller, whose, (at, until)).await?;
            Ok((None, Some(difference(found, &user.display_name))))
        }
        None => {
            let found = past::on(&web.app, caller, whose, at).await.map_err(|fault| placed(fault, "day"))?;
            Ok((Some(day(found)), None))
        }
    }
}

fn day(found: PastReading) -> Day {
    let through = |way: lakegate_app::access::readers::Through| {
        let given = match (way.approved_by.is_empty(), way.reason.is_empty()) {
            (true, _) => String::new(),
            (false, true) => format!("by {}", way.approved_by),
            (false, false) => format!("by {}: {}", way.approved_by, way.reason),
        };
        (capitalised(&way.words), When::maybe(way.since), given)
    };
    Day {
        title: format!("What {} could read on {}", found.subject.name, day_words(found.at)),
        project: found.subject.project.map(|(_, name)| name).unwrap_or_default(),
        columns: found.columns.iter().map(column).collect(),
        export: found.export,
        through: found.through.into_iter().map(through).collect(),
        assumes: found.assumes.iter().map(|one| capitalised(one)).collect(),
    }
}

fn difference(found: PastDifference, name: &str) -> Change {
    let (words, effects) = match &found.difference {
        None => ("Nothing changed of it.".to_owned(), Vec::new()),
        Some(one) => (format!("{}.", capitalised(&one.words)), effects(&one.columns)),
    };
    Change {
        title: format!("What changed for {name} from {} to {}", day_words(found.from), day_words(found.until)),
        assumes: found.assumes.iter().map(|one| capitalised(one)).collect(),
        words,
        effects,
    }
}

async fn page(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(fields): Query<Fields>,
) -> Result<Response, Refusal> {
    let blank = fields.one("person").trim().is_empty() && fields.one("day").trim().is_empty();
    if blank {
        let page = past_page(&web, frame, id, &fields, (None, None, Wrong::default())).await?;
        return show(StatusCode::OK, &page);
    }
    match asked(&web, &frame, id, &fields).await {
        Ok((answer, change)) => {
            let page = past_page(&web, frame, id, &fields, (answer, change, Wrong::default())).await?;
            show(StatusCode::OK, &page)
        }
        Err(fault) => again(fault, |wrong| past_page(&web, frame, id, &fields, (None, None, wrong))).await,
    }
}
