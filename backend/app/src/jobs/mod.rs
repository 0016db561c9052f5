//! Work that is done later, as people see it: runs, what they say, their schedules, the health of the queue.
//!
//! Members of a project see the inside of its runs. Whoever runs the installation sees that there are runs, and when
//! and how they end, but not what they read: names of files can be cells (access rule 6).

pub mod health;
pub mod notices;
pub mod runs;
pub mod schedules;
mod target;
pub mod triggers;
pub mod workflows;

pub use target::Target;

use chrono::TimeDelta;
use lakegate_model::{Fault, Timestamp};
use lakegate_store::{in_read, in_write, job_runs, job_triggers, run_notices};

use crate::App;

/// Calls are remembered for so long: what is older is refused for its time.
const CALLS_KEPT: TimeDelta = TimeDelta::hours(1);

/// Listings come often and mostly find nothing: those that succeeded are kept for so long.
const LISTINGS_KEPT: TimeDelta = TimeDelta::hours(6);

/// Runs that one transaction deletes.
const SLICE: i64 = 2_000;

/// What is kept of runs that have ended. Failed ones that nobody has looked after are kept in any case.
#[derive(Debug, Clone, Copy)]
pub struct Keep {
    /// Those that ended no longer ago,
    pub age: TimeDelta,
    /// and of each kind so many, the latest.
    pub runs: i64,
}

/// Deletes runs that are kept no longer, with what started them and what became of notices.
///
/// # Errors
/// What the database says.
pub async fn forget(app: &App, keep: Keep) -> Result<(), Fault> {
    forget_old(app, app.now() - keep.age).await?;
    for spec in app.queue.specs() {
        while forget_beyond(app, spec.name, keep.runs).await? {}
    }
    Ok(())
}

/// Deletes some of the runs of a kind that are more than are kept. Whether more may be left.
async fn forget_beyond(app: &App, kind: &str, kept: i64) -> Result<bool, Fault> {
    let beyond = in_read!(&app.db, |tx, _scope| { Ok(job_runs::has_beyond(tx, kind, kept).await?) })?;
    if !beyond {
        return Ok(false);
    }
    let deleted = in_write!(&app.db, |tx, _scope| { Ok(job_runs::runs_forget_beyond(tx, kind, kept, SLICE).await?) })?;
    Ok(i64::try_from(deleted).is_ok_and(|count| count >= SLICE))
}

async fn forget_old(app: &App, until: Timestamp) -> Result<(), Fault> {
    let forgotten = in_write!(&app.db, |tx, _scope| {
        run_notices::deliveries_forget(tx, until).await?;
        let runs = job_runs::runs_forget(tx, until).await?;
        job_runs::quiet_forget(tx, triggers::listing::LISTING.name, app.now() - LISTINGS_KEPT).await?;
        job_triggers::forget(tx, app.now() - CALLS_KEPT, until).await?;
        Ok(runs)
    })?;
    if forgotten > 0 {
        tracing::info!(runs = forgotten, "runs that ended long ago were deleted");
    }
    Ok(())
}
