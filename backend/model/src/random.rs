//! Randomness as a parameter, so that a test can repeat it.

use uuid::{Builder, Uuid};

use crate::Timestamp;

/// A source of unpredictable bytes.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills the buffer.
    fn fill(&self, buffer: &mut [u8]);
}

/// A new UUIDv7: milliseconds of `now`, then random bits.
pub fn new_id<I: From<Uuid>>(random: &dyn Random, now: Timestamp) -> I {
    let mut bytes = [0_u8; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid().into()
}
