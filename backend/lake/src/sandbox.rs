//! Foreign files are read by a child process with limits of memory, processor and wall time.
//!
//! An allocation that fails aborts a process, and a hostile file can make a reader allocate anything. So the server
//! starts itself again with the hidden command [`CHILD_COMMAND`], hands over one request as JSON on standard input
//! (never as an argument or in the environment, which others may read: it can hold keys), and reads one answer.

use std::io::{self, Read as _, Write as _};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use lakegate_model::storage::StorageAccess;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;

use crate::convert::{self, Converted};
use crate::infer::{self, FileShape, Input, ScanBudget};
use crate::{LakeError, LocationUri, Storage};

/// The hidden command of the server's binary that must call [`child_main`].
pub const CHILD_COMMAND: &str = "internal-lake";
/// Largest answer of a child, in bytes.
const LARGEST_ANSWER: u64 = 256 * 1024 * 1024;
/// Threads of the child that block; each reserves address space.
const BLOCKING_THREADS: usize = 2;

/// How foreign files are read.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// The program to start with [`CHILD_COMMAND`]; `None` reads in this process, which only tests should do.
    pub program: Option<PathBuf>,
    /// Address space of the child, in bytes.
    pub memory_bytes: u64,
    /// Processor time of the child, in seconds.
    pub cpu_seconds: u64,
    /// Time until the child is killed.
    pub wall: Duration,
}

impl Sandbox {
    /// A child of `program` with the default limits: 2 GiB, ten minutes of processor, twenty in all.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: Some(program.into()), ..Self::in_process() }
    }

    /// No child and no limits, for tests.
    pub fn in_process() -> Self {
        Self { program: None, memory_bytes: 2 << 30, cpu_seconds: 600, wall: Duration::from_secs(1_200) }
    }

    /// Format and columns of files of a location: one result per file, in their order.
    ///
    /// # Errors
    /// The location cannot be opened, or the child died ([`LakeError::ReaderLimit`], [`LakeError::ReaderFailed`]).
    pub async fn infer_files(
        &self,
        access: &StorageAccess,
        location: &LocationUri,
        files: Vec<(String, u64)>,
        budget: ScanBudget,
    ) -> Result<Vec<Result<FileShape, LakeError>>, LakeError> {
        let location = location.to_string();
        match self.ask(Request::InferFiles { access: access.clone(), location, files, budget }).await? {
            Response::Files(shapes) => Ok(shapes),
            other => Err(wrong_answer(&other)),
        }
    }

    /// Converts a spooled upload to Parquet at `output`.
    pub(crate) async fn convert(
        &self,
        spooled: &Path,
        name: &str,
        output: &Path,
        budget: ScanBudget,
    ) -> Result<Converted, LakeError> {
        let (spooled, output) = (spooled.to_path_buf(), output.to_path_buf());
        match self.ask(Request::ConvertUpload { spooled, name: name.to_owned(), output, budget }).await? {
            Response::Converted(converted) => Ok(converted),
            other => Err(wrong_answer(&other)),
        }
    }

    /// Dropping the future kills the child.
    async fn ask(&self, request: Request) -> Result<Response, LakeError> {
        let Some(program) = &self.program else {
            let handle = Handle::current();
            return tokio::task::spawn_blocking(move || answer(request, &handle)).await.map_err(LakeError::internal)?;
        };
        let envelope = Envelope { memory_bytes: self.memory_bytes, cpu_seconds: self.cpu_seconds, request };
        let envelope = serde_json::to_vec(&envelope).map_err(LakeError::internal)?;
        let child = start(program)?;
        match tokio::time::timeout(self.wall, exchange(child, envelope)).await {
            Err(_) => Err(LakeError::ReaderLimit { what: "time".to_owned() }),
            Ok(Err(error)) => Err(LakeError::ReaderFailed { cause: error.to_string() }),
            Ok(Ok((status, bytes))) => understand(status, &bytes),
        }
    }
}

/// What the child is asked.
#[derive(Debug, Serialize, Deserialize)]
enum Request {
    InferFiles { access: StorageAccess, location: String, files: Vec<(String, u64)>, budget: ScanBudget },
    ConvertUpload { spooled: PathBuf, name: String, output: PathBuf, budget: ScanBudget },
}

/// What the child says.
#[derive(Debug, Serialize, Deserialize)]
enum Response {
    Files(Vec<Result<FileShape, LakeError>>),
    Converted(Converted),
}

/// A request with the limits that the child puts on itself before it reads anything foreign.
#[derive(Serialize, Deserialize)]
struct Envelope {
    memory_bytes: u64,
    cpu_seconds: u64,
    request: Request,
}

fn start(program: &Path) -> Result<Child, LakeError> {
    Command::new(program)
        .arg(CHILD_COMMAND)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // A panic's text may quote what was read.
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|e| LakeError::internal(format!("the reader of files does not start: {e}")))
}

async fn exchange(mut child: Child, envelope: Vec<u8>) -> io::Result<(ExitStatus, Vec<u8>)> {
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let send = async {
        // A child that died early closes its end; how it died says more than the broken pipe.
        let _ = to.write_all(&envelope).await;
        drop(to);
    };
    let mut bytes = Vec::new();
    let mut capped = from.take(LARGEST_ANSWER);
    let (_, read) = tokio::join!(send, capped.read_to_end(&mut bytes));
    read?;
    // A child that would say more than the cap is stopped by its closed pipe.
    drop(capped);
    Ok((child.wait().await?, bytes))
}

fn understand(status: ExitStatus, bytes: &[u8]) -> Result<Response, LakeError> {
    use std::os::unix::process::ExitStatusExt as _;
    if status.success() {
        let answer: Result<Response, LakeError> = serde_json::from_slice(bytes).map_err(LakeError::internal)?;
        return answer;
    }
    // What a process dies of: 24 is SIGXCPU; 6 (abort), 9 (kill) and 11 (fault) follow a refused allocation.
    match status.signal() {
        Some(24) => Err(LakeError::ReaderLimit { what: "processor time".to_owned() }),
        Some(6 | 9 | 11) => Err(LakeError::ReaderLimit { what: "memory".to_owned() }),
        _ => Err(LakeError::ReaderFailed { cause: format!("the reader of files ended with {status}") }),
    }
}

fn wrong_answer(response: &Response) -> LakeError {
    let kind = if matches!(response, Response::Files(_)) { "files" } else { "a conversion" };
    LakeError::internal(format!("the reader of files answered with {kind}"))
}

/// The whole life of the child: limits, one request, one answer. The hidden command of the binary calls this and
/// nothing else; an error should end the process with a status that is not zero.
///
/// # Errors
/// Standard input or output is broken, holds no request, or the limits cannot be set.
pub fn child_main() -> io::Result<()> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    let envelope: Envelope = serde_json::from_slice(&bytes)?;
    limit(&envelope)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build()?;
    let handle = runtime.handle().clone();
    let request = envelope.request;
    let answered = runtime.block_on(async { tokio::task::spawn_blocking(move || answer(request, &handle)).await });
    let answered = answered.map_err(|_| io::Error::other("the reader of files failed"))?;
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, &answered)?;
    out.flush()
}

fn limit(envelope: &Envelope) -> io::Result<()> {
    use rlimit::Resource;
    rlimit::setrlimit(Resource::CORE, 0, 0)?;
    rlimit::setrlimit(Resource::CPU, envelope.cpu_seconds, envelope.cpu_seconds.saturating_add(5))?;
    rlimit::setrlimit(Resource::AS, envelope.memory_bytes, envelope.memory_bytes)
}

fn answer(request: Request, handle: &Handle) -> Result<Response, LakeError> {
    match request {
        Request::InferFiles { access, location, files, budget } => {
            let storage = Storage::open(&access, &location)?;
            let shape = |(path, size): (String, u64)| {
                let input = Input::new(storage.clone(), &path, size, handle.clone());
                decode(&path, || infer::infer(&input, &budget))
            };
            Ok(Response::Files(files.into_iter().map(shape).collect()))
        }
        Request::ConvertUpload { spooled, name, output, budget } => {
            let input = spooled_input(&spooled, handle)?.named(&name);
            decode(&name, || convert::convert(&input, &output, &budget)).map(Response::Converted)
        }
    }
}

/// Decoders trust some bytes that no checksum covers and panic over them: the file is damaged, not the program.
fn decode<T>(file: &str, work: impl FnOnce() -> Result<T, LakeError>) -> Result<T, LakeError> {
    let worked = std::panic::catch_unwind(AssertUnwindSafe(work));
    worked.unwrap_or_else(|_| Err(LakeError::malformed(file, None, "its content is damaged and cannot be decoded")))
}

fn spooled_input(spooled: &Path, handle: &Handle) -> Result<Input, LakeError> {
    let (Some(folder), Some(file)) = (spooled.parent(), spooled.file_name().and_then(|f| f.to_str())) else {
        return Err(LakeError::internal("the spooled file has no name"));
    };
    let size = std::fs::metadata(spooled).map_err(|e| LakeError::io("the upload", e))?.len();
    let storage = Storage::open(&StorageAccess::Folder, &LocationUri::of_folder(folder)?.to_string())?;
    Ok(Input::new(storage, file, size, handle.clone()))
}
