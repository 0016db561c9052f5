//! Row filters and masks: what they show, what they refuse, and random access compared cell by cell with an oracle that
//! shares no code with policy or engine.

mod oracle;

use crate::support::{CSV, INT, Lab, TEXT};
use lakegate_engine::{Filter, GovernedTable, Mapping, Subject, TableColumn};
use lakegate_model::{Fault, columns::ColumnType, ids::ColumnId, words::Mask};
use lakegate_policy::access::{Cell, CellRules};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn columns() -> Vec<TableColumn> {
    let kinds = [("id", INT), ("region", TEXT), ("Team", TEXT), ("day", ColumnType::Date)];
    let column = |(n, (name, kind)): (usize, (&str, ColumnType))| TableColumn {
        id: ColumnId(uuid::Uuid::from_u128(n as u128)),
        name: name.to_owned(),
        column_type: kind,
        nullable: true,
        partition: false,
    };
    kinds.into_iter().enumerate().map(column).collect()
}

fn subject() -> Subject {
    Subject {
        user: "o'hara".to_owned(),
        groups: BTreeSet::from(["sales".to_owned()]),
        attributes: BTreeMap::from([("region".to_owned(), "eu".to_owned())]),
    }
}

fn bound(text: &str) -> Result<String, Fault> {
    let bound = Filter::read(text, &columns())?.bind(&subject(), |_| vec!["a".to_owned(), "b'c".to_owned()])?;
    Lab::new().engine.check_filter(&bound, &columns()).map(|()| bound)
}

#[test]
fn filters_are_bound_to_who_asks() {
    for (text, expected) in [
        ("region = session_attribute('region')", "\"region\" = 'eu'"),
        ("team = 'x' or session_user() = team", "\"Team\" = 'x' OR 'o''hara' = \"Team\""),
        ("array_has(session_groups(), team)", "array_has(make_array('sales'), \"Team\")"),
        (
            "region in (select region from security.regions where person = session_user())",
            "\"region\" IN ('a', 'b''c')",
        ),
        ("region = session_attribute('none')", "\"region\" = CAST(NULL AS VARCHAR)"),
    ] {
        assert_eq!(bound(text).unwrap(), expected);
    }
}

#[test]
fn the_written_text_keeps_sessions_and_mappings() {
    let text = "Region in (select Region from security.regions where person = session_user()) and id > 3";
    let filter = Filter::read(text, &columns()).unwrap();
    let written = "\"region\" IN (SELECT \"Region\" FROM \"security\".\"regions\" WHERE \"person\" = session_user()) \
                   AND \"id\" > 3";
    assert_eq!(filter.text(), written);
    assert_eq!(filter.columns().len(), 2);
    let mapping = Mapping {
        database: "security".to_owned(),
        table: "regions".to_owned(),
        user_column: "person".to_owned(),
        value_column: "Region".to_owned(),
    };
    assert_eq!(filter.mappings(), [mapping]);
    assert_eq!(Filter::read(written, &columns()).unwrap().text(), written);
}

#[test]
fn what_is_no_filter_is_refused_by_name() {
    for (text, words) in [
        ("", "not a condition"),
        ("id", "true or false"),
        ("salary > 3", "no column salary"),
        ("id > 3; drop table t", "not a condition"),
        ("team is distinct from 'x' and id > 3", "brackets"),
        ("id > 3 or not team is not distinct from 'x' or id < 9", "brackets"),
        ("t.id > 3", "without a table"),
        ("id > (select 1)", "may not hold a query"),
        ("exists (select 1)", "may not hold a query"),
        ("id in (select id from other)", "in one form alone"),
        ("region in (select r from a.b where p = session_user() limit 1)", "in one form alone"),
        ("region in (select r from a.b, a.c where p = session_user())", "in one form alone"),
        ("region not in (select r from a.b where p = session_user())", "name what is allowed"),
        ("id in unnest(7)", "UNNEST"),
        ("random() > 0.5", "another answer each time"),
        ("now() > day", "another answer each time"),
        ("count(*) > 1", "one row at a time"),
        ("id = $1", "no parameters"),
        ("session_attribute(team) = 'x'", "attribute's name"),
        ("id + 1", "true or false"),
        ("nonsense(id) > 1", "nonsense"),
    ] {
        let fault = bound(text).map(|bound| panic!("{text} was taken as {bound}")).unwrap_err();
        assert_eq!(fault.field.as_deref(), Some("filter"), "{text}: {fault}");
        assert!(fault.message.contains(words), "{text}: {fault}");
    }
}

/// A user in no mapping sees nothing, whatever the filter makes of it.
#[test]
fn who_is_not_mapped_sees_nothing() {
    for around in ["not (M)", "(M) is not true", "M or id > 0", "(M) is null"] {
        let member = "region in (select region from security.regions where person = session_user())";
        let text = around.replace('M', member);
        let bound = Filter::read(&text, &columns()).unwrap().bind(&subject(), |_| Vec::new()).unwrap();
        assert_eq!(bound, "false", "{text}");
    }
}

fn masked(lab: &Lab, mask: Mask, kind: ColumnType, values: &[&str]) -> GovernedTable {
    let text = values.iter().fold("v,n\n".to_owned(), |text, value| format!("{text}{value},1\n"));
    let mut table = lab.table("t", CSV, &[("v", kind), ("n", INT)], &[("part.csv", text.into_bytes())]);
    let cell = Cell { any_of: BTreeSet::new(), mask: Some(mask) };
    let cells = BTreeMap::from([(table.columns[0].id, cell)]);
    table.access.rules = Some(CellRules { all_of: BTreeSet::new(), any_of: BTreeSet::new(), cells });
    table
}

#[tokio::test]
async fn masks_show_what_their_table_says() {
    let sha = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
    let timestamp = ColumnType::Timestamp { zoned: false };
    for (mask, kind, value, shown) in [
        (Mask::Alphanumeric, TEXT, "\"Ab-1 (2), é@x.y\"", json!("xx-nx(n),xx@x.x")),
        (Mask::First4, TEXT, "abcdef12", json!("abcdxxnn")),
        (Mask::First4, TEXT, "abc", json!("abc")),
        (Mask::Last4, TEXT, "12345678", json!("nnnn5678")),
        (Mask::Last4, TEXT, "é123", json!("é123")),
        (Mask::FixedValue, TEXT, "abc", json!("XXXXXXXX")),
        (Mask::FixedValue, INT, "5", json!("999999999")),
        (Mask::FixedValue, INT, "", json!("999999999")),
        (Mask::FixedValue, ColumnType::Integer { bits: 8 }, "5", json!(99)),
        (Mask::FixedValue, ColumnType::Decimal { precision: 9, scale: 2 }, "5.25", json!("0.00")),
        (Mask::FixedValue, ColumnType::Boolean, "true", json!(false)),
        (Mask::FixedValue, ColumnType::Date, "2024-05-06", json!("9999-12-31")),
        (Mask::Null, INT, "5", Value::Null),
        (Mask::FixedValue, timestamp.clone(), "2024-05-06T07:08:09", json!("9999-12-31T00:00:00")),
        (Mask::Year, ColumnType::Date, "2024-05-06", json!("2024-01-01")),
        (Mask::Month, ColumnType::Date, "2024-05-06", json!("2024-05-01")),
        (Mask::Month, timestamp, "2024-05-06T07:08:09", json!("2024-05-01T00:00:00")),
        (Mask::Month, ColumnType::Date, "", Value::Null),
        (Mask::Sha256, TEXT, "foo", json!(sha)),
    ] {
        let lab = Lab::new();
        let table = masked(&lab, mask, kind, &[value]);
        assert_eq!(lab.cell("select v from t", &[table]).await, shown, "{mask} of {value}");
    }
}

/// What a caller writes meets masked values alone.
#[tokio::test]
async fn conditions_groups_and_joins_see_the_mask() {
    let lab = Lab::new();
    let table = [masked(&lab, Mask::First4, TEXT, &["abcd1", "abcd2", "abcd9x"])];
    for (sql, shown) in [
        ("select count(*) from t where v = 'abcd1'", "0"),
        ("select count(*) from t where v = 'abcdn'", "2"),
        ("select count(distinct v) from t", "2"),
        ("select count(*) from t a join t b on a.v = b.v", "5"),
        ("select count(*) from t where length(v) = 6", "1"),
    ] {
        assert_eq!(lab.cell(sql, &table).await, json!(shown), "{sql}");
    }
}

#[tokio::test]
async fn digests_join_across_queries_only_where_they_say_so() {
    let lab = Lab::new();
    for (mask, stays) in [(Mask::Sha256, true), (Mask::Hmac, true), (Mask::Sha256Local, false)] {
        let table = masked(&lab, mask, TEXT, &["foo", "foo", "bar"]);
        let mut seen = Vec::new();
        for salt in [[1; 16], [2; 16]] {
            let mut spec = lab.spec("select count(distinct v), min(v) from t", std::slice::from_ref(&table));
            spec.mask_keys.salt = salt;
            let rows = lab.rows(spec).await.unwrap();
            assert_eq!(rows[0][0], json!("2"), "{mask}");
            seen.push(rows[0][1].clone());
        }
        assert_eq!(seen[0] == seen[1], stays, "{mask}");
        assert!(!seen[0].to_string().contains("foo") && !seen[0].to_string().contains("bar"), "{mask}");
    }
}

/// How much was read of a table tells of rows that are withheld.
#[tokio::test]
async fn what_was_read_behind_the_barrier_is_not_counted() {
    let lab = Lab::new();
    let open = lab.csv("open", &[("v", INT)], "v\n1\n");
    let ruled = masked(&lab, Mask::Null, INT, &["1", "2"]);
    for (sql, table, counted) in [("select v from open", open, true), ("select v from t", ruled, false)] {
        let query = lab.start(sql, &[table]).await.unwrap();
        let handle = query.handle.clone();
        futures::TryStreamExt::try_collect::<Vec<_>>(query.stream).await.unwrap();
        assert_eq!(handle.report().scanned_bytes > 0, counted, "{sql}");
    }
}
