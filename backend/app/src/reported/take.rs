//! Taking in events: each in one transaction, with all that follows from it.
//!
//! An event that comes again changes nothing. What is answered depends on the event alone and never on what is known, so that
//! nobody learns from it what exists.

use lakegate_model::{
    Code, Fault, Timestamp,
    ids::{ProjectId, ReportedDatasetId, ReportedEventId, ReportedRunId},
    reported::{Registers, ReportedDataset, ReportedEvent, ReportedJob, ReportedRun, RunShape},
    words::{ReportedMatch, ReportedState},
};
use lakegate_policy::action;
use lakegate_store::{WriteTx, lineage, reported as store, reported_datasets as datasets};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    draw,
    event::{self, DatasetPart, Event, Io, JobPart, PAIRS_MAX, What},
    facets::{self, ColumnLineage, Schema, Symlinks},
    identity, place, same, shape,
};
use crate::{App, Caller, places::inside_proof};

/// Events of one batch.
const BATCH_MAX: usize = 1_000;

/// What came of a body.
#[derive(Debug)]
pub enum Taken {
    /// Of its one event, which was taken.
    One,
    /// Of each event of a batch.
    Batch(Vec<Result<(), Fault>>),
}

/// Takes in one event, or an array of them, as OpenLineage writes them, for the project that the caller acts in.
///
/// # Errors
/// `invalid` on the path of what does not fit; `forbidden` for who does not contribute to the project. Of a batch each event
/// has its own.
pub async fn take(app: &App, caller: &Caller, body: &[u8]) -> Result<Taken, Fault> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => batch(app, caller, &events).await,
        Ok(event) => one(app, caller, &event).await.map(|()| Taken::One),
        Err(error) => Err(Fault::invalid("body", format!("no JSON document: {error}"))),
    }
}

async fn batch(app: &App, caller: &Caller, events: &[Value]) -> Result<Taken, Fault> {
    if events.len() > BATCH_MAX {
        return Err(Fault::new(Code::TooLarge, format!("a batch has at most {BATCH_MAX} events")).on("body"));
    }
    let mut taken = Vec::with_capacity(events.len());
    for event in events {
        match one(app, caller, event).await {
            Err(fault) if fault.code != Code::Invalid => return Err(fault),
            done => taken.push(done),
        }
    }
    Ok(Taken::Batch(taken))
}

async fn one(app: &App, caller: &Caller, body: &Value) -> Result<(), Fault> {
    let event = event::read(body, app.now())?;
    let body = body.to_string();
    let digest = hex::encode(Sha256::digest(&body));
    change!(app, caller, "lineage.report", |tx, scope, actor| {
        let project = actor.acting.ok_or_else(|| {
            Fault::invalid("Lakegate-Project", "name the project that this is about")
                .fix("send its id in this header, or the token of a service account")
        })?;
        inside_proof::<action::Contribute>(tx, scope, actor, Some(project), "project").await.map(drop)?;
        if store::event_known(tx, project, &digest).await? {
            return Ok(());
        }
        let taking = Taking { app, project, at: event.at, by: &actor.name };
        let run = taking.event(tx, &event).await?;
        let kept = ReportedEvent {
            id: app.new_id::<ReportedEventId>(),
            project_id: project,
            run_id: run,
            digest: digest.clone(),
            event_at: event.at,
            received_at: app.now(),
            sent_by: actor.name.clone(),
            body: body.clone(),
        };
        Ok(store::event_insert(tx, &kept).await?)
    })
}

struct Taking<'a> {
    app: &'a App,
    project: ProjectId,
    at: Timestamp,
    by: &'a str,
}

impl Taking<'_> {
    async fn event(&self, tx: &mut WriteTx, event: &Event) -> Result<Option<ReportedRunId>, Fault> {
        match &event.what {
            What::Dataset(part) => self.dataset(tx, part, None).await.map(|_| None),
            What::Job(io) => {
                let job = self.job(tx, &io.job).await?;
                let mut run = self.run(tx, &job, job.id.into()).await?;
                if run.last_at > self.at {
                    return Ok(Some(run.id));
                }
                // It says all that there is, each time.
                run.shape = RunShape { started: run.shape.started, ..RunShape::default() };
                self.told(tx, (job, run), io, ReportedState::Designed).await.map(Some)
            }
            What::Run { run: part, kind, io } => {
                let job = self.job(tx, &io.job).await?;
                let mut run = self.run(tx, &job, part.run_id).await?;
                shape::take_kind(&mut run.shape, *kind, self.at);
                shape::take(&mut run.shape.facets, &part.facets, self.at);
                let state = shape::state(&run.shape);
                self.told(tx, (job, run), io, state).await.map(Some)
            }
        }
    }

    async fn job(&self, tx: &mut WriteTx, part: &JobPart) -> Result<ReportedJob, Fault> {
        let known = store::job_by_name(tx, self.project, (&part.namespace, &part.name)).await?;
        let mut job = known.unwrap_or_else(|| ReportedJob {
            id: self.app.new_id(),
            project_id: self.project,
            namespace: part.namespace.clone(),
            name: part.name.clone(),
            facets: Registers::default(),
            drawn_run: None,
            first_at: self.at,
            last_at: self.at,
        });
        shape::take(&mut job.facets, &part.facets, self.at);
        job.last_at = job.last_at.max(self.at);
        store::job_set(tx, &job).await?;
        Ok(job)
    }

    async fn run(&self, tx: &mut WriteTx, job: &ReportedJob, run: Uuid) -> Result<ReportedRun, Fault> {
        Ok(store::run_by_name(tx, job, run).await?.unwrap_or_else(|| ReportedRun {
            id: self.app.new_id(),
            project_id: self.project,
            job_id: job.id,
            run_id: run,
            state: ReportedState::Started,
            started_at: None,
            ended_at: None,
            last_at: self.at,
            shape: RunShape::default(),
        }))
    }

    /// Takes in what a run reads and writes, keeps it, and draws it when it counts.
    async fn told(
        &self,
        tx: &mut WriteTx,
        (mut job, mut run): (ReportedJob, ReportedRun),
        io: &Io,
        state: ReportedState,
    ) -> Result<ReportedRunId, Fault> {
        for part in &io.inputs {
            let id = self.dataset(tx, part, Some(&job)).await?;
            shape::take_input(&mut run.shape, id, &part.input_facets, self.at);
        }
        for part in &io.outputs {
            let id = self.dataset(tx, part, Some(&job)).await?;
            shape::take_output(&mut run.shape, id, &part.output_facets, self.at);
            let of_run = part.facets.iter().filter(|(name, _)| *name == "columnLineage");
            let of_run = of_run.map(|(name, value)| (name.clone(), value.clone())).collect();
            shape::take_output(&mut run.shape, id, &of_run, self.at);
        }
        if run.shape.inputs.len() * run.shape.outputs.len() > PAIRS_MAX {
            let most = format!("inputs times outputs of a run are at most {PAIRS_MAX}");
            return Err(Fault::invalid("outputs", most));
        }
        run.state = state;
        run.last_at = run.last_at.max(self.at);
        run.started_at = run.shape.started;
        run.ended_at = run.shape.ended.as_ref().map(|end| end.at);
        store::run_set(tx, &run).await?;
        match shape::counts_since(&run, &job.facets) {
            Some(_) => {
                draw::draw(self.app, tx, (&job, &run), self.by).await?;
                self.note_drawn(tx, &mut job, &run).await?;
            }
            None => self.withdraw(tx, &mut job, &run).await?,
        }
        Ok(run.id)
    }

    /// The job's lineage is that of its latest run.
    async fn note_drawn(&self, tx: &mut WriteTx, job: &mut ReportedJob, run: &ReportedRun) -> Result<(), Fault> {
        let held = match job.drawn_run.filter(|held| *held != run.id) {
            Some(held) => store::run_find(tx, held).await?,
            None => None,
        };
        let rank = |run: &ReportedRun| (shape::counts_since(run, &job.facets), run.run_id);
        if held.is_none_or(|held| rank(&held) <= rank(run)) {
            job.drawn_run = Some(run.id);
            store::job_set(tx, job).await?;
        }
        Ok(())
    }

    /// A run that was taken for one that ended well turned out to be none.
    async fn withdraw(&self, tx: &mut WriteTx, job: &mut ReportedJob, run: &ReportedRun) -> Result<(), Fault> {
        for flow in lineage::flows_of_process(tx, job.id.into()).await? {
            if flow.run_id == Some(run.id.0) && flow.began_at == flow.seen_at {
                place::withdraw(tx, &flow).await?;
            }
        }
        if job.drawn_run == Some(run.id) {
            job.drawn_run = None;
            store::job_set(tx, job).await?;
        }
        Ok(())
    }

    /// Takes in what is said of a dataset and of those that it names.
    async fn dataset(
        &self,
        tx: &mut WriteTx,
        part: &DatasetPart,
        job: Option<&ReportedJob>,
    ) -> Result<ReportedDatasetId, Fault> {
        let (mut dataset, new) = self.named(tx, (&part.namespace, &part.name)).await?;
        let before = dataset.node();
        shape::take(&mut dataset.facets, &part.facets, self.at);
        // That is of a run, and stands there.
        let lineage: Option<ColumnLineage> = facets::read(&dataset.facets, "columnLineage");
        dataset.facets.0.remove("columnLineage");
        dataset.first_at = dataset.first_at.min(self.at);
        dataset.last_at = dataset.last_at.max(self.at);
        self.others(tx, &dataset, lineage.as_ref(), job).await?;
        identity::settle(tx, &mut dataset).await?;
        datasets::dataset_set(tx, &dataset).await?;
        self.columns(tx, &dataset).await?;
        if let Some(job) = job {
            store::use_set(tx, dataset.id, job.id).await?;
        }
        if !new && before != dataset.node() {
            same::redraw(self.app, tx, &dataset, (before, self.by)).await?;
            same::followers(self.app, tx, dataset.id, self.by).await?;
        }
        Ok(dataset.id)
    }

    /// Makes the datasets known that this one names: what it is also called, and what its columns come from.
    async fn others(
        &self,
        tx: &mut WriteTx,
        dataset: &ReportedDataset,
        lineage: Option<&ColumnLineage>,
        job: Option<&ReportedJob>,
    ) -> Result<(), Fault> {
        let links = facets::read::<Symlinks>(&dataset.facets, "symlinks");
        let links = links.iter().flat_map(|links| &links.identifiers).map(|one| (&one.namespace, &one.name));
        let fields = lineage.iter().flat_map(|lineage| lineage.fields.values());
        let read = fields.flat_map(|field| &field.input_fields).chain(lineage.iter().flat_map(|all| &all.dataset));
        let names: std::collections::BTreeSet<_> =
            links.chain(read.map(|field| (&field.namespace, &field.name))).collect();
        for (namespace, name) in names {
            if (namespace, name) == (&dataset.namespace, &dataset.name) {
                continue;
            }
            let (mut other, new) = self.named(tx, (namespace, name)).await?;
            if new {
                identity::settle(tx, &mut other).await?;
                datasets::dataset_set(tx, &other).await?;
            }
            if let Some(job) = job {
                store::use_set(tx, other.id, job.id).await?;
            }
        }
        Ok(())
    }

    /// The dataset of a name, and whether it is new.
    async fn named(
        &self,
        tx: &mut WriteTx,
        (namespace, name): identity::Name<'_>,
    ) -> Result<(ReportedDataset, bool), Fault> {
        if let Some(known) = datasets::dataset_by_name(tx, self.project, (namespace, name)).await? {
            return Ok((known, false));
        }
        let new = ReportedDataset {
            id: self.app.new_id(),
            project_id: self.project,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            facets: Registers::default(),
            matched: ReportedMatch::Unmatched,
            table_id: None,
            asset_id: None,
            same_as: None,
            via: None,
            first_at: self.at,
            last_at: self.at,
        };
        Ok((new, true))
    }

    /// Keeps the columns of the thing that a dataset is, if that is no table.
    async fn columns(&self, tx: &mut WriteTx, dataset: &ReportedDataset) -> Result<(), Fault> {
        let Some(schema) = facets::read::<Schema>(&dataset.facets, "schema") else { return Ok(()) };
        if dataset.table_id.is_some() {
            return Ok(());
        }
        let of = dataset.same_as.unwrap_or(dataset.id);
        for field in &schema.fields {
            let column_type = field.field_type.as_deref().unwrap_or_default();
            datasets::column_set(tx, (self.app.new_id(), of), (&field.name, column_type)).await?;
        }
        Ok(())
    }
}
