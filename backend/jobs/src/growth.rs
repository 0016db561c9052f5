//! How many slots a class of work has: more when all of them were taken for long, fewer again when they were not.

use chrono::TimeDelta;
use lakegate_model::Timestamp;
use std::collections::VecDeque;

/// Over how long it is looked whether the slots were full.
const WINDOW: TimeDelta = TimeDelta::minutes(10);
/// The mean share of taken slots above which there is one more.
const FULL: f64 = 0.95;
/// How long a slot has to have been free before there is one less.
const QUIET: TimeDelta = TimeDelta::minutes(30);
/// Time between two samples.
const SAMPLE_EVERY: TimeDelta = TimeDelta::seconds(10);
/// Samples without which a window says nothing: a clock that was put forward makes none.
const SAMPLES: usize = 50;

/// The slots of each class of work.
#[derive(Debug)]
pub(crate) struct Slots {
    pub light: Growth,
    pub heavy: Growth,
}

/// The slots of a class of work.
#[derive(Debug)]
pub(crate) struct Growth {
    least: i64,
    most: i64,
    slots: i64,
    /// When it was looked, and the share of slots that were taken.
    samples: VecDeque<(Timestamp, f64)>,
    /// Since when a slot has always been free.
    quiet_since: Option<Timestamp>,
}

impl Growth {
    /// Begins with the least slots; never has more than `most`.
    pub fn between(least: i64, most: i64) -> Self {
        Self { least, most: most.max(least), slots: least, samples: VecDeque::new(), quiet_since: None }
    }

    /// How many there are.
    pub fn slots(&self) -> i64 {
        self.slots
    }

    /// Notes that so many are taken. Returns how many there are from now on, if that changed.
    pub fn observe(&mut self, now: Timestamp, taken: i64) -> Option<i64> {
        self.sample(now, taken);
        let quiet_since = if taken < self.slots { Some(self.quiet_since.unwrap_or(now)) } else { None };
        self.quiet_since = quiet_since;
        if self.slots < self.most && self.was_full(now) {
            return self.change(1);
        }
        if self.slots > self.least && quiet_since.is_some_and(|since| now - since >= QUIET) {
            return self.change(-1);
        }
        while self.samples.front().is_some_and(|(at, _)| now - *at > WINDOW) {
            self.samples.pop_front();
        }
        None
    }

    #[expect(clippy::cast_precision_loss, reason = "numbers of slots are small")]
    fn sample(&mut self, now: Timestamp, taken: i64) {
        if self.slots > 0 && self.samples.back().is_none_or(|(at, _)| now - *at >= SAMPLE_EVERY) {
            self.samples.push_back((now, taken as f64 / self.slots as f64));
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a window has some sixty samples")]
    fn was_full(&self, now: Timestamp) -> bool {
        let covered = self.samples.front().is_some_and(|(at, _)| now - *at >= WINDOW);
        let mean = self.samples.iter().map(|(_, share)| share).sum::<f64>() / self.samples.len().max(1) as f64;
        covered && self.samples.len() >= SAMPLES && mean > FULL
    }

    /// What was seen of another number of slots says nothing of this one.
    fn change(&mut self, by: i64) -> Option<i64> {
        self.slots += by;
        self.samples.clear();
        self.quiet_since = None;
        Some(self.slots)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::{TimeZone, Utc};

    /// Looks every ten seconds for some minutes; gives the minutes at which something changed, and to what.
    fn watch(growth: &mut Growth, from: i64, minutes: i64, taken: impl Fn(i64) -> i64) -> Vec<(i64, i64)> {
        let zero = Utc.with_ymd_and_hms(2026, 5, 3, 0, 0, 0).unwrap();
        let ticks = (from * 6)..=((from + minutes) * 6);
        let seen = ticks.filter_map(|tick| {
            let slots = growth.observe(zero + TimeDelta::seconds(tick * 10), taken(growth.slots()))?;
            Some((tick / 6, slots))
        });
        seen.collect()
    }

    #[test]
    fn full_slots_grow_each_ten_minutes_up_to_the_most() {
        let mut growth = Growth::between(2, 4);
        assert_eq!(watch(&mut growth, 0, 60, |slots| slots), [(10, 3), (20, 4)]);
    }

    #[test]
    fn slots_that_are_nearly_full_stay() {
        let mut growth = Growth::between(20, 40);
        assert_eq!(watch(&mut growth, 0, 60, |slots| slots * 18 / 20), []);
    }

    #[test]
    fn thirty_minutes_with_a_free_slot_take_one_away_down_to_the_least() {
        let mut growth = Growth::between(2, 4);
        watch(&mut growth, 0, 21, |slots| slots);
        assert_eq!(growth.slots(), 4);
        assert_eq!(watch(&mut growth, 22, 90, |_| 1), [(52, 3), (82, 2)]);
    }

    #[test]
    fn one_full_moment_begins_the_quiet_anew() {
        let mut growth = Growth::between(2, 3);
        watch(&mut growth, 0, 10, |slots| slots);
        assert_eq!(watch(&mut growth, 11, 29, |_| 0), []);
        assert_eq!(watch(&mut growth, 41, 0, |slots| slots), []);
        assert_eq!(watch(&mut growth, 42, 29, |_| 0), []);
        assert_eq!(watch(&mut growth, 72, 2, |_| 0), [(72, 2)]);
    }

    #[test]
    fn a_clock_that_is_put_forward_says_nothing() {
        let mut growth = Growth::between(2, 4);
        assert_eq!(watch(&mut growth, 0, 2, |slots| slots), []);
        assert_eq!(watch(&mut growth, 600, 2, |slots| slots), []);
    }

    #[test]
    fn without_room_to_grow_nothing_changes() {
        let mut growth = Growth::between(0, 0);
        assert_eq!(watch(&mut growth, 0, 60, |_| 0), []);
        let mut fixed = Growth::between(3, 1);
        assert_eq!(watch(&mut fixed, 0, 60, |slots| slots), []);
    }
}
