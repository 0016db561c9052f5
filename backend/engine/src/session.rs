//! A session of its own for every query: new catalogs, its own runtime, only allowed functions.

use datafusion::{
    catalog::{
        CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
        SchemaProvider, TableProvider,
    },
    common::Result,
    execution::{
        SessionState, SessionStateBuilder, SessionStateDefaults,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        memory_pool::MemoryPool,
        object_store::ObjectStoreUrl,
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
    },
    logical_expr::execution_props::ExecutionProps,
    optimizer::{Analyzer, AnalyzerRule, Optimizer, OptimizerRule},
    physical_optimizer::{PhysicalOptimizerRule, optimizer::PhysicalOptimizer},
    prelude::SessionConfig,
};
use lakegate_model::{Fault, Timestamp};
use std::sync::Arc;

use crate::{
    CATALOG,
    barrier::RuledTable,
    counted::KnownFilters,
    faults::to_fault,
    functions,
    ledger::Ledger,
    limits::EngineConfig,
    memory::QueryPool,
    rules::MaskKeys,
    scan::{OpenTable, Source},
    stores::{GuardedStore, QueryStores, Stores},
    table::GovernedTable,
    yielding::{StopRule, YieldRule},
};

/// The default schema where the caller has none: it holds nothing.
const NO_DATABASE: &str = "public";

/// What sessions have in common: functions, rules, settings. Cloning it shares no catalog.
#[derive(Debug)]
pub(crate) struct Template {
    state: SessionState,
    config: EngineConfig,
}

impl Template {
    pub fn new(config: EngineConfig) -> Self {
        let state = SessionStateBuilder::new()
            .with_config(settings(&config))
            .with_expr_planners(SessionStateDefaults::default_expr_planners())
            .with_scalar_functions(functions::scalar())
            .with_aggregate_functions(functions::aggregate())
            .with_window_functions(functions::window())
            .with_table_functions(functions::table())
            .build();
        Self { state, config }
    }

    /// Opens the session of one query: exactly these tables, with their visible columns.
    pub fn open(&self, request: Request<'_>) -> Result<SessionState, Fault> {
        let ledger = &request.ledger;
        let runtime = self.runtime(&request).map_err(|error| to_fault(&error, ledger))?;
        let catalogs = catalogs(&request, &runtime)?;
        let schema = request.default_database.unwrap_or(NO_DATABASE);
        let settings = self.state.config().clone().with_default_catalog_and_schema(CATALOG, schema);
        let time = ExecutionProps::new().with_query_execution_start_time(request.now);
        Ok(SessionStateBuilder::new_from_existing(self.state.clone())
            .with_config(settings)
            .with_catalog_list(catalogs)
            .with_runtime_env(runtime)
            .with_execution_props(time)
            .with_analyzer_rules(analyzer_rules())
            .with_optimizer_rules(logical_rules(ledger))
            .with_physical_optimizer_rules(physical_rules(ledger))
            .build())
    }

    /// A session without tables, for expressions that stand in rules.
    pub fn bare(&self) -> &SessionState {
        &self.state
    }

    fn runtime(&self, request: &Request<'_>) -> Result<Arc<RuntimeEnv>> {
        let spill = DiskManagerBuilder::default()
            .with_mode(DiskManagerMode::Directories(vec![self.config.spill_dir.clone()]))
            .with_max_temp_directory_size(self.config.spill_quota_bytes);
        RuntimeEnvBuilder::new()
            .with_memory_pool(Arc::new(QueryPool::new(Arc::clone(request.shared_memory), Arc::clone(&request.ledger))))
            .with_disk_manager_builder(spill)
            .with_object_store_registry(Arc::new(QueryStores::default()))
            .with_object_list_cache_limit(0)
            .build_arc()
    }
}

/// What one session is made of.
pub(crate) struct Request<'a> {
    pub tables: Vec<GovernedTable>,
    pub default_database: Option<&'a str>,
    pub now: Timestamp,
    pub ledger: Arc<Ledger>,
    pub shared_memory: &'a Arc<dyn MemoryPool>,
    pub stores: &'a Stores,
    pub mask_keys: MaskKeys,
}

fn settings(config: &EngineConfig) -> SessionConfig {
    let mut settings = SessionConfig::new()
        .with_target_partitions(config.worker_threads.max(1))
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    // Conditions of callers must not run inside the scan, where their errors would count as the scan's.
    settings.options_mut().execution.parquet.pushdown_filters = false;
    settings
}

fn analyzer_rules() -> Vec<Arc<dyn AnalyzerRule + Send + Sync>> {
    let known = Arc::new(KnownFilters) as Arc<dyn AnalyzerRule + Send + Sync>;
    Analyzer::new().rules.into_iter().chain([known]).collect()
}

fn logical_rules(ledger: &Arc<Ledger>) -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let stop = Arc::new(StopRule(Arc::clone(ledger))) as Arc<dyn OptimizerRule + Send + Sync>;
    Optimizer::new().rules.into_iter().flat_map(|rule| [Arc::clone(&stop), rule]).collect()
}

fn physical_rules(ledger: &Arc<Ledger>) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let stop = Arc::new(StopRule(Arc::clone(ledger))) as Arc<dyn PhysicalOptimizerRule + Send + Sync>;
    let rules = PhysicalOptimizer::new().rules.into_iter().flat_map(|rule| [Arc::clone(&stop), rule]);
    rules.chain([Arc::new(YieldRule(Arc::clone(ledger))) as _]).collect()
}

fn catalogs(request: &Request<'_>, runtime: &RuntimeEnv) -> Result<Arc<dyn CatalogProviderList>, Fault> {
    let catalog = Arc::new(MemoryCatalogProvider::new());
    for (nth, table) in request.tables.iter().enumerate() {
        let provider = provider(table, nth, request, runtime)?;
        let added = database(&catalog, &table.database)
            .and_then(|database| database.register_table(table.name.clone(), provider).map(drop));
        added.map_err(Fault::internal)?;
    }
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), catalog);
    Ok(Arc::new(catalogs))
}

fn database(catalog: &MemoryCatalogProvider, name: &str) -> Result<Arc<dyn SchemaProvider>> {
    if let Some(database) = catalog.schema(name) {
        return Ok(database);
    }
    let database: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
    catalog.register_schema(name, Arc::clone(&database))?;
    Ok(database)
}

fn provider(
    table: &GovernedTable,
    nth: usize,
    request: &Request<'_>,
    runtime: &RuntimeEnv,
) -> Result<Arc<dyn TableProvider>, Fault> {
    let opened = request.stores.open(table)?;
    let store = Arc::new(GuardedStore::new(opened, table, Arc::clone(&request.ledger)));
    let url = ObjectStoreUrl::parse(format!("lakegate://t{nth}")).map_err(Fault::internal)?;
    runtime.register_object_store(url.as_ref(), Arc::clone(&store) as _);
    let source = Arc::new(Source { table: table.clone(), store, url });
    Ok(match table.access.rules.clone() {
        Some(rules) => Arc::new(RuledTable::new(source, rules, request.mask_keys.clone())),
        None => Arc::new(OpenTable::new(source)),
    })
}
