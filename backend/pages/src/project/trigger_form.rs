//! The form of a trigger: what it asks for depends on what the trigger waits for.

use lakegate_app::{
    catalog::assets,
    derived,
    jobs::{Target, triggers::NewTrigger, workflows},
    sources::manage,
};
use lakegate_model::{
    Fault, PageRequest,
    triggers::JobTrigger,
    words::{Happening, JobState},
};
use serde::Deserialize;
use uuid::Uuid;

use super::started::Started;
use crate::kit::Choice;
use lakegate_http::{Web, extract::SignedIn};

/// Sources and assets that are offered.
const OFFERED: i64 = 200;

/// What was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct TriggerForm {
    /// What it waits for.
    pub on: String,
    pub name: String,
    pub watched: String,
    pub outcome: String,
    pub prefix: String,
    /// One address a line.
    pub excluded: String,
    pub list_seconds: String,
    pub batch_events: String,
    pub batch_seconds: String,
    pub enabled: String,
}

impl TriggerForm {
    /// What a trigger says.
    pub fn of(trigger: &JobTrigger) -> Self {
        let text = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        Self {
            on: trigger.happening.as_str().to_owned(),
            name: trigger.name.clone(),
            watched: trigger.watched_id.map(|id| id.to_string()).unwrap_or_default(),
            outcome: trigger.outcome.map(|outcome| outcome.to_string()).unwrap_or_default(),
            prefix: trigger.prefix.clone(),
            excluded: trigger.excluded.join("\n"),
            list_seconds: text(trigger.list_seconds),
            batch_events: trigger.batch_events.to_string(),
            batch_seconds: trigger.batch_seconds.to_string(),
            enabled: if trigger.enabled { "yes" } else { "" }.to_owned(),
        }
    }

    /// What the form of a new trigger begins with.
    pub fn with_defaults(self, started: &Started) -> Self {
        let usual = if started.folder.is_some() { Happening::ObjectCreated } else { Happening::RunEnded };
        let on = if self.on.is_empty() { usual.as_str().to_owned() } else { self.on };
        let objects = on == Happening::ObjectCreated.as_str();
        Self {
            list_seconds: if objects && started.folder == Some(true) { "60".to_owned() } else { String::new() },
            batch_events: if objects { "100" } else { "1" }.to_owned(),
            batch_seconds: if objects { "300" } else { "0" }.to_owned(),
            on,
            ..self
        }
    }

    /// What the trigger waits for.
    ///
    /// # Errors
    /// `invalid` on `on`.
    pub fn happening(&self) -> Result<Happening, Fault> {
        self.on.parse().map_err(|fault: Fault| fault.on("on"))
    }

    /// What is wanted.
    ///
    /// # Errors
    /// `invalid` naming the field.
    pub fn wanted(&self) -> Result<NewTrigger, Fault> {
        let happening = self.happening()?;
        let objects = happening == Happening::ObjectCreated;
        let prefix = self.prefix.trim();
        Ok(NewTrigger {
            name: self.name.clone(),
            happening,
            watched: watched(&self.watched)?,
            outcome: if self.outcome.is_empty() { None } else { Some(outcome(&self.outcome)?) },
            prefix: (objects && !prefix.is_empty()).then(|| prefix.to_owned()),
            excluded: self.excluded.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
            list_seconds: number("list_seconds", &self.list_seconds)?,
            batch_events: number("batch_events", &self.batch_events)?.unwrap_or(1),
            batch_seconds: number("batch_seconds", &self.batch_seconds)?.unwrap_or(0),
            enabled: self.enabled == "yes",
        })
    }
}

fn watched(text: &str) -> Result<Option<Uuid>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Fault::invalid("watched", "choose one of the list"))
}

fn outcome(text: &str) -> Result<JobState, Fault> {
    text.parse().map_err(|fault: Fault| fault.on("outcome"))
}

fn number(field: &str, text: &str) -> Result<Option<i64>, Fault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    text.trim().parse().map(Some).map_err(|_| Fault::invalid(field, "this is a whole number"))
}

/// What the form of a kind of trigger asks for.
pub(super) struct Asked {
    /// The kinds, to choose another.
    pub kinds: Vec<Choice>,
    pub objects: bool,
    pub run: bool,
    /// Sources or assets to choose from; empty where there is nothing to choose.
    pub watched: Vec<Choice>,
    pub watched_label: &'static str,
    pub outcomes: Vec<Choice>,
}

/// What the form of a trigger asks for.
pub(super) async fn asked(
    web: &Web,
    reader: &SignedIn,
    started: &Started,
    happening: Happening,
) -> Result<Asked, Fault> {
    let (watched, watched_label) = match happening {
        Happening::RunEnded => (others(web, reader, started).await?, "Data source, workflow or derived table"),
        Happening::TableChanged => (own_assets(web, reader, started, "Any table of the project").await?, "Table"),
        Happening::AssetPublished => (own_assets(web, reader, started, "Any asset of the project").await?, "Asset"),
        Happening::ObjectCreated | Happening::Webhook => (Vec::new(), ""),
    };
    Ok(Asked {
        kinds: kinds(started),
        objects: happening == Happening::ObjectCreated,
        run: happening == Happening::RunEnded,
        watched,
        watched_label,
        outcomes: vec![
            Choice::new("", "However it ends"),
            Choice::new("succeeded", "It succeeded"),
            Choice::new("failed", "It failed"),
        ],
    })
}

/// Objects arrive in the place of a data source.
fn kinds(started: &Started) -> Vec<Choice> {
    let words = |happening: &Happening| match happening {
        Happening::ObjectCreated => "An object arrives",
        Happening::TableChanged => "A table changes",
        Happening::RunEnded => "Another run ends",
        Happening::AssetPublished => "An asset is published",
        Happening::Webhook => "Somebody calls",
    };
    let fits = |happening: &&Happening| **happening != Happening::ObjectCreated || started.folder.is_some();
    Happening::ALL.iter().filter(fits).map(|happening| Choice::new(happening.as_str(), words(happening))).collect()
}

async fn others(web: &Web, reader: &SignedIn, started: &Started) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(OFFERED), None)?;
    let sources = manage::list(&web.app, &reader.caller, started.project, &page).await?.items;
    let workflows = workflows::list(&web.app, &reader.caller, started.project, &page).await?.items;
    let derived = derived::list(&web.app, &reader.caller, started.project, &page).await?.items;
    let mut choices = vec![Choice::new("", "Choose one")];
    choices.extend(
        sources
            .into_iter()
            .filter(|other| Target::Source(other.id) != started.target)
            .map(|other| Choice::new(other.id.to_string(), other.name)),
    );
    choices.extend(
        workflows
            .into_iter()
            .filter(|other| Target::Workflow(other.id) != started.target)
            .map(|other| Choice::new(other.id.to_string(), format!("{} (workflow)", other.name))),
    );
    choices.extend(
        derived
            .into_iter()
            .filter(|other| Target::Derived(other.id) != started.target)
            .map(|other| Choice::new(other.id.to_string(), format!("{} (derived table)", other.name))),
    );
    Ok(choices)
}

async fn own_assets(web: &Web, reader: &SignedIn, started: &Started, any: &str) -> Result<Vec<Choice>, Fault> {
    let page = PageRequest::new(Some(OFFERED), None)?;
    let found = assets::of_project(&web.app, &reader.caller, started.project, None, &page).await?;
    let first = std::iter::once(Choice::new("", any));
    Ok(first.chain(found.items.into_iter().map(|asset| Choice::new(asset.id.to_string(), asset.name))).collect())
}
