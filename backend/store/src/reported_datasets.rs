//! Datasets that other programs report, and what they are.

use lakegate_model::{
    Page, PageRequest, Timestamp,
    ids::{ColumnId, ProjectId, ReportedDatasetId, ReportedDecisionId, ReportedRuleId},
    reported::{ReportedColumn, ReportedDataset, ReportedRule, Sameness},
};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{StoreError, Tx, WriteTx};

macro_rules! datasets {
    ($rest:expr) => { concat!("SELECT s.id, s.project_id, s.namespace, s.name, s.facets, s.matched, s.table_id, a.id AS asset_id, s.same_as, s.via, s.first_at, s.last_at FROM reported_datasets s LEFT JOIN assets a ON a.table_id = s.table_id WHERE ", $rest) };
}
macro_rules! by_ids {
    ($rows:expr) => {
        datasets!(concat!("s.id ", $rows))
    };
}
macro_rules! columns_in {
    ($rows:expr) => {
        concat!("SELECT id, dataset_id, name, column_type FROM reported_columns WHERE dataset_id ", $rows)
    };
}

statements! {
    SET = "INSERT INTO reported_datasets (id, project_id, namespace, name, facets, matched, table_id, same_as, via, first_at, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO UPDATE SET facets = excluded.facets, matched = excluded.matched, table_id = excluded.table_id, same_as = excluded.same_as, via = excluded.via, first_at = excluded.first_at, last_at = excluded.last_at";
    BY_NAME = datasets!("s.project_id = $1 AND s.namespace = $2 AND s.name = $3");
    BY_ID = datasets!("s.id = $1");
    ALL = datasets!("s.project_id = $1 AND s.id < $2 ORDER BY s.id DESC LIMIT $3");
    UNMATCHED = datasets!("s.project_id = $1 AND s.id < $2 AND s.matched = 'unmatched' ORDER BY s.id DESC LIMIT $3");
    OF_NAMESPACE = datasets!("s.project_id = $1 AND s.namespace = $2 ORDER BY s.id");
    VIA = datasets!("s.via = $1 ORDER BY s.id");
    COLUMN_SET = "INSERT INTO reported_columns (id, dataset_id, name, column_type) VALUES ($1, $2, $3, $4) ON CONFLICT (dataset_id, name) DO UPDATE SET column_type = CASE WHEN excluded.column_type = '' THEN reported_columns.column_type ELSE excluded.column_type END";
    DECIDE = "INSERT INTO reported_decisions (id, dataset_id, table_id, same_as, decided_by, decided_at) VALUES ($1, $2, $3, $4, $5, $6)";
    DECIDED = "SELECT table_id, same_as FROM reported_decisions WHERE dataset_id = $1 AND undone_at IS NULL ORDER BY id DESC LIMIT 1";
    UNDO = "UPDATE reported_decisions SET undone_at = $2 WHERE id = (SELECT l.id FROM reported_decisions l WHERE l.dataset_id = $1 AND l.undone_at IS NULL ORDER BY l.id DESC LIMIT 1)";
    RULE_INSERT = "INSERT INTO reported_rules (id, project_id, namespace, prefix, database_id, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    RULES = "SELECT r.id, r.project_id, r.namespace, r.prefix, r.database_id, d.name AS database_name, r.created_by, r.created_at FROM reported_rules r JOIN databases d ON d.id = r.database_id WHERE r.project_id = $1 ORDER BY r.namespace, r.prefix";
    RULE_BY_ID = "SELECT r.id, r.project_id, r.namespace, r.prefix, r.database_id, d.name AS database_name, r.created_by, r.created_at FROM reported_rules r JOIN databases d ON d.id = r.database_id WHERE r.id = $1";
    RULE_DELETE = "DELETE FROM reported_rules WHERE id = $1";
}

set_statements! {
    BY_IDS = by_ids!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", "= ANY(CAST($1 AS UUID[]))");
    COLUMNS = columns_in!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", "= ANY(CAST($1 AS UUID[]))");
}

/// Keeps a dataset, a new one or with what is new of it. The use case has decided on its project.
pub async fn dataset_set(tx: &mut WriteTx, dataset: &ReportedDataset) -> Result<(), StoreError> {
    execute_one!(
        tx,
        SET,
        dataset.id,
        dataset.project_id,
        &dataset.namespace,
        &dataset.name,
        Json(&dataset.facets),
        dataset.matched,
        dataset.table_id,
        dataset.same_as,
        dataset.via,
        dataset.first_at,
        dataset.last_at
    )
}

/// The dataset that a project's events call so.
pub async fn dataset_by_name(
    tx: &mut Tx,
    project: ProjectId,
    (namespace, name): (&str, &str),
) -> Result<Option<ReportedDataset>, StoreError> {
    fetch_optional!(tx, ReportedDataset, BY_NAME, project, namespace, name)
}

/// The dataset of an id; what a caller may see of it is decided on its project.
pub async fn dataset_find(tx: &mut Tx, id: ReportedDatasetId) -> Result<Option<ReportedDataset>, StoreError> {
    fetch_optional!(tx, ReportedDataset, BY_ID, id)
}

/// The datasets of these ids; what a caller may see of them is decided on their projects.
pub async fn datasets_by_ids(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<ReportedDataset>, StoreError> {
    Ok(fetch_sets!(tx, ReportedDataset, BY_IDS, (), ids, |id| *id))
}

/// The datasets of a project, which the caller may know, the latest known first: all, or those of which nobody knows what
/// they are.
pub async fn datasets_of(
    tx: &mut Tx,
    project: ProjectId,
    unmatched: bool,
    page: &PageRequest,
) -> Result<Page<ReportedDataset>, StoreError> {
    let before = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(Uuid::max());
    let sql = if unmatched { UNMATCHED } else { ALL };
    let rows = fetch_all!(tx, ReportedDataset, sql, project, before, page.fetch())?;
    Ok(Page::cut(rows, page, |dataset| dataset.id.to_string()))
}

/// The datasets of a namespace.
pub async fn datasets_of_namespace(
    tx: &mut Tx,
    project: ProjectId,
    namespace: &str,
) -> Result<Vec<ReportedDataset>, StoreError> {
    fetch_all!(tx, ReportedDataset, OF_NAMESPACE, project, namespace)
}

/// The datasets that are what they are through this one.
pub async fn datasets_via(tx: &mut Tx, id: ReportedDatasetId) -> Result<Vec<ReportedDataset>, StoreError> {
    fetch_all!(tx, ReportedDataset, VIA, id)
}

/// Keeps a column of a dataset; an empty type says nothing.
pub async fn column_set(
    tx: &mut WriteTx,
    (id, dataset): (ColumnId, ReportedDatasetId),
    (name, column_type): (&str, &str),
) -> Result<(), StoreError> {
    execute_one!(tx, COLUMN_SET, id, dataset, name, column_type)
}

/// The columns of datasets.
pub async fn columns_of_datasets(tx: &mut Tx, ids: &[Uuid]) -> Result<Vec<ReportedColumn>, StoreError> {
    Ok(fetch_sets!(tx, ReportedColumn, COLUMNS, (), ids, |id| *id))
}

/// Notes what somebody decided about a dataset.
pub async fn decide(
    tx: &mut WriteTx,
    (id, dataset): (ReportedDecisionId, ReportedDatasetId),
    same: Sameness,
    (by, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    execute_one!(tx, DECIDE, id, dataset, same.table_id, same.same_as, by, at)
}

/// The decision about a dataset that holds.
pub async fn decided(tx: &mut Tx, dataset: ReportedDatasetId) -> Result<Option<Sameness>, StoreError> {
    fetch_optional!(tx, Sameness, DECIDED, dataset)
}

/// Undoes the decision about a dataset that holds. Returns whether there was one.
pub async fn undo(tx: &mut WriteTx, dataset: ReportedDatasetId, at: Timestamp) -> Result<bool, StoreError> {
    Ok(execute!(tx, UNDO, dataset, at)? > 0)
}

/// Keeps a rule.
pub async fn rule_insert(tx: &mut WriteTx, rule: &ReportedRule) -> Result<(), StoreError> {
    execute_one!(
        tx,
        RULE_INSERT,
        rule.id,
        rule.project_id,
        &rule.namespace,
        &rule.prefix,
        rule.database_id,
        &rule.created_by,
        rule.created_at
    )
}

/// The rules of a project.
pub async fn rules_of(tx: &mut Tx, project: ProjectId) -> Result<Vec<ReportedRule>, StoreError> {
    fetch_all!(tx, ReportedRule, RULES, project)
}

/// The rule of an id; what a caller may see of it is decided on its project.
pub async fn rule_find(tx: &mut Tx, id: ReportedRuleId) -> Result<Option<ReportedRule>, StoreError> {
    fetch_optional!(tx, ReportedRule, RULE_BY_ID, id)
}

/// Deletes a rule.
pub async fn rule_delete(tx: &mut WriteTx, id: ReportedRuleId) -> Result<(), StoreError> {
    execute_one!(tx, RULE_DELETE, id)
}
