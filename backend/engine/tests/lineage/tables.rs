//! The tables that the cases speak of, without a single row: lineage follows from the plan.

use arrow::datatypes::Schema;
use async_trait::async_trait;
use datafusion::{
    common::TableReference,
    datasource::empty::EmptyTable,
    prelude::{SessionConfig, SessionContext},
};
use lakegate_engine::{
    Engine, EngineConfig, GovernedTable, Limits, MaskKeys, QuerySpec, TableColumn, arrow_type,
    lineage::{self, Lineage},
};
use lakegate_model::{
    columns::{ColumnType, StructField},
    ids::{ColumnId, TableId},
    storage::{Compression, DataFile, FileFormat, StorageAccess},
    words::Mask,
};
use lakegate_policy::access::{Cell, CellRules, TableAccess};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tempfile::TempDir;
use uuid::Uuid;

const INT: ColumnType = ColumnType::Integer { bits: 64 };
const TEXT: ColumnType = ColumnType::Text;
const DATE: ColumnType = ColumnType::Date;
const MONEY: ColumnType = ColumnType::Decimal { precision: 15, scale: 2 };
const FLOAT: ColumnType = ColumnType::Float { bits: 64 };

type Columns = Vec<(&'static str, ColumnType)>;

/// Binds a statement and gives its lineage.
#[async_trait]
pub trait Binder: Sync {
    async fn lineage(&self, sql: &str) -> Result<Lineage, String>;
}

/// The engine, with the tables that its caller may read.
pub struct Engines {
    engine: Engine,
    tables: Vec<GovernedTable>,
    _spill: TempDir,
}

impl Engines {
    pub fn small() -> Self {
        let mut tables: Vec<GovernedTable> = small().into_iter().map(|(name, columns)| table(name, columns)).collect();
        tables.push(secrets());
        Self::of(tables)
    }

    pub fn tpch() -> Self {
        Self::of(tpch().into_iter().map(|(name, columns)| table(name, columns)).collect())
    }

    fn of(tables: Vec<GovernedTable>) -> Self {
        let spill = TempDir::new().unwrap();
        let engine = Engine::new(EngineConfig {
            memory_bytes: 64 << 20,
            spill_dir: spill.path().join("spill"),
            spill_quota_bytes: 64 << 20,
            worker_threads: 2,
        });
        Self { engine: engine.unwrap(), tables, _spill: spill }
    }
}

#[async_trait]
impl Binder for Engines {
    async fn lineage(&self, sql: &str) -> Result<Lineage, String> {
        let spec = QuerySpec {
            sql: sql.to_owned(),
            tables: self.tables.clone(),
            default_database: Some("db".to_owned()),
            limits: Limits::default(),
            now: "2024-05-06T07:08:09Z".parse().unwrap(),
            mask_keys: MaskKeys { salt: [7; 16], hmac: [9; 32] },
        };
        let prepared = self.engine.prepare(spec).await.map_err(|fault| fault.to_string())?;
        Ok(prepared.lineage())
    }
}

/// DataFusion by itself, for statements that the engine refuses.
pub struct Plain(SessionContext);

impl Plain {
    pub fn new() -> Self {
        let settings = SessionConfig::new().with_information_schema(true);
        let context = SessionContext::new_with_config(settings);
        for (name, columns) in small() {
            let fields = columns.iter().map(|(name, kind)| arrow::datatypes::Field::new(*name, arrow_type(kind), true));
            let empty = EmptyTable::new(Arc::new(Schema::new(fields.collect::<Vec<_>>())));
            context.register_table(TableReference::bare(name), Arc::new(empty)).unwrap();
        }
        Self(context)
    }
}

#[async_trait]
impl Binder for Plain {
    /// Carries out what stands before the last statement.
    async fn lineage(&self, sql: &str) -> Result<Lineage, String> {
        let (before, last) = sql.rsplit_once(";;").unwrap_or(("", sql));
        for statement in before.split(";;").filter(|text| !text.trim().is_empty()) {
            self.0.sql(statement).await.unwrap();
        }
        let plan = self.0.state().create_logical_plan(last).await;
        Ok(lineage::of(&plan.map_err(|error| error.to_string())?))
    }
}

fn table(name: &str, columns: Columns) -> GovernedTable {
    let column = |(name, column_type): (&str, ColumnType)| TableColumn {
        id: ColumnId(Uuid::now_v7()),
        name: name.to_owned(),
        column_type,
        nullable: true,
        partition: false,
    };
    let columns: Vec<TableColumn> = columns.into_iter().map(column).collect();
    let table = TableId(Uuid::now_v7());
    let access = TableAccess {
        table,
        columns: columns.iter().map(|column| column.id).collect(),
        rules: None,
        export: true,
        grants: Vec::new(),
        restrictions: Vec::new(),
        valid_until: None,
        fingerprint: "f".to_owned(),
    };
    GovernedTable {
        database: "db".to_owned(),
        name: name.to_owned(),
        table,
        location: url::Url::from_directory_path(std::env::temp_dir()).unwrap().to_string(),
        storage: StorageAccess::Folder,
        // Planning looks into files of Parquet, and nothing is ever read here.
        format: FileFormat::JsonLines { compression: Compression::None },
        files: vec![unread()],
        columns,
        access,
        data_version: "v1".to_owned(),
    }
}

fn unread() -> DataFile {
    DataFile {
        path: "unread.jsonl".to_owned(),
        size: 1,
        etag: None,
        modified: std::time::SystemTime::UNIX_EPOCH.into(),
        partitions: BTreeMap::new(),
    }
}

/// `name` shows its first letters, `mail` a token, `phone` a token of one query, `pay` nothing, `city` in some rows only.
fn secrets() -> GovernedTable {
    let columns = vec![("id", INT), ("name", TEXT), ("mail", TEXT), ("phone", TEXT), ("pay", INT), ("city", TEXT)];
    let mut table = table("secrets", columns);
    let some = BTreeSet::from(["id > 10".to_owned()]);
    let masks = [(1, Some(Mask::First4)), (2, Some(Mask::Hmac)), (3, Some(Mask::Sha256Local)), (4, Some(Mask::Null))];
    let mut cells: BTreeMap<ColumnId, Cell> =
        masks.map(|(nth, mask)| (table.columns[nth].id, Cell { any_of: BTreeSet::new(), mask })).into();
    cells.insert(table.columns[5].id, Cell { any_of: some.clone(), mask: None });
    table.access.rules = Some(CellRules { all_of: some, any_of: BTreeSet::new(), cells });
    table
}

fn record(fields: &[(&str, ColumnType)]) -> ColumnType {
    let field = |(name, of): &(&str, ColumnType)| StructField { name: (*name).to_owned(), of: of.clone() };
    ColumnType::Struct { fields: fields.iter().map(field).collect() }
}

fn list(of: ColumnType) -> ColumnType {
    ColumnType::List { of: Box::new(of) }
}

fn small() -> Vec<(&'static str, Columns)> {
    let home = record(&[("street", TEXT), ("zip", TEXT), ("geo", record(&[("lat", FLOAT), ("lon", FLOAT)]))]);
    let extra = ColumnType::Map { key: Box::new(TEXT), value: Box::new(TEXT) };
    vec![
        (
            "people",
            vec![
                ("id", INT),
                ("name", TEXT),
                ("mail", TEXT),
                ("city_id", INT),
                ("boss", INT),
                ("born", DATE),
                ("pay", MONEY),
                ("tags", list(TEXT)),
                ("home", home),
                ("extra", extra),
            ],
        ),
        ("cities", vec![("id", INT), ("name", TEXT), ("land", TEXT)]),
        (
            "orders",
            vec![
                ("id", INT),
                ("person", INT),
                ("day", DATE),
                ("total", MONEY),
                ("state", TEXT),
                ("items", list(record(&[("sku", TEXT), ("n", INT)]))),
            ],
        ),
        ("l", vec![("k", INT), ("a", INT), ("x", TEXT)]),
        ("r", vec![("k", INT), ("b", INT), ("y", TEXT)]),
    ]
}

fn tpch() -> Vec<(&'static str, Columns)> {
    vec![
        (
            "part",
            vec![
                ("p_partkey", INT),
                ("p_name", TEXT),
                ("p_mfgr", TEXT),
                ("p_brand", TEXT),
                ("p_type", TEXT),
                ("p_size", INT),
                ("p_container", TEXT),
                ("p_retailprice", MONEY),
                ("p_comment", TEXT),
            ],
        ),
        (
            "supplier",
            vec![
                ("s_suppkey", INT),
                ("s_name", TEXT),
                ("s_address", TEXT),
                ("s_nationkey", INT),
                ("s_phone", TEXT),
                ("s_acctbal", MONEY),
                ("s_comment", TEXT),
            ],
        ),
        (
            "partsupp",
            vec![
                ("ps_partkey", INT),
                ("ps_suppkey", INT),
                ("ps_availqty", INT),
                ("ps_supplycost", MONEY),
                ("ps_comment", TEXT),
            ],
        ),
        (
            "customer",
            vec![
                ("c_custkey", INT),
                ("c_name", TEXT),
                ("c_address", TEXT),
                ("c_nationkey", INT),
                ("c_phone", TEXT),
                ("c_acctbal", MONEY),
                ("c_mktsegment", TEXT),
                ("c_comment", TEXT),
            ],
        ),
        (
            "orders",
            vec![
                ("o_orderkey", INT),
                ("o_custkey", INT),
                ("o_orderstatus", TEXT),
                ("o_totalprice", MONEY),
                ("o_orderdate", DATE),
                ("o_orderpriority", TEXT),
                ("o_clerk", TEXT),
                ("o_shippriority", INT),
                ("o_comment", TEXT),
            ],
        ),
        (
            "lineitem",
            vec![
                ("l_orderkey", INT),
                ("l_partkey", INT),
                ("l_suppkey", INT),
                ("l_linenumber", INT),
                ("l_quantity", MONEY),
                ("l_extendedprice", MONEY),
                ("l_discount", MONEY),
                ("l_tax", MONEY),
                ("l_returnflag", TEXT),
                ("l_linestatus", TEXT),
                ("l_shipdate", DATE),
                ("l_commitdate", DATE),
                ("l_receiptdate", DATE),
                ("l_shipinstruct", TEXT),
                ("l_shipmode", TEXT),
                ("l_comment", TEXT),
            ],
        ),
        ("nation", vec![("n_nationkey", INT), ("n_name", TEXT), ("n_regionkey", INT), ("n_comment", TEXT)]),
        ("region", vec![("r_regionkey", INT), ("r_name", TEXT), ("r_comment", TEXT)]),
    ]
}
