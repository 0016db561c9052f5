//! What is written down of a query before its first byte: that it began, what it reads, and under which rules.

use lakegate_engine::{TableRead, mask_literals};
use lakegate_model::{
    Fault,
    access::QueryRun,
    ids::{ColumnId, GrantId, ProjectId, QueryId, ServiceAccountId, TableId},
    lineage::QueryRead,
    words::{Outcome, QueryState},
};
use lakegate_policy::{Actor, access::TableAccess, actor::Principal};
use lakegate_store::{WriteTx, break_glass::break_glass_among, in_write, queries, query_reads, readable::NamedTable};
use serde_json::json;

use super::{
    Ask,
    resolve::{Resolved, resolve},
};
use crate::{
    App, Caller,
    audit::{self, Event, sql_text},
    caller,
};

/// Records the start, in a transaction that sees the access unchanged since it was compiled. Returns whether it did.
pub(super) async fn record_start(
    app: &App,
    caller: &Caller,
    ask: &Ask,
    id: QueryId,
    wanted: &lakegate_engine::References,
    resolved: &Resolved,
    reads: &[TableRead],
) -> Result<bool, Fault> {
    let sealed = sql_text::seal_text(app, id, &ask.sql)?;
    in_write!(&app.db, |tx, _scope| {
        let actor = caller::enter(tx, caller, app.now()).await?;
        let again = resolve(app, tx, &actor, wanted).await?;
        if again.fingerprint != resolved.fingerprint {
            return Ok(false);
        }
        queries::query_insert(tx, &run_row(app, &actor, ask, id, resolved)).await?;
        for read in reads {
            record_read(app, tx, caller, &actor, id, read, resolved).await?;
            let kept = query_read(app, &actor, (resolved.project, ask.export), read.table, &read.columns);
            query_reads::read_insert(tx, id, &kept).await?;
        }
        let mut opened = Vec::new();
        for access in reads.iter().filter_map(|read| access_to(read, resolved)) {
            opened.extend(break_glass_among(tx, &access.grants).await?);
        }
        sql_text::keep_key(app, tx, id, audit::principal_parts(actor.principal).1, &sealed).await?;
        let event = Event::on("query.start", "query", id).with(json!({
            "role": actor.narrowed.map(|role| role.to_string()), "purpose": actor.purpose, "sql": mask_literals(&ask.sql), "sealed_sql": sealed.text, "tables": tables(reads, &resolved.named),
            "export": ask.export,
        }));
        let event = marked(event, &opened);
        audit::record(app, tx, caller, &actor, event).await?;
        Ok(true)
    })
}

fn access_to<'r>(read: &TableRead, resolved: &'r Resolved) -> Option<&'r TableAccess> {
    resolved.tables.iter().map(|table| &table.access).find(|access| access.table == read.table)
}

/// An event of a read, with the emergency accesses under which it is made.
pub(super) fn marked(mut event: Event, opened: &[GrantId]) -> Event {
    if let (false, Some(detail)) = (opened.is_empty(), event.detail.as_object_mut()) {
        detail.insert("break_glass".to_owned(), json!(opened));
    }
    event
}

fn run_row(app: &App, actor: &Actor, ask: &Ask, id: QueryId, resolved: &Resolved) -> QueryRun {
    QueryRun {
        id,
        user_id: actor.user(),
        service_account_id: account(actor),
        project_id: Some(resolved.project),
        sql_text: ask.sql.clone(),
        state: QueryState::Running,
        code: None,
        message: None,
        row_count: 0,
        scanned_bytes: 0,
        elapsed_ms: 0,
        fingerprint: Some(resolved.fingerprint.clone()),
        columns: None,
        result_bytes: 0,
        result_until: None,
        started_at: app.now(),
        ended_at: None,
    }
}

fn tables(reads: &[TableRead], named: &[NamedTable]) -> serde_json::Value {
    let describe = |read: &TableRead| {
        let name = named.iter().find(|named| named.table_id == read.table);
        let name = name.map(|named| format!("{}.{}", named.database_name, named.name));
        json!({ "table": read.table, "name": name, "columns": read.columns })
    };
    reads.iter().map(describe).collect()
}

/// What is kept of a read, for whoever asks who would notice a change.
pub(super) fn query_read(
    app: &App,
    actor: &Actor,
    (project_id, exported): (ProjectId, bool),
    table_id: TableId,
    columns: &[ColumnId],
) -> QueryRead {
    QueryRead {
        table_id,
        columns: columns.to_vec(),
        user_id: actor.user(),
        service_account_id: account(actor),
        project_id,
        exported,
        read_at: app.now(),
    }
}

fn account(actor: &Actor) -> Option<ServiceAccountId> {
    match actor.principal {
        Principal::ServiceAccount(id) => Some(id),
        _ => None,
    }
}

/// Tells the owner of a table that it was read, and which columns.
async fn record_read(
    app: &App,
    tx: &mut WriteTx,
    caller: &Caller,
    actor: &Actor,
    id: QueryId,
    read: &TableRead,
    resolved: &Resolved,
) -> Result<(), Fault> {
    let access = access_to(read, resolved);
    let opened = match access {
        Some(access) => break_glass_among(tx, &access.grants).await?,
        None => Vec::new(),
    };
    let Some(named) = resolved.named.iter().find(|named| named.table_id == read.table) else { return Ok(()) };
    let columns: Vec<ColumnId> = read.columns.clone();
    let subject: uuid::Uuid = named.asset_id.map_or(named.table_id.into(), Into::into);
    let event = Event::on("asset.read", "asset", subject).owned_by(named.owner_id).with(json!({
        "role": actor.narrowed.map(|role| role.to_string()), "purpose": actor.purpose, "query": id, "columns": columns, "grants": access.map(|access| &access.grants),
        "restrictions": access.map(|access| &access.restrictions), "access": access.map(|access| &access.fingerprint),
    }));
    audit::record(app, tx, caller, actor, marked(event, &opened)).await
}

pub(super) async fn record_refused(
    app: &App,
    caller: &Caller,
    actor: &Actor,
    ask: &Ask,
    fault: &Fault,
) -> Result<(), Fault> {
    in_write!(&app.db, |tx, _scope| {
        let event = Event {
            action: "query.start",
            subject_kind: "query",
            subject_id: None,
            owner_project: None,
            detail: json!({ "sql": mask_literals(&ask.sql), "code": fault.code.as_str() }),
        };
        let outcome = if fault.code.status() < 500 { Outcome::Denied } else { Outcome::Failed };
        audit::append(app, tx, caller, actor, event, outcome).await
    })
}
