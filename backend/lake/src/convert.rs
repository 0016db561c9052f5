//! Turns one file into Parquet. Runs in the sandbox's child.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use lakegate_model::storage::FileFormat;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use crate::error::is_full;
use crate::infer::{self, FileShape, Input, ScanBudget, ShapeColumn};
use crate::{LakeError, types};

/// Rows decoded at once.
const BATCH_ROWS: u64 = 8_192;
/// Bytes decoded at once, if rows are large.
const BATCH_BYTES: u64 = 32 * 1024 * 1024;
/// A row group ends at whichever comes first.
const GROUP_ROWS: usize = 1_000_000;
const GROUP_BYTES: usize = 128 * 1024 * 1024;

/// What a conversion made.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Converted {
    pub columns: Vec<ShapeColumn>,
    pub rows: u64,
}

/// Reads the whole of `input` and writes it to `output` as Parquet.
pub(crate) fn convert(input: &Input, output: &Path, budget: &ScanBudget) -> Result<Converted, LakeError> {
    let shape = infer::infer(input, budget)?;
    let rows = match &shape.format {
        FileFormat::Parquet => from_parquet(input, output)?,
        _ => write_all(input, output, schema_of(&shape)?, text_batches(input, &shape, budget)?)?,
    };
    Ok(Converted { columns: shape.columns, rows })
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, ArrowError>>>;

fn schema_of(shape: &FileShape) -> Result<SchemaRef, LakeError> {
    let field = |c: &ShapeColumn| Ok(Field::new(&c.name, types::to_arrow(&c.settled_type())?, true));
    Ok(Arc::new(Schema::new(shape.columns.iter().map(field).collect::<Result<Vec<_>, LakeError>>()?)))
}

fn text_batches(input: &Input, shape: &FileShape, budget: &ScanBudget) -> Result<Batches, LakeError> {
    let schema = schema_of(shape)?;
    let rows = batch_rows(shape.largest_row);
    let opened = |of: ArrowError| read_failed(input, 0, of);
    match &shape.format {
        FileFormat::Csv { delimiter, header, compression } => {
            let text = input.text(*compression, budget)?.with_rows_known();
            let reader = arrow::csv::ReaderBuilder::new(schema)
                .with_header(*header)
                .with_delimiter(*delimiter)
                .with_batch_size(rows)
                .build(text);
            Ok(Box::new(reader.map_err(opened)?))
        }
        FileFormat::JsonLines { compression } => {
            let text = BufReader::new(WithoutMark::new(input.text(*compression, budget)?.with_rows_known()));
            // Numbers in a column that also holds words become text, as inference said.
            let reader = arrow::json::ReaderBuilder::new(schema).with_coerce_primitive(true).with_batch_size(rows);
            Ok(Box::new(reader.build(text).map_err(opened)?))
        }
        FileFormat::Parquet => Err(LakeError::internal("Parquet is not read as text")),
    }
}

/// Fewer rows at once if a single one may be large, so that memory stays bounded.
fn batch_rows(largest_row: u64) -> usize {
    let rows = (BATCH_BYTES / largest_row.max(1)).clamp(1, BATCH_ROWS);
    usize::try_from(rows).unwrap_or(1)
}

fn from_parquet(input: &Input, output: &Path) -> Result<u64, LakeError> {
    let file = input.local().ok_or_else(|| LakeError::internal("an upload is spooled to a local file"))??;
    let damaged = |_| LakeError::malformed(&input.name, None, "this Parquet file is damaged");
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(damaged)?;
    let schema = Arc::clone(builder.schema());
    let reader = builder.with_batch_size(batch_rows(0)).build().map_err(damaged)?;
    write_all(input, output, schema, Box::new(reader))
}

fn write_all(input: &Input, output: &Path, schema: SchemaRef, batches: Batches) -> Result<u64, LakeError> {
    let file = File::create(output).map_err(|e| LakeError::io(&input.name, e))?;
    let full = Arc::new(AtomicBool::new(false));
    let failed = |error: parquet::errors::ParquetError| {
        if full.load(Ordering::Relaxed) { LakeError::StorageFull } else { write_failed(input, error) }
    };
    let watched = Watched { file, full: Arc::clone(&full) };
    let mut writer = ArrowWriter::try_new(watched, schema, Some(properties())).map_err(failed)?;
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(|e| read_failed(input, rows, e))?;
        rows += batch.num_rows() as u64;
        writer.write(&batch).map_err(failed)?;
    }
    writer.close().map_err(failed)?;
    Ok(rows)
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(GROUP_ROWS))
        .set_max_row_group_bytes(Some(GROUP_BYTES))
        .set_created_by("lakegate".to_owned())
        .build()
}

/// The text of Arrow's error is dropped: it quotes rows.
fn read_failed(input: &Input, rows: u64, error: ArrowError) -> LakeError {
    match error {
        ArrowError::IoError(_, error) => LakeError::io(&input.name, error),
        _ => LakeError::malformed(&input.name, None, format!("a value after row {rows} does not fit its column")),
    }
}

fn write_failed(input: &Input, error: parquet::errors::ParquetError) -> LakeError {
    match error {
        // A kind of column that Parquet has no form for; the text names types, but may name more.
        parquet::errors::ParquetError::NYI(_) => {
            LakeError::Unsupported(format!("{} has a column of a type that Parquet does not know", input.name))
        }
        _ => LakeError::internal("writing Parquet failed"),
    }
}

/// A file that remembers whether the disk was full: the writer above wraps errors beyond recognition.
struct Watched {
    file: File,
    full: Arc<AtomicBool>,
}

impl Watched {
    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(is_full) {
            self.full.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Write for Watched {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let result = self.file.write(buffer);
        self.note(result)
    }
    fn flush(&mut self) -> io::Result<()> {
        let result = self.file.flush();
        self.note(result)
    }
}

/// Drops a byte order mark, which the reader of JSON does not know.
struct WithoutMark<R> {
    inner: R,
    start: Option<Vec<u8>>,
}

impl<R: Read> WithoutMark<R> {
    fn new(inner: R) -> Self {
        Self { inner, start: None }
    }

    fn first_bytes(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        (&mut self.inner).take(3).read_to_end(&mut bytes)?;
        Ok(if bytes == b"\xEF\xBB\xBF" { Vec::new() } else { bytes })
    }
}

impl<R: Read> Read for WithoutMark<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut start = match self.start.take() {
            Some(start) => start,
            None => self.first_bytes()?,
        };
        let taken = start.len().min(buffer.len());
        buffer[..taken].copy_from_slice(&start[..taken]);
        self.start = Some(start.split_off(taken));
        if taken > 0 { Ok(taken) } else { self.inner.read(buffer) }
    }
}
