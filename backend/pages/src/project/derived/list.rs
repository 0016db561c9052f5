//! The derived tables of a project.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::{
    derived,
    jobs::{Target, schedules},
};
use lakegate_model::{Fault, derived::DerivedTable, ids::ProjectId};

use super::{
    super::{
        Head,
        spark::{Spark, last_builds},
    },
    form, list_head, path,
    rows::BuildRow,
};
use crate::{
    kit::{After, Pager, Place, When},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query, SignedIn},
};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/projects/{project}/derived", get(list).post(form::create))
}

struct Row {
    name: String,
    href: String,
    account: String,
    /// The first words of its query.
    begins: String,
    spark: Spark,
    /// The latest run; `None` if it never ran.
    last: Option<BuildRow>,
    built: When,
    /// When its schedule runs it next.
    next: When,
}

#[derive(Template)]
#[template(path = "derived/list.html")]
struct ListPage {
    shell: Shell,
    head: Head,
    rows: Vec<Row>,
    pager: Pager,
}

async fn list(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<ProjectId>,
    Query(query): Query<After>,
) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let head = list_head(&web, reader, id).await?;
    let place = Place::new(format!("{}/derived", head.base), &query.after);
    let page = derived::list(&web.app, &reader.caller, id, &place.request(&web, reader, 25)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let mut rows = Vec::with_capacity(page.items.len());
    for derived in page.items {
        rows.push(row(&web, reader, derived).await?);
    }
    show(StatusCode::OK, &ListPage { shell: framed.shell, head, rows, pager })
}

async fn row(web: &Web, reader: &SignedIn, derived: DerivedTable) -> Result<Row, Fault> {
    let (runs, spark) = last_builds(web, reader, derived.id).await?;
    let schedule = schedules::of(&web.app, &reader.caller, Target::Derived(derived.id)).await?;
    let ticking = schedule.filter(|view| view.schedule.enabled);
    Ok(Row {
        href: path(&derived),
        begins: begins(&derived.sql_text),
        last: runs.first().map(|run| BuildRow::of(run, web.app.now())),
        built: When::maybe(derived.built_at),
        next: When::maybe(ticking.and_then(|view| view.coming.first().copied())),
        name: derived.name,
        account: derived.service_account_name,
        spark,
    })
}

/// The first words of a query, on one line.
fn begins(sql: &str) -> String {
    const MOST: usize = 90;
    let line = sql.split_whitespace().take(MOST).collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST {
        return line;
    }
    format!("{}…", line.chars().take(MOST).collect::<String>().trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_folded_into_its_first_words() {
        assert_eq!(begins("select  a,\n\tb\nfrom t"), "select a, b from t");
        let long = begins(&"word ".repeat(40));
        assert!(long.ends_with("word…") && long.chars().count() <= 91, "{long}");
    }
}
