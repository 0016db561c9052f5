//! A kept result as a plain table, a page at a time: for browsers without script, and for a link to one's own result.

use askama::Template;
use axum::{Router, extract::State, http::StatusCode, response::Response, routing::get};
use lakegate_app::query::{JsonOptions, kept};
use lakegate_model::{Fault, access::QueryRun, ids::QueryId, words::QueryState};
use serde::Deserialize;
use serde_json::Value;

use super::way_on;
use crate::{
    kit::{Crumb, bytes, counted, crumbs, duration, grouped, sentence, withheld_words},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Path, Query},
};

/// Rows of a page.
const ROWS: u64 = 50;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/query/results/{query}", get(result))
}

#[derive(Debug, Default, Deserialize)]
struct ResultQuery {
    #[serde(default)]
    offset: u64,
}

struct Head {
    name: String,
    kind: String,
    numeric: bool,
    /// What is not as it is: "masked".
    withheld: &'static str,
}

struct Cell {
    text: String,
    absent: bool,
    numeric: bool,
}

#[derive(Template)]
#[template(path = "query/result.html")]
struct ResultPage {
    shell: Shell,
    crumbs: Vec<Crumb>,
    sql: String,
    open: String,
    state: &'static str,
    tone: &'static str,
    icon: &'static str,
    /// The page looks again by itself.
    running: bool,
    why: String,
    fix: String,
    figures: Vec<String>,
    heads: Vec<Head>,
    rows: Vec<Vec<Cell>>,
    summary: String,
    previous: String,
    next: String,
    /// Where the rows leave as files; empty while there are none, or where they may not.
    download: String,
}

async fn result(
    State(web): State<Web>,
    framed: Framed,
    Path(id): Path<QueryId>,
    Query(query): Query<ResultQuery>,
) -> Result<Response, Refusal> {
    let run = kept::status(&web.app, &framed.reader.caller, id).await?;
    let mut page = empty(framed.shell, &run);
    if run.state == QueryState::Succeeded {
        let exact = JsonOptions { exact: true };
        let count = usize::try_from(ROWS).unwrap_or(usize::MAX);
        match kept::page(&web.app, &framed.reader.caller, id, query.offset, count, exact).await {
            Ok(found) => {
                fill(&mut page, &run, &found.rows, found.row_count, query.offset);
                if kept::may_download(&web.app, &framed.reader.caller, &run).await? {
                    page.download = format!("/query/{}/download?format=", run.id);
                }
            }
            Err(fault) => said(&mut page, &fault),
        }
    }
    show(StatusCode::OK, &page)
}

fn empty(shell: Shell, run: &QueryRun) -> ResultPage {
    let (state, tone, icon) = super::history::mark(run.state);
    ResultPage {
        shell,
        crumbs: crumbs(&[("Query", "/query"), ("History", "/query/history"), ("Result", "")]),
        sql: run.sql_text.clone(),
        open: format!("/query?run={}", run.id),
        state,
        tone,
        icon,
        running: run.state == QueryState::Running,
        why: run.message.as_deref().map(sentence).unwrap_or_default(),
        fix: run.message.as_deref().and_then(way_on).unwrap_or_default().to_owned(),
        figures: vec![duration(run.elapsed_ms), format!("{} scanned", bytes(run.scanned_bytes))],
        heads: Vec::new(),
        rows: Vec::new(),
        summary: String::new(),
        previous: String::new(),
        next: String::new(),
        download: String::new(),
    }
}

fn said(page: &mut ResultPage, fault: &Fault) {
    page.why = sentence(&fault.message);
    page.fix = fault.fix.as_deref().map(sentence).unwrap_or_default();
}

fn fill(page: &mut ResultPage, run: &QueryRun, rows: &[Vec<Value>], total: u64, offset: u64) {
    let columns = run.columns.clone().unwrap_or_default();
    let numeric: Vec<bool> = columns.iter().map(|column| column.numeric).collect();
    page.rows = rows.iter().map(|row| cells(row, &numeric)).collect();
    page.heads = columns
        .into_iter()
        .map(|column| Head {
            withheld: withheld_words(&column),
            name: column.name,
            kind: column.column_type,
            numeric: column.numeric,
        })
        .collect();
    let shown = u64::try_from(rows.len()).unwrap_or(0);
    page.figures.insert(0, counted(total, "row", "rows"));
    if shown > 0 {
        let (from, to) = (grouped(offset + 1), grouped(offset + shown));
        page.summary = format!("{from} to {to} of {}", grouped(total));
    }
    let at = |offset: u64| format!("/query/results/{}?offset={offset}", run.id);
    if offset > 0 {
        page.previous = at(offset.saturating_sub(ROWS));
    }
    if offset + shown < total {
        page.next = at(offset + shown);
    }
}

fn cells(row: &[Value], numeric: &[bool]) -> Vec<Cell> {
    let cell = |(at, value): (usize, &Value)| Cell {
        text: match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            other => other.to_string(),
        },
        absent: value.is_null(),
        numeric: numeric.get(at).copied().unwrap_or_default(),
    };
    row.iter().enumerate().map(cell).collect()
}
