//! Forms and query strings whose fields may repeat.

use chrono::{NaiveDate, NaiveTime};
use lakegate_model::{Fault, Timestamp};
use serde::Deserialize;
use std::str::FromStr;

/// The fields of a form or query string, in order, as they were sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// The first value of a field; empty if it is absent.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// Every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// Whether a field is there, as a ticked box is.
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// Whether a field has this among its values.
    pub fn holds(&self, name: &str, value: &str) -> bool {
        self.all(name).any(|held| held == value)
    }

    /// The values of a field as ids.
    ///
    /// # Errors
    /// `invalid` naming the field.
    pub fn ids<T: FromStr<Err = Fault>>(&self, name: &str) -> Result<Vec<T>, Fault> {
        self.all(name).map(|text| text.parse().map_err(|fault: Fault| fault.on(name))).collect()
    }

    /// The value of a field as an id.
    ///
    /// # Errors
    /// `invalid` naming the field, also if nothing was chosen.
    pub fn id<T: FromStr<Err = Fault>>(&self, name: &str) -> Result<T, Fault> {
        match self.one(name) {
            "" => Err(Fault::invalid(name, "choose one")),
            text => text.parse().map_err(|fault: Fault| fault.on(name)),
        }
    }

    /// The revision that the form was drawn from.
    ///
    /// # Errors
    /// `invalid` on `revision`, for a form that is not one of ours.
    pub fn revision(&self) -> Result<i64, Fault> {
        self.one("revision").parse().map_err(|_| Fault::invalid("revision", "open the page again"))
    }

    /// The end of the day that a field names; `None` if it is empty.
    ///
    /// # Errors
    /// `invalid` naming the field.
    pub fn day(&self, name: &str) -> Result<Option<Timestamp>, Fault> {
        let text = self.one(name).trim();
        if text.is_empty() {
            return Ok(None);
        }
        let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .map_err(|_| Fault::invalid(name, "write a day such as 2026-12-31"))?;
        let last = NaiveTime::from_hms_opt(23, 59, 59).unwrap_or_default();
        Ok(Some(day.and_time(last).and_utc()))
    }
}

/// A moment as a date field holds it.
pub fn day_text(time: Option<Timestamp>) -> String {
    time.map(|time| time.format("%Y-%m-%d").to_string()).unwrap_or_default()
}

/// A day as people read it.
pub fn day_words(time: Timestamp) -> String {
    time.format("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use lakegate_model::ids::ProjectId;

    fn fields(text: &str) -> Fields {
        serde_urlencoded::from_str(text).unwrap()
    }

    #[test]
    fn fields_may_repeat() {
        let fields = fields("column=a&reason=x+y&column=b");
        assert_eq!(fields.all("column").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((fields.one("reason"), fields.one("absent")), ("x y", ""));
        assert!(fields.has("column") && !fields.has("absent") && fields.holds("column", "b"));
    }

    #[test]
    fn what_does_not_fit_names_its_field() {
        let fields = fields("project=&column=x&until=31.12.2026&end=2026-12-31");
        assert_eq!(fields.id::<ProjectId>("project").unwrap_err().field.as_deref(), Some("project"));
        assert_eq!(fields.ids::<ProjectId>("column").unwrap_err().field.as_deref(), Some("column"));
        assert_eq!(fields.day("until").unwrap_err().field.as_deref(), Some("until"));
        assert_eq!(day_text(fields.day("end").unwrap()), "2026-12-31");
        assert_eq!(fields.day("absent").unwrap(), None);
    }
}
