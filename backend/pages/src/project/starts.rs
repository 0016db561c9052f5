//! What starts a workflow or the query of a derived table by itself, and the form of its schedule.

use lakegate_app::jobs::{
    Target,
    schedules::{self, ScheduleView, Timing},
};
use lakegate_model::{Fault, words::CatchUp};
use serde::Deserialize;

use super::{
    timing::{interval_of, intervals},
    triggers,
};
use crate::kit::{Choice, When};
use lakegate_http::{Web, extract::SignedIn};

/// When something is to start, as it was typed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct TimingForm {
    /// Seconds; empty for never.
    pub interval: String,
    /// In place of the interval.
    pub cron: String,
    pub zone: String,
}

impl TimingForm {
    /// What the schedule in force says.
    fn of(view: Option<&ScheduleView>) -> Self {
        let Some(view) = view else { return Self { zone: "UTC".to_owned(), ..Self::default() } };
        Self {
            interval: view.schedule.every_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
            cron: view.schedule.cron.clone().unwrap_or_default(),
            zone: view.schedule.zone.clone(),
        }
    }

    /// What is wanted; `None` for no schedule at all.
    fn wanted(&self) -> Result<Option<Timing>, Fault> {
        let cron = Some(self.cron.trim().to_owned()).filter(|cron| !cron.is_empty());
        let every_seconds = if cron.is_some() { None } else { interval_of(&self.interval)? };
        if cron.is_none() && every_seconds.is_none() {
            return Ok(None);
        }
        let zone = if self.zone.trim().is_empty() { "UTC" } else { self.zone.trim() };
        Ok(Some(Timing {
            cron,
            every_seconds,
            once_at: None,
            zone: zone.to_owned(),
            jitter_seconds: 0,
            catch_up: CatchUp::One,
            enabled: true,
        }))
    }
}

/// What starts a workflow, or the query of a derived table.
pub(super) struct Starts {
    /// When its schedule ticks, in words.
    pub words: String,
    pub next: When,
    pub form: TimingForm,
    pub intervals: Vec<Choice>,
    pub triggers: Vec<triggers::Row>,
}

impl Starts {
    /// What starts it; `typed` is a form that came back.
    pub async fn of(web: &Web, reader: &SignedIn, target: Target, typed: Option<TimingForm>) -> Result<Self, Fault> {
        let found = schedules::of(&web.app, &reader.caller, target).await?;
        let form = typed.unwrap_or_else(|| TimingForm::of(found.as_ref()));
        let ticking = found.filter(|view| view.schedule.enabled);
        Ok(Self {
            words: ticking.as_ref().map_or_else(|| "By hand".to_owned(), |view| view.words.clone()),
            next: When::maybe(ticking.and_then(|view| view.coming.first().copied())),
            intervals: intervals(&form.interval),
            triggers: triggers::rows(web, reader, target).await?,
            form,
        })
    }
}

/// Sets the schedule that was typed, or takes it away; what is to be said then.
///
/// # Errors
/// `invalid` naming the field.
pub(super) async fn set(
    web: &Web,
    reader: &SignedIn,
    target: Target,
    form: &TimingForm,
) -> Result<&'static str, Fault> {
    if let Some(timing) = form.wanted()? {
        schedules::set(&web.app, &reader.caller, target, &timing).await?;
        return Ok("Schedule saved.");
    }
    if let Some(known) = schedules::of(&web.app, &reader.caller, target).await? {
        schedules::remove(&web.app, &reader.caller, known.schedule.id).await?;
    }
    Ok("It starts by hand and by its triggers.")
}
