//! Running a query: recorded before its first byte, and after its last.

use futures::{Stream, StreamExt, stream::BoxStream};
use lakegate_engine::{
    Prepared, QueryHandle, QuerySpec,
    encode::{self, Format},
    references,
};
use lakegate_model::{
    Code, Fault,
    access::{QueryRun, ResultColumn},
    ids::QueryId,
    words::{Outcome, QueryState},
};
use lakegate_policy::Actor;
use lakegate_store::{WriteTx, in_write, queries, queries::Ending};
use serde_json::json;

use super::{
    Ask, kept,
    lease::{Lease, leased},
    record::{record_refused, record_start},
    resolve::{Resolved, may_query, need_export, resolve},
    running::{Running, Slot},
};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller,
};

/// How often a query is planned when access or data change meanwhile.
const PLANNINGS: usize = 3;

/// A query that was planned, allowed and recorded, and may run.
#[derive(Debug)]
pub struct Allowed {
    pub id: QueryId,
    pub prepared: Prepared,
    pub resolved: Resolved,
    pub columns: Vec<ResultColumn>,
    pub(super) lease: Lease,
    pub(super) finisher: Finisher,
}

/// Plans a query, checks it and records its start.
///
/// # Errors
/// `unprocessable` for SQL that does not plan; a hidden name is an unknown one. `throttled` over the number of queries
/// at once. `forbidden` for an export without the right to it.
pub async fn allow(app: &App, caller: &Caller, ask: &Ask) -> Result<Allowed, Fault> {
    let caller = caller.clone().acting_in(ask.project);
    let id: QueryId = app.new_id();
    let (actor, slot) = enter(app, &caller, id).await?;
    let (prepared, resolved) = match plan(app, &caller, ask, id).await {
        Ok(planned) => planned,
        Err(fault) => {
            record_refused(app, &caller, &actor, ask, &fault).await?;
            return Err(fault);
        }
    };
    let columns = result_columns(&prepared);
    let lease = Lease::new(app, &caller, &resolved, ask.export);
    let finisher = Finisher { app: app.clone(), caller, id, slot: Some(slot), columns: columns.clone() };
    Ok(Allowed { id, prepared, resolved, columns, lease, finisher })
}

/// Checks the right to query and takes a place among the running queries.
async fn enter(app: &App, caller: &Caller, id: QueryId) -> Result<(Actor, Slot), Fault> {
    let (actor, project) = look!(app, caller, "query.run", |tx, scope, actor| {
        let project = may_query(tx, actor).await?;
        Ok((actor.clone(), project))
    })?;
    let slot = Running::enter(app, id, (caller.identity, actor.principal), project)?;
    Ok((actor, slot))
}

/// Plans under the access of this moment and records the start; plans anew if the access changed in between.
async fn plan(app: &App, caller: &Caller, ask: &Ask, id: QueryId) -> Result<(Prepared, Resolved), Fault> {
    if ask.sql.contains('\0') {
        return Err(Fault::new(Code::Unprocessable, "the text holds NUL").on("sql"));
    }
    let wanted = references(&ask.sql)?;
    for _ in 0..PLANNINGS {
        let resolved = look!(app, caller, "query.run", |tx, scope, actor| { resolve(app, tx, actor, &wanted).await })?;
        let prepared = prepare(app, ask, &resolved).await?;
        if record_start(app, caller, ask, id, &wanted, &resolved, prepared.reads()).await? {
            lakegate_model::failpoint!("query.started");
            return Ok((prepared, resolved));
        }
    }
    let busy = "your access or the data keep changing while the query is planned";
    Err(Fault::new(Code::Conflict, busy).fix("run it again"))
}

async fn prepare(app: &App, ask: &Ask, resolved: &Resolved) -> Result<Prepared, Fault> {
    let spec = QuerySpec {
        sql: ask.sql.clone(),
        tables: resolved.tables.clone(),
        default_database: resolved.default_database.clone(),
        limits: ask.limits.clone().unwrap_or_else(|| app.settings.query_limits.clone()),
        now: app.now(),
        mask_keys: resolved.mask_keys.clone(),
    };
    let prepared = app.engine.prepare(spec).await?;
    if ask.export {
        need_export(resolved)?;
    }
    Ok(prepared)
}

pub(super) fn result_columns(prepared: &Prepared) -> Vec<ResultColumn> {
    let columns = lakegate_engine::result_columns(&prepared.schema());
    let numeric = prepared.schema().fields().iter().map(|field| field.data_type().is_numeric()).collect::<Vec<_>>();
    columns
        .into_iter()
        .zip(numeric)
        .map(|(column, numeric)| ResultColumn {
            name: column.name,
            column_type: column.type_name,
            numeric,
            partial: column.partial,
            masked: column.masked,
        })
        .collect()
}

/// Records the end of a query, whatever way it ends; a stream that is dropped was cancelled.
#[derive(Debug)]
pub struct Finisher {
    app: App,
    caller: Caller,
    pub(super) id: QueryId,
    slot: Option<Slot>,
    columns: Vec<ResultColumn>,
}

/// What was kept of a result.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeptFile {
    pub bytes: i64,
    pub until: Option<lakegate_model::Timestamp>,
}

impl Finisher {
    /// Records the end. Returns whether a kept file counts as kept: one over its person's quota does not.
    pub async fn finish(mut self, handle: &QueryHandle, outcome: Result<KeptFile, Fault>) -> Result<bool, Fault> {
        let slot = self.slot.take();
        let result = write_end(&self.app, &self.caller, self.id, handle, outcome, &self.columns).await;
        drop(slot);
        result
    }
}

/// Ends a query whose reader went away.
struct Watch {
    finisher: Option<Finisher>,
    handle: QueryHandle,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let Some(finisher) = self.finisher.take() else { return };
        self.handle.cancel();
        let handle = self.handle.clone();
        // Without a runtime the process is ending; the next start finds the query unfinished.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let gone = Fault::new(Code::Cancelled, "the reader went away");
            if let Err(error) = finisher.finish(&handle, Err(gone)).await {
                tracing::error!(?error, "the end of a query could not be recorded");
            }
        });
    }
}

async fn write_end(
    app: &App,
    caller: &Caller,
    id: QueryId,
    handle: &QueryHandle,
    outcome: Result<KeptFile, Fault>,
    columns: &[ResultColumn],
) -> Result<bool, Fault> {
    in_write!(&app.db, |tx, _scope| {
        let outcome = match outcome.clone() {
            Ok(kept) => kept::within_quota(app, tx, id, kept).await?,
            Err(fault) => Err(fault),
        };
        let ending = ending(app, handle, &outcome, columns);
        if !queries::query_finish(tx, id, &ending).await? {
            return Ok(false);
        }
        let actor = caller::whoever(tx, caller, app.now()).await;
        record_end(app, tx, caller, &actor, id, &ending).await?;
        Ok(outcome.is_ok())
    })
}

fn ending(app: &App, handle: &QueryHandle, outcome: &Result<KeptFile, Fault>, columns: &[ResultColumn]) -> Ending {
    let report = handle.report();
    let fault = outcome.as_ref().err();
    let state = match fault.map(|fault| fault.code) {
        None => QueryState::Succeeded,
        Some(Code::Cancelled) => QueryState::Cancelled,
        Some(_) => QueryState::Failed,
    };
    let kept = outcome.as_ref().copied().unwrap_or_default();
    Ending {
        state,
        code: fault.map(|fault| fault.code.as_str().to_owned()),
        message: fault.map(ToString::to_string),
        row_count: i64::try_from(report.rows).unwrap_or(i64::MAX),
        scanned_bytes: i64::try_from(report.scanned_bytes).unwrap_or(i64::MAX),
        elapsed_ms: i64::try_from(report.elapsed.as_millis()).unwrap_or(i64::MAX),
        columns: Some(columns.to_vec()),
        result_bytes: kept.bytes,
        result_until: kept.until,
        ended_at: app.now(),
    }
}

/// Records how a query ended, beside the change of its row.
pub(super) async fn record_end(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    actor: &Actor,
    id: QueryId,
    ending: &Ending,
) -> Result<(), Fault> {
    let event = Event::on("query.end", "query", id).with(json!({
        "state": ending.state, "code": ending.code, "rows": ending.row_count, "bytes": ending.scanned_bytes,
        "milliseconds": ending.elapsed_ms,
    }));
    let outcome = if ending.state == QueryState::Succeeded { Outcome::Allowed } else { Outcome::Failed };
    audit::append(app, tx, caller, actor, event, outcome).await
}

/// The rows of a query, encoded as they come.
pub struct Answer {
    pub id: QueryId,
    pub columns: Vec<ResultColumn>,
    pub media_type: &'static str,
    pub body: BoxStream<'static, Result<bytes::Bytes, Fault>>,
}

/// Runs a query and streams its rows in a format.
pub async fn run(app: &App, caller: &Caller, ask: &Ask, format: Format) -> Result<Answer, Fault> {
    Ok(stream(app, allow(app, caller, ask).await?, format))
}

/// Runs a query that was allowed.
pub(crate) fn stream(app: &App, allowed: Allowed, format: Format) -> Answer {
    let (id, columns) = (allowed.id, allowed.columns.clone());
    let running = allowed.prepared.run();
    app.queries.started(id, running.handle.clone());
    let rows = leased(running.stream, allowed.lease, running.handle.clone());
    let rows = watched(rows, running.handle, allowed.finisher);
    Answer { id, columns, media_type: format.media_type(), body: encode::encode(running.schema, rows, format) }
}

/// Passes rows on and records the end before the stream ends, so that whoever read it all finds it recorded.
pub(super) fn watched<B: Send + 'static>(
    rows: impl Stream<Item = Result<B, Fault>> + Send + Unpin + 'static,
    handle: QueryHandle,
    finisher: Finisher,
) -> impl Stream<Item = Result<B, Fault>> + Send + 'static {
    let watch = Watch { finisher: Some(finisher), handle };
    futures::stream::unfold((rows, watch), |(mut rows, mut watch)| async move {
        // Nothing follows a fault, and the end comes once.
        watch.finisher.as_ref()?;
        match rows.next().await {
            Some(Ok(batch)) => Some((Ok(batch), (rows, watch))),
            Some(Err(fault)) => {
                end(&mut watch, Err(fault.clone())).await;
                Some((Err(fault), (rows, watch)))
            }
            None => {
                lakegate_model::failpoint!("query.rows_sent");
                end(&mut watch, Ok(KeptFile::default())).await.map(|fault| (Err(fault), (rows, watch)))
            }
        }
    })
}

/// Records the end once. A failure to record it is returned: rows whose reading cannot be recorded do not end well.
async fn end(watch: &mut Watch, outcome: Result<KeptFile, Fault>) -> Option<Fault> {
    let finisher = watch.finisher.take()?;
    finisher.finish(&watch.handle, outcome).await.err()
}

/// Cancels one of the caller's running queries.
pub async fn cancel(app: &App, caller: &Caller, id: QueryId) -> Result<bool, Fault> {
    change!(app, caller, "query.cancel", |tx, scope, actor| {
        super::history::own(tx, actor, id).await?;
        audit::record(app, tx, caller, actor, Event::on("query.cancel", "query", id)).await
    })?;
    Ok(app.queries.cancel(id))
}

/// Resolves the access to the tables of a text once more, for showing a kept result; `None` if the caller has none.
pub(super) async fn resolved_now(app: &App, caller: &Caller, run: &QueryRun) -> Result<Option<Resolved>, Fault> {
    let wanted = references(&run.sql_text)?;
    let caller = Caller { project: run.project_id, ..caller.clone() };
    let resolved = look!(app, &caller, "query.result", |tx, scope, actor| { resolve(app, tx, actor, &wanted).await });
    match resolved {
        Ok(resolved) => Ok(Some(resolved)),
        Err(fault) if fault.code == Code::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}
