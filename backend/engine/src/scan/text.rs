//! CSV and JSON lines: each file is one stream, so that a quoted line break never meets a cut.
//!
//! CSV columns are found by the names in each file's own header (a file of an older shape may lack some: they read
//! NULL), or by position where there is no header. Values are parsed straight into the declared types.

use arrow::{
    array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array},
    csv::ReaderBuilder as CsvBuilder,
    datatypes::{DataType, Field, Schema, SchemaRef},
    error::ArrowError,
    json::ReaderBuilder as JsonBuilder,
};
use async_stream::try_stream;
use bytes::{Buf, Bytes, BytesMut};
use datafusion::{
    common::{DataFusionError, Result, ScalarValue, config::ConfigOptions, exec_err},
    datasource::file_format::file_compression_type::FileCompressionType,
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::EquivalenceProperties,
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        filter_pushdown::{ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use lakegate_model::storage::{Compression, DataFile, FileFormat};
use object_store::{ObjectStore, ObjectStoreExt};
use std::{any::Any, collections::HashSet, fmt, sync::Arc};

use super::{Source, deal, field};
use crate::{stores::path_of, table::TableColumn};

/// Longest header line, in bytes.
const HEADER_MAX: usize = 1 << 20;
const BOM: &[u8] = b"\xEF\xBB\xBF";

pub(super) fn scan(
    source: &Source,
    columns: &[TableColumn],
    partitions: usize,
    limit: Option<usize>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let reader = Reader {
        store: Arc::clone(&source.store),
        format: source.table.format.clone(),
        stored: source.table.columns.iter().filter(|column| !column.partition).cloned().collect(),
        wanted: columns.to_vec(),
        schema: Source::schema(columns.iter()),
    };
    Ok(Arc::new(TextScan::new(reader, deal(source.table.files.iter().cloned(), partitions), limit)))
}

/// Reads files of text, some per partition.
#[derive(Debug)]
struct TextScan {
    reader: Arc<Reader>,
    groups: Vec<Vec<DataFile>>,
    limit: Option<usize>,
    properties: Arc<PlanProperties>,
}

impl TextScan {
    fn new(reader: Reader, groups: Vec<Vec<DataFile>>, limit: Option<usize>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&reader.schema)),
            Partitioning::UnknownPartitioning(groups.len().max(1)),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { reader: Arc::new(reader), groups, limit, properties: Arc::new(properties) }
    }
}

impl DisplayAs for TextScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextScan")
    }
}

impl ExecutionPlan for TextScan {
    fn name(&self) -> &str {
        "TextScan"
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }
    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }
    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let files = self.groups.get(partition).cloned().unwrap_or_default();
        let rows = Arc::clone(&self.reader).files(files, context.session_config().batch_size(), self.limit);
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.reader.schema), rows)))
    }
    /// The default answer of a node without children would claim every condition as done.
    fn handle_child_pushdown_result(
        &self,
        _: FilterPushdownPhase,
        result: ChildPushdownResult,
        _: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::all_unsupported(result))
    }
}

/// How to read the files of one table.
#[derive(Debug)]
struct Reader {
    store: Arc<dyn ObjectStore>,
    format: FileFormat,
    /// The columns that stand in the files, in table order.
    stored: Vec<TableColumn>,
    /// The columns to give out.
    wanted: Vec<TableColumn>,
    schema: SchemaRef,
}

impl Reader {
    fn files(
        self: Arc<Self>,
        files: Vec<DataFile>,
        batch_size: usize,
        limit: Option<usize>,
    ) -> impl Stream<Item = Result<RecordBatch>> + Send {
        try_stream! {
            let mut left = limit.unwrap_or(usize::MAX);
            for file in files {
                let mut rows = Box::pin(Arc::clone(&self).file(file, batch_size));
                while let Some(batch) = rows.next().await {
                    let batch = batch?;
                    let taken = batch.slice(0, batch.num_rows().min(left));
                    left -= taken.num_rows();
                    yield taken;
                    if left == 0 {
                        return;
                    }
                }
            }
        }
    }

    fn file(self: Arc<Self>, file: DataFile, batch_size: usize) -> impl Stream<Item = Result<RecordBatch>> + Send {
        try_stream! {
            let constants = self.constants(&file)?;
            let mut input = self.open(&file).await?;
            let mut buffer = Bytes::new();
            let mut decoder = self.decoder(&mut input, &mut buffer, batch_size).await?;
            loop {
                while buffer.is_empty() {
                    match input.try_next().await? {
                        Some(chunk) => buffer = chunk,
                        None => break,
                    }
                }
                let read = decoder.decode(&buffer)?;
                buffer.advance(read);
                if read > 0 {
                    continue;
                }
                match decoder.flush()? {
                    Some(batch) => yield self.shape(&batch, &constants)?,
                    None => break,
                }
            }
        }
    }

    /// The values that the path of a file gives to its rows.
    fn constants(&self, file: &DataFile) -> Result<Vec<Option<ScalarValue>>> {
        let value = |column: &TableColumn| match column.partition {
            true => Source::partition_value(file, column).map(Some),
            false => Ok(None),
        };
        self.wanted.iter().map(value).collect()
    }

    async fn open(&self, file: &DataFile) -> Result<BoxStream<'static, Result<Bytes>>> {
        let found = self.store.get(&path_of(file)).await?;
        let raw = found.into_stream().map_err(DataFusionError::from).boxed();
        let packed = match &self.format {
            FileFormat::Csv { compression, .. } | FileFormat::JsonLines { compression } => *compression,
            FileFormat::Parquet => Compression::None,
        };
        match packed {
            Compression::None => Ok(raw),
            Compression::Gzip => FileCompressionType::GZIP.convert_stream(raw),
        }
    }

    async fn decoder(
        &self,
        input: &mut BoxStream<'static, Result<Bytes>>,
        buffer: &mut Bytes,
        batch_size: usize,
    ) -> Result<Decoder> {
        // Three bytes tell whether there is a byte order mark.
        fill(input, buffer, BOM.len()).await?;
        if buffer.starts_with(BOM) {
            buffer.advance(BOM.len());
        }
        match &self.format {
            FileFormat::Csv { delimiter, header, .. } => {
                let names = if *header { read_header(input, buffer, *delimiter).await? } else { Vec::new() };
                let (schema, projection) = self.positions(&names);
                let decoder = CsvBuilder::new(schema)
                    .with_header(*header)
                    .with_delimiter(*delimiter)
                    .with_batch_size(batch_size)
                    .with_projection(projection)
                    .build_decoder();
                Ok(Decoder::Csv(Box::new(decoder)))
            }
            _ => {
                let fields: Vec<Field> = self.wanted.iter().filter(|column| !column.partition).map(field).collect();
                let decoder = JsonBuilder::new(Arc::new(Schema::new(fields)))
                    .with_batch_size(batch_size)
                    .with_coerce_primitive(true)
                    .build_decoder()?;
                Ok(Decoder::Json(Box::new(decoder)))
            }
        }
    }

    /// The shape of one CSV file, column by column as it lies there, and the places of the wanted columns in it.
    fn positions(&self, header: &[String]) -> (SchemaRef, Vec<usize>) {
        let places = if header.is_empty() { (0..self.stored.len()).map(Some).collect() } else { self.matched(header) };
        let width = if header.is_empty() { self.stored.len() } else { header.len() };
        let mut fields: Vec<Field> =
            (0..width).map(|at| Field::new(format!("{at}"), DataType::Utf8View, true)).collect();
        for (column, place) in self.stored.iter().zip(&places) {
            if let Some(place) = place {
                fields[*place] = field(column);
            }
        }
        let place_of = |wanted: &TableColumn| {
            let nth = self.stored.iter().position(|column| column.id == wanted.id)?;
            places[nth]
        };
        let mut projection: Vec<usize> = self.wanted.iter().filter_map(place_of).collect();
        projection.sort_unstable();
        projection.dedup();
        (Arc::new(Schema::new(fields)), projection)
    }

    /// Finds each stored column in a header: by name, and where the header has the table's width, what is left by
    /// position (a column whose name in the files changed).
    fn matched(&self, header: &[String]) -> Vec<Option<usize>> {
        let mut free: HashSet<usize> = (0..header.len()).collect();
        let mut by_name = |column: &TableColumn| {
            let same = |name: &String| name.trim().eq_ignore_ascii_case(column.name.trim());
            let place = (0..header.len()).find(|at| free.contains(at) && same(&header[*at]))?;
            free.remove(&place);
            Some(place)
        };
        let mut places: Vec<Option<usize>> = self.stored.iter().map(&mut by_name).collect();
        if header.len() == self.stored.len() {
            for (at, place) in places.iter_mut().enumerate() {
                if place.is_none() && free.contains(&at) {
                    *place = Some(at);
                }
            }
        }
        places
    }

    /// Puts what a file gave into the wanted order; adds path values, and NULL for what the file lacks.
    fn shape(&self, batch: &RecordBatch, constants: &[Option<ScalarValue>]) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let columns: Result<Vec<ArrayRef>> = self
            .schema
            .fields()
            .iter()
            .zip(constants)
            .map(|(field, constant)| match (constant, batch.column_by_name(field.name())) {
                (Some(value), _) => value.to_array_of_size(rows),
                (None, Some(column)) => Ok(Arc::clone(column)),
                (None, None) => Ok(new_null_array(field.data_type(), rows)),
            })
            .collect();
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns?, &options)?)
    }
}

enum Decoder {
    Csv(Box<arrow::csv::reader::Decoder>),
    Json(Box<arrow::json::reader::Decoder>),
}

impl Decoder {
    fn decode(&mut self, bytes: &[u8]) -> Result<usize, ArrowError> {
        match self {
            Self::Csv(decoder) => decoder.decode(bytes),
            Self::Json(decoder) => decoder.decode(bytes),
        }
    }
    fn flush(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        match self {
            Self::Csv(decoder) => decoder.flush(),
            Self::Json(decoder) => decoder.flush(),
        }
    }
}

/// Reads on until the buffer holds `least` bytes or the file ends; tells whether it ended.
async fn fill(input: &mut BoxStream<'static, Result<Bytes>>, buffer: &mut Bytes, least: usize) -> Result<bool> {
    let mut gathered = BytesMut::from(&buffer[..]);
    let mut ended = false;
    while gathered.len() < least && !ended {
        match input.try_next().await? {
            Some(chunk) => gathered.extend_from_slice(&chunk),
            None => ended = true,
        }
    }
    *buffer = gathered.freeze();
    Ok(ended)
}

/// The names in the first record; the bytes stay in the buffer.
async fn read_header(
    input: &mut BoxStream<'static, Result<Bytes>>,
    buffer: &mut Bytes,
    delimiter: u8,
) -> Result<Vec<String>> {
    loop {
        let more = buffer.len() + 1;
        let ended = fill(input, buffer, more).await?;
        if let Some(names) = header_of(buffer, delimiter, ended) {
            return Ok(names);
        }
        if ended || buffer.len() > HEADER_MAX {
            return exec_err!("the header of a file is longer than {HEADER_MAX} bytes");
        }
    }
}

/// The fields of the first record, once the buffer holds all of it.
fn header_of(buffer: &[u8], delimiter: u8, ended: bool) -> Option<Vec<String>> {
    let (mut fields, mut field, mut quoted) = (Vec::new(), Vec::new(), false);
    let mut bytes = buffer.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if quoted && bytes.peek() == Some(&b'"') => field.extend(bytes.next()),
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && fields.is_empty() && field.is_empty() => {}
            b'\n' | b'\r' if !quoted => return Some(finish(fields, field)),
            _ if byte == delimiter && !quoted => fields.push(text(std::mem::take(&mut field))),
            _ => field.push(byte),
        }
    }
    (ended && !quoted).then(|| finish(fields, field))
}

fn finish(mut fields: Vec<String>, last: Vec<u8>) -> Vec<String> {
    fields.push(text(last));
    fields
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}
