//! Cancelling a run of the queue.

use lakegate_model::{Fault, ids::RunId};
use lakegate_store::{WriteTx, job_runs};

use crate::{Queue, watch::News, workflows};

impl Queue {
    /// Cancels a run, as part of the transaction that wants it: it ends at once if no worker has begun it, and is asked to
    /// stop otherwise. Returns whether a worker has begun it, `None` if it has ended already. [`Queue::tell_cancelled`] it
    /// once the transaction is committed.
    ///
    /// # Errors
    /// What the database or the watch says: the transaction must not be committed then.
    pub async fn cancel(&self, tx: &mut WriteTx, id: RunId) -> Result<Option<bool>, Fault> {
        workflows::hold_for_end(tx, id).await?;
        let begun = job_runs::run_cancel(tx, id, self.now()).await?;
        if begun == Some(false) {
            self.tell(tx, &[News::ended(id)]).await?;
        }
        Ok(begun)
    }
}
