//! Results kept as files, so that a grid can page through them without running the query again.
//!
//! The file is an Arrow IPC file whose record batches hold [`BATCH_ROWS`] rows each, so a page is found without reading
//! what stands before it. It appears under its name only when it is whole and on the disk.

use arrow::{
    array::RecordBatch,
    compute::BatchCoalescer,
    datatypes::SchemaRef,
    ipc::{
        CompressionType,
        reader::FileReader,
        writer::{FileWriter, IpcWriteOptions},
    },
};
use futures::{Stream, StreamExt, executor::block_on};
use lakegate_model::{Code, Fault};
use serde::Serialize;
use serde_json::Value;
use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    encode::{JsonOptions, row_values},
    types::{ResultColumn, result_columns},
};

/// Rows of a record batch in a kept file.
const BATCH_ROWS: usize = 1_024;

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kept {
    pub rows: u64,
    /// Size of the file.
    pub bytes: u64,
    pub columns: Vec<ResultColumn>,
}

/// Some rows of a kept result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptPage {
    pub columns: Vec<ResultColumn>,
    pub rows: Vec<Vec<Value>>,
    /// Rows of the whole result.
    pub row_count: u64,
}

/// Writes rows to `path`, which must not exist for readers yet, and syncs them to the disk.
///
/// Fails with `TooLarge` once the file would pass `max_bytes`, with `StorageFull` on a full disk, and with the query's
/// own fault; nothing is left behind then.
pub async fn write(
    schema: SchemaRef,
    rows: impl Stream<Item = Result<RecordBatch, Fault>> + Send + Unpin + 'static,
    path: &Path,
    max_bytes: u64,
) -> Result<Kept, Fault> {
    let path = path.to_owned();
    let work = tokio::task::spawn_blocking(move || {
        let partial = path.with_extension("partial");
        let kept = write_whole(&schema, rows, &partial, max_bytes).and_then(|kept| {
            publish(&partial, &path).map_err(disk)?;
            Ok(kept)
        });
        if kept.is_err() {
            // It may not even exist; either way the fault at hand is the one that matters.
            let _ = fs::remove_file(&partial);
        }
        kept
    });
    work.await.map_err(Fault::internal)?
}

fn write_whole(
    schema: &SchemaRef,
    mut rows: impl Stream<Item = Result<RecordBatch, Fault>> + Unpin,
    partial: &Path,
    max_bytes: u64,
) -> Result<Kept, Fault> {
    let capped = Capped { file: BufWriter::new(File::create(partial).map_err(disk)?), left: max_bytes, over: false };
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME));
    let mut writer =
        FileWriter::try_new_with_options(capped, schema, options.map_err(Fault::internal)?).map_err(Fault::internal)?;
    let mut even = BatchCoalescer::new(Arc::clone(schema), BATCH_ROWS);
    let mut count = 0;
    let mut put = |writer: &mut FileWriter<Capped>, batch: &RecordBatch| {
        count += batch.num_rows() as u64;
        let written = writer.write(batch);
        written
            .map_err(|error| if writer.get_ref().over { too_large(max_bytes) } else { disk(io::Error::other(error)) })
    };
    while let Some(batch) = block_on(rows.next()) {
        even.push_batch(batch?).map_err(Fault::internal)?;
        while let Some(batch) = even.next_completed_batch() {
            put(&mut writer, &batch)?;
        }
    }
    even.finish_buffered_batch().map_err(Fault::internal)?;
    while let Some(batch) = even.next_completed_batch() {
        put(&mut writer, &batch)?;
    }
    let finished = writer.into_inner();
    let capped = finished.map_err(|error| disk(io::Error::other(error)))?;
    let file = capped.file.into_inner().map_err(|error| disk(error.into_error()))?;
    file.sync_all().map_err(disk)?;
    let bytes = file.metadata().map_err(disk)?.len();
    Ok(Kept { rows: count, bytes, columns: result_columns(schema) })
}

fn publish(partial: &PathBuf, path: &Path) -> io::Result<()> {
    lakegate_model::failpoint!("kept.staged");
    fs::rename(partial, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Rows `offset..offset + count` of a kept result. Fails with `Gone` if the file is no more.
pub async fn read(path: &Path, offset: u64, count: usize, options: JsonOptions) -> Result<KeptPage, Fault> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || read_page(&path, offset, count, options)).await.map_err(Fault::internal)?
}

fn read_page(path: &Path, offset: u64, count: usize, options: JsonOptions) -> Result<KeptPage, Fault> {
    let file = File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            Fault::new(Code::Gone, "the kept result is no longer there").fix("run the query again")
        }
        _ => disk(error),
    })?;
    let mut reader = FileReader::try_new(BufReader::new(file), None).map_err(Fault::internal)?;
    let row_count = rows_in(&mut reader)?;
    let columns = result_columns(&reader.schema());
    let first = usize::try_from(offset).unwrap_or(usize::MAX) / BATCH_ROWS;
    let mut skip = usize::try_from(offset % BATCH_ROWS as u64).unwrap_or(0);
    let mut rows = Vec::new();
    for nth in first..reader.num_batches() {
        if rows.len() == count {
            break;
        }
        let batch = batch_at(&mut reader, nth)?;
        let taken =
            batch.slice(skip.min(batch.num_rows()), batch.num_rows().saturating_sub(skip).min(count - rows.len()));
        rows.extend(row_values(&taken, options)?);
        skip = 0;
    }
    Ok(KeptPage { columns, rows, row_count })
}

/// All batches but the last are full.
fn rows_in(reader: &mut FileReader<BufReader<File>>) -> Result<u64, Fault> {
    match reader.num_batches() {
        0 => Ok(0),
        batches => Ok(((batches - 1) * BATCH_ROWS + batch_at(reader, batches - 1)?.num_rows()) as u64),
    }
}

fn batch_at(reader: &mut FileReader<BufReader<File>>, nth: usize) -> Result<RecordBatch, Fault> {
    reader.set_index(nth).map_err(Fault::internal)?;
    match reader.next() {
        Some(batch) => batch.map_err(Fault::internal),
        None => Err(Fault::internal("a kept result lacks a record batch")),
    }
}

/// A file that refuses to grow over its cap.
struct Capped {
    file: BufWriter<File>,
    left: u64,
    over: bool,
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            self.over = true;
            return Err(io::Error::other("over the cap"));
        }
        let written = self.file.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn too_large(max_bytes: u64) -> Fault {
    Fault::new(Code::TooLarge, format!("the result is larger than {max_bytes} bytes, the most that is kept"))
        .fix("add a LIMIT, choose fewer columns, or download the result instead")
}

fn disk(error: io::Error) -> Fault {
    let full = error.kind() == io::ErrorKind::StorageFull
        || error.get_ref().is_some_and(|inner| inner.to_string().contains("No space left"));
    match full {
        true => Fault::new(Code::StorageFull, "the disk for kept results is full").caused_by(error),
        false => Fault::internal(error),
    }
}
