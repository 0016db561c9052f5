//! Parquet, CSV and JSON lines, whole, partitioned, compressed, of an older shape.

use crate::support::{CSV, INT, Lab, TEXT};
use arrow::array::{ArrayRef, Decimal128Array, Int32Array, RecordBatch, StringArray};
use flate2::{Compression as Level, write::GzEncoder};
use lakegate_model::{
    Code,
    columns::ColumnType,
    storage::{Compression, FileFormat},
};
use parquet::arrow::ArrowWriter;
use serde_json::json;
use std::{fs, io::Write, path::PathBuf, sync::Arc};

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

pub fn parquet(columns: Vec<(&str, ArrayRef)>) -> Vec<u8> {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

fn money() -> ColumnType {
    ColumnType::Decimal { precision: 10, scale: 2 }
}

#[tokio::test]
async fn csv_keeps_decimals_exact_and_quoted_line_breaks_whole() {
    let lab = Lab::new();
    let text = "id,note,price\n1,\"two\nlines, \"\"quoted\"\"\",0.10\n2,,0.20\n3,plain,\n";
    let table = lab.csv("t", &[("id", INT), ("note", TEXT), ("price", money())], text);
    let rows = lab.ask("select * from t order by id", std::slice::from_ref(&table)).await.unwrap();
    assert_eq!(rows[0], vec![json!("1"), json!("two\nlines, \"quoted\""), json!("0.10")]);
    assert_eq!(rows[1], vec![json!("2"), json!(null), json!("0.20")]);
    assert_eq!(rows[2], vec![json!("3"), json!("plain"), json!(null)]);
    assert_eq!(lab.cell("select sum(price) from t", &[table]).await, json!("0.30"));
}

#[tokio::test]
async fn csv_columns_follow_each_files_own_header() {
    let lab = Lab::new();
    let files = [
        ("a.csv", b"\xEF\xBB\xBFid,name\n1,ann\n".to_vec()),
        ("b.csv", b"extra,name,id,city\nx,bob,2,Rome\n".to_vec()),
        ("c.csv", b"id,name,city\n".to_vec()),
        ("d.csv", Vec::new()),
    ];
    let table = lab.table("t", CSV, &[("id", INT), ("name", TEXT), ("city", TEXT)], &files);
    let rows = lab.ask("select id, city, name from t order by id", &[table]).await.unwrap();
    assert_eq!(rows, vec![vec![json!("1"), json!(null), json!("ann")], vec![json!("2"), json!("Rome"), json!("bob")]]);
}

#[tokio::test]
async fn csv_with_another_delimiter_no_header_and_gzip() {
    let lab = Lab::new();
    let format = FileFormat::Csv { delimiter: b';', header: false, compression: Compression::Gzip };
    let table = lab.table("t", format, &[("a", INT), ("b", TEXT)], &[("x.csv.gz", gzip("1;one\n2;two\n"))]);
    assert_eq!(lab.cell("select b from t where a = 2", std::slice::from_ref(&table)).await, json!("two"));
    assert_eq!(lab.cell("select count(*) from t", &[table]).await, json!("2"));
}

#[tokio::test]
async fn json_lines_with_gzip_and_missing_keys() {
    let lab = Lab::new();
    let format = FileFormat::JsonLines { compression: Compression::Gzip };
    let text = "{\"id\":1,\"tags\":[\"a\",\"b\"],\"price\":1.10}\n{\"id\":2}\n";
    let columns = [("id", INT), ("tags", ColumnType::List { of: Box::new(TEXT) }), ("price", money())];
    let table = lab.table("t", format, &columns, &[("x.jsonl.gz", gzip(text))]);
    let rows = lab.ask("select * from t order by id", std::slice::from_ref(&table)).await.unwrap();
    assert_eq!(rows[0], vec![json!("1"), json!(["a", "b"]), json!("1.10")]);
    assert_eq!(rows[1], vec![json!("2"), json!(null), json!(null)]);
    assert_eq!(lab.cell("select count(*) from t", &[table]).await, json!("2"));
}

#[tokio::test]
async fn parquet_of_two_shapes_and_hive_partitions() {
    let lab = Lab::new();
    let id = |v: Vec<i32>| Arc::new(Int32Array::from(v)) as ArrayRef;
    let price: ArrayRef = Arc::new(Decimal128Array::from(vec![150, 250]).with_precision_and_scale(10, 2).unwrap());
    let names: ArrayRef = Arc::new(StringArray::from(vec!["p", "q"]));
    let files = [
        ("Region=eu/a.parquet", parquet(vec![("id", id(vec![1, 2])), ("Price", price), ("name", names)])),
        ("Region=us/b.parquet", parquet(vec![("id", id(vec![3]))])),
        ("Region=x/c.parquet", parquet(vec![("id", id(vec![4]))])),
    ];
    let columns = [("id", ColumnType::Integer { bits: 32 }), ("region", TEXT), ("Price", money()), ("name", TEXT)];
    let mut table = lab.table("t", FileFormat::Parquet, &columns, &files);
    table.columns[1].partition = true;
    for (file, region) in table.files.iter_mut().zip([Some("eu"), Some("us"), None]) {
        file.partitions.insert("region".into(), region.map(str::to_owned));
    }
    let rows =
        lab.ask("select region, id, price, name from t order by id", std::slice::from_ref(&table)).await.unwrap();
    assert_eq!(rows[0], vec![json!("eu"), json!(1), json!("1.50"), json!("p")]);
    assert_eq!(rows[2], vec![json!("us"), json!(3), json!(null), json!(null)]);
    assert_eq!(rows[3], vec![json!(null), json!(4), json!(null), json!(null)]);
    assert_eq!(lab.cell("select count(*) from t where region = 'eu'", std::slice::from_ref(&table)).await, json!("2"));
    assert_eq!(lab.cell("select id from t where price > 2", &[table]).await, json!(2));
}

#[tokio::test]
async fn unquoted_names_find_columns_of_mixed_case() {
    let lab = Lab::new();
    let columns = [("People_ID", INT), ("Date", ColumnType::Date), ("name", TEXT)];
    let table = lab.csv("t", &columns, "People_ID,Date,name\n7,2024-01-02,ann\n");
    for sql in [
        "select People_ID from t",
        "select people_id from t where PEOPLE_ID > 1",
        "select \"People_ID\" from t",
        "select x.people_id from t x where x.Date = date '2024-01-02' order by People_ID",
        "with c as (select people_id from t) select PEOPLE_id from c",
        "select a.people_id from t a join t b using (people_id)",
    ] {
        assert_eq!(lab.cell(sql, std::slice::from_ref(&table)).await, json!("7"), "{sql}");
    }
}

#[tokio::test]
async fn a_changed_or_vanished_file_is_a_conflict() {
    let lab = Lab::new();
    for (name, format, before, after) in [
        ("c", CSV, b"id\n1\n".to_vec(), b"id\n1\n2\n".to_vec()),
        (
            "p",
            FileFormat::Parquet,
            parquet(vec![("id", Arc::new(Int32Array::from(vec![1])) as ArrayRef)]),
            parquet(vec![("id", Arc::new(Int32Array::from(vec![1, 2, 3, 4, 5, 6, 7, 8])) as ArrayRef)]),
        ),
    ] {
        let table = lab.table(name, format, &[("id", INT)], &[("f", before)]);
        let sql = format!("select * from {name}");
        assert_eq!(lab.ask(&sql, std::slice::from_ref(&table)).await.unwrap().len(), 1);
        fs::write(lab.folder(name).join("f"), after).unwrap();
        let changed = lab.refusal(&sql, std::slice::from_ref(&table)).await;
        assert_eq!((changed.code, changed.message.as_str()), (Code::Conflict, "the data changed while reading"));
        fs::remove_file(lab.folder(name).join("f")).unwrap();
        assert_eq!(lab.refusal(&sql, &[table]).await.code, Code::Conflict);
    }
}

#[tokio::test]
async fn a_malformed_file_tells_no_value() {
    let lab = Lab::new();
    let csv = lab.csv("c", &[("id", INT), ("secret", TEXT)], "id,secret\n1,MARKER\nMARKER,MARKER,MARKER\n");
    let typed = lab.csv("d", &[("id", INT), ("secret", TEXT)], "id,secret\nMARKER,x\n");
    let jsonl = FileFormat::JsonLines { compression: Compression::None };
    let json = lab.table("j", jsonl, &[("id", INT)], &[("f", b"{\"id\":\"MARKER\"}\n{]".to_vec())]);
    let parquet = lab.table("p", FileFormat::Parquet, &[("id", INT)], &[("f", b"MARKER, not parquet at all".to_vec())]);
    for table in [csv, typed, json, parquet] {
        let sql = format!("select id from {}", table.name);
        let fault = lab.refusal(&sql, &[table]).await;
        assert_eq!(fault.code, Code::Unprocessable, "{fault:?}");
        assert!(!fault.to_string().contains("MARKER"), "{fault}");
        assert!(fault.cause.is_some());
    }
}

#[tokio::test]
async fn the_sales_case_has_its_known_answers() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases/catalog_sales.csv");
    let content = fs::read(&path).unwrap();
    let lab = Lab::new();
    let header = String::from_utf8_lossy(&content).lines().next().unwrap().to_owned();
    let kind = |name: &str| match ["cost", "price", "discount"].iter().any(|word| name.contains(word)) {
        true => money(),
        false => INT,
    };
    let columns: Vec<(&str, ColumnType)> = header.split(',').map(|name| (name.trim(), kind(name))).collect();
    let table = [lab.table("s", CSV, &columns, &[("catalog_sales.csv", content)])];
    let short = |wanted: &str| columns.iter().find(|(name, _)| name.ends_with(wanted)).unwrap().0.to_owned();
    let (quantity, list, sales) = (short("quantity"), short("list_price"), short("sales_price"));
    assert_eq!(lab.cell("select count(*) from s", &table).await, json!("11"));
    assert_eq!(lab.cell(&format!("select sum({quantity}) from s"), &table).await, json!("363"));
    assert_eq!(lab.cell(&format!("select sum({list}) from s"), &table).await, json!("576.00"));
    assert_eq!(lab.cell(&format!("select sum({quantity}*{sales}) from s"), &table).await, json!("18320.00"));
    assert_eq!(lab.cell(&format!("select count(*) from s where {sales} > {list}"), &table).await, json!("3"));
}
