//! A file as a blocking reader, with the caps that hostile files meet.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use bytes::{Buf as _, Bytes};
use flate2::read::MultiGzDecoder;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use lakegate_model::storage::Compression;
use object_store::ObjectStoreExt as _;
use tokio::runtime::Handle;

use super::{LARGEST_ROW, ScanBudget};
use crate::storage::object_path;
use crate::{LakeError, Storage};

/// Unpacked bytes before the ratio is looked at: small files may repeat themselves as they like.
const RATIO_FROM: u64 = 64 * 1024 * 1024;

/// One file of a storage. Its methods block; call them on a blocking thread.
pub(crate) struct Input {
    storage: Storage,
    /// Path within the storage, also the name that errors tell.
    pub path: String,
    /// The name that people know the file by.
    pub name: String,
    pub size: u64,
    handle: Handle,
}

impl Input {
    pub fn new(storage: Storage, path: &str, size: u64, handle: Handle) -> Self {
        Self { storage, path: path.to_owned(), name: path.to_owned(), size, handle }
    }

    /// Under another name: an upload is spooled under a random one.
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// The bytes from `start` to before `end`, which lie within the file.
    pub fn range(&self, start: u64, end: u64) -> Result<Bytes, LakeError> {
        let Some(local) = self.storage.local_file(&self.path) else {
            return self.handle.block_on(self.storage.read_range(&self.path, start, end));
        };
        let read = |mut file: File| {
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(start))?;
            file.take(end.saturating_sub(start)).read_to_end(&mut bytes)?;
            Ok(Bytes::from(bytes))
        };
        File::open(local?).and_then(read).map_err(|e| LakeError::io(&self.name, e))
    }

    /// The local file, if there is one.
    pub fn local(&self) -> Option<Result<File, LakeError>> {
        let path = self.storage.local_file(&self.path)?;
        Some(path.and_then(|p| File::open(p).map_err(|e| LakeError::io(&self.name, e))))
    }

    /// The bytes as stored.
    fn open(&self) -> Result<Box<dyn Read + Send>, LakeError> {
        if let Some(file) = self.local() {
            return Ok(Box::new(io::BufReader::with_capacity(128 * 1024, file?)));
        }
        let path = object_path(&self.path)?;
        let store = self.storage.store();
        let answer = self.handle.block_on(async { store.get(&path).await });
        let stream = answer.map_err(|e| LakeError::store(&self.name, e))?.into_stream();
        Ok(Box::new(Streamed { stream, at_hand: Bytes::new(), handle: self.handle.clone(), name: self.name.clone() }))
    }

    /// The text, unpacked and capped.
    pub fn text(&self, compression: Compression, budget: &ScanBudget) -> Result<Guarded, LakeError> {
        let raw = Counted { inner: self.open()?, bytes: 0 };
        let inner = match compression {
            Compression::None => Unpacked::Plain(raw),
            Compression::Gzip => Unpacked::Gzip(Box::new(MultiGzDecoder::new(raw))),
        };
        Ok(Guarded { inner, name: self.name.clone(), budget: *budget, unpacked: 0, in_row: Some(0) })
    }
}

/// The body of an answer of a store, read from a blocking thread.
struct Streamed {
    stream: BoxStream<'static, object_store::Result<Bytes>>,
    at_hand: Bytes,
    handle: Handle,
    name: String,
}

impl Read for Streamed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at_hand.is_empty() {
            match self.handle.block_on(self.stream.next()) {
                None => return Ok(0),
                Some(Ok(bytes)) => self.at_hand = bytes,
                Some(Err(error)) => return Err(LakeError::store(&self.name, error).into()),
            }
        }
        let taken = self.at_hand.len().min(buffer.len());
        self.at_hand.copy_to_slice(&mut buffer[..taken]);
        Ok(taken)
    }
}

/// Counts what is read.
struct Counted {
    inner: Box<dyn Read + Send>,
    bytes: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

enum Unpacked {
    Plain(Counted),
    Gzip(Box<MultiGzDecoder<Counted>>),
}

/// Unpacked text under three caps: its size, its ratio to the packed bytes, and the size of one row.
pub(crate) struct Guarded {
    inner: Unpacked,
    name: String,
    budget: ScanBudget,
    /// Bytes given so far.
    pub unpacked: u64,
    /// Bytes of the present row; `None` if rows are not watched.
    in_row: Option<u64>,
}

impl Guarded {
    /// Tells that a row ended, so that the cap of one row counts anew.
    pub fn row_ended(&mut self) {
        self.in_row = self.in_row.map(|_| 0);
    }

    /// For a second reading, by a reader that does not tell where rows end: the first one has measured them.
    pub fn with_rows_known(mut self) -> Self {
        self.in_row = None;
        self
    }

    fn packed(&self) -> u64 {
        match &self.inner {
            Unpacked::Plain(raw) => raw.bytes,
            Unpacked::Gzip(gzip) => gzip.get_ref().bytes,
        }
    }

    fn check(&self) -> Result<(), LakeError> {
        if self.unpacked > self.budget.unpacked {
            let what = format!("{} when unpacked", self.name);
            return Err(LakeError::TooLarge { what, limit: self.budget.unpacked });
        }
        let allowed = self.packed().saturating_mul(self.budget.ratio);
        if self.unpacked > RATIO_FROM && self.unpacked > allowed {
            let why = format!("{} unpacks to more than {} times its size", self.name, self.budget.ratio);
            return Err(LakeError::Unsupported(why));
        }
        Ok(())
    }
}

impl Read for Guarded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.in_row.is_some_and(|bytes| bytes > LARGEST_ROW) {
            let why = format!("a row is larger than {LARGEST_ROW} bytes; is a quote left open?");
            return Err(LakeError::malformed(&self.name, None, why).into());
        }
        let read = match &mut self.inner {
            Unpacked::Plain(raw) => raw.read(buffer)?,
            Unpacked::Gzip(gzip) => gzip.read(buffer).map_err(|e| damaged(&self.name, e))?,
        };
        self.unpacked += read as u64;
        self.in_row = self.in_row.map(|bytes| bytes + read as u64);
        self.check()?;
        Ok(read)
    }
}

fn damaged(name: &str, error: io::Error) -> io::Error {
    use io::ErrorKind as K;
    let ours = error.get_ref().is_some_and(|inner| inner.is::<LakeError>());
    if !ours && matches!(error.kind(), K::InvalidInput | K::InvalidData | K::UnexpectedEof) {
        return LakeError::malformed(name, None, "the gzip data is damaged or cut off").into();
    }
    error
}
