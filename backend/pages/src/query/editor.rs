//! The page with the editor. Without script its text is an ordinary form.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use lakegate_app::{
    accounts::me::{self, Me},
    query::{Ask, history, kept, saved, schema},
};
use lakegate_model::{
    Fault, PageRequest,
    ids::{QueryId, SavedQueryId},
    words::ProjectRole,
};
use serde::Deserialize;

use super::api::DRAFT;
use crate::{
    kit::{Wrong, address},
    shell::{Framed, Shell, show},
};
use lakegate_http::{
    Refusal, Web,
    extract::{Form, Path, Query, SignedIn},
    middleware::headers::POLICY,
};

/// Tables that the tree shows; completion knows all of them.
const TREE: usize = 300;

pub(super) fn routes() -> Router<Web> {
    Router::new().route("/query", get(editor).post(run)).route("/query/saved/{query}", get(open_saved))
}

struct Leaf {
    name: String,
    kind: String,
    about: String,
}

struct Branch {
    name: String,
    columns: Vec<Leaf>,
    /// Whether columns of the table are left out for the reader.
    partial: bool,
    about: String,
    /// A query of the table.
    href: String,
}

struct Database {
    name: String,
    tables: Vec<Branch>,
}

struct Kept {
    name: String,
    href: String,
}

#[derive(Template)]
#[template(path = "query/editor.html")]
struct EditorPage {
    shell: Shell,
    nonce: String,
    /// Tells the drafts of two people on one machine apart.
    owner: String,
    project: String,
    /// The tabs as the account keeps them, as JSON; empty for none.
    kept: String,
    /// What stands in the text field.
    text: String,
    /// A text that opens in a tab of its own.
    sql: String,
    title: String,
    databases: Vec<Database>,
    /// Tables that the tree leaves out.
    more: usize,
    saved: Vec<Kept>,
    history: Vec<Kept>,
    /// Where a text is kept for the project; empty if the reader may not.
    save: String,
    acting: bool,
    wrong: Wrong,
}

/// A text to open.
#[derive(Debug, Default)]
struct Opened {
    sql: String,
    title: String,
}

async fn page(web: &Web, framed: Framed, opened: Opened, wrong: Wrong) -> Result<EditorPage, Refusal> {
    let Framed { reader, me, shell } = framed;
    let (databases, more) = tree(web, &reader, &me).await?;
    let kept = me::draft(&web.app, &reader.caller, DRAFT).await?.unwrap_or_default();
    let text = if opened.sql.is_empty() { draft_text(&kept) } else { opened.sql.clone() };
    Ok(EditorPage {
        saved: saved_queries(web, &reader, &me).await?,
        history: recent(web, &reader).await?,
        nonce: nonce(web),
        owner: reader.session.user_id.to_string(),
        project: me.acting.as_ref().map(|project| project.id.to_string()).unwrap_or_default(),
        save: save_address(&me),
        acting: me.acting.is_some(),
        sql: opened.sql,
        title: opened.title,
        shell,
        kept,
        text,
        databases,
        more,
        wrong,
    })
}

fn nonce(web: &Web) -> String {
    let mut bytes = [0_u8; 16];
    web.app.random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The open tab of the kept ones, for browsers without script.
fn draft_text(kept: &str) -> String {
    let value: serde_json::Value = serde_json::from_str(kept).unwrap_or_default();
    let at = value["at"].as_u64().and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
    value["tabs"][at]["sql"].as_str().unwrap_or_default().to_owned()
}

fn save_address(me: &Me) -> String {
    let acting = me.acting.as_ref().map(|project| project.id);
    let role = me.projects.iter().find(|(project, _)| Some(project.id) == acting).map(|(_, role)| *role);
    match (acting, role) {
        (Some(id), Some(role)) if role >= ProjectRole::Contributor => format!("/projects/{id}/queries/new"),
        _ => String::new(),
    }
}

/// What the reader may query, by database.
async fn tree(web: &Web, reader: &SignedIn, me: &Me) -> Result<(Vec<Database>, usize), Fault> {
    if me.acting.is_none() {
        return Ok((Vec::new(), 0));
    }
    let tables = schema::tables(&web.app, &reader.caller).await?;
    let more = tables.len().saturating_sub(TREE);
    let mut databases: Vec<Database> = Vec::new();
    for table in tables.into_iter().take(TREE) {
        let database = table.database.clone();
        if databases.last().is_none_or(|last| last.name != database) {
            databases.push(Database { name: database, tables: Vec::new() });
        }
        if let Some(last) = databases.last_mut() {
            last.tables.push(branch(table));
        }
    }
    Ok((databases, more))
}

fn branch(table: schema::ReadableTable) -> Branch {
    let sql = format!("select *\nfrom {}.{}\nlimit 100", quoted(&table.database), quoted(&table.name));
    let leaf = |column: schema::ReadableColumn| Leaf {
        name: quoted(&column.name),
        kind: column.column_type.to_string(),
        about: column.description,
    };
    Branch {
        columns: table.columns.into_iter().map(leaf).collect(),
        partial: table.partial,
        about: table.asset.map(|asset| format!("/assets/{asset}")).unwrap_or_default(),
        href: address("/query", &[("sql", &sql)]),
        name: table.name,
    }
}

/// A name as SQL writes it: quoted unless it is a plain lower-case word.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    if starts && name.chars().all(plain) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

async fn saved_queries(web: &Web, reader: &SignedIn, me: &Me) -> Result<Vec<Kept>, Fault> {
    let Some(project) = &me.acting else { return Ok(Vec::new()) };
    let found = saved::list(&web.app, &reader.caller, project.id, &PageRequest::new(Some(20), None)?).await?;
    let kept = |query: lakegate_model::access::SavedQuery| Kept {
        href: format!("/query/saved/{}", query.id),
        name: query.name,
    };
    Ok(found.items.into_iter().map(kept).collect())
}

async fn recent(web: &Web, reader: &SignedIn) -> Result<Vec<Kept>, Fault> {
    let found = history::list(&web.app, &reader.caller, &PageRequest::new(Some(6), None)?).await?;
    let kept = |run: lakegate_model::access::QueryRun| Kept {
        href: format!("/query?run={}", run.id),
        name: super::history::one_line(&run.sql_text, 60),
    };
    Ok(found.items.into_iter().map(kept).collect())
}

/// Shows the editor; its nonce lets CodeMirror's style element in.
fn show_editor(status: StatusCode, page: &EditorPage) -> Result<Response, Refusal> {
    let mut response = show(status, page)?;
    let policy = POLICY.replace("style-src 'self'", &format!("style-src 'self' 'nonce-{}'", page.nonce));
    let policy = HeaderValue::from_str(&policy).map_err(Fault::internal)?;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
struct EditorQuery {
    #[serde(default)]
    sql: String,
    /// One of the reader's earlier queries.
    run: Option<QueryId>,
}

async fn editor(State(web): State<Web>, framed: Framed, Query(query): Query<EditorQuery>) -> Result<Response, Refusal> {
    let sql = match query.run {
        Some(id) => history::get(&web.app, &framed.reader.caller, id).await?.sql_text,
        None => query.sql,
    };
    let opened = Opened { sql, title: String::new() };
    show_editor(StatusCode::OK, &page(&web, framed, opened, Wrong::default()).await?)
}

async fn open_saved(State(web): State<Web>, framed: Framed, Path(id): Path<SavedQueryId>) -> Result<Response, Refusal> {
    let kept = saved::get(&web.app, &framed.reader.caller, id).await?;
    let opened = Opened { sql: kept.sql_text, title: kept.name };
    show_editor(StatusCode::OK, &page(&web, framed, opened, Wrong::default()).await?)
}

#[derive(Debug, Deserialize)]
struct RunForm {
    #[serde(default)]
    sql: String,
}

/// Runs a query for a browser without script.
async fn run(State(web): State<Web>, framed: Framed, Form(form): Form<RunForm>) -> Result<Response, Refusal> {
    match kept::start(&web.app, &framed.reader.caller, &Ask::new(form.sql.clone(), None)).await {
        Ok(id) => Ok(Redirect::to(&format!("/query/results/{id}")).into_response()),
        Err(fault) => {
            let (status, wrong) = Wrong::take(fault)?;
            let opened = Opened { sql: form.sql, title: String::new() };
            show_editor(status, &page(&web, framed, opened, wrong).await?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_sql_wants_it() {
        assert_eq!(quoted("cs_order_number"), "cs_order_number");
        assert_eq!(quoted("Order"), "\"Order\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
        assert_eq!(quoted("2024"), "\"2024\"");
    }

    #[test]
    fn the_open_tab_is_the_draft() {
        assert_eq!(draft_text(r#"{"at":1,"tabs":[{"sql":"a"},{"sql":"b"}]}"#), "b");
        assert_eq!(draft_text("broken"), "");
        assert_eq!(draft_text(r#"{"at":9,"tabs":[]}"#), "");
    }
}
