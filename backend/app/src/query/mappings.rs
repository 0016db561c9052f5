//! Mapping tables: which values each person may see, as the filters of rules ask (access rule 21).
//!
//! They are read with the rights of the system, at the version of the data that the transaction sees, and are never shown.
//! What cannot be read lets nothing through.

use futures::StreamExt;
use lakegate_engine::{Mapping, QuerySpec, encode::JsonOptions, encode::row_values};
use lakegate_model::{Code, Fault, columns::ColumnType, ids::TableId, words::ColumnState};
use lakegate_policy::access::{ColumnFacts, Standing, TableAccess, compile};
use lakegate_store::{
    Tx,
    readable::{self, TableData},
};
use serde_json::Value;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    mask_key,
    resolve::{column_facts, governed_table},
};
use crate::{App, places::connections};

/// Rows of one mapping table, at most.
const ROWS: usize = 200_000;
/// Rows of all mapping tables that are kept in memory.
const KEPT_ROWS: usize = 1_000_000;
/// Values that one person may be allowed in one table: they become part of his query.
const VALUES: usize = 5_000;

/// The values that a mapping table allows, by person.
type Values = HashMap<String, Vec<String>>;

/// One reading of a mapping table: another version of its data is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    table: TableId,
    data_version: String,
    user_column: String,
    value_column: String,
}

/// Mapping tables as they were read, the latest last.
#[derive(Debug, Default)]
pub struct MappingCache(Mutex<VecDeque<(Key, usize, Arc<Values>)>>);

impl MappingCache {
    fn find(&self, key: &Key) -> Option<Arc<Values>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(held, _, _)| held == key).map(|(_, _, values)| Arc::clone(values))
    }

    /// Keeps a reading; the oldest ones make room.
    fn keep(&self, key: Key, rows: usize, values: &Arc<Values>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(held, _, _)| held.table != key.table || held.data_version == key.data_version && *held != key);
        kept.push_back((key, rows, Arc::clone(values)));
        while kept.len() > 1 && kept.iter().map(|(_, rows, _)| rows).sum::<usize>() > KEPT_ROWS {
            kept.pop_front();
        }
    }
}

/// The values that a mapping allows a person; none where the table cannot be read as the mapping says.
///
/// # Errors
/// `internal` if the database fails.
pub(super) async fn allowed(
    app: &App,
    tx: &mut Tx,
    table: TableId,
    mapping: &Mapping,
    user: &str,
) -> Result<Option<Vec<String>>, Fault> {
    let Some(values) = values(app, tx, table, mapping).await? else { return Ok(None) };
    let allowed = values.get(user).cloned().unwrap_or_default();
    if allowed.len() > VALUES {
        tracing::warn!(%table, "a mapping table allows one person more than {VALUES} values and lets nothing through");
        return Ok(None);
    }
    Ok(Some(allowed))
}

/// Checks that a table can be read as a mapping says.
///
/// # Errors
/// `invalid` naming `filter`.
pub(crate) async fn check(app: &App, tx: &mut Tx, table: TableId, mapping: &Mapping) -> Result<(), Fault> {
    match data(app, tx, table).await? {
        Some((_, data)) => reading(&data, mapping).map(drop),
        None => Err(refused("the mapping table has no columns".to_owned())),
    }
}

/// A table with the rights of the system.
async fn data(app: &App, tx: &mut Tx, table: TableId) -> Result<Option<(TableAccess, TableData)>, Fault> {
    let facts: Vec<ColumnFacts> = readable::table_columns(tx, table).await?.iter().map(column_facts).collect();
    let Some(access) = compile(table, &facts, Standing::Owner, &[], &[], app.now()) else { return Ok(None) };
    let data = readable::table_data(tx, &access).await?;
    Ok(Some((access, data)))
}

async fn values(app: &App, tx: &mut Tx, table: TableId, mapping: &Mapping) -> Result<Option<Arc<Values>>, Fault> {
    let Some((access, data)) = data(app, tx, table).await? else { return Ok(None) };
    let key = Key {
        table,
        data_version: data.data_version.clone(),
        user_column: mapping.user_column.clone(),
        value_column: mapping.value_column.clone(),
    };
    if let Some(values) = app.mappings.find(&key) {
        return Ok(Some(values));
    }
    let Ok(sql) = reading(&data, mapping) else { return Ok(None) };
    let storage = connections::storage_access(app, tx, data.connection_id).await?;
    let spec = QuerySpec {
        sql,
        tables: vec![governed_table(("mapping", "mapping"), data, storage, access)],
        default_database: None,
        limits: app.settings.query_limits.clone(),
        now: app.now(),
        mask_keys: mask_key::keys(app, tx, &[]).await?,
    };
    match read(app, spec).await {
        Ok((rows, values)) => {
            let values = Arc::new(values);
            app.mappings.keep(key, rows, &values);
            Ok(Some(values))
        }
        Err(fault) => {
            tracing::warn!(%fault, %table, "a mapping table cannot be read and lets nothing through");
            Ok(None)
        }
    }
}

async fn read(app: &App, spec: QuerySpec) -> Result<(usize, Values), Fault> {
    let mut running = app.engine.start(spec).await?;
    let (mut rows, mut values) = (0, Values::new());
    while let Some(batch) = running.stream.next().await {
        for row in row_values(&batch?, JsonOptions { exact: true })? {
            rows += 1;
            if let [Value::String(person), Value::String(value)] = row.as_slice() {
                values.entry(person.clone()).or_default().push(value.clone());
            }
        }
        if rows > ROWS {
            running.handle.cancel();
            return Err(Fault::new(Code::TooLarge, format!("a mapping table may hold {ROWS} rows")));
        }
    }
    for allowed in values.values_mut() {
        allowed.sort_unstable();
        allowed.dedup();
    }
    Ok((rows, values))
}

/// The query that reads a mapping: a person and a value in each row.
///
/// # Errors
/// `invalid` naming `filter` for columns that the table lacks, or that no mapping can have.
fn reading(data: &TableData, mapping: &Mapping) -> Result<String, Fault> {
    let column = |name: &str| {
        let there = data.columns.iter().filter(|column| column.state == ColumnState::Active);
        let found = there.clone().find(|column| column.name == name);
        let found = found.or_else(|| there.clone().find(|column| column.name.eq_ignore_ascii_case(name)));
        found.ok_or_else(|| refused(format!("the mapping table has no column {name}")))
    };
    let (user, value) = (column(&mapping.user_column)?, column(&mapping.value_column)?);
    if user.column_type != ColumnType::Text {
        return Err(refused(format!("{} has to hold sign-in names as text", user.name)));
    }
    let (person, value_name) = (quoted(&user.name), quoted(&value.name));
    let value = match &value.column_type {
        ColumnType::List { of } if is_plain(of) => format!("unnest({value_name})"),
        plain if is_plain(plain) => value_name,
        other => return Err(refused(format!("{} holds {other}; a mapping holds values or lists of them", value.name))),
    };
    Ok(format!(
        "SELECT person, CAST(value AS VARCHAR) AS value FROM (SELECT {person} AS person, {value} AS value FROM \
         mapping.mapping) AS pairs WHERE person IS NOT NULL AND value IS NOT NULL"
    ))
}

fn refused(message: String) -> Fault {
    Fault::invalid("filter", message)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Types whose values are the same where their texts are.
fn is_plain(column: &ColumnType) -> bool {
    matches!(
        column,
        ColumnType::Text
            | ColumnType::Boolean
            | ColumnType::Integer { .. }
            | ColumnType::Unsigned { .. }
            | ColumnType::Date
    )
}
