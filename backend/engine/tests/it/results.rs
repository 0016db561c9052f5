//! Encodings, kept results, limits, reports.

use crate::support::{INT, Lab, TEXT};
use arrow::ipc::reader::StreamReader;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};
use lakegate_engine::{
    GovernedTable, Limits,
    encode::{Format, JsonOptions, encode},
    keep,
};
use lakegate_model::{Code, Fault, columns::ColumnType};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

fn things(lab: &Lab) -> GovernedTable {
    let columns = [
        ("id", INT),
        ("text", TEXT),
        ("price", ColumnType::Decimal { precision: 12, scale: 2 }),
        ("day", ColumnType::Date),
        ("at", ColumnType::Timestamp { zoned: true }),
        ("ok", ColumnType::Boolean),
    ];
    let text = "id,text,price,day,at,ok\n\
                9007199254740993,\"=1+1, \"\"x\"\"\",12.50,2024-02-29,2024-02-29T10:11:12Z,true\n\
                2,-plain,,,,\n";
    lab.csv("things", &columns, text)
}

async fn encoded(lab: &Lab, sql: &str, tables: &[GovernedTable], format: Format) -> Vec<u8> {
    let query = lab.start(sql, tables).await.unwrap();
    let chunks: Vec<Bytes> = encode(query.schema.clone(), query.stream, format).try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn json_is_exact_where_asked() {
    let lab = Lab::new();
    let table = [things(&lab)];
    let sql = "select * from things order by id desc";
    let exact: Value = serde_json::from_slice(&encoded(&lab, sql, &table, Format::Json { exact: true }).await).unwrap();
    assert_eq!(exact["columns"][2], json!({"name": "price", "type": "decimal(12,2)"}));
    assert_eq!(
        exact["rows"][0],
        json!(["9007199254740993", "=1+1, \"x\"", "12.50", "2024-02-29", "2024-02-29T10:11:12Z", true])
    );
    assert_eq!(exact["rows"][1], json!(["2", "-plain", null, null, null, null]));
    assert_eq!(exact["row_count"], json!(2));
    assert!(exact.get("error").is_none());
    let plain: Value =
        serde_json::from_slice(&encoded(&lab, sql, &table, Format::Json { exact: false }).await).unwrap();
    assert_eq!(plain["rows"][0][0], json!(9_007_199_254_740_993_i64));
    assert_eq!(plain["rows"][0][2], json!(12.5));
}

#[tokio::test]
async fn json_of_nested_and_odd_values() {
    let lab = Lab::new();
    let sql = "select make_array(1, null), named_struct('a', 1, 'b', 'x'), map(['k'], [2]), \
               arrow_cast('hi', 'Binary'), cast('NaN' as double), arrow_cast(1.5, 'Float32'), interval '1 day', null";
    let rows = lab.ask(sql, &[]).await.unwrap();
    assert_eq!(rows[0][0], json!(["1", null]));
    assert_eq!(rows[0][1], json!({"a": "1", "b": "x"}));
    assert_eq!(rows[0][2], json!({"k": "2"}));
    assert_eq!(rows[0][3], json!("aGk="));
    assert_eq!(rows[0][4], json!("NaN"));
    assert_eq!(rows[0][5], json!(1.5));
    assert!(rows[0][6].is_string());
    assert_eq!(rows[0][7], json!(null));
}

#[tokio::test]
async fn csv_is_exact_and_safe_on_request() {
    let lab = Lab::new();
    let table = [things(&lab)];
    let sql = "select text, -price as p, case when id = 2 then '' end as e from things order by id desc";
    let exact = encoded(&lab, sql, &table, Format::Csv { spreadsheet_safe: false }).await;
    assert_eq!(String::from_utf8(exact).unwrap(), "text,p,e\r\n\"=1+1, \"\"x\"\"\",-12.50,\r\n-plain,,\"\"\r\n");
    let safe = encoded(&lab, sql, &table, Format::Csv { spreadsheet_safe: true }).await;
    assert_eq!(String::from_utf8(safe).unwrap(), "text,p,e\r\n\"'=1+1, \"\"x\"\"\",-12.50,\r\n'-plain,,\"\"\r\n");
}

#[tokio::test]
async fn arrow_and_parquet_read_back() {
    let lab = Lab::new();
    let table = [things(&lab)];
    let bytes = encoded(&lab, "select id, text from things", &table, Format::Arrow).await;
    let batches: Vec<_> = StreamReader::try_new(&bytes[..], None).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 2);
    assert_eq!(batches[0].schema().field(1).data_type(), &arrow::datatypes::DataType::Utf8);
    let bytes = encoded(&lab, "select * from things", &table, Format::Parquet).await;
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap().build().unwrap();
    assert_eq!(reader.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 2);
    let empty = encoded(&lab, "select * from things where id < 0", &table, Format::Parquet).await;
    assert!(ParquetRecordBatchReaderBuilder::try_new(Bytes::from(empty)).is_ok());
}

#[tokio::test]
async fn a_late_failure_does_not_look_whole() {
    let lab = Lab::new();
    let rows: String = (0..30_000).map(|n| format!("{n}\n")).collect();
    let table = [lab.csv("n", &[("x", INT)], &format!("x\n{rows}"))];
    let sql = "select 1 / (29999 - x) as y from n";
    let whole = encoded(&lab, sql, &table, Format::Json { exact: false }).await;
    let value: Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(value["error"]["code"], json!("unprocessable"));
    assert!(value["row_count"].as_u64().unwrap() > 0);
    for format in [Format::Csv { spreadsheet_safe: false }, Format::Arrow, Format::Parquet] {
        let query = lab.start(sql, &table).await.unwrap();
        let chunks: Vec<Result<Bytes, Fault>> = encode(query.schema.clone(), query.stream, format).collect().await;
        assert_eq!(chunks.last().unwrap().as_ref().map_err(|fault| fault.code), Err(Code::Unprocessable), "{format:?}");
    }
}

#[tokio::test]
async fn kept_results_are_paged() {
    let lab = Lab::new();
    let query =
        lab.start("select value, 'row ' || value as t from generate_series(1, 5000) order by 1", &[]).await.unwrap();
    let path = lab.dir.path().join("kept.arrow");
    let kept = keep::write(query.schema.clone(), query.stream, &path, 10 << 20).await.unwrap();
    assert_eq!((kept.rows, kept.columns[1].type_name.as_str()), (5_000, "text"));
    assert_eq!(kept.bytes, std::fs::metadata(&path).unwrap().len());
    let page = keep::read(&path, 1_020, 10, JsonOptions::default()).await.unwrap();
    assert_eq!(page.row_count, 5_000);
    assert_eq!(page.rows.len(), 10);
    assert_eq!(page.rows[0], vec![json!(1_021), json!("row 1021")]);
    assert_eq!(page.rows[9][0], json!(1_030));
    assert_eq!(keep::read(&path, 4_995, 100, JsonOptions::default()).await.unwrap().rows.len(), 5);
    assert_eq!(keep::read(&path, 9_999, 100, JsonOptions::default()).await.unwrap().rows.len(), 0);
    let gone = keep::read(&lab.dir.path().join("other"), 0, 1, JsonOptions::default()).await;
    assert_eq!(gone.unwrap_err().code, Code::Gone);
}

#[tokio::test]
async fn a_result_over_its_cap_leaves_no_file() {
    let lab = Lab::new();
    let query = lab.start("select uuid() as u from generate_series(1, 5000)", &[]).await.unwrap();
    let path = lab.dir.path().join("kept.arrow");
    let fault = keep::write(query.schema.clone(), query.stream, &path, 20_000).await.unwrap_err();
    assert_eq!(fault.code, Code::TooLarge);
    assert!(!path.exists() && !path.with_extension("partial").exists());
}

#[tokio::test]
async fn an_empty_result_is_kept_too() {
    let lab = Lab::new();
    let query = lab.start("select 1 as one where false", &[]).await.unwrap();
    let path = lab.dir.path().join("kept.arrow");
    assert_eq!(keep::write(query.schema.clone(), query.stream, &path, 20_000).await.unwrap().rows, 0);
    let page = keep::read(&path, 0, 10, JsonOptions::default()).await.unwrap();
    assert_eq!((page.rows.len(), page.row_count, page.columns[0].name.as_str()), (0, 0, "one"));
}

#[tokio::test]
async fn each_limit_is_named_with_its_value() {
    let mut lab = Lab::new();
    let rows: String = (0..50_000).map(|n| format!("{n},some text that is {n} long\n")).collect();
    let table = [lab.csv("n", &[("x", INT), ("s", TEXT)], &format!("x,s\n{rows}"))];
    for (limits, sql, words) in [
        (Limits { rows: 10, ..Limits::default() }, "select x from n", ["result rows", "10"]),
        (Limits { scanned_bytes: 1_000, ..Limits::default() }, "select x from n", ["scanned bytes", "1000"]),
        (Limits { result_bytes: 5_000, ..Limits::default() }, "select x from n", ["result bytes", "5000"]),
        (
            Limits { memory_bytes: 200_000, ..Limits::default() },
            "select count(*) from n a join n b on a.s = b.s",
            ["memory bytes", "200000"],
        ),
    ] {
        lab.limits = limits;
        let fault = lab.refusal(sql, &table).await;
        assert_eq!(fault.code, Code::LimitExceeded, "{fault:?}");
        assert!(words.iter().all(|word| fault.message.contains(word)), "{fault}");
        assert!(fault.fix.unwrap().contains("administrator") || words[0] == "result rows");
    }
}

#[tokio::test]
async fn the_report_counts_what_was_used() {
    let lab = Lab::new();
    let table = things(&lab);
    let size = table.files[0].size;
    let query = lab.start("select id from things order by id", &[table]).await.unwrap();
    let handle = query.handle.clone();
    let batches: Vec<_> = query.stream.try_collect().await.unwrap();
    handle.ended().await;
    let report = handle.report();
    assert_eq!(report.rows, batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>());
    assert_eq!((report.rows, report.scanned_bytes), (2, size));
    assert!(report.peak_memory_bytes > 0 && report.result_bytes > 0);
    assert_eq!(handle.report().elapsed, report.elapsed);
}

#[tokio::test]
async fn now_is_the_given_time() {
    let lab = Lab::new();
    assert_eq!(lab.cell("select cast(now() as date)", &[]).await, json!("2024-05-06"));
}
