//! How runs of the query of a derived table, and its definitions, are shown.

use lakegate_model::{Timestamp, derived::DerivedVersion, jobs::JobRun};

use crate::{
    jobs::row::{by, state, words},
    kit::{When, duration},
};

/// A run of the query.
pub struct BuildRow {
    pub href: String,
    pub label: &'static str,
    pub tone: &'static str,
    pub icon: &'static str,
    pub at: When,
    pub by: String,
    pub took: String,
    /// How far it is, what it ran, or why it failed.
    pub words: String,
    pub failed: bool,
    pub live: bool,
}

impl BuildRow {
    /// A run as it stands at a moment.
    pub fn of(run: &JobRun, now: Timestamp) -> Self {
        let (label, tone, icon) = state(run);
        Self {
            href: format!("/jobs/runs/{}", run.id),
            label,
            tone,
            icon,
            at: When::at(run.created_at),
            by: by(run),
            took: run.duration(now).map(|took| duration(took.num_milliseconds())).unwrap_or_default(),
            words: ran(run).unwrap_or_else(|| words(run)),
            failed: tone == "danger",
            live: !run.is_ended(),
        }
    }
}

/// The definition that a run made the table from; `None` while it has made none.
fn ran(run: &JobRun) -> Option<String> {
    let version = run.output.as_ref()?.get("version")?.as_i64()?;
    Some(format!("Ran version {version}"))
}

/// A definition under its number.
pub struct VersionRow {
    pub number: i64,
    pub latest: bool,
    /// Whether the table holds what it gave.
    pub built: bool,
    pub sql: String,
    pub account: String,
    pub by: String,
    pub at: When,
}

impl VersionRow {
    /// A definition; `latest` is the number of the latest one, `built` of that whose result stands there.
    pub fn of(version: DerivedVersion, latest: i64, built: Option<i64>) -> Self {
        Self {
            number: version.number,
            latest: version.number == latest,
            built: built == Some(version.number),
            sql: version.sql_text,
            account: version.service_account_name,
            by: version.created_by,
            at: When::at(version.created_at),
        }
    }
}
