//! Everything of an answer that reaches the caller.

use crate::support::Lab;
use arrow::{
    array::RecordBatch,
    datatypes::{FieldRef, Schema},
};
use futures::StreamExt;
use lakegate_engine::{
    GovernedTable, Report, TableRead,
    encode::{JsonOptions, row_values},
};
use lakegate_model::{Fault, ids::ColumnId};
use std::collections::{BTreeMap, HashMap};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Head and rows, or as much as came before an error, and the error.
    pub shown: String,
    /// What is counted and noted about it: tables and columns read, rows, bytes, portions.
    pub noted: String,
    /// Bytes read from storage, as the caller is told.
    pub scanned_bytes: u64,
    pub refused: bool,
}

/// Asks, and writes down the answer byte for byte. Elapsed time and memory are left out.
pub async fn ask(lab: &Lab, sql: &str, tables: &[GovernedTable]) -> Answer {
    let query = match lab.start(sql, tables).await {
        Ok(query) => query,
        Err(fault) => return Answer { shown: told(&fault), noted: String::new(), scanned_bytes: 0, refused: true },
    };
    let (mut shown, mut refused, mut sizes) = (head(&query.schema), false, Vec::new());
    let mut stream = query.stream;
    while let Some(batch) = stream.next().await {
        match batch {
            Ok(batch) => {
                shown += &rows(&batch);
                sizes.push(batch.num_rows());
            }
            Err(fault) => {
                shown += &told(&fault);
                refused = true;
            }
        }
    }
    query.handle.ended().await;
    let report = query.handle.report();
    let Report { rows, result_bytes, scanned_bytes, .. } = report;
    let noted =
        format!("{}\n{rows} rows, {result_bytes} bytes shown, batches of {sizes:?}", reads(&query.reads, tables));
    Answer { shown, noted, scanned_bytes, refused }
}

fn told(fault: &Fault) -> String {
    let Fault { code, message, field, fix, retry_after, .. } = fault;
    format!("{code:?} {message} {field:?} {fix:?} {retry_after:?}\n")
}

fn head(schema: &Schema) -> String {
    let sorted = |notes: &HashMap<String, String>| notes.clone().into_iter().collect::<BTreeMap<_, _>>();
    let column = |field: &FieldRef| {
        let notes = sorted(field.metadata());
        format!("{} {} {} {notes:?}", field.name(), field.data_type(), field.is_nullable())
    };
    let columns: Vec<String> = schema.fields().iter().map(column).collect();
    format!("{columns:?} {:?}\n", sorted(schema.metadata()))
}

fn rows(batch: &RecordBatch) -> String {
    // Times out of range have no text.
    let rows = match row_values(batch, JsonOptions { exact: true }) {
        Ok(rows) => rows,
        Err(fault) => return told(&fault),
    };
    rows.iter().map(|row| format!("{}\n", serde_json::Value::from(row.clone()))).collect()
}

/// Reads with names instead of ids, which differ from lab to lab.
fn reads(reads: &[TableRead], tables: &[GovernedTable]) -> String {
    let name = |table: &GovernedTable, id: &ColumnId| {
        table.columns.iter().find(|column| column.id == *id).map(|column| column.name.clone())
    };
    let read = |read: &TableRead| {
        let table = tables.iter().find(|table| table.table == read.table).unwrap();
        let mut names: Vec<_> = read.columns.iter().map(|id| name(table, id).unwrap()).collect();
        names.sort();
        format!("{}{names:?}", table.name)
    };
    let mut read: Vec<String> = reads.iter().map(read).collect();
    read.sort();
    read.join(" ")
}
