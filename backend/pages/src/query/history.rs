//! The reader's own queries.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::query::history;
use lakegate_model::{access::QueryRun, words::QueryState};

use crate::{
    kit::{After, Crumb, Pager, Place, When, bytes, counted, crumbs, duration},
    shell::{Framed, Shell, show},
};
use lakegate_http::{Refusal, Web, extract::Query};

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/query/history", get(list))
}

/// How a query's state is shown: word, colour, icon.
pub(super) fn mark(state: QueryState) -> (&'static str, &'static str, &'static str) {
    match state {
        QueryState::Running => ("Running", "info", "loader-circle"),
        QueryState::Succeeded => ("Done", "good", "circle-check"),
        QueryState::Failed => ("Failed", "danger", "circle-x"),
        QueryState::Cancelled => ("Cancelled", "", "circle-slash"),
    }
}

/// A text on one line, at most `most` characters.
pub(super) fn one_line(sql: &str, most: usize) -> String {
    let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= most {
        return flat;
    }
    let mut short: String = flat.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

struct Row {
    sql: String,
    open: String,
    /// The kept rows; empty once they are gone.
    result: String,
    state: &'static str,
    tone: &'static str,
    icon: &'static str,
    why: String,
    at: When,
    took: String,
    rows: String,
    scanned: String,
}

#[derive(Template)]
#[template(path = "query/history.html")]
struct HistoryPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    queries: Vec<Row>,
    pager: Pager,
}

async fn list(State(web): State<Web>, framed: Framed, Query(query): Query<After>) -> Result<Response, Refusal> {
    let reader = &framed.reader;
    let place = Place::new("/query/history", &query.after);
    let page = history::list(&web.app, &reader.caller, &place.request(&web, reader, 25)?).await?;
    let pager = place.pager(&web, reader, &page)?;
    let now = web.app.now();
    let queries = page.items.into_iter().map(|run| row(run, now)).collect();
    let crumbs = crumbs(&[("Query", "/query"), ("History", "")]);
    show(StatusCode::OK, &HistoryPage { shell: framed.shell, crumbs, queries, pager })
}

fn row(run: QueryRun, now: lakegate_model::Timestamp) -> Row {
    let (state, tone, icon) = mark(run.state);
    let done = run.state == QueryState::Succeeded;
    let kept = run.result_until.is_some_and(|until| until > now);
    Row {
        sql: one_line(&run.sql_text, 300),
        open: format!("/query?run={}", run.id),
        result: if done && kept { format!("/query/results/{}", run.id) } else { String::new() },
        state,
        tone,
        icon,
        why: run.message.unwrap_or_default(),
        at: When::at(run.started_at),
        took: duration(run.elapsed_ms),
        rows: if done { counted(run.row_count, "row", "rows") } else { String::new() },
        scanned: bytes(run.scanned_bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn texts_become_one_short_line() {
        assert_eq!(one_line("select 1\n  from t", 40), "select 1 from t");
        assert_eq!(one_line("select 1", 5), "sele…");
    }
}
