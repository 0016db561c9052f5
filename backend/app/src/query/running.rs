//! Queries that run in this process, so that they can be cancelled.

use lakegate_engine::QueryHandle;
use lakegate_model::{
    Code, Fault,
    ids::{ProjectId, QueryId},
};
use lakegate_policy::actor::Principal;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::Identity;

/// Queries of one principal at once.
pub const PER_PRINCIPAL: usize = 8;

/// The running queries of this process.
#[derive(Debug, Default)]
pub struct Running(Mutex<HashMap<QueryId, Entry>>);

#[derive(Debug)]
struct Entry {
    identity: Identity,
    principal: Principal,
    project: ProjectId,
    /// `None` while the query is being planned.
    handle: Option<QueryHandle>,
    cancelled: bool,
}

/// Takes the query out of the list when dropped.
#[derive(Debug)]
pub struct Slot {
    app: crate::App,
    id: QueryId,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.app.queries.lock().remove(&self.id);
    }
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, HashMap<QueryId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a query before its access is resolved, so that no revocation can miss it.
    ///
    /// # Errors
    /// `throttled` if the principal runs too many.
    pub fn enter(
        app: &crate::App,
        id: QueryId,
        (identity, principal): (Identity, Principal),
        project: ProjectId,
    ) -> Result<Slot, Fault> {
        let mut entries = app.queries.lock();
        if entries.values().filter(|entry| entry.principal == principal).count() >= PER_PRINCIPAL {
            return Err(Fault::new(Code::Throttled, format!("{PER_PRINCIPAL} of your queries are running"))
                .fix("wait for one to end, or cancel one")
                .retry_after(2));
        }
        entries.insert(id, Entry { identity, principal, project, handle: None, cancelled: false });
        drop(entries);
        Ok(Slot { app: app.clone(), id })
    }

    /// Gives the handle of a query that now runs. Returns whether it was cancelled meanwhile.
    pub fn started(&self, id: QueryId, handle: QueryHandle) -> bool {
        let mut entries = self.lock();
        let Some(entry) = entries.get_mut(&id) else { return false };
        if entry.cancelled {
            handle.cancel();
        }
        entry.handle = Some(handle);
        entry.cancelled
    }

    /// Cancels a query. Returns whether it was running here.
    pub fn cancel(&self, id: QueryId) -> bool {
        self.cancel_where(|other, _| *other == id) > 0
    }

    /// Cancels the queries that act in a project. Returns how many.
    pub fn cancel_of_project(&self, project: ProjectId) -> usize {
        self.cancel_where(|_, entry| entry.project == project)
    }

    /// Cancels the queries of a person or service account, wherever they act. Returns how many.
    pub fn cancel_of_principal(&self, principal: Principal) -> usize {
        self.cancel_where(|_, entry| entry.principal == principal)
    }

    /// Cancels the queries of somebody who left a project. Returns how many.
    pub fn cancel_of_member(&self, principal: Principal, project: ProjectId) -> usize {
        self.cancel_where(|_, entry| entry.principal == principal && entry.project == project)
    }

    /// Cancels the queries that came with a session or token that has ended. Returns how many.
    pub fn cancel_of_identity(&self, identity: Identity) -> usize {
        self.cancel_where(|_, entry| entry.identity == identity)
    }

    /// Cancels everything, for shutting down.
    pub fn cancel_all(&self) -> usize {
        self.cancel_where(|_, _| true)
    }

    /// How many queries run.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    /// What a running query has used so far.
    pub fn report(&self, id: QueryId) -> Option<lakegate_engine::Report> {
        self.lock().get(&id)?.handle.as_ref().map(QueryHandle::report)
    }

    fn cancel_where(&self, chosen: impl Fn(&QueryId, &Entry) -> bool) -> usize {
        let mut entries = self.lock();
        let mut count = 0;
        for (id, entry) in entries.iter_mut() {
            if chosen(id, entry) {
                entry.cancelled = true;
                if let Some(handle) = &entry.handle {
                    handle.cancel();
                }
                count += 1;
            }
        }
        count
    }
}
