//! Results kept for paging: files of their asker, for a day, under a quota.

use chrono::TimeDelta;
use futures::StreamExt;
use lakegate_engine::{
    encode::{Format, JsonOptions},
    keep::{self, KeptPage},
};
use lakegate_model::{Code, Fault, access::QueryRun, ids::QueryId, words::QueryState};
use lakegate_store::{in_read, in_write, queries};
use std::path::PathBuf;

use super::{
    Ask,
    run::{Allowed, Answer, KeptFile, allow, fingerprint_now, run},
};
use crate::{App, Caller};

/// How long a result is kept.
pub const KEPT_FOR: TimeDelta = TimeDelta::hours(24);
/// Bytes of kept results of one person.
pub const QUOTA: i64 = 2 << 30;
/// Most rows of a page of a result.
pub const PAGE_MAX: usize = 1_000;

fn folder(app: &App) -> PathBuf {
    app.settings.data_dir.join("results")
}

fn path(app: &App, id: QueryId) -> PathBuf {
    folder(app).join(format!("{id}.arrow"))
}

/// Starts a query whose result is kept. The query goes on when the caller leaves; [`status`] follows it.
///
/// # Errors
/// As [`allow`]; `too_large` if the caller's quota is used up.
pub async fn start(app: &App, caller: &Caller, ask: &Ask) -> Result<QueryId, Fault> {
    let left = quota_left(app, caller).await?;
    let allowed = allow(app, caller, ask).await?;
    let id = allowed.id;
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(error) = carry_out(&app, allowed, left).await {
            tracing::error!(query = %id, ?error, "the end of a query could not be recorded");
        }
    });
    Ok(id)
}

async fn quota_left(app: &App, caller: &Caller) -> Result<u64, Fault> {
    let used = look!(app, caller, "query.run", |tx, scope, actor| {
        let user = actor.user().ok_or_else(|| Fault::new(Code::Forbidden, "results are kept for people only"))?;
        Ok(queries::kept_bytes(tx, user, app.now()).await?)
    })?;
    u64::try_from(QUOTA - used).ok().filter(|left| *left > 0).ok_or_else(|| {
        Fault::new(Code::TooLarge, format!("your kept results fill the quota of {QUOTA} bytes"))
            .fix("they are dropped after 24 hours; delete some now")
    })
}

async fn carry_out(app: &App, allowed: Allowed, left: u64) -> Result<(), Fault> {
    let (id, finisher) = (allowed.id, allowed.finisher);
    let until = app.now() + KEPT_FOR;
    let running = allowed.prepared.run();
    app.queries.started(id, running.handle.clone());
    let handle = running.handle.clone();
    let written = keep::write(running.schema, running.stream.boxed(), &path(app, id), left).await;
    let outcome = written.map(|kept| KeptFile { bytes: i64::try_from(kept.bytes).unwrap_or(i64::MAX), until: Some(until) });
    finisher.finish(&handle, outcome).await
}

/// How a query of the caller stands: running ones with what they have used so far.
pub async fn status(app: &App, caller: &Caller, id: QueryId) -> Result<QueryRun, Fault> {
    let mut run = look!(app, caller, "query.status", |tx, scope, actor| { super::history::own(tx, actor, id).await })?;
    if let Some(report) = app.queries.report(id).filter(|_| run.state == QueryState::Running) {
        run.row_count = i64::try_from(report.rows).unwrap_or(i64::MAX);
        run.scanned_bytes = i64::try_from(report.scanned_bytes).unwrap_or(i64::MAX);
        run.elapsed_ms = i64::try_from(report.elapsed.as_millis()).unwrap_or(i64::MAX);
    }
    Ok(run)
}

/// Rows of a kept result. The access is compiled again: once it or the data changed, the result is gone.
///
/// # Errors
/// `gone`, or `conflict` while the query runs.
pub async fn page(
    app: &App,
    caller: &Caller,
    id: QueryId,
    offset: u64,
    count: usize,
    options: JsonOptions,
) -> Result<KeptPage, Fault> {
    if count == 0 || count > PAGE_MAX {
        return Err(Fault::invalid("count", format!("a page holds 1 to {PAGE_MAX} rows")));
    }
    let run = readable(app, caller, id).await?;
    keep::read(&path(app, run.id), offset, count, options).await
}

async fn readable(app: &App, caller: &Caller, id: QueryId) -> Result<QueryRun, Fault> {
    let run = status(app, caller, id).await?;
    let gone = |why: &str| Fault::new(Code::Gone, why).fix("run the query again");
    match run.state {
        QueryState::Running => return Err(Fault::new(Code::Conflict, "the query is still running").retry_after(1)),
        QueryState::Failed | QueryState::Cancelled => return Err(gone("the query did not succeed")),
        QueryState::Succeeded => {}
    }
    if run.result_until.is_none_or(|until| until <= app.now()) {
        return Err(gone("the result is no longer kept"));
    }
    if run.fingerprint.as_deref() != Some(fingerprint_now(app, caller, &run).await?.as_str()) {
        return Err(gone("your access or the data changed since this ran"));
    }
    Ok(run)
}

/// Streams the result of a query as a file. It runs again, so that the rows are those of this moment's access.
pub async fn download(app: &App, caller: &Caller, id: QueryId, format: Format) -> Result<Answer, Fault> {
    let earlier = status(app, caller, id).await?;
    let ask = Ask { export: true, ..Ask::new(earlier.sql_text, earlier.project_id) };
    run(app, caller, &ask, format).await
}

/// Drops results whose time has come. Returns how many.
pub async fn sweep(app: &App) -> Result<usize, Fault> {
    let due = in_read!(&app.db, |tx, _scope| { Ok(queries::results_due(tx, app.now(), 500).await?) })?;
    for id in &due {
        remove(&path(app, *id)).await?;
        in_write!(&app.db, |tx, _scope| { Ok(queries::result_gone(tx, *id).await?) })?;
    }
    Ok(due.len())
}

async fn remove(path: &std::path::Path) -> Result<(), Fault> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::internal(error)),
        _ => Ok(()),
    }
}

/// At start: ends queries that a stopped server left running, and removes files that no query names.
pub async fn recover(app: &App) -> Result<(), Fault> {
    in_write!(&app.db, |tx, _scope| { Ok(queries::queries_abandon(tx, app.now()).await?) })?;
    let folder = folder(app);
    tokio::fs::create_dir_all(&folder).await.map_err(Fault::internal)?;
    let mut entries = tokio::fs::read_dir(&folder).await.map_err(Fault::internal)?;
    while let Some(entry) = entries.next_entry().await.map_err(Fault::internal)? {
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".arrow")).and_then(|id| id.parse::<QueryId>().ok());
        let known = match id {
            None => None,
            Some(id) => in_read!(&app.db, |tx, _scope| { Ok(queries::query_find(tx, id).await?) })?,
        };
        if known.is_none_or(|run| run.result_until.is_none()) {
            remove(&entry.path()).await?;
        }
    }
    Ok(())
}
