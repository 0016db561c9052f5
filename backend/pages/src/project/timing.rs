//! How often a data source runs, as its forms offer it.

use lakegate_model::Fault;

use crate::kit::Choice;

/// How often a source runs, in words.
pub(super) fn interval_text(seconds: Option<i64>) -> String {
    let Some(seconds) = seconds else { return "On demand".to_owned() };
    match seconds {
        86_400 => "Every day".to_owned(),
        3_600 => "Every hour".to_owned(),
        604_800 => "Every week".to_owned(),
        _ if seconds % 86_400 == 0 => format!("Every {} days", seconds / 86_400),
        _ if seconds % 3_600 == 0 => format!("Every {} hours", seconds / 3_600),
        _ if seconds % 60 == 0 => format!("Every {} minutes", seconds / 60),
        _ => format!("Every {seconds} seconds"),
    }
}

/// The intervals that are offered, and the one in force if it is another.
pub(super) fn intervals(present: &str) -> Vec<Choice> {
    let mut offered = vec![Choice::new("", "Only on demand")];
    offered.extend(
        [300, 900, 3_600, 21_600, 86_400, 604_800]
            .map(|seconds: i64| Choice::new(seconds.to_string(), interval_text(Some(seconds)))),
    );
    if !offered.iter().any(|choice| choice.value == present) {
        offered.push(Choice::new(present, interval_text(present.parse().ok())));
    }
    offered
}

/// What was chosen.
///
/// # Errors
/// `invalid` on `interval`.
pub(super) fn interval_of(text: &str) -> Result<Option<i64>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Fault::invalid("interval", "choose how often it runs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_said_in_words() {
        assert_eq!(interval_text(None), "On demand");
        assert_eq!(interval_text(Some(172_800)), "Every 2 days");
        assert_eq!(interval_text(Some(900)), "Every 15 minutes");
        assert_eq!(interval_text(Some(61)), "Every 61 seconds");
        assert!(intervals("61").iter().any(|choice| choice.value == "61"));
    }
}
