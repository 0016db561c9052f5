//! Events of the audit as CSV.

use lakegate_model::{Fault, audit::AuditEvent};

use super::{AuditFilter, read};
use crate::{App, Caller, catalog::words_csv::neutral};

/// The first line.
pub const HEADER: [&str; 12] = [
    "number",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "project_id",
    "action",
    "outcome",
    "subject_kind",
    "subject_id",
    "request_id",
    "detail",
];

/// What a filter finds, the newest first, one event a line, as far as the caller may see. Cells that a spreadsheet would run
/// begin with an apostrophe.
///
/// # Errors
/// As [`read::events`]; `limit_exceeded` where more than [`read::MOST_TAKEN`] fit.
pub async fn csv(app: &App, caller: &Caller, filter: &AuditFilter) -> Result<String, Fault> {
    let events = read::all(app, caller, filter).await?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(Fault::internal)?;
    for event in events {
        writer.write_record(line(event).map(|cell| neutral(&cell))).map_err(Fault::internal)?;
    }
    String::from_utf8(writer.into_inner().map_err(Fault::internal)?).map_err(Fault::internal)
}

fn line(event: AuditEvent) -> [String; 12] {
    [
        event.number.to_string(),
        event.at.to_rfc3339(),
        event.actor_kind,
        event.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        event.actor_name,
        event.project_id.map(|id| id.to_string()).unwrap_or_default(),
        event.action,
        event.outcome.to_string(),
        event.subject_kind,
        event.subject_id.map(|id| id.to_string()).unwrap_or_default(),
        event.request_id,
        event.detail,
    ]
}
