//! Three small tables: their random rows as files of three formats and as rows of PostgreSQL.

use super::{
    super::{
        formats::parquet,
        support::{CSV, INT, Lab, TEXT},
    },
    dice::Dice,
};
use arrow::{
    array::{ArrayRef, StringArray},
    compute::cast,
};
use lakegate_engine::{GovernedTable, arrow_type};
use lakegate_model::{
    columns::ColumnType,
    storage::{Compression, FileFormat},
};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int,
    Money,
    Text,
    Flag,
    Day,
    Moment,
}

impl Kind {
    fn governed(self) -> ColumnType {
        match self {
            Self::Int => INT,
            Self::Money => ColumnType::Decimal { precision: 10, scale: 2 },
            Self::Text => TEXT,
            Self::Flag => ColumnType::Boolean,
            Self::Day => ColumnType::Date,
            Self::Moment => ColumnType::Timestamp { zoned: false },
        }
    }

    /// The type in PostgreSQL. Text compares bytewise, as it does in Lakegate.
    fn postgres(self) -> &'static str {
        match self {
            Self::Int => "bigint",
            Self::Money => "numeric(10, 2)",
            Self::Text => "text COLLATE \"C\"",
            Self::Flag => "boolean",
            Self::Day => "date",
            Self::Moment => "timestamp",
        }
    }
}

pub type Column = (&'static str, Kind);

const PEOPLE: &[Column] = &[
    ("id", Kind::Int),
    ("name", Kind::Text),
    ("team", Kind::Text),
    ("salary", Kind::Int),
    ("born", Kind::Day),
    ("mail", Kind::Text),
    ("boss", Kind::Int),
    ("active", Kind::Flag),
];
const SALES: &[Column] = &[
    ("id", Kind::Int),
    ("person", Kind::Int),
    ("region", Kind::Text),
    ("amount", Kind::Money),
    ("units", Kind::Int),
    ("sold", Kind::Moment),
    ("note", Kind::Text),
];
const TEAMS: &[Column] =
    &[("code", Kind::Text), ("title", Kind::Text), ("budget", Kind::Int), ("head", Kind::Int), ("founded", Kind::Day)];

const NAMES: &[&str] = &["ann", "Bob", "Zoë", "o'hara", "Chloe 2", "di (jr.)", "Eve", "王芳"];
const CODES: &[&str] = &["a", "b", "c", "d"];
const REGIONS: &[&str] = &["eu", "us", "apac", "Übersee"];
const NOTES: &[&str] = &["", "order 66", "(x)-1", "call 555-0101", "a,b", "due 2024-01", "\"quoted\" text"];

/// A table with its rows, every value as text or NULL.
#[derive(Debug, Clone)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
    pub rows: Vec<Vec<Option<String>>>,
}

/// The tables of one seed.
pub fn tables(dice: &mut Dice) -> [Table; 3] {
    let table = |name, columns, rows| Table { name, columns, rows };
    [
        table("people", PEOPLE, (1..=22).map(|id| person(dice, id)).collect()),
        table("sales", SALES, (1..=34).map(|id| sale(dice, id)).collect()),
        table("teams", TEAMS, (0..6).map(|at| team(dice, at)).collect()),
    ]
}

/// NULL so many times in a hundred.
fn rarely(dice: &mut Dice, percent: usize, value: String) -> Option<String> {
    (!dice.chance(percent)).then_some(value)
}

fn day(dice: &mut Dice, from: i64, to: i64) -> String {
    format!("{}-{:02}-{:02}", dice.between(from, to), dice.between(1, 12), dice.between(1, 28))
}

fn person(dice: &mut Dice, id: i64) -> Vec<Option<String>> {
    let name = dice.pick(NAMES).to_owned();
    let first = name.chars().next().filter(char::is_ascii).unwrap_or('ü');
    let mail = format!("{first}.{id}@ex{}.org", id % 3);
    let team = dice.pick(CODES).to_owned();
    let salary = (dice.between(20, 70) * 100).to_string();
    let born = day(dice, 1960, 2004);
    let boss = dice.between(1, 6).to_string();
    let active = dice.chance(60).to_string();
    vec![
        Some(id.to_string()),
        Some(name),
        rarely(dice, 10, team),
        rarely(dice, 15, salary),
        rarely(dice, 8, born),
        rarely(dice, 15, mail),
        rarely(dice, 20, boss),
        rarely(dice, 8, active),
    ]
}

fn sale(dice: &mut Dice, id: i64) -> Vec<Option<String>> {
    let (person, units) = (dice.between(1, 24).to_string(), dice.between(0, 9).to_string());
    let region = dice.pick(REGIONS).to_owned();
    let amount = format!("{}.{:02}", dice.between(0, 120), dice.between(0, 99));
    let sold = format!("{}T{:02}:{:02}:00", day(dice, 2022, 2024), dice.between(0, 23), dice.between(0, 59));
    let note = dice.pick(NOTES).to_owned();
    vec![
        Some(id.to_string()),
        rarely(dice, 10, person),
        rarely(dice, 10, region),
        rarely(dice, 8, amount),
        rarely(dice, 10, units),
        rarely(dice, 5, sold),
        rarely(dice, 12, note),
    ]
}

fn team(dice: &mut Dice, at: usize) -> Vec<Option<String>> {
    let (budget, head) = (dice.between(5, 40) * 10, dice.between(1, 9));
    vec![
        Some(["a", "b", "c", "d", "e", "f"][at].to_owned()),
        Some(["Sales", "R&D", "Ops - north", "Ops - south", "Law", "Sales"][at].to_owned()),
        rarely(dice, 15, budget.to_string()),
        rarely(dice, 15, head.to_string()),
        Some(day(dice, 1998, 2015)),
    ]
}

impl Table {
    /// The kind of a column.
    pub fn kind(&self, name: &str) -> Kind {
        self.columns.iter().find(|(column, _)| *column == name).unwrap().1
    }

    /// The table as files: JSON lines, Parquet in two files, or CSV.
    pub fn governed(&self, lab: &Lab) -> GovernedTable {
        let columns: Vec<(&str, ColumnType)> =
            self.columns.iter().map(|(name, kind)| (*name, kind.governed())).collect();
        let (first, second) = self.rows.split_at(self.rows.len() / 2);
        match self.name {
            "people" => {
                let format = FileFormat::JsonLines { compression: Compression::None };
                lab.table(self.name, format, &columns, &[("rows.jsonl", self.json_lines().into_bytes())])
            }
            "sales" => {
                let files = [("1.parquet", self.parquet(first)), ("2.parquet", self.parquet(second))];
                lab.table(self.name, FileFormat::Parquet, &columns, &files)
            }
            _ => lab.table(self.name, CSV, &columns, &[("rows.csv", self.csv().into_bytes())]),
        }
    }

    fn json_lines(&self) -> String {
        let value = |kind: Kind, text: &String| match kind {
            Kind::Int => json!(text.parse::<i64>().unwrap()),
            Kind::Flag => json!(text == "true"),
            _ => json!(text),
        };
        let line = |row: &Vec<Option<String>>| {
            let cells = self.columns.iter().zip(row);
            let cells =
                cells.filter_map(|((name, kind), cell)| Some(((*name).to_owned(), value(*kind, cell.as_ref()?))));
            format!("{}\n", Value::Object(cells.collect::<Map<_, _>>()))
        };
        self.rows.iter().map(line).collect()
    }

    fn csv(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        let line =
            |row: &Vec<Option<String>>| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect::<Vec<_>>();
        let lines = self.rows.iter().map(|row| format!("{}\n", line(row).join(",")));
        std::iter::once(format!("{}\n", names.join(","))).chain(lines).collect()
    }

    fn parquet(&self, rows: &[Vec<Option<String>>]) -> Vec<u8> {
        let column = |(at, (name, kind)): (usize, &Column)| {
            let texts: StringArray = rows.iter().map(|row| row[at].clone()).collect();
            let typed = cast(&(Arc::new(texts) as ArrayRef), &arrow_type(&kind.governed())).unwrap();
            (*name, typed)
        };
        parquet(self.columns.iter().enumerate().map(column).collect())
    }

    /// The statements that make and fill the table in a schema of PostgreSQL.
    pub fn statements(&self, schema: &str) -> Vec<String> {
        let columns: Vec<String> =
            self.columns.iter().map(|(name, kind)| format!("{name} {}", kind.postgres())).collect();
        let cell = |cell: &Option<String>| {
            cell.as_ref().map_or("NULL".to_owned(), |text| format!("'{}'", text.replace('\'', "''")))
        };
        let row = |row: &Vec<Option<String>>| format!("({})", row.iter().map(cell).collect::<Vec<_>>().join(", "));
        let rows: Vec<String> = self.rows.iter().map(row).collect();
        let name = self.name;
        vec![
            format!("CREATE TABLE {schema}.{name} ({})", columns.join(", ")),
            format!("INSERT INTO {schema}.{name} VALUES {}", rows.join(", ")),
        ]
    }
}
