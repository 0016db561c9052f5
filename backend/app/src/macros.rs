//! The frame of every use case.

/// Runs a change: a write transaction in which `$actor` is who acts. Ends in `Ok(value)` or a `Fault`.
///
/// A refusal is recorded in the audit under `$action`; search and the queue are told to look for news. The block may run several times (see [`lakegate_store::in_write`]).
macro_rules! change {
    ($app:expr, $caller:expr, $action:expr, |$tx:ident, $scope:ident, $actor:ident| $body:block) => {{
        let app: &$crate::App = $app;
        let caller: &$crate::Caller = $caller;
        let result = lakegate_store::in_write!(&app.db, |$tx, $scope| {
            let actor = $crate::caller::enter($tx, caller, app.now()).await?;
            let $actor = &actor;
            let _ = ($scope, $actor);
            $body
        });
        match &result {
            Ok(_) => {
                lakegate_model::failpoint!("change.committed");
                app.search.changed();
                app.queue.wake();
            }
            Err(fault) => $crate::audit::refusals::note(app, caller, $action, fault).await,
        }
        result
    }};
}

/// Runs a look: a read-only snapshot in which `$actor` is who acts. Ends in `Ok(value)` or a `Fault`.
///
/// A refusal (not an absence) is recorded in the audit under `$action`.
macro_rules! look {
    ($app:expr, $caller:expr, $action:expr, |$tx:ident, $scope:ident, $actor:ident| $body:block) => {{
        let app: &$crate::App = $app;
        let caller: &$crate::Caller = $caller;
        let result = lakegate_store::in_read!(&app.db, |$tx, $scope| {
            let actor = $crate::caller::enter($tx, caller, app.now()).await?;
            let $actor = &actor;
            let _ = ($scope, $actor);
            $body
        });
        if let Err(fault) = &result
            && fault.code == lakegate_model::Code::Forbidden
        {
            $crate::audit::refusals::note(app, caller, $action, fault).await;
        }
        result
    }};
}
