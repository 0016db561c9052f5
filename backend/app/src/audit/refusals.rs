//! Refusals are recorded too, and repeated ones counted, so that a flood of them cannot fill the audit.

use lakegate_model::{Code, Fault, Timestamp, words::Outcome};
use serde_json::json;
use std::{collections::HashMap, sync::Mutex};

use crate::{App, Caller, Identity, audit::Event, caller};

/// Refusals of one caller and action that are recorded one by one within a minute.
const SINGLY: u32 = 20;
/// Callers and actions kept in mind at once.
const REMEMBERED: usize = 10_000;

/// Recent refusals by caller and action.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<HashMap<(String, &'static str), Recent>>);

#[derive(Debug, Clone, Copy)]
struct Recent {
    since: Timestamp,
    count: u32,
}

impl Refusals {
    /// Counts a refusal. Returns how many earlier ones the new event stands for, or `None` if it is only counted.
    fn admit(&self, key: (String, &'static str), now: Timestamp) -> Option<u32> {
        let mut recent = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if recent.len() > REMEMBERED {
            recent.retain(|_, entry| now - entry.since < chrono::TimeDelta::minutes(1));
        }
        let entry = recent.entry(key).or_insert(Recent { since: now, count: 0 });
        let skipped = entry.count.saturating_sub(SINGLY);
        if now - entry.since >= chrono::TimeDelta::minutes(1) {
            *entry = Recent { since: now, count: 1 };
            return Some(skipped);
        }
        entry.count += 1;
        (entry.count <= SINGLY).then_some(0)
    }
}

/// Records a refusal in a transaction of its own. A failure to record is logged: the refusal stands.
pub async fn note(app: &App, caller: &Caller, action: &'static str, fault: &Fault) {
    if !matches!(fault.code, Code::Forbidden | Code::NotFound) || caller.identity == Identity::Anonymous {
        return;
    }
    let Some(skipped) = app.refusals.admit((format!("{:?}", caller.identity), action), app.now()) else { return };
    if let Err(error) = write(app, caller, action, fault, skipped).await {
        tracing::error!(action, ?error, "a refusal could not be recorded");
    }
}

async fn write(app: &App, caller: &Caller, action: &'static str, fault: &Fault, skipped: u32) -> Result<(), Fault> {
    lakegate_store::in_write!(&app.db, |tx, _scope| {
        let actor = caller::whoever(tx, caller, app.now()).await;
        let detail = json!({ "code": fault.code.as_str(), "message": fault.message, "not_recorded_before": skipped });
        let event = Event { action, subject_kind: "refusal", subject_id: None, owner_project: None, detail };
        super::append(app, tx, caller, &actor, event, Outcome::Denied).await
    })
}
