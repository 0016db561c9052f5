//! How long administrators read in an emergency.

use lakegate_app::access::break_glass::Lasting;
use serde::{Deserialize, Serialize};

/// Minutes beyond which it is no emergency any more.
const DAY: i64 = 24 * 60;

/// The section `break_glass`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakGlass {
    /// Minutes of an emergency access for which no end is named. Default: 60.
    pub minutes: i64,
    /// Minutes that an emergency access lasts at most. Default: 480, which is 8 hours.
    pub most_minutes: i64,
}

impl Default for BreakGlass {
    fn default() -> Self {
        let Lasting { minutes, most_minutes } = Lasting::default();
        Self { minutes, most_minutes }
    }
}

impl BreakGlass {
    /// Adds what is wrong.
    pub fn validate(&self, wrong: &mut Vec<String>) {
        if !(1..=DAY).contains(&self.most_minutes) {
            wrong.push(format!("break_glass.most_minutes: this has to be from 1 to {DAY}"));
        }
        if self.minutes < 1 || self.minutes > self.most_minutes {
            wrong.push("break_glass.minutes: this has to be from 1 to break_glass.most_minutes".to_owned());
        }
    }

    /// What the application takes.
    pub fn lasting(&self) -> Lasting {
        Lasting { minutes: self.minutes, most_minutes: self.most_minutes }
    }
}

#[cfg(test)]
mod tests {
    use super::BreakGlass;

    #[test]
    fn an_end_lies_within_its_bound() {
        for (minutes, most_minutes, told) in
            [(60, 480, 0), (1, 1, 0), (0, 480, 1), (481, 480, 1), (60, 0, 2), (60, 1_441, 1), (-5, -1, 2)]
        {
            let mut wrong = Vec::new();
            BreakGlass { minutes, most_minutes }.validate(&mut wrong);
            assert_eq!(wrong.len(), told, "{minutes} of {most_minutes}: {wrong:?}");
            assert!(wrong.iter().all(|line| line.starts_with("break_glass.")), "{wrong:?}");
        }
    }
}
