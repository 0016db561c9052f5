//! Which columns of which tables queries have read.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ColumnId, QueryId, TableId},
    lineage::{QueryRead, Reader},
};
use lakegate_policy::{Granted, action::ReviewAsset, resource::AssetFacts};

use crate::{StoreError, Tx, WriteTx};

statements! {
    INSERT = "INSERT INTO query_reads (query_id, table_id, columns, user_id, service_account_id, project_id, exported, read_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    READERS = "SELECT r.user_id, r.service_account_id, COALESCE(u.display_name, s.name, '') AS name, r.project_id, p.name AS project_name, r.queries, r.exports, r.last_at FROM (SELECT user_id, service_account_id, project_id, COUNT(*) AS queries, CAST(SUM(CASE WHEN exported THEN 1 ELSE 0 END) AS BIGINT) AS exports, MAX(read_at) AS last_at FROM query_reads WHERE table_id = $1 AND read_at >= $2 AND ($3 = '' OR columns LIKE $3) GROUP BY user_id, service_account_id, project_id) r JOIN projects p ON p.id = r.project_id LEFT JOIN users u ON u.id = r.user_id LEFT JOIN service_accounts s ON s.id = r.service_account_id ORDER BY r.last_at DESC, name, r.project_id LIMIT $4 OFFSET $5";
}

/// Notes what a query reads of a table.
pub async fn read_insert(tx: &mut WriteTx, query: QueryId, read: &QueryRead) -> Result<(), StoreError> {
    // Each id stands whole between blanks, so that a search finds no other.
    let columns: Vec<String> = read.columns.iter().map(ColumnId::to_string).collect();
    execute_one!(
        tx,
        INSERT,
        query,
        read.table_id,
        columns.join(" "),
        read.user_id,
        read.service_account_id,
        read.project_id,
        read.exported,
        read.read_at
    )
}

/// Who has read a table, or a column of it, since a time, in which project: the latest first.
pub async fn readers(
    tx: &mut Tx,
    _proof: &Granted<'_, AssetFacts, ReviewAsset>,
    (table, column): (TableId, Option<ColumnId>),
    since: Timestamp,
    page: &PageRequest,
) -> Result<Page<Reader>, StoreError> {
    let pattern = column.map(|column| format!("%{column}%")).unwrap_or_default();
    let skipped: i64 = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or_default();
    let rows = fetch_all!(tx, Reader, READERS, table, since, &pattern, page.fetch(), skipped)?;
    let shown = skipped + page.fetch() - 1;
    Ok(Page::cut(rows, page, |_| shown.to_string()))
}
