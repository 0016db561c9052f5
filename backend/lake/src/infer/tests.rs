#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;
use crate::{LocationUri, Storage};
use lakegate_model::storage::{Compression, StorageAccess};
use std::io::Write as _;
use std::path::Path;

/// Writes a file and looks into it, on a blocking thread as the sandbox does.
async fn look(name: &str, bytes: &[u8]) -> Result<FileShape, LakeError> {
    look_with(name, bytes, ScanBudget::SAMPLE).await
}

async fn look_with(name: &str, bytes: &[u8], budget: ScanBudget) -> Result<FileShape, LakeError> {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(name), bytes).unwrap();
    look_at(&dir.path().canonicalize().unwrap(), name, budget).await
}

async fn look_at(folder: &Path, name: &str, budget: ScanBudget) -> Result<FileShape, LakeError> {
    let location = LocationUri::of_folder(folder).unwrap().to_string();
    let storage = Storage::open(&StorageAccess::Folder, &location).unwrap();
    let size = storage.head(name).await.unwrap().size;
    let input = Input::new(storage, name, size, tokio::runtime::Handle::current());
    tokio::task::spawn_blocking(move || infer(&input, &budget)).await.unwrap()
}

fn shown(shape: &FileShape) -> Vec<(&str, String)> {
    shape.columns.iter().map(|c| (c.name.as_str(), c.settled_type().to_string())).collect()
}

fn csv_format(shape: &FileShape) -> (u8, bool, Compression) {
    match shape.format {
        FileFormat::Csv { delimiter, header, compression } => (delimiter, header, compression),
        ref other => panic!("{other:?}"),
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn case(name: &str) -> Vec<u8> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/cases");
    std::fs::read(cases.join(name)).unwrap()
}

#[tokio::test]
async fn catalog_sales_has_its_rows_and_decimals() {
    let shape = look("catalog_sales.csv", &case("catalog_sales.csv")).await.unwrap();
    assert_eq!((shape.rows, shape.columns.len(), shape.complete), (11, 12, true));
    let of = |name: &str| shape.columns.iter().find(|c| c.name == name).unwrap().settled_type().to_string();
    for name in ["wholesale_cost", "list_price", "sales_price", "discount"] {
        assert_eq!(of(name), "decimal(3,1)", "{name}");
    }
    assert_eq!(of("quantity"), "bigint");
    assert_eq!(csv_format(&shape), (b',', true, Compression::None));
}

#[tokio::test]
async fn owners_have_quoted_line_breaks() {
    let bytes = case("companies/owners.csv");
    assert_eq!(bytes.iter().filter(|b| **b == b'\n').count(), 201);
    for (name, bytes) in [("owners.csv", bytes.clone()), ("owners.csv.gz", gzip(&bytes)), ("owners", bytes)] {
        let shape = look(name, &bytes).await.unwrap();
        assert_eq!((shape.rows, shape.columns.len()), (100, 7), "{name}");
        assert_eq!(shape.columns[6].settled_type(), ColumnType::Text);
    }
}

#[tokio::test]
async fn thirty_megabytes_with_quoted_line_breaks() {
    let mut text = String::from("id,note,price\n");
    let filling = "word ".repeat(200);
    let mut rows = 0_u64;
    while text.len() < 30 * 1024 * 1024 {
        text.push_str(&format!("{rows},\"{filling}\nsecond \"\"line\"\", {rows}\",{rows}.5\n"));
        rows += 1;
    }
    for (name, bytes) in [("big.csv.gz", gzip(text.as_bytes())), ("big.csv", text.into_bytes())] {
        let shape = look(name, &bytes).await.unwrap();
        assert_eq!((shape.rows, shape.complete), (rows, true), "{name}");
        assert_eq!(shown(&shape)[0], ("id", "bigint".to_owned()));
        assert_eq!(shown(&shape)[1], ("note", "text".to_owned()));
        assert!(shown(&shape)[2].1.starts_with("decimal("));
    }
}

#[tokio::test]
async fn delimiters_and_headers_are_found() {
    for (text, expected, rows, names) in [
        ("a;b\n1;2\n", (b';', true), 1, ["a", "b"]),
        ("a\tb\nx\ty\n", (b'\t', true), 1, ["a", "b"]),
        ("a|b\n", (b'|', true), 0, ["a", "b"]),
        ("1,x\n2,y\n", (b',', false), 2, ["column_1", "column_2"]),
        ("id,2019\n1,5\n", (b',', true), 1, ["id", "2019"]),
        ("\u{FEFF}a,A\r\n1,2\r\n\r\n3,4\r\n", (b',', true), 2, ["a", "A_2"]),
        (",b\n1,x\n", (b',', true), 1, ["column_1", "b"]),
    ] {
        let shape = look("f.csv", text.as_bytes()).await.unwrap();
        let (delimiter, header, _) = csv_format(&shape);
        assert_eq!(((delimiter, header), shape.rows), (expected, rows), "{text:?}");
        assert_eq!(shape.columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), names, "{text:?}");
    }
}

#[tokio::test]
async fn a_budget_stops_the_scan_and_says_so() {
    let text = format!("a,b\n{}x,y\n", "1,2\n".repeat(1_000));
    let budget = ScanBudget { rows: 500, ..ScanBudget::SAMPLE };
    let shape = look_with("f.csv", text.as_bytes(), budget).await.unwrap();
    assert_eq!((shape.rows, shape.complete), (500, false));
    assert_eq!(shown(&shape)[0].1, "bigint");
    let whole = look("f.csv", text.as_bytes()).await.unwrap();
    assert_eq!((whole.rows, whole.complete), (1_001, true));
    assert_eq!(shown(&whole)[0].1, "text");
}

#[tokio::test]
async fn malformed_files_name_file_and_line_and_no_data() {
    let deep = format!("{{\"a\":{}1{}}}\n", "[".repeat(40), "]".repeat(40));
    for (name, bytes, expected) in [
        ("f.csv", &b"a,b\n1,2\nSECRET,2,3\n"[..], "f.csv, line 3: 3 values where the first line has 2"),
        ("f.csv", b"a,b\n1,2\n3,\"SECRET\n4,5\n", "f.csv, line 3: a quote opened here is never closed"),
        ("f.csv", b"a,b\n1,2\n3,\xff\xfe\n", "f.csv, line 3: the text is not UTF-8"),
        ("f.csv", b"a,b\n1,\0\n", "f.csv, line 2: this is not text: there is a zero byte"),
        ("f.csv", b" \n \n", "f.csv: there is no text in it"),
        ("f.csv.gz", &gzip(b"a,b\n1,2\n")[..20], "f.csv.gz: the gzip data is damaged or cut off"),
        ("f.json", b"{\"a\":1}\n{\"a\":SECRET}\n", "f.json, line 2: this is not a JSON object on one line"),
        ("f.json", b"{\"a\":1,\"a\":2}\n", "f.json, line 1: the key \"a\" stands twice"),
        ("f.json", b"[{\"a\":1}]", "f.json, line 1: a JSON array; write one object a line instead"),
        (
            "f.json",
            b"{\"a\":1}\n{\"a\":[1]}\n",
            "f.json, line 2: \"a\" holds objects or lists here and plain values before, or the other way",
        ),
        ("f.json", deep.as_bytes(), "f.json, line 1: values are nested deeper than 32 levels"),
        ("f.json", b"{\"a\":1,\"A\":2}\n", "f.json has two columns that differ in case alone: \"a\" and \"A\""),
        ("f.parquet", b"hello", "f.parquet: this is not a Parquet file: its mark is missing"),
        ("f.parquet", b"PAR1", "f.parquet: this Parquet file is damaged: it is cut off"),
        ("f.parquet", b"PAR1xxxx\xff\0\0\0PAR1", "f.parquet: this Parquet file is damaged: its footer is cut off"),
        ("f.parquet", b"PAR1xxxx\x02\0\0\0PAR1", "f.parquet: this Parquet file is damaged: its footer cannot be read"),
        (
            "f.parquet",
            b"PAR1xxxx\xff\xff\xff\x7fPAR1",
            "the footer of f.parquet is larger than the limit of 67108864 bytes",
        ),
        ("notes", b"just some words\nand more\n", "notes is of no known format: neither Parquet, CSV nor JSON lines"),
    ] {
        let error = look(name, bytes).await.unwrap_err().to_string();
        assert_eq!(error, expected);
    }
}

#[tokio::test]
async fn a_row_without_end_and_a_bomb_are_refused() {
    let mut endless = b"a,b\n1,\"".to_vec();
    endless.resize(20 * 1024 * 1024, b'x');
    let error = look("f.csv", &endless).await.unwrap_err().to_string();
    assert_eq!(error, "f.csv: a row is larger than 16777216 bytes; is a quote left open?");
    let bomb = gzip(format!("a,b\n{}", "1,2\n".repeat(300_000)).as_bytes());
    let tight = ScanBudget { unpacked: 1_000_000, ..ScanBudget::SAMPLE };
    assert!(matches!(look_with("f.csv.gz", &bomb, tight).await, Err(LakeError::TooLarge { .. })));
}

#[tokio::test]
async fn json_lines_have_nested_types() {
    let text = concat!(
        "{\"id\":1,\"name\":\"x\",\"ok\":true,\"score\":1,\"tags\":[\"a\"],\"at\":{\"x\":1}}\n\n",
        "{\"id\":2,\"name\":7,\"ok\":null,\"score\":1.5,\"tags\":[],\"at\":{\"y\":\"z\"},\"new\":18446744073709551615}\n",
    );
    for (name, bytes) in [("f.jsonl", text.as_bytes().to_vec()), ("f", gzip(text.as_bytes()))] {
        let shape = look(name, &bytes).await.unwrap();
        let expected = [
            ("id", "bigint"),
            ("name", "text"),
            ("ok", "boolean"),
            ("score", "double"),
            ("tags", "list<text>"),
            ("at", "struct<x: bigint, y: text>"),
            ("new", "decimal(20,0)"),
        ];
        assert_eq!(shown(&shape), expected.map(|(n, t)| (n, t.to_owned())));
        let nullable: Vec<bool> = shape.columns.iter().map(|c| c.nullable).collect();
        assert_eq!(nullable, [false, false, true, false, false, false, true]);
        assert_eq!(shape.rows, 2);
    }
}

#[tokio::test]
async fn companies_have_all_their_rows() {
    let mut rows = Vec::new();
    for continent in ["asia", "eu", "us"] {
        let name = format!("companies/companies/continent={continent}/part-00000.csv");
        rows.push(look("part-00000.csv", &case(&name)).await.unwrap().rows);
    }
    assert_eq!(rows, [146, 422, 1_698]);
    assert_eq!(rows.iter().sum::<u64>(), 2_266);
}
