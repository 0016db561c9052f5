//! Uploads become Parquet that reads back as it was sent.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use bytes::Bytes;
use lakegate_lake::import::{ImportRequest, Imported, UploadLimits, import, wipe_spool};
use lakegate_lake::{LakeError, Sandbox};
use lakegate_model::storage::StorageAccess;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use proptest::prelude::*;

struct Place {
    _dir: tempfile::TempDir,
    spool: PathBuf,
    table: PathBuf,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let spool = root.join("spool");
    std::fs::create_dir(&spool).unwrap();
    Place { _dir: dir, spool, table: root.join("env/sales") }
}

async fn upload(place: &Place, name: &str, bytes: &[u8], limits: UploadLimits) -> Result<Imported, LakeError> {
    let chunks: Vec<Result<Bytes, String>> = bytes.chunks(10_000).map(|c| Ok(Bytes::copy_from_slice(c))).collect();
    upload_stream(place, name, futures::stream::iter(chunks), limits).await
}

async fn upload_stream(
    place: &Place,
    name: &str,
    stream: impl futures::Stream<Item = Result<Bytes, String>>,
    limits: UploadLimits,
) -> Result<Imported, LakeError> {
    let sandbox = Sandbox::in_process();
    let location = format!("file://{}", place.table.display());
    let request = ImportRequest {
        access: &StorageAccess::Folder,
        location: &location,
        table: "sales",
        file_name: name,
        part_name: "part-1",
        spool: &place.spool,
        limits,
        sandbox: &sandbox,
    };
    import(stream, request).await
}

fn batches(path: &Path) -> Vec<RecordBatch> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

/// Every value as text, null as empty.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches(path) {
        let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
        rows.extend((0..batch.num_rows()).map(|r| columns.iter().map(|c| c.value(r).to_string()).collect::<Vec<_>>()));
    }
    rows
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).map_or(true, |mut children| children.next().is_none())
}

fn case(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases").join(name)).unwrap()
}

#[tokio::test]
async fn catalog_sales_stays_exact() {
    let place = place();
    let done = upload(&place, "catalog_sales.csv", &case("catalog_sales.csv"), UploadLimits::default()).await.unwrap();
    assert_eq!((done.rows, done.table.columns.len(), done.table.files.len()), (11, 12, 1));
    assert_eq!(done.table.files[0].path, "part-1.parquet");
    assert_eq!(done.table.columns[2].column_type.to_string(), "decimal(3,1)");
    let path = place.table.join("part-1.parquet");
    assert_eq!(std::fs::metadata(&path).unwrap().len(), done.table.files[0].size);
    let mut tenths = 0;
    for batch in batches(&path) {
        let costs = batch.column(2).as_primitive::<arrow::datatypes::Decimal128Type>();
        tenths += costs.values().iter().sum::<i128>();
    }
    assert_eq!(tenths, 3634, "sum(wholesale_cost) is 363.4");
    assert!(is_empty(&place.spool), "the spool is left clean");
}

#[tokio::test]
async fn the_output_is_found_again_as_the_same_table() {
    let place = place();
    let done = upload(&place, "x.csv", &case("companies/owners.csv"), UploadLimits::default()).await.unwrap();
    assert_eq!(done.rows, 100);
    let shapes = Sandbox::in_process()
        .infer_files(
            &StorageAccess::Folder,
            &lakegate_lake::LocationUri::of_folder(&place.table).unwrap(),
            vec![("part-1.parquet".to_owned(), done.table.files[0].size)],
            lakegate_lake::infer::ScanBudget::SAMPLE,
        )
        .await
        .unwrap();
    let shape = shapes[0].as_ref().unwrap();
    assert_eq!(shape.rows, 100);
    let seen: Vec<_> = shape.columns.iter().map(|c| (c.name.clone(), c.settled_type())).collect();
    let made: Vec<_> = done.table.columns.iter().map(|c| (c.name.clone(), c.column_type.clone())).collect();
    assert_eq!(seen, made);
    // A Parquet upload is rewritten and keeps its rows.
    let bytes = std::fs::read(place.table.join("part-1.parquet")).unwrap();
    let before = rows(&place.table.join("part-1.parquet"));
    let again = upload(&place, "owners.parquet", &bytes, UploadLimits::default()).await.unwrap();
    assert_eq!(again.rows, 100);
    assert_eq!(rows(&place.table.join("part-1.parquet")), before);
}

#[tokio::test]
async fn json_lines_with_mixed_words_and_numbers() {
    let place = place();
    let text = "\u{FEFF}{\"id\":1,\"v\":\"x\",\"at\":\"2020-01-01\"}\n{\"id\":2.5,\"v\":7,\"tags\":[\"a\",null]}\n";
    let done = upload(&place, "f.jsonl", text.as_bytes(), UploadLimits::default()).await.unwrap();
    assert_eq!(done.rows, 2);
    let found = rows(&place.table.join("part-1.parquet"));
    assert_eq!(found, [["1.0", "x", "2020-01-01", ""], ["2.5", "7", "", "[a, ]"]]);
}

#[tokio::test]
async fn dates_times_and_booleans() {
    let place = place();
    let text = "d,t,z,b,f,n\n2020-02-29,2020-06-01 10:00:00.123456,2020-06-01T10:00:00+02:00,true,1e3,\n\
                1969-12-31,1969-12-31T23:59:59.999999,1969-12-31T23:59:59Z,FALSE,-2.5,\n";
    upload(&place, "f.csv", text.as_bytes(), UploadLimits::default()).await.unwrap();
    assert_eq!(
        rows(&place.table.join("part-1.parquet")),
        [
            ["2020-02-29", "2020-06-01T10:00:00.123456", "2020-06-01T08:00:00Z", "true", "1000.0", ""],
            ["1969-12-31", "1969-12-31T23:59:59.999999", "1969-12-31T23:59:59Z", "false", "-2.5", ""],
        ]
    );
}

#[tokio::test]
async fn caps_hold_and_leave_nothing() {
    let place = place();
    let text = format!("a,b\n{}", "1,2\n".repeat(50_000));
    let small = UploadLimits { bytes: 100_000, ..UploadLimits::default() };
    let error = upload(&place, "f.csv", text.as_bytes(), small).await.unwrap_err();
    assert_eq!(error, LakeError::TooLarge { what: "the upload".into(), limit: 100_000 });

    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(text.as_bytes()).unwrap();
    let tight = UploadLimits { unpacked: 100_000, ..UploadLimits::default() };
    let error = upload(&place, "f.csv.gz", &packed.finish().unwrap(), tight).await.unwrap_err();
    assert_eq!(error, LakeError::TooLarge { what: "f.csv.gz when unpacked".into(), limit: 100_000 });

    let broken = futures::stream::iter([Ok(Bytes::from_static(b"a,b\n1,2\n")), Err("connection reset".to_owned())]);
    let error = upload_stream(&place, "f.csv", broken, UploadLimits::default()).await.unwrap_err();
    assert!(matches!(error, LakeError::BrokenUpload { .. }));

    let error = upload(&place, "../x/bad.csv", b"a,b\n1,SECRET,3\n", UploadLimits::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "bad.csv, line 2: 3 values where the first line has 2");
    assert!(is_empty(&place.spool) && is_empty(&place.table));
}

#[tokio::test]
async fn many_rows_and_a_large_gzip_with_quoted_line_breaks() {
    let place = place();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(b"id,note\n").unwrap();
    let filling = "x".repeat(1_000);
    for id in 0..20_000 {
        packed.write_all(format!("{id},\"{filling}\nline two of {id}\"\n").as_bytes()).unwrap();
    }
    let done = upload(&place, "f.csv.gz", &packed.finish().unwrap(), UploadLimits::default()).await.unwrap();
    assert_eq!(done.rows, 20_000);
    let (mut sum, mut breaks) = (0, 0);
    for batch in batches(&place.table.join("part-1.parquet")) {
        sum += batch.column(0).as_primitive::<arrow::datatypes::Int64Type>().values().iter().sum::<i64>();
        let notes = batch.column(1).as_string::<i32>();
        breaks += notes.iter().flatten().filter(|n| n.contains("\nline two")).count();
        assert_eq!(notes.null_count(), 0);
    }
    assert_eq!((sum, breaks), (20_000 * 19_999 / 2, 20_000));
}

#[test]
fn a_spool_is_wiped_of_uploads_alone() {
    let place = place();
    std::fs::create_dir(place.spool.join("upload-abc")).unwrap();
    std::fs::write(place.spool.join("upload-abc/upload"), "x").unwrap();
    std::fs::create_dir(place.spool.join("results")).unwrap();
    wipe_spool(&place.spool).unwrap();
    assert!(!place.spool.join("upload-abc").exists() && place.spool.join("results").exists());
    wipe_spool(&place.spool.join("nothing")).unwrap();
}

/// Words, numbers, dates and what makes CSV hard.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z\",;\t|\r\n' éß🎉=-]{0,8}",
        "-?[0-9]{1,20}",
        "-?[0-9]{1,6}\\.[0-9]{1,6}",
        "20[0-9]{2}-[01][0-9]-[0-3][0-9]",
        Just("true".to_owned()),
        Just(String::new()),
    ]
}

fn table() -> impl Strategy<Value = Vec<Vec<String>>> {
    (1_usize..5).prop_flat_map(|width| proptest::collection::vec(proptest::collection::vec(value(), width), 1..20))
}

/// Equal as written, or as numbers: `1` in a decimal column reads back as `1.00`.
fn same(sent: &str, found: &str) -> bool {
    let plain = |text: &str| {
        let (before, after) = text.split_once('.').unwrap_or((text, ""));
        let number = format!("{before}.{}", after.trim_end_matches('0'));
        if number == "-0." { "0.".to_owned() } else { number }
    };
    let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b'-');
    sent == found || (numeric(sent) && numeric(found) && plain(sent) == plain(found))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn values_come_back_equal(sent in table()) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let names: Vec<String> = (0..sent[0].len()).map(|n| format!("name {}", ["a", "b", "c", "d"][n])).collect();
        writer.write_record(&names).unwrap();
        sent.iter().for_each(|row| writer.write_record(row).unwrap());
        let bytes = writer.into_inner().unwrap();
        let place = place();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let done = runtime.block_on(upload(&place, "f.csv", &bytes, UploadLimits::default())).unwrap();
        prop_assert_eq!(done.rows, sent.len() as u64);
        let found = rows(&place.table.join("part-1.parquet"));
        for (sent, found) in sent.iter().flatten().zip(found.iter().flatten()) {
            prop_assert!(same(sent, found), "{:?} came back as {:?}", sent, found);
        }
    }
}
