//! Results kept for paging: files of their asker, for a day, under a quota.

use chrono::TimeDelta;
use lakegate_engine::{
    encode::{Format, JsonOptions},
    keep::{self, KeptPage},
};
use lakegate_model::{
    Code, Fault, Timestamp,
    access::QueryRun,
    ids::QueryId,
    words::{QueryState, TokenScope},
};
use lakegate_policy::Actor;
use lakegate_store::{
    Db, Tx, in_read, in_write,
    queries::{self, Ending},
};
use std::path::{Path, PathBuf};

use super::{
    Ask,
    lease::leased,
    run::{Allowed, Answer, KeptFile, allow, record_end, resolved_now, run},
};
use crate::{
    App, Caller,
    audit::{self, Event},
    caller::person,
};

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

/// What a person's kept results take up, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    pub used: i64,
    pub limit: i64,
}

/// What the caller's kept results take up.
pub async fn quota(app: &App, caller: &Caller) -> Result<Quota, Fault> {
    let used = look!(app, caller, "query.quota", |tx, scope, actor| {
        Ok(queries::kept_bytes(tx, person(actor, TokenScope::Query)?, app.now()).await?)
    })?;
    Ok(Quota { used, limit: QUOTA })
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
    let Quota { used, limit } = quota(app, caller).await?;
    u64::try_from(limit - used).ok().filter(|left| *left > 0).ok_or_else(over_quota)
}

fn over_quota() -> Fault {
    Fault::new(Code::TooLarge, format!("your kept results fill the quota of {QUOTA} bytes"))
        .fix("they are dropped after 24 hours; delete some now")
}

/// Queries that end at the same time each had the same room: who comes too late is over.
pub(super) async fn within_quota(
    app: &App,
    tx: &mut Tx,
    id: QueryId,
    kept: KeptFile,
) -> Result<Result<KeptFile, Fault>, Fault> {
    let user = queries::query_find(tx, id).await?.and_then(|run| run.user_id);
    let (Some(user), Some(_)) = (user, kept.until) else { return Ok(Ok(kept)) };
    let used = queries::kept_bytes(tx, user, app.now()).await?;
    Ok(if used + kept.bytes > QUOTA { Err(over_quota()) } else { Ok(kept) })
}

async fn carry_out(app: &App, allowed: Allowed, left: u64) -> Result<(), Fault> {
    let (id, finisher) = (allowed.id, allowed.finisher);
    let until = app.now() + KEPT_FOR;
    let running = allowed.prepared.run();
    app.queries.started(id, running.handle.clone());
    let handle = running.handle.clone();
    let rows = leased(running.stream, allowed.lease, handle.clone());
    let written = keep::write(running.schema, rows, &path(app, id), left).await;
    let outcome =
        written.map(|kept| KeptFile { bytes: i64::try_from(kept.bytes).unwrap_or(i64::MAX), until: Some(until) });
    lakegate_model::failpoint!("kept.written");
    if !finisher.finish(&handle, outcome).await? {
        remove(&path(app, id)).await?;
    }
    Ok(())
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
    let now = resolved_now(app, caller, &run).await?.map(|resolved| resolved.fingerprint);
    if run.fingerprint.is_none() || run.fingerprint != now {
        return Err(gone("your access or the data changed since this ran"));
    }
    Ok(run)
}

/// Whether the rows of an earlier query of the caller may leave as a file: what a page offers goes by this, and
/// [`download`] decides again.
pub async fn may_download(app: &App, caller: &Caller, run: &QueryRun) -> Result<bool, Fault> {
    Ok(resolved_now(app, caller, run).await?.is_some_and(|resolved| resolved.export))
}

/// Deletes one of the caller's kept results; the query stays in his history.
///
/// # Errors
/// `conflict` while the query runs; `gone` if nothing is kept.
pub async fn delete(app: &App, caller: &Caller, id: QueryId) -> Result<(), Fault> {
    change!(app, caller, "query.delete_result", |tx, scope, actor| {
        let run = super::history::own(tx, actor, id).await?;
        if run.state == QueryState::Running {
            return Err(Fault::new(Code::Conflict, "the query is still running").fix("cancel it first"));
        }
        if run.result_until.is_none() {
            return Err(Fault::new(Code::Gone, "the result is no longer kept"));
        }
        queries::result_gone(tx, id).await?;
        audit::record(app, tx, caller, actor, Event::on("query.delete_result", "query", id)).await
    })?;
    lakegate_model::failpoint!("kept.row_gone");
    remove(&path(app, id)).await
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
        discard(app, *id, &path(app, *id)).await?;
    }
    abandon(app, app.now() - longest(app)).await?;
    Ok(due.len())
}

/// Takes a result out of the books, then removes its file; a file that a crash leaves goes with the next start.
async fn discard(app: &App, id: QueryId, file: &Path) -> Result<(), Fault> {
    in_write!(&app.db, |tx, _scope| {
        if queries::query_find(tx, id).await?.is_some() {
            queries::result_gone(tx, id).await?;
        }
        Ok(())
    })?;
    lakegate_model::failpoint!("kept.row_gone");
    remove(file).await
}

/// A time after which no query can be running any more.
fn longest(app: &App) -> TimeDelta {
    let wall = TimeDelta::from_std(app.settings.query_limits.wall).unwrap_or(TimeDelta::hours(24));
    wall + TimeDelta::minutes(1)
}

/// Ends queries in the books that no server runs any more.
async fn abandon(app: &App, began_by: Timestamp) -> Result<(), Fault> {
    let stale = in_read!(&app.db, |tx, _scope| { Ok(queries::queries_stale(tx, began_by, 500).await?) })?;
    abandon_these(app, stale).await
}

/// Ends queries if the books still say that they run.
async fn abandon_these(app: &App, stale: Vec<QueryId>) -> Result<(), Fault> {
    let ending = Ending {
        state: QueryState::Failed,
        code: Some(Code::Unavailable.as_str().to_owned()),
        message: Some("the server stopped".to_owned()),
        row_count: 0,
        scanned_bytes: 0,
        elapsed_ms: 0,
        columns: None,
        result_bytes: 0,
        result_until: None,
        ended_at: app.now(),
    };
    let caller = Caller::system("abandoned queries");
    for id in stale {
        in_write!(&app.db, |tx, _scope| {
            if queries::query_finish(tx, id, &ending).await? {
                record_end(app, tx, &caller, &Actor::system(), id, &ending).await?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

async fn remove(path: &Path) -> Result<(), Fault> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Fault::internal(error)),
        _ => Ok(()),
    }
}

/// At start: ends queries that a stopped server left running, and wipes what it had kept.
///
/// Servers that share a database leave each other's queries alone: only what is older than any query can be is ended, and
/// what this server was keeping.
pub async fn recover(app: &App) -> Result<(), Fault> {
    let began_by = match app.db {
        Db::Sqlite { .. } => app.now(),
        Db::Postgres { .. } => app.now() - longest(app),
    };
    abandon(app, began_by).await?;
    let folder = folder(app);
    make_private(&folder).await?;
    let mut entries = tokio::fs::read_dir(&folder).await.map_err(Fault::internal)?;
    while let Some(entry) = entries.next_entry().await.map_err(Fault::internal)? {
        let file = entry.path();
        match file.file_stem().and_then(|name| name.to_str()?.parse().ok()) {
            Some(id) => {
                abandon_these(app, vec![id]).await?;
                discard(app, id, &file).await?;
            }
            None => remove(&file).await?,
        }
    }
    Ok(())
}

/// Makes a folder that only the server's own user may open.
async fn make_private(folder: &Path) -> Result<(), Fault> {
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(folder).await.map_err(Fault::internal)
}
