//! The storage of one table as one query sees it: only the files of its version, read only, counted and pinned.

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::common::{DataFusionError, Result as DfResult};
use datafusion::execution::object_store::ObjectStoreRegistry;
use futures::{StreamExt, stream, stream::BoxStream};
use lakegate_lake::Storage;
use lakegate_model::{
    Code, Fault,
    clock::to_micros,
    storage::{DataFile, StorageAccess},
};
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload,
    OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta, ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions,
    PutPayload, PutResult, Result, coalesce_ranges, path::Path,
};
use std::{
    collections::HashMap,
    fmt,
    io::{Read, Seek, SeekFrom},
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};
use url::Url;

use crate::{
    ledger::{Ledger, Stop},
    table::GovernedTable,
};

/// Bytes read at once from a file of this machine.
const CHUNK: u64 = 1 << 20;
/// Connections to buckets kept for later queries.
const KEPT_MAX: usize = 64;

/// Keeps connections to buckets: opening one costs milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Stores(Mutex<Vec<Opened>>);

/// A bucket's prefix, opened with certain credentials.
#[derive(Debug)]
struct Opened {
    access: StorageAccess,
    location: String,
    store: Arc<dyn ObjectStore>,
}

impl Stores {
    /// The storage below a table's location; nothing outside of it can be reached, and no link is followed.
    pub fn open(&self, table: &GovernedTable) -> Result<Arc<dyn ObjectStore>, Fault> {
        if table.storage == StorageAccess::Folder {
            return connect(table);
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |opened: &&Opened| opened.access == table.storage && opened.location == table.location;
        if let Some(opened) = kept.iter().find(same) {
            return Ok(Arc::clone(&opened.store));
        }
        let store = connect(table)?;
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        let (access, location) = (table.storage.clone(), table.location.clone());
        kept.push(Opened { access, location, store: Arc::clone(&store) });
        Ok(store)
    }
}

fn connect(table: &GovernedTable) -> Result<Arc<dyn ObjectStore>, Fault> {
    let opened = Storage::open(&table.storage, &table.location);
    let opened = opened.map_err(|error| {
        Fault::new(Code::Dependency, "the storage that holds the data did not answer as expected").caused_by(error)
    })?;
    Ok(opened.store())
}

/// The stores of one query, each under a made-up address. Nothing else can be reached from it.
#[derive(Debug, Default)]
pub(crate) struct QueryStores(Mutex<HashMap<String, Arc<dyn ObjectStore>>>);

impl ObjectStoreRegistry for QueryStores {
    fn register_store(&self, url: &Url, store: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_string(), store)
    }
    fn get_store(&self, url: &Url) -> DfResult<Arc<dyn ObjectStore>> {
        let stores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stores
            .get(url.as_str())
            .cloned()
            .ok_or_else(|| DataFusionError::Execution("there is no such storage in this query".to_owned()))
    }
}

/// The path of a data file inside the table's location.
pub(crate) fn path_of(file: &DataFile) -> Path {
    Path::parse(&file.path).unwrap_or_else(|_| Path::from(file.path.as_str()))
}

/// A storage that serves the files of one table version and nothing else.
#[derive(Debug)]
pub(crate) struct GuardedStore {
    inner: Arc<dyn ObjectStore>,
    files: HashMap<Path, DataFile>,
    ledger: Arc<Ledger>,
    /// A bucket checks the entity tag itself.
    bucket: bool,
    /// Whether the caller reads the table whole, and may know how much of it was read.
    whole: bool,
}

impl GuardedStore {
    pub fn new(inner: Arc<dyn ObjectStore>, table: &GovernedTable, ledger: Arc<Ledger>) -> Self {
        let files = table.files.iter().map(|file| (path_of(file), file.clone())).collect();
        let bucket = table.storage != StorageAccess::Folder;
        let whole = table.access.rules.is_none() && table.visible().count() == table.columns.len();
        Self { inner, files, ledger, bucket, whole }
    }

    fn file(&self, location: &Path) -> Result<&DataFile> {
        let absent = || Error::NotFound { path: location.to_string(), source: "not a file of this version".into() };
        self.files.get(location).ok_or_else(absent)
    }

    fn count(&self, bytes: u64) -> Result<()> {
        self.ledger.scanned(bytes, self.whole).map_err(stopped)
    }

    fn is_pinned(&self, file: &DataFile, meta: &ObjectMeta) -> bool {
        let same = match &file.etag {
            Some(_) => meta.e_tag == file.etag,
            // A bucket tells times with less precision in an answer than in a listing.
            None => self.bucket || to_micros(meta.last_modified) == to_micros(file.modified),
        };
        same && meta.size == file.size
    }

    /// The first reason why a file cannot be read decides the error of the whole query.
    fn failed(&self, error: Error) -> Error {
        let reason = match error {
            Error::NotFound { .. } | Error::Precondition { .. } => Stop::Changed,
            _ => Stop::Storage,
        };
        stopped(self.ledger.stop(reason))
    }

    async fn open(&self, location: &Path, mut options: GetOptions) -> Result<GetResult> {
        let file = self.file(location)?;
        if self.bucket && options.if_match.is_none() {
            options.if_match.clone_from(&file.etag);
        }
        let result = self.inner.get_opts(location, options).await.map_err(|error| self.failed(error))?;
        if !self.is_pinned(file, &result.meta) {
            return Err(stopped(self.ledger.stop(Stop::Changed)));
        }
        Ok(result)
    }
}

fn stopped(reason: Stop) -> Error {
    Error::Generic { store: "lakegate", source: Box::new(reason) }
}

fn read_only() -> Error {
    Error::NotSupported { source: "queries do not write".into() }
}

impl fmt::Display for GuardedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GuardedStore")
    }
}

#[async_trait]
impl ObjectStore for GuardedStore {
    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head = options.head;
        let result = self.open(location, options).await?;
        if head {
            return Ok(result);
        }
        let (meta, range, attributes) = (result.meta.clone(), result.range.clone(), result.attributes.clone());
        let chunks = match result.payload {
            GetResultPayload::File(file, _) => chunks(file, range.clone()),
            GetResultPayload::Stream(stream) => stream,
        };
        let (ledger, whole) = (Arc::clone(&self.ledger), self.whole);
        let counted = chunks.map(move |chunk| {
            let chunk = chunk.map_err(|_| stopped(ledger.stop(Stop::Storage)))?;
            ledger.scanned(chunk.len() as u64, whole).map_err(stopped)?;
            Ok(chunk)
        });
        Ok(GetResult { payload: GetResultPayload::Stream(counted.boxed()), meta, range, attributes })
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if self.bucket {
            let fetch = |range: Range<u64>| self.get_range(location, range);
            return coalesce_ranges(ranges, fetch, OBJECT_STORE_COALESCE_DEFAULT).await;
        }
        self.open(location, GetOptions { head: true, ..GetOptions::default() }).await?;
        self.count(ranges.iter().map(|range| range.end - range.start).sum())?;
        self.inner.get_ranges(location, ranges).await.map_err(|error| self.failed(error))
    }

    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only())
    }
    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }
    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::iter([Err(read_only())]).boxed()
    }
    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        stream::iter([Err(read_only())]).boxed()
    }
    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(read_only())
    }
    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only())
    }
}

/// Reads a part of a local file in large pieces, off the threads that compute.
fn chunks(file: std::fs::File, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
    stream::try_unfold((file, range), |(file, range)| async move {
        if range.is_empty() {
            return Ok(None);
        }
        let read = tokio::task::spawn_blocking(move || chunk(file, range)).await;
        read.map_err(|error| stopped_by(error.to_string()))?.map(Some).map_err(|error| stopped_by(error.to_string()))
    })
    .boxed()
}

type Chunk = (Bytes, (std::fs::File, Range<u64>));

fn chunk(mut file: std::fs::File, range: Range<u64>) -> std::io::Result<Chunk> {
    let size = CHUNK.min(range.end - range.start);
    let mut buffer = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    file.seek(SeekFrom::Start(range.start))?;
    file.read_exact(&mut buffer)?;
    Ok((buffer.into(), (file, range.start + size..range.end)))
}

fn stopped_by(cause: String) -> Error {
    Error::Generic { store: "lakegate", source: cause.into() }
}
