//! Small tables whose cells can be changed under a plan that is made already.

use arrow::{
    array::{ArrayRef, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema, SchemaRef},
};
use datafusion::{
    catalog::streaming::StreamingTable,
    execution::{SendableRecordBatchStream, TaskContext},
    physical_plan::{stream::RecordBatchStreamAdapter, streaming::PartitionStream},
    prelude::SessionContext,
};
use std::sync::{Arc, Mutex};

use super::rng::Rng;

/// The tables: `i..` holds numbers, `s..` texts.
pub const TABLES: [(&str, &[&str]); 3] =
    [("t", &["i1", "i2", "i3", "s1"]), ("u", &["i1", "i4", "s1", "s2"]), ("v", &["i5", "s3"])];
const ROWS: usize = 6;

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Number(Option<i64>),
    Text(Option<String>),
}

/// Few values, so that rows meet, and now and then none.
fn value(column: &str, rng: &mut Rng) -> Value {
    let none = rng.chance(20);
    if column.starts_with('i') {
        let number = if rng.chance(80) { rng.below(4) as i64 } else { rng.below(100) as i64 - 50 };
        return Value::Number((!none).then_some(number));
    }
    let text = ["a", "b", "ab", "ba", "abc"];
    Value::Text((!none).then(|| (*rng.pick(&text)).to_owned()))
}

type Rows = Vec<Vec<Value>>;

#[derive(Debug)]
struct Table {
    name: &'static str,
    columns: &'static [&'static str],
    schema: SchemaRef,
    rows: Mutex<Rows>,
}

impl Table {
    fn batch(&self) -> RecordBatch {
        let rows = self.rows.lock().unwrap();
        let column = |nth: usize| -> ArrayRef {
            let cells = rows.iter().map(|row| &row[nth]);
            if self.columns[nth].starts_with('i') {
                let numbers = cells.map(|cell| if let Value::Number(number) = cell { *number } else { None });
                return Arc::new(numbers.collect::<Int64Array>());
            }
            let texts = cells.map(|cell| if let Value::Text(text) = cell { text.clone() } else { None });
            Arc::new(texts.collect::<StringArray>())
        };
        RecordBatch::try_new(Arc::clone(&self.schema), (0..self.columns.len()).map(column).collect()).unwrap()
    }
}

/// Reads a table as it is at that moment.
#[derive(Debug)]
struct Now(Arc<Table>);

impl PartitionStream for Now {
    fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }
    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = futures::stream::iter([Ok(self.0.batch())]);
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.0.schema), rows))
    }
}

/// A column of a table.
pub struct Column {
    pub table: &'static str,
    pub name: &'static str,
    place: (usize, usize),
}

/// A value that was taken out, with its place.
#[derive(Debug)]
pub struct Held {
    table: usize,
    row: usize,
    column: usize,
    value: Value,
}

pub struct Tables(Vec<Arc<Table>>);

impl Tables {
    pub fn register(context: &SessionContext) -> Self {
        let table = |(name, columns): (&'static str, &'static [&'static str])| {
            let kind = |name: &str| if name.starts_with('i') { DataType::Int64 } else { DataType::Utf8 };
            let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, kind(name), true)).collect();
            Arc::new(Table { name, columns, schema: Arc::new(Schema::new(fields)), rows: Mutex::default() })
        };
        let tables = TABLES.map(table).to_vec();
        for table in &tables {
            let now = Arc::new(Now(Arc::clone(table)));
            let provider = StreamingTable::try_new(Arc::clone(&table.schema), vec![now]).unwrap();
            context.register_table(table.name, Arc::new(provider)).unwrap();
        }
        Self(tables)
    }

    /// Other cells everywhere.
    pub fn fill(&self, rng: &mut Rng) {
        for table in &self.0 {
            let row = |rng: &mut Rng| table.columns.iter().map(|column| value(column, rng)).collect();
            *table.rows.lock().unwrap() = (0..ROWS).map(|_| row(rng)).collect();
        }
    }

    /// The columns of the tables that a query names.
    pub fn columns(&self, sql: &str) -> Vec<Column> {
        let named = self.0.iter().enumerate().filter(|(_, table)| sql.contains(&format!("{} as ", table.name)));
        let columns = |(nth, table): (usize, &Arc<Table>)| {
            let (name, columns) = (table.name, table.columns);
            let column = move |(place, column): (usize, &&'static str)| Column {
                table: name,
                name: column,
                place: (nth, place),
            };
            columns.iter().enumerate().map(column)
        };
        named.flat_map(columns).collect()
    }

    /// Puts another value into some row of a column.
    pub fn change(&self, of: &Column, rng: &mut Rng) -> Held {
        let (table, column) = of.place;
        let row = rng.below(ROWS);
        let place = &mut self.0[table].rows.lock().unwrap()[row][column];
        let other = loop {
            let other = value(of.name, rng);
            if other != *place {
                break other;
            }
        };
        Held { table, row, column, value: std::mem::replace(place, other) }
    }

    pub fn put_back(&self, held: Held) {
        self.0[held.table].rows.lock().unwrap()[held.row][held.column] = held.value;
    }
}
