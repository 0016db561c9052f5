//! Waiting for something that can be seen, with a deadline.

use std::time::{Duration, Instant};

/// How long anything may take, unless a test says otherwise.
pub const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks until there is something, or fails after [`PATIENCE`] saying what was waited for.
pub async fn eventually<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    within(PATIENCE, what, look).await
}

/// [`eventually`] for a condition.
pub async fn eventually_ok(what: &str, mut look: impl AsyncFnMut() -> bool) {
    within(PATIENCE, what, async || look().await.then_some(())).await;
}

/// [`eventually`] with a deadline of its own.
pub async fn within<T>(limit: Duration, what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < limit, "waited {limit:?} in vain for {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
