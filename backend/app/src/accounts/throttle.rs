//! Slowing down guesses: failures are counted by user name and by address, in the database, so a restart forgets none.

use chrono::TimeDelta;
use lakegate_model::{Code, Fault, Timestamp};
use lakegate_store::{
    Tx, WriteTx,
    sessions::{self, Failures},
};
use std::net::IpAddr;

/// Failures that cost nothing.
const FREE: i64 = 5;
/// Failures from one address that cost nothing: many people may share one.
const FREE_BY_ADDRESS: i64 = 50;
/// Failures older than this are forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(1);

/// The keys under which a sign-in is counted, each with its free failures.
pub fn keys(username: &str, address: Option<IpAddr>) -> Vec<(String, i64)> {
    let mut keys = vec![(format!("user:{}", lakegate_model::text::fold(username)), FREE)];
    keys.extend(address.map(|address| (format!("address:{address}"), FREE_BY_ADDRESS)));
    keys
}

/// Refuses while one of the keys is blocked.
///
/// # Errors
/// `throttled` with the seconds to wait.
pub async fn check(tx: &mut Tx, keys: &[(String, i64)], now: Timestamp) -> Result<(), Fault> {
    for (key, _) in keys {
        let blocked = sessions::failures_find(tx, key).await?.and_then(|failures| failures.blocked_until);
        if let Some(until) = blocked.filter(|until| *until > now) {
            let seconds = u32::try_from((until - now).num_seconds() + 1).unwrap_or(u32::MAX);
            return Err(Fault::new(Code::Throttled, "too many failed sign-ins; wait a little").retry_after(seconds));
        }
    }
    Ok(())
}

/// Counts a failure under each key; past the free ones each doubles the wait, up to 15 minutes.
pub async fn failed(tx: &mut WriteTx, keys: &[(String, i64)], now: Timestamp) -> Result<(), Fault> {
    for (key, free) in keys {
        let before = sessions::failures_find(tx, key).await?.filter(|failures| now - failures.last_at < MEMORY);
        let failures = before.map_or(0, |failures| failures.failures) + 1;
        let blocked_until = (failures > *free).then(|| now + wait(failures - free));
        sessions::failures_set(tx, key, &Failures { failures, last_at: now, blocked_until }).await?;
    }
    Ok(())
}

/// Forgets the failures of a user who got in.
pub async fn succeeded(tx: &mut WriteTx, keys: &[(String, i64)]) -> Result<(), Fault> {
    if let Some((key, _)) = keys.first() {
        sessions::failures_clear(tx, key).await?;
    }
    Ok(())
}

fn wait(over: i64) -> TimeDelta {
    let seconds = 2_i64.saturating_pow(u32::try_from(over.clamp(1, 10)).unwrap_or(10));
    TimeDelta::seconds(seconds.min(900))
}
