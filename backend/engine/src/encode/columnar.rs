//! Arrow IPC and Parquet.

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions},
    compute::cast,
    datatypes::{DataType, Field, Schema, SchemaRef},
    ipc::writer::StreamWriter,
};
use async_stream::try_stream;
use bytes::Bytes;
use futures::{Stream, StreamExt};
use lakegate_model::Fault;
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::properties::WriterProperties,
};
use std::{
    io,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

/// Rows of a Parquet row group.
const GROUP_ROWS: usize = 131_072;

pub(super) fn arrow(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Fault>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    try_stream! {
        let schema = plain_schema(&schema);
        let mut writer = StreamWriter::try_new(Vec::new(), &schema).map_err(Fault::internal)?;
        let mut rows = pin!(rows);
        while let Some(batch) = rows.next().await {
            writer.write(&plain(&batch?, &schema)?).map_err(Fault::internal)?;
            yield Bytes::from(std::mem::take(writer.get_mut()));
        }
        writer.finish().map_err(Fault::internal)?;
        yield Bytes::from(std::mem::take(writer.get_mut()));
    }
}

pub(super) fn parquet(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Fault>> + Send + 'static,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    try_stream! {
        let schema = plain_schema(&schema);
        let written = Written::default();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let mut writer =
            ArrowWriter::try_new(written.clone(), Arc::clone(&schema), Some(properties)).map_err(Fault::internal)?;
        let mut rows = pin!(rows);
        while let Some(batch) = rows.next().await {
            writer.write(&plain(&batch?, &schema)?).map_err(Fault::internal)?;
            let bytes = written.take();
            if !bytes.is_empty() {
                yield bytes;
            }
        }
        writer.close().map_err(Fault::internal)?;
        yield written.take();
    }
}

/// Where a writer that wants to own its output leaves it.
#[derive(Debug, Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Written {
    fn take(&self) -> Bytes {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)).into()
    }
}

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Text and binary as every reader of Arrow knows them: the view layouts are young.
fn plain_schema(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| field.as_ref().clone().with_data_type(plain_type(field.data_type()));
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

fn plain_type(kind: &DataType) -> DataType {
    let inside = |field: &Arc<Field>| Arc::new(field.as_ref().clone().with_data_type(plain_type(field.data_type())));
    match kind {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::List(item) => DataType::List(inside(item)),
        DataType::LargeList(item) => DataType::LargeList(inside(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inside).collect()),
        DataType::Map(entries, sorted) => DataType::Map(inside(entries), *sorted),
        other => other.clone(),
    }
}

fn plain(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, Fault> {
    let columns: Result<Vec<ArrayRef>, _> = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| match column.data_type() == field.data_type() {
            true => Ok(Arc::clone(column)),
            false => cast(column, field.data_type()),
        })
        .collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let columns = columns.map_err(Fault::internal)?;
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(Fault::internal)
}
