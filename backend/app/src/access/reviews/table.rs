//! A campaign as CSV.

use lakegate_model::{Fault, Timestamp, ids::ReviewId};

use super::{ItemView, get};
use crate::{App, Caller, catalog::words_csv::neutral};

/// The first line.
const HEADER: [&str; 14] = [
    "opens",
    "kind",
    "holder",
    "since",
    "until",
    "approved_by",
    "reason",
    "columns",
    "last_used",
    "used_columns",
    "usage_complete",
    "decision",
    "decided_by",
    "note",
];

/// A campaign's grants, one a line, for whoever may read it. Cells that a spreadsheet would run begin with an apostrophe.
pub async fn csv(app: &App, caller: &Caller, id: ReviewId) -> Result<String, Fault> {
    let view = get(app, caller, id).await?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(Fault::internal)?;
    for item in &view.items {
        writer.write_record(line(item).map(|cell| neutral(&cell))).map_err(Fault::internal)?;
    }
    String::from_utf8(writer.into_inner().map_err(Fault::internal)?).map_err(Fault::internal)
}

fn line(view: &ItemView) -> [String; 14] {
    let item = view.item.clone();
    let kind = if item.subscription_id.is_some() { "subscription" } else { "direct grant" };
    let decision = match item.decision {
        Some(decision) => decision.as_str(),
        None if view.ended => "ended",
        None => "undecided",
    };
    [
        item.opens,
        kind.to_owned(),
        item.holder,
        day(Some(item.since)),
        day(item.until),
        item.approved_by,
        item.reason,
        item.columns,
        day(item.last_used),
        item.used_columns,
        item.usage_complete.to_string(),
        decision.to_owned(),
        view.decided_by.clone().unwrap_or_default(),
        item.note,
    ]
}

fn day(time: Option<Timestamp>) -> String {
    time.map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}
