//! Parquet: DataFusion's own reader over the listed files. Columns are found by name; a missing one reads NULL.

use datafusion::{
    common::Result,
    datasource::{
        listing::PartitionedFile,
        physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
        table_schema::TableSchema,
    },
    physical_plan::ExecutionPlan,
};
use lakegate_model::storage::DataFile;
use object_store::ObjectMeta;
use std::sync::Arc;

use super::{Source, deal, field};
use crate::{stores::path_of, table::TableColumn};

pub(super) fn scan(
    source: &Source,
    columns: &[TableColumn],
    partitions: usize,
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let (paths, stored): (Vec<&TableColumn>, Vec<&TableColumn>) = columns.iter().partition(|column| column.partition);
    let shape = TableSchema::new(
        Source::schema(stored.iter().copied()),
        paths.iter().map(|column| Arc::new(field(column))).collect(),
    );
    // The reader puts path columns last; the caller's order may differ.
    let order = |column: &TableColumn| stored.iter().chain(&paths).position(|known| known.id == column.id);
    let projection = columns.iter().filter_map(order).collect();
    let files: Result<Vec<PartitionedFile>> = source.table.files.iter().map(|file| listed(file, &paths)).collect();
    let groups = deal(files?, partitions).into_iter().map(FileGroup::new).collect();
    let config = FileScanConfigBuilder::new(source.url.clone(), Arc::new(ParquetSource::new(shape)))
        .with_projection_indices(Some(projection))?
        .with_file_groups(groups)
        .with_limit(limit)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

fn listed(file: &DataFile, paths: &[&TableColumn]) -> Result<PartitionedFile> {
    let values: Result<Vec<_>> = paths.iter().map(|column| Source::partition_value(file, column)).collect();
    let meta = ObjectMeta {
        location: path_of(file),
        last_modified: file.modified,
        size: file.size,
        e_tag: file.etag.clone(),
        version: None,
    };
    Ok(PartitionedFile::new_from_meta(meta).with_partition_values(values?))
}
