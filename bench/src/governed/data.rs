//! The data that both sides read.

use anyhow::{Context, Result};
use arrow::{
    array::{Float64Array, Int32Array, Int64Array, RecordBatch, StringArray},
    datatypes::{DataType, Field, Schema},
};
use lakegate_engine::{GovernedTable, TableColumn};
use lakegate_model::{
    columns::ColumnType,
    ids::{ColumnId, TableId},
    storage::{DataFile, FileFormat, StorageAccess},
};
use lakegate_policy::access::TableAccess;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use rand::{Rng, SeedableRng, rngs::StdRng};
use std::{collections::BTreeMap, fs, path::Path, sync::Arc};
use uuid::Uuid;

/// Rows of a batch.
const BATCH: usize = 65_536;
/// Rows of a file.
const FILE_BATCHES: usize = 64;

fn schema() -> Arc<Schema> {
    Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("shop", DataType::Int32, true),
        Field::new("quantity", DataType::Int32, true),
        Field::new("price", DataType::Float64, true),
        Field::new("note", DataType::Utf8, true),
    ]))
}

/// Writes Parquet files until the folder holds so many gigabytes; keeps what is there already. Returns its bytes.
pub fn large(dir: &Path, gigabytes: f64) -> Result<u64> {
    fs::create_dir_all(dir)?;
    let wanted = (gigabytes * 1e9) as u64;
    let mut number = 0;
    loop {
        let bytes = size(dir)?;
        if bytes >= wanted {
            return Ok(bytes);
        }
        write(&dir.join(format!("part-{number:05}.parquet")), number, FILE_BATCHES, BATCH)?;
        number += 1;
    }
}

/// Writes one file of eleven rows.
pub fn small(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    write(&dir.join("part-00000.parquet"), 7, 1, 11)
}

fn size(dir: &Path) -> Result<u64> {
    fs::read_dir(dir)?.try_fold(0, |sum, entry| Ok(sum + entry?.metadata()?.len()))
}

fn write(path: &Path, seed: u64, batches: usize, rows: usize) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    let compression = Compression::ZSTD(ZstdLevel::try_new(1)?);
    let properties = WriterProperties::builder().set_compression(compression).build();
    let partial = path.with_extension("partial");
    let mut writer = ArrowWriter::try_new(fs::File::create(&partial)?, schema(), Some(properties))?;
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..batches {
        writer.write(&batch(&mut random, rows)?)?;
    }
    writer.close()?;
    fs::rename(partial, path)?;
    Ok(())
}

fn batch(random: &mut StdRng, rows: usize) -> Result<RecordBatch> {
    let mut note = || -> String { (0..12).map(|_| char::from(random.gen_range(b'a'..=b'z'))).collect() };
    let notes: Vec<String> = (0..rows).map(|_| note()).collect();
    let ids: Vec<i64> = (0..rows).map(|_| random.r#gen::<i64>() >> 20).collect();
    let shops: Vec<i32> = (0..rows).map(|_| random.gen_range(0..1_000)).collect();
    let quantities: Vec<i32> = (0..rows).map(|_| random.gen_range(0..100)).collect();
    let prices: Vec<f64> = (0..rows).map(|_| random.gen_range(0.0..1_000.0)).collect();
    Ok(RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(Int64Array::from(ids)),
            Arc::new(Int32Array::from(shops)),
            Arc::new(Int32Array::from(quantities)),
            Arc::new(Float64Array::from(prices)),
            Arc::new(StringArray::from(notes)),
        ],
    )?)
}

/// The folder as a governed table of which every column is visible.
pub fn governed(dir: &Path) -> Result<GovernedTable> {
    let columns = columns();
    let visible: Vec<ColumnId> = columns.iter().map(|column| column.id).collect();
    let table = TableId(Uuid::from_u128(1));
    Ok(GovernedTable {
        database: "bench".to_owned(),
        name: "t".to_owned(),
        table,
        location: format!("file://{}/", dir.canonicalize()?.display()),
        storage: StorageAccess::Folder,
        format: FileFormat::Parquet,
        files: files(dir)?,
        columns,
        access: TableAccess {
            table,
            columns: visible,
            export: true,
            rules: None,
            grants: Vec::new(),
            restrictions: Vec::new(),
            valid_until: None,
            fingerprint: "bench".to_owned(),
        },
        data_version: "1".to_owned(),
    })
}

fn columns() -> Vec<TableColumn> {
    let types = [
        ("id", ColumnType::Integer { bits: 64 }),
        ("shop", ColumnType::Integer { bits: 32 }),
        ("quantity", ColumnType::Integer { bits: 32 }),
        ("price", ColumnType::Float { bits: 64 }),
        ("note", ColumnType::Text),
    ];
    let column = |(n, (name, column_type)): (u128, (&str, ColumnType))| TableColumn {
        id: ColumnId(Uuid::from_u128(n)),
        name: name.to_owned(),
        column_type,
        nullable: true,
        partition: false,
    };
    (10..).zip(types).map(column).collect()
}

fn files(dir: &Path) -> Result<Vec<DataFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        files.push(DataFile {
            path: entry.file_name().into_string().ok().context("a file name that is not UTF-8")?,
            size: metadata.len(),
            etag: None,
            modified: metadata.modified()?.into(),
            partitions: BTreeMap::new(),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}
