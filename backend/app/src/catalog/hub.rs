//! The search index of this process, and who waits for it.

use lakegate_model::Fault;
use lakegate_search::{IndexSet, SearchError};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, MutexGuard, Notify, watch};

/// The search index with its place among the changes.
#[derive(Debug)]
pub struct SearchHub {
    set: Arc<IndexSet>,
    wake: Notify,
    position: watch::Sender<i64>,
    /// One at a time takes up changes.
    turn: Mutex<()>,
    following: AtomicBool,
}

impl SearchHub {
    /// Opens the index in a folder, or makes an empty one. Blocks on the disk: call it while starting.
    ///
    /// # Errors
    /// `unavailable` if another process has it open.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let set = IndexSet::open(folder)?;
        let position = set.live().map(|index| index.position()).unwrap_or_default();
        Ok(Self {
            set: Arc::new(set),
            wake: Notify::new(),
            position: watch::Sender::new(position),
            turn: Mutex::new(()),
            following: AtomicBool::new(false),
        })
    }

    /// The generations of the index.
    pub(crate) fn set(&self) -> Arc<IndexSet> {
        Arc::clone(&self.set)
    }

    /// Says that something was committed that search may have to learn of.
    pub fn changed(&self) {
        self.wake.notify_one();
    }

    pub(super) async fn woken(&self) {
        self.wake.notified().await;
    }

    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The number of the last change that searches show.
    pub fn position(&self) -> i64 {
        *self.position.borrow()
    }

    pub(super) fn reached(&self, position: i64) {
        self.position.send_replace(position);
    }

    pub(super) fn set_following(&self, following: bool) {
        self.following.store(following, Ordering::SeqCst);
    }

    /// Whether somebody follows the changes in the background.
    pub(super) fn is_followed(&self) -> bool {
        self.following.load(Ordering::SeqCst)
    }

    /// Waits until searches show a change, at most for `patience`. Returns whether they do.
    pub async fn wait_until(&self, change: i64, patience: Duration) -> bool {
        let mut position = self.position.subscribe();
        let reached = position.wait_for(|position| *position >= change);
        matches!(tokio::time::timeout(patience, reached).await, Ok(Ok(_)))
    }
}

/// Runs work on the index on a thread that may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SearchError> + Send + 'static,
) -> Result<T, SearchError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(SearchError::Io(std::io::Error::other(error.to_string()))),
    }
}
