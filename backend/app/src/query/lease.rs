//! The access under which rows go out, looked at again while they do.

use chrono::TimeDelta;
use futures::{Stream, StreamExt, stream::BoxStream};
use lakegate_engine::QueryHandle;
use lakegate_model::{Code, Fault, Timestamp, ids::ProjectId};
use lakegate_policy::{Actor, access::TableAccess};
use lakegate_store::Tx;

use super::resolve::{self, Resolved, may_query, takes_away};
use crate::{App, Caller};

/// Rows that follow within this time of a look go out without another.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(1);

/// The access a running query began with. It holds as long as everything it began with is still allowed: whatever ends
/// it (a revocation on any server, an end by the clock, a session or token that ended), the next rows stay here.
#[derive(Debug)]
pub(super) struct Lease {
    app: App,
    caller: Caller,
    /// Each table's access as it was, and the project that owns the table.
    held: Vec<(TableAccess, ProjectId)>,
    /// Whether the rows leave as a file.
    export: bool,
    valid_until: Option<Timestamp>,
    looked_at: Timestamp,
}

impl Lease {
    pub fn new(app: &App, caller: &Caller, resolved: &Resolved, export: bool) -> Self {
        let tables = resolved.tables.iter().zip(&resolved.named);
        Self {
            app: app.clone(),
            caller: caller.clone().acting_in(Some(resolved.project)),
            held: tables.map(|(table, named)| (table.access.clone(), named.owner_id)).collect(),
            export,
            valid_until: resolved.valid_until,
            looked_at: app.now(),
        }
    }

    /// Fails with `cancelled` once the access is no longer what the query began with.
    async fn hold(&mut self) -> Result<(), Fault> {
        let now = self.app.now();
        let boundary = self.valid_until.is_some_and(|until| until <= now);
        if !boundary && now - self.looked_at < GOOD_FOR {
            return Ok(());
        }
        let ended = || Fault::new(Code::Cancelled, "your access changed while the query ran").fix("run it again");
        let holds = look!(&self.app, &self.caller, "query.run", |tx, scope, actor| { self.allowed(tx, actor).await });
        match holds {
            Ok(true) => {
                self.looked_at = now;
                Ok(())
            }
            Err(fault) if fault.code.status() >= 500 => Err(fault),
            Ok(false) | Err(_) => Err(ended()),
        }
    }

    async fn allowed(&self, tx: &mut Tx, actor: &Actor) -> Result<bool, Fault> {
        may_query(tx, actor).await?;
        if self.export && !takes_away(actor) {
            return Ok(false);
        }
        for (held, owner) in &self.held {
            let now = resolve::access(&self.app, tx, actor, held.table, *owner).await?;
            if !now.is_some_and(|now| self.covers(&now, held)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn covers(&self, now: &TableAccess, held: &TableAccess) -> bool {
        // Rules that were lifted leave what was shown within the new access.
        (now.export || !self.export)
            && (now.rules.is_none() || now.rules == held.rules)
            && held.columns.iter().all(|column| now.columns.contains(column))
    }
}

/// Passes rows on while the lease holds; afterwards the query is cancelled.
pub(super) fn leased<B: Send + 'static>(
    rows: impl Stream<Item = Result<B, Fault>> + Send + Unpin + 'static,
    lease: Lease,
    handle: QueryHandle,
) -> BoxStream<'static, Result<B, Fault>> {
    let state = Some((rows, lease, handle));
    futures::stream::unfold(state, |state| async move {
        let (mut rows, mut lease, handle) = state?;
        let item = match rows.next().await? {
            // Rows that were computed before the end do not go out after it.
            Ok(_) if handle.is_cancelled() => Err(Fault::new(Code::Cancelled, "the query was cancelled")),
            Ok(batch) => lease.hold().await.map(|()| batch),
            Err(fault) => Err(fault),
        };
        if item.is_err() {
            handle.cancel();
            return Some((item, None));
        }
        Some((item, Some((rows, lease, handle))))
    })
    .boxed()
}
