//! Keys of tables. Who may know of which is for the use case to decide: a key names columns and another table.

use lakegate_model::{
    ids::{TableId, TableKeyId},
    table_keys::TableKey,
};
use lakegate_policy::{Granted, action::EditAsset, resource::AssetFacts};
use sqlx::types::Json;

use crate::{StoreError, Tx, WriteTx};

macro_rules! keys {
    ($of:literal, $rows:expr) => {
        concat!(
            "SELECT id, table_id, columns, target_id, target_columns, declared_by, declared_at FROM table_keys WHERE ",
            $of,
            $rows
        )
    };
}
macro_rules! keys_from {
    ($rows:expr) => {
        keys!("table_id ", $rows)
    };
}
macro_rules! keys_into {
    ($rows:expr) => {
        keys!("target_id ", $rows)
    };
}

statements! {
    BY_ID = "SELECT id, table_id, columns, target_id, target_columns, declared_by, declared_at FROM table_keys WHERE id = $1";
    INSERT = "INSERT INTO table_keys (id, table_id, columns, target_id, target_columns, declared_by, declared_at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    DELETE = "DELETE FROM table_keys WHERE id = $1";
}

set_statements! {
    FROM_TABLES = keys_from!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", "= ANY(CAST($1 AS UUID[]))");
    INTO_TABLES = keys_into!("IN ($1, $2, $3, $4, $5, $6, $7, $8)", "= ANY(CAST($1 AS UUID[]))");
}

/// The key of an id.
pub async fn key_find(tx: &mut Tx, id: TableKeyId) -> Result<Option<TableKey>, StoreError> {
    fetch_optional!(tx, TableKey, BY_ID, id)
}

/// The keys of tables, in the order in which they were declared.
pub async fn keys_of_tables(tx: &mut Tx, tables: &[TableId]) -> Result<Vec<TableKey>, StoreError> {
    Ok(in_order(fetch_sets!(tx, TableKey, FROM_TABLES, (), tables, |id| id.0)))
}

/// The foreign keys that lead to tables, in the order in which they were declared.
pub async fn keys_into_tables(tx: &mut Tx, tables: &[TableId]) -> Result<Vec<TableKey>, StoreError> {
    Ok(in_order(fetch_sets!(tx, TableKey, INTO_TABLES, (), tables, |id| id.0)))
}

fn in_order(mut keys: Vec<TableKey>) -> Vec<TableKey> {
    keys.sort_by_key(|key| key.id);
    keys
}

/// Declares a key of the table whose asset the proof is about.
pub async fn key_insert(
    tx: &mut WriteTx,
    _proof: &Granted<'_, AssetFacts, EditAsset>,
    key: &TableKey,
) -> Result<(), StoreError> {
    execute_one!(
        tx,
        INSERT,
        key.id,
        key.table_id,
        Json(&key.columns),
        key.target_id,
        Json(&key.target_columns),
        &key.declared_by,
        key.declared_at
    )
}

/// Takes back a key of the table whose asset the proof is about.
pub async fn key_delete(
    tx: &mut WriteTx,
    _proof: &Granted<'_, AssetFacts, EditAsset>,
    id: TableKeyId,
) -> Result<(), StoreError> {
    execute_one!(tx, DELETE, id)
}
