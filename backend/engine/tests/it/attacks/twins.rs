//! Pairs of data sets that differ only in what the caller may not see.

use crate::support::{CSV, INT, Lab, TEXT, only};
use arrow::{
    array::{ArrayRef, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder, StructArray},
    datatypes::{DataType, Field},
};
use lakegate_engine::GovernedTable;
use lakegate_model::{
    columns::{ColumnType, StructField},
    storage::FileFormat,
    words::Mask,
};
use lakegate_policy::access::{Cell, CellRules};
use parquet::{arrow::ArrowWriter, file::properties::WriterProperties};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use super::probe::Control;

/// A row of the table that is attacked.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: i64,
    pub x: Option<i64>,
    pub code: Option<&'static str>,
    pub day: Option<&'static str>,
    pub name: Option<&'static str>,
    pub amount: Option<f64>,
    /// Whose row it is: what the rules read. Never visible.
    pub tenant: Option<&'static str>,
    pub dept: &'static str,
    /// Never visible.
    pub secret: &'static str,
    pub salary: i64,
}

/// One table as it lies on the disk: rows by file.
#[derive(Debug, Clone)]
pub struct Data {
    pub files: Vec<Vec<Row>>,
    /// Rows of a Parquet row group.
    pub group_rows: usize,
    /// Whether there is a table that the caller may not see.
    pub hidden_table: bool,
}

/// What the caller may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Regime {
    /// A row filter on a grant.
    Rows,
    /// Two grants: one covers some columns of some rows, one other columns of other rows.
    Rectangles,
    /// Masks, and a filter by restriction.
    Masks,
    /// All rows, some columns, no rules: read without the barrier.
    Columns,
}
pub const REGIMES: [Regime; 4] = [Regime::Rows, Regime::Rectangles, Regime::Masks, Regime::Columns];

const VISIBLE: [&str; 8] = ["id", "x", "code", "day", "name", "amount", "who", "tags"];

fn row(id: i64, x: i64, code: &'static str, day: &'static str, name: &'static str) -> Row {
    Row {
        id,
        x: Some(x),
        code: Some(code),
        day: Some(day),
        name: Some(name),
        amount: Some(x as f64 / 4.0),
        tenant: Some("us"),
        dept: "a",
        secret: "plain",
        salary: 100,
    }
}

/// The rows that everybody sees. There is no five among them.
fn visible() -> Vec<Row> {
    vec![
        row(1, 1, "10", "2024-01-01", "annaab"),
        row(2, 2, "20", "2024-02-02", "bertab"),
        row(3, 3, "30", "2024-03-03", "cleoab"),
        row(4, 4, "40", "2024-04-04", "doraab"),
        row(6, 6, "50", "2024-06-06", "emilab"),
        row(7, 7, "60", "2024-07-07", "finnab"),
    ]
}

/// Rows of another tenant that hold nothing special.
fn harmless() -> Vec<Row> {
    let theirs = |id| Row { tenant: Some("them"), dept: "b", ..row(id, 3, "30", "2024-03-03", "cleoab") };
    (11..17).map(theirs).collect()
}

/// Rows of another tenant that hold what each probe looks for.
fn telling() -> Vec<Row> {
    let mut rows = harmless();
    let worst = [Some(5), Some(6), Some(i64::MIN), Some(i64::MAX), None, Some(900)];
    for (row, x) in rows.iter_mut().zip(worst) {
        (row.x, row.code, row.day, row.name) = (x, Some("oops"), Some("no day"), Some("(hidden"));
        (row.amount, row.secret, row.salary) = (Some(1e6), "MARKER-MARKER", 999);
    }
    (rows[4].code, rows[4].day, rows[4].name, rows[4].amount) = (None, None, None, None);
    rows[5].amount = Some(f64::NAN);
    rows
}

/// Rows that belong to nobody: conditions on them are NULL.
fn nobodys() -> Vec<Row> {
    telling().into_iter().map(|row| Row { id: row.id + 10, tenant: None, dept: "c", ..row }).collect()
}

fn one_file(rows: Vec<Row>) -> Data {
    Data { files: vec![rows], group_rows: 1_000, hidden_table: false }
}

/// Hidden rows before, between and behind the visible ones, in files and row groups of other sizes, backwards.
fn scattered(seen: &[Row], hidden: &[Row]) -> Data {
    let (first, rest) = hidden.split_at(hidden.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    let (left, right) = seen.split_at(seen.len() / 2);
    let backwards = |rows: &[Row]| rows.iter().rev().cloned().collect::<Vec<_>>();
    let files = vec![backwards(first), [backwards(second), left.to_vec()].concat(), [right, third].concat()];
    Data { files, group_rows: 2, hidden_table: true }
}

/// The two data sets of a regime. The caller sees the same in both.
pub fn twins(regime: Regime) -> [Data; 2] {
    let one = [visible(), harmless()].concat();
    match regime {
        Regime::Rows => {
            let hidden = [telling(), nobodys()].concat();
            [one_file(visible()), scattered(&altered(visible(), Regime::Columns), &hidden)]
        }
        // The rows of department b exist in both, and their number shows.
        Regime::Rectangles => [one_file(one), scattered(&visible(), &[telling(), nobodys()].concat())],
        Regime::Masks => [one_file(one), scattered(&altered(visible(), regime), &[telling(), nobodys()].concat())],
        Regime::Columns => [one_file(visible()), one_file(altered(visible(), regime))],
    }
}

/// A text of which a few make a file larger than `w`.
fn long(id: i64) -> &'static str {
    let words = (0..200_i64).map(|n| format!("MARKER{} ", n * 7919 * id));
    words.collect::<String>().leak()
}

/// The same rows with other values where the caller sees none.
fn altered(rows: Vec<Row>, regime: Regime) -> Vec<Row> {
    let masked = |row: &mut Row| {
        (row.x, row.amount) = (Some(5 * row.id), Some(0.125));
        (row.code, row.day) = (Some("oops"), Some("no day"));
        row.name = row.name.map(|name| &*format!("{}zq", &name[..4]).leak());
    };
    let alter = |mut row: Row| {
        (row.secret, row.salary) = (long(row.id), 999 + row.id);
        if regime == Regime::Masks {
            masked(&mut row);
        }
        row
    };
    rows.into_iter().map(alter).collect()
}

/// The first twin with one visible cell changed.
pub fn changed(regime: Regime, control: Control) -> Data {
    let [mut data, _] = twins(regime);
    let rows = &mut data.files[0];
    let row = &mut rows[3];
    match control {
        Control::X => row.x = Some(5),
        Control::Code => row.code = Some("oops"),
        Control::Day => row.day = Some("no day"),
        Control::Name => row.name = Some("(hidden"),
        Control::Absent => row.x = None,
        Control::Amount => row.amount = Some(99.5),
        Control::First => (rows[0].id, rows[0].name) = (8, Some("zoeyab")),
        Control::Row => rows.push(self::row(9, 9, "70", "2024-09-09", "gretab")),
        Control::Shape | Control::Listed | Control::Unknown => {}
    }
    data
}

/// The tables as the caller meets them.
pub fn governed(lab: &Lab, regime: Regime, format: &FileFormat, data: &Data) -> Vec<GovernedTable> {
    let mut table = only(&attacked(lab, format, data, INT), &VISIBLE);
    table.access.rules = rules(regime, &table);
    if data.hidden_table {
        payroll(lab);
    }
    [vec![table], open(lab)].concat()
}

/// The same with nothing withheld: what a broken barrier would let through.
pub fn ungoverned(lab: &Lab, format: &FileFormat, data: &Data) -> Vec<GovernedTable> {
    let mut tables = [vec![attacked(lab, format, data, INT)], open(lab)].concat();
    tables.extend(data.hidden_table.then(|| payroll(lab)));
    tables
}

/// The first twin with `x` declared as text.
pub fn reshaped(lab: &Lab, regime: Regime, format: &FileFormat) -> Vec<GovernedTable> {
    let mut table = only(&attacked(lab, format, &twins(regime)[0], TEXT), &VISIBLE);
    table.access.rules = rules(regime, &table);
    [vec![table], open(lab)].concat()
}

/// Another table, for what is told about all of them.
pub fn another(lab: &Lab) -> GovernedTable {
    let mut table = lab.csv("another", &[("n", INT)], "n\n1\n");
    table.database = "other".to_owned();
    table
}

/// Tables that everybody reads whole: guesses to join with, and columns named like hidden ones.
fn open(lab: &Lab) -> Vec<GovernedTable> {
    let guesses: String = (1..9).fold("key,label\n".to_owned(), |text, n| format!("{text}{n},label-{n}\n"));
    let shadows = (1..12).fold("id,secret,salary\n".to_owned(), |text, n| format!("{text}{n},own-{n},{n}\n"));
    let wide: String = (0..100).fold("n,note\n".to_owned(), |text, n| format!("{text}{n},{}\n", "-".repeat(80)));
    vec![
        lab.csv("u", &[("key", INT), ("label", TEXT)], &guesses),
        lab.csv("w", &[("n", INT), ("note", TEXT)], &wide),
        lab.csv("v", &[("id", INT), ("secret", TEXT), ("salary", INT)], &shadows),
    ]
}

fn payroll(lab: &Lab) -> GovernedTable {
    lab.csv("payroll", &[("id", INT), ("pay", INT)], "id,pay\n1,MARKER\n")
}

fn rules(regime: Regime, table: &GovernedTable) -> Option<CellRules> {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<BTreeSet<_>>();
    let cells = |shown: &dyn Fn(&str) -> Option<Cell>| {
        let cell = |column: &lakegate_engine::TableColumn| Some((column.id, shown(&column.name)?));
        table.columns.iter().filter_map(cell).collect::<BTreeMap<_, _>>()
    };
    let none = BTreeSet::new();
    match regime {
        Regime::Rows => Some(CellRules { all_of: none, any_of: texts(&["tenant = 'us'"]), cells: BTreeMap::new() }),
        Regime::Rectangles => Some(CellRules {
            all_of: none,
            any_of: texts(&["tenant = 'us'", "dept = 'b'"]),
            cells: cells(&|name| (name != "id").then(|| Cell { any_of: texts(&["tenant = 'us'"]), mask: None })),
        }),
        Regime::Masks => Some(CellRules {
            all_of: texts(&["tenant <> 'them'", "dept = 'a' or dept = 'b'"]),
            any_of: none,
            cells: cells(&|name| Some(Cell { any_of: BTreeSet::new(), mask: Some(mask(name)?) })),
        }),
        Regime::Columns => None,
    }
}

fn mask(column: &str) -> Option<Mask> {
    Some(match column {
        "x" | "day" | "amount" => Mask::FixedValue,
        "name" => Mask::First4,
        "code" | "who" | "tags" => Mask::Null,
        _ => return None,
    })
}

fn attacked(lab: &Lab, format: &FileFormat, data: &Data, x: ColumnType) -> GovernedTable {
    let float = ColumnType::Float { bits: 64 };
    let mut columns = vec![("id", INT), ("x", x), ("code", TEXT), ("day", TEXT), ("name", TEXT), ("amount", float)];
    columns.extend([("tenant", TEXT), ("dept", TEXT), ("secret", TEXT), ("salary", INT)]);
    let text = *format != FileFormat::Parquet;
    if !text {
        let field = |name: &str| StructField { name: name.to_owned(), of: TEXT };
        columns.push(("who", ColumnType::Struct { fields: vec![field("first"), field("code")] }));
        columns.push(("tags", ColumnType::List { of: Box::new(TEXT) }));
    }
    let content = |rows: &Vec<Row>| if text { csv(rows) } else { parquet(rows, data.group_rows) };
    let names: Vec<String> = (0..data.files.len()).map(|n| format!("part-{n}")).collect();
    let files: Vec<(&str, Vec<u8>)> =
        names.iter().zip(&data.files).map(|(name, rows)| (name.as_str(), content(rows))).collect();
    lab.table("t", format.clone(), &columns, &files)
}

fn csv(rows: &[Row]) -> Vec<u8> {
    let number = |n: Option<i64>| n.map(|n| n.to_string()).unwrap_or_default();
    let float = |n: Option<f64>| n.map(|n| n.to_string()).unwrap_or_default();
    let text = |text: Option<&'static str>| text.unwrap_or_default();
    let mut lines = "id,x,code,day,name,amount,tenant,dept,secret,salary\n".to_owned();
    for row in rows {
        let Row { id, dept, secret, salary, .. } = row;
        let (x, amount) = (number(row.x), float(row.amount));
        let (code, day, name, tenant) = (text(row.code), text(row.day), text(row.name), text(row.tenant));
        writeln!(lines, "{id},{x},{code},{day},{name},{amount},{tenant},{dept},{secret},{salary}").unwrap();
    }
    lines.into_bytes()
}

fn parquet(rows: &[Row], group_rows: usize) -> Vec<u8> {
    let texts =
        |pick: fn(&Row) -> Option<&'static str>| Arc::new(rows.iter().map(pick).collect::<StringArray>()) as ArrayRef;
    let numbers = |pick: fn(&Row) -> Option<i64>| Arc::new(rows.iter().map(pick).collect::<Int64Array>()) as ArrayRef;
    let (name, code) = (texts(|row| row.name), texts(|row| row.code));
    let columns: Vec<(&str, ArrayRef, bool)> = [
        ("id", numbers(|row| Some(row.id))),
        ("x", numbers(|row| row.x)),
        ("code", Arc::clone(&code)),
        ("day", texts(|row| row.day)),
        ("name", Arc::clone(&name)),
        ("amount", Arc::new(rows.iter().map(|row| row.amount).collect::<Float64Array>())),
        ("tenant", texts(|row| row.tenant)),
        ("dept", texts(|row| Some(row.dept))),
        ("secret", texts(|row| Some(row.secret))),
        ("salary", numbers(|row| Some(row.salary))),
        ("who", who(name, code)),
        ("tags", tags(rows)),
    ]
    .into_iter()
    .map(|(name, values)| (name, values, true))
    .collect();
    let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn who(first: ArrayRef, code: ArrayRef) -> ArrayRef {
    let field = |name: &str| Arc::new(Field::new(name, DataType::Utf8, true));
    Arc::new(StructArray::from(vec![(field("first"), first), (field("code"), code)]))
}

fn tags(rows: &[Row]) -> ArrayRef {
    let mut lists = ListBuilder::new(StringBuilder::new());
    for row in rows {
        lists.values().append_option(row.name);
        lists.values().append_option(row.code);
        lists.append(true);
    }
    Arc::new(lists.finish())
}

/// The formats that tables lie in.
pub fn formats() -> [FileFormat; 2] {
    [CSV, FileFormat::Parquet]
}

/// Visible rows apart from one another in three files, with hidden ones around them.
pub fn hidden_in_files() -> Data {
    scattered(&visible(), &telling())
}

/// Visible rows in one file, in order, with so many hidden ones between each two of them.
pub fn hidden_between(rows: usize) -> Data {
    let hidden = telling();
    let spread = |row: Row| std::iter::once(row).chain(hidden.iter().cycle().take(rows).cloned());
    Data { files: vec![visible().into_iter().flat_map(spread).collect()], group_rows: 5_000, hidden_table: false }
}
