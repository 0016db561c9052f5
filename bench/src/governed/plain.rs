//! The same query on DataFusion as it comes: a fresh session, the folder registered as a table.

use anyhow::Result;
use datafusion::{
    catalog::{MemorySchemaProvider, SchemaProvider},
    prelude::{ParquetReadOptions, SessionContext},
};
use std::{path::Path, sync::Arc};

/// Runs the query and counts its rows.
pub async fn rows(dir: &Path, sql: &str) -> Result<usize> {
    let context = SessionContext::new();
    let schema: Arc<dyn SchemaProvider> = Arc::new(MemorySchemaProvider::new());
    if let Some(catalog) = context.catalog("datafusion") {
        catalog.register_schema("bench", schema)?;
    }
    context.register_parquet("bench.t", dir.to_string_lossy(), ParquetReadOptions::default()).await?;
    let batches = context.sql(sql).await?.collect().await?;
    Ok(batches.iter().map(|batch| batch.num_rows()).sum())
}
