//! Runs of queries and saved queries.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    access::{QueryRun, ResultColumn, SavedQuery},
    ids::{ProjectId, QueryId, SavedQueryId, UserId},
    text,
    words::QueryState,
};
use lakegate_policy::{
    Granted,
    action::{SaveQuery, ViewProject},
    resource::ProjectFacts,
};
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO queries (id, user_id, service_account_id, project_id, sql_text, state, row_count, scanned_bytes, elapsed_ms, fingerprint, result_bytes, started_at) VALUES ($1, $2, $3, $4, $5, 'running', 0, 0, 0, $6, 0, $7)";
    FINISH = "UPDATE queries SET state = $2, code = $3, message = $4, row_count = $5, scanned_bytes = $6, elapsed_ms = $7, columns = $8, result_bytes = $9, result_until = $10, ended_at = $11 WHERE id = $1 AND state = 'running'";
    BY_ID = "SELECT id, user_id, service_account_id, project_id, sql_text, state, code, message, row_count, scanned_bytes, elapsed_ms, fingerprint, columns, result_bytes, result_until, started_at, ended_at FROM queries WHERE id = $1";
    OF_USER = "SELECT id, user_id, service_account_id, project_id, sql_text, state, code, message, row_count, scanned_bytes, elapsed_ms, fingerprint, columns, result_bytes, result_until, started_at, ended_at FROM queries WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    KEPT_BYTES = "SELECT CAST(COALESCE(SUM(result_bytes), 0) AS BIGINT) FROM queries WHERE user_id = $1 AND result_until > $2";
    RESULTS_DUE = "SELECT id FROM queries WHERE result_until <= $1 ORDER BY result_until LIMIT $2";
    RESULT_GONE = "UPDATE queries SET result_until = NULL, result_bytes = 0 WHERE id = $1";
    STALE = "SELECT id FROM queries WHERE state = 'running' AND started_at <= $1 ORDER BY started_at LIMIT $2";
    SAVED_INSERT = "INSERT INTO saved_queries (id, project_id, owner_id, name, name_key, description, sql_text, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    SAVED_UPDATE = "UPDATE saved_queries SET name = $3, name_key = $4, description = $5, sql_text = $6, updated_at = $7 WHERE id = $1 AND project_id = $2";
    SAVED_DELETE = "DELETE FROM saved_queries WHERE id = $1 AND project_id = $2";
    SAVED_BY_ID = "SELECT s.id, s.project_id, s.owner_id, u.display_name AS owner_name, s.name, s.description, s.sql_text, s.created_at, s.updated_at FROM saved_queries s JOIN users u ON u.id = s.owner_id WHERE s.id = $1";
    SAVED_LIST = "SELECT s.id, s.project_id, s.owner_id, u.display_name AS owner_name, s.name, s.description, s.sql_text, s.created_at, s.updated_at FROM saved_queries s JOIN users u ON u.id = s.owner_id WHERE s.project_id = $1 AND s.name_key > $2 ORDER BY s.name_key LIMIT $3";
}

/// How a query ended.
#[derive(Debug, Clone)]
pub struct Ending {
    pub state: QueryState,
    pub code: Option<String>,
    pub message: Option<String>,
    pub row_count: i64,
    pub scanned_bytes: i64,
    pub elapsed_ms: i64,
    pub columns: Option<Vec<ResultColumn>>,
    pub result_bytes: i64,
    pub result_until: Option<Timestamp>,
    pub ended_at: Timestamp,
}

/// Notes that a query begins.
pub async fn query_insert(tx: &mut WriteTx, run: &QueryRun) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        run.id,
        run.user_id,
        run.service_account_id,
        run.project_id,
        &run.sql_text,
        &run.fingerprint,
        run.started_at
    )
}

/// Notes how a query ended. Returns whether it was still running.
pub async fn query_finish(tx: &mut WriteTx, id: QueryId, ending: &Ending) -> Result<bool, StoreError> {
    let rows = execute!(
        tx,
        FINISH,
        id,
        ending.state,
        &ending.code,
        &ending.message,
        ending.row_count,
        ending.scanned_bytes,
        ending.elapsed_ms,
        ending.columns.as_ref().map(Json),
        ending.result_bytes,
        ending.result_until,
        ending.ended_at
    )?;
    Ok(rows == 1)
}

/// The query of an id; only its asker may see it, which the use case checks.
pub async fn query_find(tx: &mut Tx, id: QueryId) -> Result<Option<QueryRun>, StoreError> {
    fetch_optional!(tx, QueryRun, BY_ID, id)
}

/// The queries of a user, the newest first.
pub async fn query_history(tx: &mut Tx, user: UserId, page: &PageRequest) -> Result<Page<QueryRun>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(uuid::Uuid::max());
    let rows = fetch_all!(tx, QueryRun, OF_USER, user, before, page.fetch())?;
    Ok(Page::cut(rows, page, |run| run.id.to_string()))
}

/// Bytes of kept results of a user.
pub async fn kept_bytes(tx: &mut Tx, user: UserId, now: Timestamp) -> Result<i64, StoreError> {
    fetch_one!(tx, (i64,), KEPT_BYTES, user, now).map(|row| row.0)
}

/// Queries whose kept result has to go.
pub async fn results_due(tx: &mut Tx, now: Timestamp, limit: i64) -> Result<Vec<QueryId>, StoreError> {
    Ok(fetch_all!(tx, (QueryId,), RESULTS_DUE, now, limit)?.into_iter().map(|row| row.0).collect())
}

/// Notes that a kept result is gone.
pub async fn result_gone(tx: &mut WriteTx, id: QueryId) -> Result<(), StoreError> {
    execute_one!(tx, RESULT_GONE, id)
}

/// Queries that are said to run and began no later than a time: a server that stopped left them behind.
pub async fn queries_stale(tx: &mut Tx, began_by: Timestamp, limit: i64) -> Result<Vec<QueryId>, StoreError> {
    Ok(fetch_all!(tx, (QueryId,), STALE, began_by, limit)?.into_iter().map(|row| row.0).collect())
}

/// Keeps a query under a name in the project of the proof.
pub async fn saved_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, SaveQuery>,
    saved: &SavedQuery,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        SAVED_INSERT,
        saved.id,
        proof.on().id,
        saved.owner_id,
        &saved.name,
        text::fold(&saved.name),
        &saved.description,
        &saved.sql_text,
        saved.created_at
    )
}

/// Changes a saved query of the project of the proof.
pub async fn saved_update(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, SaveQuery>,
    saved: &SavedQuery,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        SAVED_UPDATE,
        saved.id,
        proof.on().id,
        &saved.name,
        text::fold(&saved.name),
        &saved.description,
        &saved.sql_text,
        saved.updated_at
    )
}

/// Forgets a saved query of the project of the proof.
pub async fn saved_delete(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, SaveQuery>,
    id: SavedQueryId,
) -> Result<(), StoreError> {
    execute_one!(tx, SAVED_DELETE, id, proof.on().id)
}

/// The project of a saved query, for a decision.
pub async fn saved_project(tx: &mut Tx, id: SavedQueryId) -> Result<Option<ProjectId>, StoreError> {
    Ok(fetch_optional!(tx, SavedQuery, SAVED_BY_ID, id)?.map(|saved| saved.project_id))
}

/// What a saved query is called; for members of its project, which the use case checks.
pub async fn saved_name(tx: &mut Tx, id: SavedQueryId) -> Result<Option<String>, StoreError> {
    Ok(fetch_optional!(tx, SavedQuery, SAVED_BY_ID, id)?.map(|saved| saved.name))
}

/// A saved query; the proof is for its project.
pub async fn saved_get(
    tx: &mut Tx,
    _proof: &Granted<'_, ProjectFacts, ViewProject>,
    id: SavedQueryId,
) -> Result<SavedQuery, StoreError> {
    fetch_one!(tx, SavedQuery, SAVED_BY_ID, id)
}

/// The saved queries of the project of the proof, in order of names.
pub async fn saved_list(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
    page: &PageRequest,
) -> Result<Page<SavedQuery>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, SavedQuery, SAVED_LIST, proof.on().id, after, page.fetch())?;
    Ok(Page::cut(rows, page, |saved| text::fold(&saved.name)))
}
