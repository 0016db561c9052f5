//! Random tables, grants and restrictions: what the engine shows is compared cell by cell with what the rules say when
//! each is read off naively. The oracle knows no compiled access and evaluates no SQL.

use super::super::support::{INT, Lab, TEXT};
use lakegate_engine::GovernedTable;
use lakegate_model::{
    Timestamp,
    ids::{ColumnId, GrantId, ProjectId, RestrictionId},
    words::Mask,
};
use lakegate_policy::access::{ColumnFacts, ColumnScope, Effect, Restriction, Rows, SelectGrant, Standing, compile};
use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};
use uuid::Uuid;

const NAMES: [&str; 4] = ["id", "team", "salary", "note"];

/// A row: id, team, salary, note.
type Row = (i64, Option<&'static str>, Option<i64>, &'static str);

/// Conditions, each as SQL and as what it means: `None` is SQL's unknown.
type Meaning = fn(&Row) -> Option<bool>;
const CONDITIONS: [(&str, Meaning); 6] = [
    ("team = 'a'", |row| row.1.map(|team| team == "a")),
    ("team <> 'b'", |row| row.1.map(|team| team != "b")),
    ("salary > 50", |row| row.2.map(|salary| salary > 50)),
    ("salary is null or id > 3", |row| Some(row.2.is_none() || row.0 > 3)),
    ("not (salary > 20)", |row| row.2.map(|salary| salary <= 20)),
    ("id % 2 = 0", |row| Some(row.0 % 2 == 0)),
];

#[derive(Debug, Clone)]
struct Grant {
    columns: Columns,
    condition: Option<usize>,
    live: bool,
}

#[derive(Debug, Clone)]
enum Columns {
    All,
    Only(BTreeSet<usize>),
    Except(BTreeSet<usize>),
}

#[derive(Debug, Clone)]
enum Rule {
    Hide(BTreeSet<usize>),
    Mask(Mask, BTreeSet<usize>),
    Filter(usize),
}

#[derive(Debug, Clone)]
struct Case {
    rows: Vec<Row>,
    grants: Vec<Grant>,
    rules: Vec<Rule>,
}

fn places(most: usize) -> impl Strategy<Value = BTreeSet<usize>> {
    btree_set(0..NAMES.len(), 1..=most)
}

fn row() -> impl Strategy<Value = Row> {
    let team = option::weighted(0.8, prop_oneof![Just("a"), Just("b"), Just("c")]);
    let note = prop_oneof![Just("x1"), Just("secret-22"), Just("(-)")];
    (0..8_i64, team, option::weighted(0.8, (0..10_i64).prop_map(|n| n * 10)), note)
}

fn grant() -> impl Strategy<Value = Grant> {
    let columns = prop_oneof![2 => Just(Columns::All), 4 => places(3).prop_map(Columns::Only), 2 => places(2).prop_map(Columns::Except)];
    let condition = option::weighted(0.6, 0..CONDITIONS.len());
    (columns, condition, prop::bool::weighted(0.9)).prop_map(|(columns, condition, live)| Grant {
        columns,
        condition,
        live,
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let mask = prop_oneof![4 => Just(Mask::FixedValue), 1 => Just(Mask::Null), 3 => Just(Mask::Alphanumeric)];
    prop_oneof![
        1 => places(1).prop_map(Rule::Hide),
        6 => (mask, places(3)).prop_map(|(mask, columns)| Rule::Mask(mask, columns)),
        1 => (0..CONDITIONS.len()).prop_map(Rule::Filter),
    ]
}

fn case() -> impl Strategy<Value = Case> {
    (vec(row(), 0..14), vec(grant(), 1..4), vec(rule(), 0..4)).prop_map(|(rows, grants, rules)| Case {
        rows,
        grants,
        rules,
    })
}

// ---- what the rules say, read off one by one ----

fn opens(grant: &Grant, column: usize) -> bool {
    grant.live
        && match &grant.columns {
            Columns::All => true,
            Columns::Only(columns) => columns.contains(&column),
            Columns::Except(columns) => !columns.contains(&column),
        }
}

fn covers(grant: &Grant, row: &Row) -> bool {
    grant.live && grant.condition.is_none_or(|condition| CONDITIONS[condition].1(row) == Some(true))
}

impl Case {
    fn hides(&self, column: usize) -> bool {
        self.rules.iter().any(|rule| matches!(rule, Rule::Hide(columns) if columns.contains(&column)))
    }

    fn shows_column(&self, column: usize) -> bool {
        !self.hides(column) && self.grants.iter().any(|grant| opens(grant, column))
    }

    fn shows_row(&self, row: &Row) -> bool {
        let kept = self.rules.iter().all(|rule| match rule {
            Rule::Filter(condition) => CONDITIONS[*condition].1(row) == Some(true),
            _ => true,
        });
        let covered = |column: usize| self.grants.iter().any(|grant| opens(grant, column) && covers(grant, row));
        kept && (0..NAMES.len()).any(|column| !self.hides(column) && covered(column))
    }

    fn shown(&self, row: &Row, column: usize) -> Value {
        if !self.grants.iter().any(|grant| opens(grant, column) && covers(grant, row)) {
            return Value::Null;
        }
        let masks: BTreeSet<Mask> = self
            .rules
            .iter()
            .filter_map(|rule| match rule {
                Rule::Mask(mask, columns) if columns.contains(&column) => Some(fitting(*mask, column)),
                _ => None,
            })
            .collect();
        match masks.into_iter().collect::<Vec<_>>().as_slice() {
            [] => raw(row, column),
            [mask] => disguised(*mask, &raw(row, column)),
            _ => Value::Null,
        }
    }
}

fn fitting(mask: Mask, column: usize) -> Mask {
    let number = matches!(NAMES[column], "id" | "salary");
    if mask == Mask::Alphanumeric && number { Mask::Null } else { mask }
}

fn raw(row: &Row, column: usize) -> Value {
    match column {
        0 => json!(row.0.to_string()),
        1 => json!(row.1),
        2 => json!(row.2.map(|salary| salary.to_string())),
        _ => json!(row.3),
    }
}

fn disguised(mask: Mask, value: &Value) -> Value {
    let number = |text: &str| text.parse::<i64>().is_ok();
    match (mask, value) {
        (Mask::Null, _) => Value::Null,
        // Only a hint of the type is left of a NULL: the caller checks the column.
        (Mask::FixedValue, Value::Null) => json!("fixed"),
        (Mask::FixedValue, Value::String(text)) if number(text) => json!("999999999"),
        (Mask::FixedValue, _) => json!("XXXXXXXX"),
        (_, Value::String(text)) => text
            .chars()
            .map(|c| match c {
                '0'..='9' => 'n',
                '(' | ')' | ',' | '.' | '-' | '@' => c,
                _ => 'x',
            })
            .collect::<String>()
            .into(),
        (_, other) => other.clone(),
    }
}

// ---- what the engine says ----

fn now() -> Timestamp {
    super::super::support::now()
}

fn csv(rows: &[Row]) -> String {
    let mut text = "id,team,salary,note\n".to_owned();
    for (id, team, salary, note) in rows {
        let salary = salary.map(|salary| salary.to_string()).unwrap_or_default();
        text.push_str(&format!("{id},{},{salary},{note}\n", team.unwrap_or_default()));
    }
    text
}

fn ids(table: &GovernedTable, places: &BTreeSet<usize>) -> BTreeSet<ColumnId> {
    places.iter().map(|place| table.columns[*place].id).collect()
}

fn condition(place: usize) -> Rows {
    Rows::Where(CONDITIONS[place].0.to_owned())
}

fn select_grants(case: &Case, table: &GovernedTable) -> Vec<SelectGrant> {
    let select = |(nth, grant): (usize, &Grant)| SelectGrant {
        id: GrantId(Uuid::from_u128(nth as u128)),
        project: ProjectId(Uuid::from_u128(7)),
        columns: match &grant.columns {
            Columns::All => ColumnScope::All,
            Columns::Only(columns) => ColumnScope::Only(ids(table, columns)),
            Columns::Except(columns) => ColumnScope::Except(ids(table, columns)),
        },
        rows: grant.condition.map_or(Rows::All, condition),
        valid_from: now(),
        valid_until: (!grant.live).then(now),
        export: false,
    };
    case.grants.iter().enumerate().map(select).collect()
}

fn restrictions(case: &Case, table: &GovernedTable) -> Vec<Restriction> {
    let restriction = |(nth, rule): (usize, &Rule)| Restriction {
        id: RestrictionId(Uuid::from_u128(nth as u128)),
        effect: match rule {
            Rule::Hide(columns) => Effect::Hide(ids(table, columns)),
            Rule::Mask(mask, columns) => Effect::Mask(*mask, ids(table, columns)),
            Rule::Filter(place) => Effect::Filter(condition(*place)),
        },
    };
    case.rules.iter().enumerate().map(restriction).collect()
}

/// The table under compiled access, or `None` where nothing of it exists.
fn governed(lab: &Lab, case: &Case) -> Option<GovernedTable> {
    let schema = [("id", INT), ("team", TEXT), ("salary", INT), ("note", TEXT)];
    let mut table = lab.csv("t", &schema, &csv(&case.rows));
    let facts: Vec<ColumnFacts> = table
        .columns
        .iter()
        .map(|column| ColumnFacts {
            id: column.id,
            column_type: column.column_type.clone(),
            pending: false,
            unlisted: false,
        })
        .collect();
    let (grants, rules) = (select_grants(case, &table), restrictions(case, &table));
    table.access = compile(table.table, &facts, Standing::Outsider, &grants, &rules, now())?;
    Some(table)
}

/// How many cells were as they are, masked, and NULL by a rectangle.
#[derive(Debug, Default)]
struct Mix {
    cells: usize,
    plain: usize,
    masked: usize,
    withheld: usize,
}

async fn compare(case: &Case, mix: &RefCell<Mix>) -> Result<(), TestCaseError> {
    let lab = Lab::new();
    let visible: Vec<usize> = (0..NAMES.len()).filter(|column| case.shows_column(*column)).collect();
    let Some(table) = governed(&lab, case) else {
        prop_assert!(visible.is_empty(), "nothing is shown of {visible:?}");
        return Ok(());
    };
    let names: Vec<&str> = visible.iter().map(|column| NAMES[*column]).collect();
    let rows = lab.ask("select * from t", std::slice::from_ref(&table)).await;
    let rows = rows.map_err(|fault| TestCaseError::fail(format!("{fault:?}")))?;
    let expected: Vec<Vec<Value>> = case
        .rows
        .iter()
        .filter(|row| case.shows_row(row))
        .map(|row| visible.iter().map(|column| typed(case.shown(row, *column), *column)).collect())
        .collect();
    count(case, &visible, &expected, mix);
    prop_assert_eq!(bag(&rows), bag(&expected), "columns {:?}", names);
    Ok(())
}

fn typed(value: Value, column: usize) -> Value {
    match (&value, NAMES[column]) {
        (Value::String(text), "id" | "salary") if text == "fixed" => json!("999999999"),
        (Value::String(text), _) if text == "fixed" => json!("XXXXXXXX"),
        _ => value,
    }
}

fn bag(rows: &[Vec<Value>]) -> BTreeMap<String, usize> {
    let mut bag = BTreeMap::new();
    for row in rows {
        *bag.entry(format!("{row:?}")).or_default() += 1;
    }
    bag
}

fn count(case: &Case, visible: &[usize], expected: &[Vec<Value>], mix: &RefCell<Mix>) {
    let shown: Vec<&Row> = case.rows.iter().filter(|row| case.shows_row(row)).collect();
    let mut mix = mix.borrow_mut();
    for (row, cells) in shown.iter().zip(expected) {
        for (column, cell) in visible.iter().zip(cells) {
            let raw = raw(row, *column);
            mix.cells += 1;
            match (cell == &raw, cell) {
                (true, _) => mix.plain += 1,
                (false, Value::Null) => mix.withheld += 1,
                (false, _) => mix.masked += 1,
            }
        }
    }
}

#[test]
fn every_cell_is_what_the_rules_say() {
    let seed = lakegate_tests::seed();
    let cases = 60 * u32::try_from(lakegate_tests::scale()).unwrap();
    let bytes: [u8; 32] = [seed.to_be_bytes(); 4].concat().try_into().unwrap();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mix = RefCell::new(Mix::default());
    if let Err(error) = runner.run(&case(), |case| runtime.block_on(compare(&case, &mix))) {
        panic!("LAKEGATE_TEST_SEED={seed}: {error}");
    }
    let mix = mix.into_inner();
    // A mix without masks or withheld cells would prove little.
    assert!(mix.plain * 5 >= mix.cells && mix.masked * 10 >= mix.cells && mix.withheld * 10 >= mix.cells, "{mix:?}");
}
