//! When a schedule ticks: cron expressions in a time zone, intervals, one moment.
//!
//! Cron expressions have five fields, or six with seconds in front. Where the clocks jump ahead, a tick that would fall
//! into the hour that does not exist comes right after it; where they are set back, a tick at a fixed time comes once.

use chrono::TimeDelta;
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds},
};
use lakegate_model::{Fault, Timestamp, jobs::JobSchedule, words::CatchUp};

/// The shortest interval.
pub const SHORTEST: i64 = 1;
/// The longest interval: a year.
pub const LONGEST: i64 = 366 * 24 * 3600;
/// A tick that nobody was there for at this distance is missed.
pub const LATE: TimeDelta = TimeDelta::seconds(60);
/// Ticks that are made up for at once; more wait for the next look.
pub const AT_ONCE: usize = 100;

/// Says when a schedule ticks, checked.
#[derive(Debug, Clone)]
pub enum Ticks {
    Cron { cron: Box<Cron>, zone: Tz },
    Every(TimeDelta),
    Once(Timestamp),
}

impl Ticks {
    /// Reads what a schedule says.
    ///
    /// # Errors
    /// `invalid` on `cron`, `zone`, `every_seconds` or `schedule`: what is wrong and what would be right.
    pub fn of(schedule: &JobSchedule) -> Result<Self, Fault> {
        match (&schedule.cron, schedule.every_seconds, schedule.once_at) {
            (Some(cron), None, None) => Self::cron(cron, &schedule.zone),
            (None, Some(seconds), None) => Self::every(seconds),
            (None, None, Some(at)) => Ok(Self::Once(at)),
            _ => Err(Fault::invalid("schedule", "say when: exactly one of cron, every_seconds and once_at")),
        }
    }

    /// A cron expression, read in a zone.
    ///
    /// # Errors
    /// As [`Ticks::of`].
    pub fn cron(text: &str, zone: &str) -> Result<Self, Fault> {
        let parser = CronParser::builder().seconds(Seconds::Optional).build();
        let cron = parser.parse(text).map_err(|error| {
            Fault::invalid("cron", format!("this is no cron expression: {error}"))
                .fix("five fields, minute hour day month weekday, or six with seconds in front: 0 6 * * MON-FRI")
        })?;
        let zone = zone.parse().map_err(|_| {
            Fault::invalid("zone", format!("there is no time zone {zone:?}")).fix("an IANA name such as Europe/Berlin")
        })?;
        Ok(Self::Cron { cron: Box::new(cron), zone })
    }

    fn every(seconds: i64) -> Result<Self, Fault> {
        if !(SHORTEST..=LONGEST).contains(&seconds) {
            let message = format!("an interval has {SHORTEST} to {LONGEST} seconds, not {seconds}");
            return Err(Fault::invalid("every_seconds", message));
        }
        Ok(Self::Every(TimeDelta::seconds(seconds)))
    }

    /// The first tick after a moment; intervals count on from it.
    pub fn after(&self, moment: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Cron { cron, zone } => {
                let next = cron.find_next_occurrence(&moment.with_timezone(zone), false).ok()?;
                Some(next.to_utc())
            }
            Self::Every(span) => moment.checked_add_signed(*span),
            Self::Once(at) => (*at > moment).then_some(*at),
        }
    }

    /// The last tick until `now`, counted from `first`, which has passed.
    fn latest(&self, first: Timestamp, now: Timestamp) -> Timestamp {
        let latest = match self {
            Self::Cron { cron, zone } => {
                cron.find_previous_occurrence(&now.with_timezone(zone), true).ok().map(|tick| tick.to_utc())
            }
            Self::Every(span) => {
                let whole = (now - first).num_seconds() / span.num_seconds().max(1);
                i32::try_from(whole).ok().and_then(|n| span.checked_mul(n)).map(|passed| first + passed)
            }
            Self::Once(at) => Some(*at),
        };
        latest.unwrap_or(first).max(first)
    }

    /// In words, such as `Every 2 hours`.
    pub fn words(&self) -> String {
        match self {
            Self::Cron { cron, zone } => format!("{} ({zone})", cron.describe().trim_end_matches('.')),
            Self::Every(span) => format!("Every {}", span_words(span.num_seconds())),
            Self::Once(at) => format!("Once, at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
        }
    }
}

fn span_words(seconds: i64) -> String {
    let (count, unit) = match seconds {
        s if s % 86_400 == 0 => (s / 86_400, "day"),
        s if s % 3_600 == 0 => (s / 3_600, "hour"),
        s if s % 60 == 0 => (s / 60, "minute"),
        s => (s, "second"),
    };
    if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") }
}

/// What comes of a schedule whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Ticks for which a run is started, the earliest first.
    pub start: Vec<Timestamp>,
    /// The last tick that has passed, started or not.
    pub last: Timestamp,
    /// The tick that comes next.
    pub next: Option<Timestamp>,
}

/// Decides which of the ticks from `first` until `now` start a run.
pub fn due(ticks: &Ticks, catch_up: CatchUp, first: Timestamp, now: Timestamp) -> Due {
    let latest = ticks.latest(first, now);
    let start = match catch_up {
        CatchUp::Skip if now - latest > LATE => Vec::new(),
        CatchUp::Skip | CatchUp::One => vec![latest],
        CatchUp::All => {
            let all = std::iter::successors(Some(first), |tick| ticks.after(*tick));
            all.take_while(|tick| *tick <= now).take(AT_ONCE).collect()
        }
    };
    let last = if catch_up == CatchUp::All { start.last().copied().unwrap_or(first) } else { latest };
    Due { next: ticks.after(last), start, last }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ticks(cron: &str, zone: &str) -> Ticks {
        Ticks::cron(cron, zone).unwrap()
    }

    fn three(ticks: &Ticks, from: &str) -> Vec<String> {
        let mut moment = at(from);
        let next = |_| {
            moment = ticks.after(moment).unwrap();
            moment.format("%m-%dT%H:%M:%SZ").to_string()
        };
        (0..3).map(next).collect()
    }

    #[test]
    fn cron_follows_the_clock_on_the_wall() {
        let daily = ticks("30 6 * * *", "Europe/Berlin");
        // The clocks go forward on 29 March 2026, back on 25 October 2026.
        assert_eq!(three(&daily, "2026-03-27T12:00:00Z"), ["03-28T05:30:00Z", "03-29T04:30:00Z", "03-30T04:30:00Z"]);
        assert_eq!(three(&daily, "2026-10-23T12:00:00Z"), ["10-24T04:30:00Z", "10-25T05:30:00Z", "10-26T05:30:00Z"]);
        let seconds = ticks("*/20 * * * * *", "UTC");
        assert_eq!(three(&seconds, "2026-01-01T00:00:05Z"), ["01-01T00:00:20Z", "01-01T00:00:40Z", "01-01T00:01:00Z"]);
    }

    #[test]
    fn an_hour_that_is_not_there_and_one_that_comes_twice() {
        let night = ticks("30 2 * * *", "Europe/Berlin");
        // 02:30 does not exist on 29 March: the tick comes when the clocks have jumped to 03:00.
        assert_eq!(three(&night, "2026-03-28T00:00:00Z"), ["03-28T01:30:00Z", "03-29T01:00:00Z", "03-30T00:30:00Z"]);
        // 02:30 comes twice on 25 October: it ticks once.
        assert_eq!(three(&night, "2026-10-24T12:00:00Z"), ["10-25T00:30:00Z", "10-26T01:30:00Z", "10-27T01:30:00Z"]);
    }

    #[test]
    fn what_was_missed_is_skipped_made_up_once_or_all() {
        let every = Ticks::Every(TimeDelta::seconds(600));
        let first = at("2026-01-01T00:00:00Z");
        let now = at("2026-01-01T00:35:00Z");
        let start = |catch_up| due(&every, catch_up, first, now).start.len();
        assert_eq!([CatchUp::Skip, CatchUp::One, CatchUp::All].map(start), [0, 1, 4]);
        let one = due(&every, CatchUp::One, first, now);
        assert_eq!((one.last, one.next), (at("2026-01-01T00:30:00Z"), Some(at("2026-01-01T00:40:00Z"))));
        // In time, all three start it.
        let start = |catch_up| due(&every, catch_up, first, at("2026-01-01T00:00:02Z")).start.len();
        assert_eq!([CatchUp::Skip, CatchUp::One, CatchUp::All].map(start), [1, 1, 1]);
    }

    #[test]
    fn a_long_absence_is_made_up_in_parts() {
        let every = Ticks::Every(TimeDelta::seconds(1));
        let first = at("2026-01-01T00:00:00Z");
        let now = at("2026-01-02T00:00:00Z");
        let all = due(&every, CatchUp::All, first, now);
        assert_eq!((all.start.len(), all.next), (AT_ONCE, Some(first + TimeDelta::seconds(100))));
        let one = due(&every, CatchUp::One, first, now);
        assert_eq!((one.start, one.next), (vec![now], Some(now + TimeDelta::seconds(1))));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (cron, zone, field) in [("61 * * * *", "UTC", "cron"), ("x", "UTC", "cron"), ("* * * * *", "Mars", "zone")]
        {
            assert_eq!(Ticks::cron(cron, zone).unwrap_err().field.as_deref(), Some(field), "{cron} {zone}");
        }
        assert!(Ticks::every(0).is_err() && Ticks::every(LONGEST + 1).is_err());
    }

    #[test]
    fn schedules_read_as_words() {
        assert_eq!(
            ticks("0 6 * * 1-5", "Europe/Berlin").words(),
            "At 06:00, on Monday, Tuesday, Wednesday, Thursday, and Friday (Europe/Berlin)"
        );
        assert_eq!(Ticks::every(7_200).unwrap().words(), "Every 2 hours");
        assert_eq!(Ticks::every(60).unwrap().words(), "Every minute");
    }
}
