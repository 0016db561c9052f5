//! Slowing down guesses: failures are counted by user name and by address, in the database, so a restart forgets none.

use chrono::TimeDelta;
use lakegate_model::{Code, Fault, Timestamp};
use lakegate_store::{
    Tx, WriteTx,
    sessions::{self, Failures},
};
use std::net::{IpAddr, Ipv6Addr};

/// Failures that cost nothing.
const FREE: i64 = 5;
/// Failures from one address that cost nothing: many people may share one.
const FREE_BY_ADDRESS: i64 = 50;
/// Longest user name that is told apart, in characters; real ones are shorter.
const NAME_MAX: usize = 80;
/// Failures older than this are forgotten.
const MEMORY: TimeDelta = TimeDelta::hours(1);

/// The keys under which a sign-in is counted, each with its free failures.
pub fn keys(username: &str, address: Option<IpAddr>) -> Vec<(String, i64)> {
    let name: String = lakegate_model::text::fold(username).chars().take(NAME_MAX).collect();
    let mut keys = vec![(format!("user:{name}"), FREE)];
    keys.extend(address.map(|address| (format!("address:{}", household(address)), FREE_BY_ADDRESS)));
    keys
}

/// What one party commonly holds: an IPv4 address, or a /64 of IPv6.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_party_counts_once() {
        let key = |text: &str| keys("ada", text.parse().ok()).pop().map(|key| key.0);
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:192.0.2.7"), key("192.0.2.7"));
        assert_ne!(key("192.0.2.7"), key("192.0.2.8"));
    }

    #[test]
    fn waits_double_and_end_at_a_quarter_of_an_hour() {
        assert_eq!([1, 2, 9, 10, i64::MAX].map(|over| wait(over).num_seconds()), [2, 4, 512, 900, 900]);
    }
}
