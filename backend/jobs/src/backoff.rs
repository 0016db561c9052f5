//! How long a failed run waits.

use chrono::TimeDelta;
use lakegate_model::Random;
use std::time::Duration;

/// Exponential waiting with jitter: the n-th wait lies between half of `first * 2^(n-1)` and all of it, and never above
/// `most`. The jitter keeps runs that failed together from coming back together.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    pub first: Duration,
    pub most: Duration,
}

impl Backoff {
    /// The wait after `tries` failed attempts, which is one or more.
    pub fn wait(&self, tries: i64, random: &dyn Random) -> TimeDelta {
        let doublings = u32::try_from(tries.clamp(1, 32) - 1).unwrap_or_default();
        let whole = self.first.saturating_mul(1_u32 << doublings.min(31)).min(self.most);
        let half = whole / 2;
        let mut bytes = [0_u8; 2];
        random.fill(&mut bytes);
        let share = f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX);
        TimeDelta::from_std(half + half.mul_f64(share)).unwrap_or(TimeDelta::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Always(u8);
    impl Random for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn waits_double_up_to_a_bound_and_spread_over_half() {
        let backoff = Backoff { first: Duration::from_secs(10), most: Duration::from_secs(600) };
        let waits = |random: &Always| [1, 2, 3, 7, 60].map(|tries| backoff.wait(tries, random).num_seconds());
        assert_eq!(waits(&Always(255)), [10, 20, 40, 600, 600]);
        assert_eq!(waits(&Always(0)), [5, 10, 20, 300, 300]);
    }
}
