//! Who would notice if an asset or a column of it changed: for those who review it.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    catalog::assets,
    lineage::{self, Impact, ImpactAsk},
};
use lakegate_model::{Code, Fault, Page, ids::AssetId, lineage::Reader};

use super::{
    head::{AssetHead, asset_href},
    lineage::told,
};
use crate::{
    fields::Fields,
    kit::{Choice, Crumb, Pager, Place, When, Wrong, again, counted, grouped},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/assets/{id}/impact", get(page))
}

/// Days that readers are looked for in, if nobody says otherwise.
const DAYS: u32 = 30;

/// Somebody who read it.
struct ReaderRow {
    name: String,
    project: String,
    queries: String,
    exports: String,
    last: When,
}

#[derive(Template)]
#[template(path = "assets/impact.html")]
struct ImpactPage {
    shell: Shell,
    head: AssetHead,
    action: String,
    columns: Vec<Choice>,
    column: String,
    days: String,
    /// What is counted, and how many there are; none if the question was wrong.
    counts: Vec<(String, String)>,
    made: Vec<(Crumb, &'static str, String)>,
    nameless: String,
    subscribers: Vec<String>,
    readers: Vec<ReaderRow>,
    pager: Pager,
    wrong: Wrong,
}

async fn page(
    State(web): State<Web>,
    Path(id): Path<AssetId>,
    frame: Framed,
    Query(fields): Query<Fields>,
) -> Result<Response, Refusal> {
    match asked(&web, &frame, id, &fields).await {
        Ok(found) => show(StatusCode::OK, &drawn(&web, frame, (id, &fields), found, Wrong::default()).await?),
        Err(fault) if fault.field.is_some() => {
            let none = (Impact::default(), Page { items: Vec::new(), next: None });
            again(fault, |wrong| drawn(&web, frame, (id, &fields), none, wrong)).await
        }
        Err(fault) => Err(fault.into()),
    }
}

fn days(fields: &Fields) -> Result<u32, Fault> {
    match fields.one("days") {
        "" => Ok(DAYS),
        text => text.parse().map_err(|_| Fault::invalid("days", "write a number of days")),
    }
}

fn place(id: AssetId, fields: &Fields) -> Place<'_> {
    let column = utf8_percent_encode(fields.one("column"), NON_ALPHANUMERIC);
    let days = utf8_percent_encode(fields.one("days"), NON_ALPHANUMERIC);
    Place::new(format!("{}/impact?column={column}&days={days}", asset_href(id)), fields.one("after"))
}

async fn asked(web: &Web, frame: &Framed, id: AssetId, fields: &Fields) -> Result<(Impact, Page<Reader>), Fault> {
    let ask = ImpactAsk { asset: id, column: Some(fields.one("column").to_owned()).filter(|name| !name.is_empty()) };
    let caller = &frame.reader.caller;
    let impact = lineage::impact(&web.app, caller, &ask).await?;
    let page = place(id, fields).request(web, &frame.reader, 30)?;
    let readers = lineage::readers(&web.app, caller, &ask, days(fields)?, &page).await?;
    Ok((impact, readers))
}

async fn drawn(
    web: &Web,
    frame: Framed,
    (id, fields): (AssetId, &Fields),
    (impact, readers): (Impact, Page<Reader>),
    wrong: Wrong,
) -> Result<ImpactPage, Fault> {
    let view = assets::view(&web.app, &frame.reader.caller, id).await?;
    if !view.may_review {
        return Err(Fault::new(Code::Forbidden, "you do not review who reads this")
            .fix("ask an owner of its project or a steward of its domain"));
    }
    let mut columns = vec![Choice::new("", "The whole table")];
    columns.extend(view.columns.iter().map(|one| Choice::new(&one.column.name, &one.column.name)));
    let pager = place(id, fields).pager(web, &frame.reader, &readers)?;
    let days = if fields.one("days").is_empty() { DAYS.to_string() } else { fields.one("days").to_owned() };
    Ok(ImpactPage {
        head: AssetHead::new(&view, "Lineage"),
        action: format!("{}/impact", asset_href(id)),
        columns,
        column: fields.one("column").to_owned(),
        days,
        counts: if wrong.besides([]).is_empty() { counts(&impact) } else { Vec::new() },
        made: impact.graph.nodes.iter().skip(1).filter(|node| !told(node).0.href.is_empty()).map(told).collect(),
        nameless: match usize::try_from(impact.nameless).unwrap_or(usize::MAX) {
            0 => String::new(),
            many => counted(many, "thing that you may not know", "things that you may not know"),
        },
        subscribers: impact.subscribers.into_iter().map(|one| one.project_name).collect(),
        readers: readers.items.into_iter().map(reader).collect(),
        pager,
        wrong,
        shell: frame.shell,
    })
}

fn counts(impact: &Impact) -> Vec<(String, String)> {
    let number = |count: u64| grouped(i64::try_from(count).unwrap_or(i64::MAX));
    vec![
        ("Tables made of it".to_owned(), number(impact.assets)),
        ("Saved queries".to_owned(), number(impact.saved_queries)),
        ("Hidden from you".to_owned(), number(impact.nameless)),
        ("Subscriptions".to_owned(), number(impact.subscribers.len() as u64)),
    ]
}

fn reader(reader: Reader) -> ReaderRow {
    ReaderRow {
        name: reader.name,
        project: reader.project_name,
        queries: grouped(reader.queries),
        exports: grouped(reader.exports),
        last: When::at(reader.last_at),
    }
}
