//! Data sources. Their runs are runs of the queue.

use lakegate_model::{Page, PageRequest, catalog::DataSource, ids::DataSourceId, text};
use lakegate_policy::{
    Granted,
    action::{Contribute, ViewProject},
    resource::ProjectFacts,
};

use crate::{StoreError, Tx, WriteTx};

/// A [`DataSource`] with its schedule.
macro_rules! source_columns {
    () => {
        "SELECT d.id, d.project_id, d.environment_id, d.connection_id, d.name, d.location, s.every_seconds AS interval_seconds, s.next_at AS next_run_at, d.created_by, d.created_at FROM data_sources d LEFT JOIN job_schedules s ON s.subject_id = d.id AND s.kind = 'crawl'"
    };
}

statements! {
    INSERT = "INSERT INTO data_sources (id, project_id, environment_id, connection_id, name, name_key, location, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    UPDATE = "UPDATE data_sources SET name = $3, name_key = $4, location = $5 WHERE id = $1 AND project_id = $2";
    DELETE = "DELETE FROM data_sources WHERE id = $1 AND project_id = $2";
    BY_ID = concat!(source_columns!(), " WHERE d.id = $1");
    OF_PROJECT = concat!(source_columns!(), " WHERE d.project_id = $1 AND d.name_key > $2 ORDER BY d.name_key LIMIT $3");
}

/// Creates a data source in the project of the proof, without its schedule.
pub async fn source_insert(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, Contribute>,
    source: &DataSource,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        source.id,
        proof.on().id,
        source.environment_id,
        source.connection_id,
        &source.name,
        text::fold(&source.name),
        &source.location,
        source.created_by,
        source.created_at
    )
}

/// Changes the name of a data source of the project of the proof.
pub async fn source_update(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, Contribute>,
    source: &DataSource,
) -> Result<(), StoreError> {
    let name_key = text::fold(&source.name);
    execute_one!(tx, UPDATE, source.id, proof.on().id, &source.name, name_key, &source.location)
}

/// Deletes a data source of the project of the proof. What it found stays.
pub async fn source_delete(
    tx: &mut WriteTx,
    proof: &Granted<'_, ProjectFacts, Contribute>,
    id: DataSourceId,
) -> Result<(), StoreError> {
    execute_one!(tx, DELETE, id, proof.on().id)
}

/// The data source of an id; what a caller may see of it is decided on its project.
pub async fn source_find(tx: &mut Tx, id: DataSourceId) -> Result<Option<DataSource>, StoreError> {
    fetch_optional!(tx, DataSource, BY_ID, id)
}

/// The data sources of the project of the proof, in order of names.
pub async fn source_list(
    tx: &mut Tx,
    proof: &Granted<'_, ProjectFacts, ViewProject>,
    page: &PageRequest,
) -> Result<Page<DataSource>, StoreError> {
    let after = page.after.clone().unwrap_or_default();
    let rows = fetch_all!(tx, DataSource, OF_PROJECT, proof.on().id, after, page.fetch())?;
    Ok(Page::cut(rows, page, |source| text::fold(&source.name)))
}
