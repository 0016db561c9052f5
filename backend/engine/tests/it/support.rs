//! Tables in a temporary folder, and a short way to ask.

use arrow::array::RecordBatch;
use futures::TryStreamExt;
use lakegate_engine::encode::{JsonOptions, row_values};
use lakegate_engine::{Engine, EngineConfig, GovernedTable, Limits, MaskKeys, QuerySpec, RunningQuery, TableColumn};
use lakegate_model::{
    Fault, Timestamp,
    columns::ColumnType,
    ids::{ColumnId, TableId},
    storage::{Compression, DataFile, FileFormat, StorageAccess},
};
use lakegate_policy::access::{CellRules, TableAccess};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    time::Duration,
};
use tempfile::TempDir;
use uuid::Uuid;

pub const CSV: FileFormat = FileFormat::Csv { delimiter: b',', header: true, compression: Compression::None };
pub const INT: ColumnType = ColumnType::Integer { bits: 64 };
pub const TEXT: ColumnType = ColumnType::Text;

/// An engine with its spill folder, and a folder for data.
pub struct Lab {
    pub engine: Engine,
    pub dir: TempDir,
    pub limits: Limits,
}

pub fn now() -> Timestamp {
    "2024-05-06T07:08:09Z".parse().unwrap()
}

/// Keys of masks that stay the same, so that answers do.
pub fn mask_keys() -> MaskKeys {
    MaskKeys { salt: [7; 16], hmac: [9; 32] }
}

impl Lab {
    pub fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let engine = Engine::new(EngineConfig {
            memory_bytes: 256 << 20,
            spill_dir: dir.path().join("spill"),
            spill_quota_bytes: 512 << 20,
            worker_threads: 2,
        })
        .unwrap();
        fs::create_dir(dir.path().join("data")).unwrap();
        let limits = Limits { wall: Duration::from_secs(60), ..Limits::default() };
        Self { engine, dir, limits }
    }

    pub fn folder(&self, name: &str) -> std::path::PathBuf {
        let folder = self.dir.path().join("data").join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A table `db.<name>` over the given files (relative path, content).
    pub fn table(
        &self,
        name: &str,
        format: FileFormat,
        columns: &[(&str, ColumnType)],
        files: &[(&str, Vec<u8>)],
    ) -> GovernedTable {
        let folder = self.folder(name);
        for (path, content) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let columns: Vec<TableColumn> = columns
            .iter()
            .map(|(name, kind)| TableColumn {
                id: ColumnId(Uuid::now_v7()),
                name: (*name).to_owned(),
                column_type: kind.clone(),
                nullable: true,
                partition: false,
            })
            .collect();
        let table = TableId(Uuid::now_v7());
        GovernedTable {
            database: "db".to_owned(),
            name: name.to_owned(),
            table,
            location: url::Url::from_directory_path(&folder).unwrap().to_string(),
            storage: StorageAccess::Folder,
            format,
            files: files.iter().map(|(path, _)| data_file(&folder, path)).collect(),
            access: access(table, columns.iter().map(|column| column.id).collect()),
            columns,
            data_version: "v1".to_owned(),
        }
    }

    pub fn csv(&self, name: &str, columns: &[(&str, ColumnType)], text: &str) -> GovernedTable {
        self.table(name, CSV, columns, &[("part.csv", text.as_bytes().to_vec())])
    }

    pub fn spec(&self, sql: &str, tables: &[GovernedTable]) -> QuerySpec {
        QuerySpec {
            sql: sql.to_owned(),
            tables: tables.to_vec(),
            default_database: Some("db".to_owned()),
            limits: self.limits.clone(),
            now: now(),
            mask_keys: mask_keys(),
        }
    }

    pub async fn start(&self, sql: &str, tables: &[GovernedTable]) -> Result<RunningQuery, Fault> {
        self.engine.start(self.spec(sql, tables)).await
    }

    /// All rows as JSON values, 64-bit integers and decimals as text.
    pub async fn ask(&self, sql: &str, tables: &[GovernedTable]) -> Result<Vec<Vec<Value>>, Fault> {
        self.rows(self.spec(sql, tables)).await
    }

    /// All rows of a query.
    pub async fn rows(&self, spec: QuerySpec) -> Result<Vec<Vec<Value>>, Fault> {
        let query = self.engine.start(spec).await?;
        let batches: Vec<RecordBatch> = query.stream.try_collect().await?;
        let options = JsonOptions { exact: true };
        Ok(batches.iter().flat_map(|batch| row_values(batch, options).unwrap()).collect())
    }

    /// The one cell of an answer.
    pub async fn cell(&self, sql: &str, tables: &[GovernedTable]) -> Value {
        let rows = self.ask(sql, tables).await.unwrap();
        assert_eq!((rows.len(), rows[0].len()), (1, 1), "{sql}");
        rows[0][0].clone()
    }

    /// The refusal of a query that must not be answered.
    pub async fn refusal(&self, sql: &str, tables: &[GovernedTable]) -> Fault {
        match self.ask(sql, tables).await {
            Ok(rows) => panic!("{sql} was answered with {} rows", rows.len()),
            Err(fault) => fault,
        }
    }
}

pub fn access(table: TableId, columns: Vec<ColumnId>) -> TableAccess {
    TableAccess {
        table,
        columns,
        rules: None,
        export: true,
        grants: Vec::new(),
        restrictions: Vec::new(),
        valid_until: None,
        fingerprint: "f".to_owned(),
    }
}

/// Lets through the rows for which a condition is true.
pub fn rows_where(condition: &str) -> CellRules {
    CellRules { all_of: BTreeSet::from([condition.to_owned()]), any_of: BTreeSet::new(), cells: BTreeMap::new() }
}

/// The same table with only these columns visible.
pub fn only(table: &GovernedTable, names: &[&str]) -> GovernedTable {
    let mut narrowed = table.clone();
    let visible = table.columns.iter().filter(|column| names.contains(&column.name.as_str()));
    narrowed.access = access(table.table, visible.map(|column| column.id).collect());
    narrowed
}

pub fn data_file(folder: &Path, path: &str) -> DataFile {
    let meta = fs::metadata(folder.join(path)).unwrap();
    DataFile {
        path: path.to_owned(),
        size: meta.len(),
        etag: None,
        modified: meta.modified().unwrap().into(),
        partitions: BTreeMap::new(),
    }
}
