//! Work that is done later, as people see it: runs, what they say, their schedules, the health of the queue.
//!
//! Members of a project see the inside of its runs. Whoever runs the installation sees that there are runs, and when
//! and how they end, but not what they read: names of files can be cells (access rule 6).

pub mod health;
pub mod notices;
pub mod runs;
pub mod schedules;
pub mod triggers;

use chrono::TimeDelta;
use lakegate_model::{Fault, Timestamp};
use lakegate_store::{in_write, job_runs, job_triggers, run_notices};

use crate::App;

/// Calls are remembered for so long: what is older is refused for its time.
const CALLS_KEPT: TimeDelta = TimeDelta::hours(1);

/// Listings come often and mostly find nothing: those that succeeded are kept for so long.
const LISTINGS_KEPT: TimeDelta = TimeDelta::hours(6);

/// Deletes runs that ended before a moment, but for failed ones that nobody has looked after, with what started them; and
/// what became of notices until then.
///
/// # Errors
/// What the database says.
pub async fn forget(app: &App, until: Timestamp) -> Result<(), Fault> {
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
