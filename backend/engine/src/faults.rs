//! Which errors the caller reads. Planner errors over the visible schema, and errors on values above the scan, do;
//! what happens below the top of a scan becomes a neutral sentence, and its cause goes to the log.

use arrow::{array::RecordBatch, error::ArrowError};
use datafusion::{common::DataFusionError, execution::SendableRecordBatchStream, parquet::errors::ParquetError};
use futures::{Stream, StreamExt as _};
use lakegate_model::{Code, Fault};
use std::{any::Any, error::Error, fmt, io, panic::AssertUnwindSafe};

use crate::{
    ledger::{Ledger, Stop, over},
    memory::{OWN_LIMIT, SHARED_LIMIT},
};

/// Longest error text, in characters.
const TEXT_MAX: usize = 2_000;

/// An error from below the top of a scan. It has no source, so that no search for a root cause finds the data in it.
#[derive(Debug)]
pub(crate) struct Hidden {
    /// The table, as `database.table`.
    table: String,
    /// For the log.
    cause: String,
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the files of {} could not be read as its columns and format say", self.table)
    }
}
impl Error for Hidden {}

/// Marks an error of a scan. Reasons to stop and lack of memory carry no data and stay what they are.
pub(crate) fn hide(error: DataFusionError, table: &str) -> DataFusionError {
    match find::<Stop>(&error) {
        Some(stop) => DataFusionError::External(Box::new(*stop)),
        None if exhausted(&error).is_some() => error,
        None => {
            let cause = error.to_string();
            DataFusionError::External(Box::new(Hidden { table: table.to_owned(), cause }))
        }
    }
}

/// The rows of a scan with its errors marked. A decoder that panics over a damaged file is an error of the scan too.
pub(crate) fn hide_all(
    rows: SendableRecordBatchStream,
    table: String,
) -> impl Stream<Item = datafusion::common::Result<RecordBatch>> + Send {
    AssertUnwindSafe(rows).catch_unwind().map(move |batch| {
        let batch = batch.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        batch.map_err(|error| hide(error, &table))
    })
}

fn panicked(panic: &(dyn Any + Send)) -> DataFusionError {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    DataFusionError::Execution(format!("a decoder panicked: {}", text.unwrap_or("without a text")))
}

/// What the caller reads of an error.
pub(crate) fn to_fault(error: &DataFusionError, ledger: &Ledger) -> Fault {
    if let Some(stop) = ledger.stopped().or_else(|| find::<Stop>(error).copied()) {
        return ledger.fault(stop).caused_by(error);
    }
    if let Some(hidden) = find::<Hidden>(error) {
        return Fault::new(Code::Unprocessable, hidden.to_string())
            .fix("tell the table's owner")
            .caused_by(&hidden.cause);
    }
    if let Some(text) = exhausted(error) {
        return memory_fault(&text, ledger).caused_by(text);
    }
    if let Some(io) = find::<io::Error>(error) {
        return io_fault(io);
    }
    match error.find_root() {
        DataFusionError::Internal(_) | DataFusionError::ExecutionJoin(_) | DataFusionError::ObjectStore(_) => {
            Fault::new(Code::Unprocessable, "the engine cannot carry out this query").caused_by(error)
        }
        _ => Fault::new(Code::Unprocessable, shorten(&error.strip_backtrace())).on("sql"),
    }
}

fn memory_fault(text: &str, ledger: &Ledger) -> Fault {
    if text.contains(SHARED_LIMIT) {
        return Fault::new(Code::Throttled, "other queries use the server's memory at the moment").retry_after(10);
    }
    if text.contains(OWN_LIMIT) {
        return over("memory bytes", &ledger.limits.memory_bytes.to_string());
    }
    over("spilled bytes", "the quota of each query")
}

fn io_fault(error: &io::Error) -> Fault {
    if error.kind() == io::ErrorKind::StorageFull {
        return Fault::new(Code::StorageFull, "the disk for intermediate results is full").caused_by(error);
    }
    Fault::new(Code::Dependency, "a file for intermediate results could not be used").caused_by(error)
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// The text of a lack of memory or spill space anywhere in the chain.
fn exhausted(error: &DataFusionError) -> Option<String> {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(text) => Some(text.clone()),
        _ => None,
    }
}

/// Looks for an error of one kind along the chain of sources, through the wrappers that hide their own.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = inner(error);
    }
    None
}

fn inner<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    if let Some(DataFusionError::External(inner)) = error.downcast_ref::<DataFusionError>() {
        return Some(&**inner);
    }
    if let Some(DataFusionError::Shared(inner)) = error.downcast_ref::<DataFusionError>() {
        return Some(&**inner);
    }
    if let Some(ArrowError::ExternalError(inner)) = error.downcast_ref::<ArrowError>() {
        return Some(&**inner);
    }
    if let Some(ParquetError::External(inner)) = error.downcast_ref::<ParquetError>() {
        return Some(&**inner);
    }
    error.source()
}
