//! Derived tables are made, given another query or account, run, and removed.

use lakegate_jobs::{Queue, Submission, Submitted};
use lakegate_model::{
    Code, Fault,
    derived::DerivedTable,
    ids::{DerivedTableId, EnvironmentId, ProjectId, ServiceAccountId},
    jobs::Priority,
    words::TokenScope,
};
use lakegate_policy::{Actor, Scope, action};
use lakegate_store::{Tx, derived as store, job_runs};
use serde_json::json;

use super::{QUERY, find, plan};
use crate::{
    App, Caller,
    accounts::account_actors::need_act_as,
    audit::{self, Event},
    caller::person,
    jobs::{
        Target,
        runs::{self, RunView},
        schedules, triggers,
    },
    places::environments::contribute_to,
    sources::{own_database, upload},
};

/// A derived table to be made.
#[derive(Debug, Clone)]
pub struct DerivedInput {
    /// Where its table is kept.
    pub environment: EnvironmentId,
    /// What its table is called; becomes an identifier of SQL.
    pub name: String,
    pub sql: String,
    /// As whom the query runs.
    pub account: ServiceAccountId,
}

/// Makes a derived table. Its query is planned as the account now, and runs when it is told to.
///
/// # Errors
/// `invalid` on what cannot be, `conflict` on `name` if it is taken, `forbidden` on `account` for who may not act as it.
pub async fn create(app: &App, caller: &Caller, input: &DerivedInput) -> Result<DerivedTable, Fault> {
    let name = upload::table_name("name", &input.name)?;
    let project = look!(app, caller, "derived_table.create", |tx, scope, actor| {
        let (_proof, environment) = contribute_to(tx, scope, actor, input.environment).await?;
        need_act_as(tx, (scope, actor), environment.project_id, input.account).await.map(drop)?;
        Ok(environment.project_id)
    })?;
    plan::check(app, (input.account, project), &input.sql).await?;
    change!(app, caller, "derived_table.create", |tx, scope, actor| {
        let (_proof, environment) = contribute_to(tx, scope, actor, input.environment).await?;
        let account = need_act_as(tx, (scope, actor), environment.project_id, input.account).await?;
        let database = own_database(tx, &environment).await?;
        upload::need_free(tx, &database, &name).await.map_err(|fault| Fault { fix: None, ..fault }.on("name"))?;
        let now = app.now();
        let derived = DerivedTable {
            id: app.new_id(),
            project_id: environment.project_id,
            environment_id: environment.id,
            name: name.clone(),
            version: 1,
            sql_text: input.sql.clone(),
            service_account_id: account.id,
            service_account_name: account.name,
            created_by: person(actor, TokenScope::Write)?,
            created_at: now,
            changed_at: now,
            table_id: None,
            asset_id: None,
            built_at: None,
            built_version: None,
        };
        store::derived_insert(tx, &derived, &actor.name).await?;
        audit::record(app, tx, caller, actor, event("derived_table.create", &derived)).await?;
        Ok(derived)
    })
}

/// Gives a derived table another query, or another account, under the next number. The table stays as it is until that runs.
///
/// # Errors
/// As [`create`]; `conflict` if `version` is not its latest any more. Who edits acts as the account that it had and as the
/// one that it gets.
pub async fn revise(
    app: &App,
    caller: &Caller,
    (id, version): (DerivedTableId, i64),
    (sql, account): (&str, ServiceAccountId),
) -> Result<DerivedTable, Fault> {
    let project = look!(app, caller, "derived_table.revise", |tx, scope, actor| {
        let derived = find::<action::Contribute>(tx, (scope, actor), id).await?;
        need_act_as(tx, (scope, actor), derived.project_id, account).await.map(drop)?;
        Ok(derived.project_id)
    })?;
    plan::check(app, (account, project), sql).await?;
    change!(app, caller, "derived_table.revise", |tx, scope, actor| {
        let derived = find::<action::Contribute>(tx, (scope, actor), id).await?;
        for account in [derived.service_account_id, account] {
            need_may_act_as(tx, (scope, actor), derived.project_id, account).await?;
        }
        if derived.version != version {
            return Err(
                Fault::new(Code::Conflict, "somebody gave it another definition meanwhile").fix("read it again")
            );
        }
        store::derived_revise(tx, &derived, (sql, account), (&actor.name, app.now())).await?;
        let revised = store::derived_find(tx, id).await?.ok_or_else(|| Fault::not_found("derived table"))?;
        audit::record(app, tx, caller, actor, event("derived_table.revise", &revised)).await?;
        Ok(revised)
    })
}

/// As [`need_act_as`], but an account that was disabled may be left behind.
async fn need_may_act_as(
    tx: &mut Tx,
    who: (&Scope, &Actor),
    project: ProjectId,
    account: ServiceAccountId,
) -> Result<(), Fault> {
    match need_act_as(tx, who, project, account).await {
        Err(fault) if fault.code != Code::Invalid => Err(fault),
        _ => Ok(()),
    }
}

/// Removes a derived table with its definitions, its schedule and its runs. The table that it made stays as it is, closed to
/// whom it was closed.
///
/// # Errors
/// `conflict` while a run is open; `forbidden` for who may not act as its account.
pub async fn remove(app: &App, caller: &Caller, id: DerivedTableId) -> Result<(), Fault> {
    change!(app, caller, "derived_table.remove", |tx, scope, actor| {
        let derived = find::<action::Contribute>(tx, (scope, actor), id).await?;
        need_may_act_as(tx, (scope, actor), derived.project_id, derived.service_account_id).await?;
        if job_runs::run_open(tx, QUERY.name, id.into()).await?.is_some() {
            return Err(Fault::new(Code::Conflict, "a run of this query is open").fix("cancel it first"));
        }
        triggers::forget_of(tx, Target::Derived(id)).await?;
        schedules::forget_of(tx, Target::Derived(id)).await?;
        job_runs::runs_delete(tx, QUERY.name, id.into()).await?;
        store::derived_delete(tx, id).await?;
        audit::record(app, tx, caller, actor, event("derived_table.remove", &derived)).await
    })
}

/// Queues a run of the query; one that is open already is the answer instead of a second one. Whoever contributes to the
/// project may have it run: it does what those who act as its account have written.
pub async fn run(app: &App, caller: &Caller, id: DerivedTableId) -> Result<RunView, Fault> {
    let now = app.now();
    let run = change!(app, caller, "derived_table.run", |tx, scope, actor| {
        let derived = find::<action::Contribute>(tx, (scope, actor), id).await?;
        let submitted = app.queue.enqueue(tx, &QUERY, submission(&derived, &actor.name)).await?;
        let run = match submitted {
            Submitted::Open(run) => *run,
            Submitted::New(id) => {
                audit::record(app, tx, caller, actor, event("derived_table.run", &derived)).await?;
                job_runs::run_find(tx, id).await?.ok_or_else(|| Fault::internal("the new run is absent"))?
            }
        };
        runs::view(app, tx, (scope, actor), run, now).await
    });
    if let Err(fault) = &run
        && Queue::is_full(fault)
    {
        app.queue.note_refused(&QUERY).await?;
    }
    run
}

/// The work of one run that somebody asks for: at most one is open, and at most one at work.
fn submission(derived: &DerivedTable, by: &str) -> Submission {
    let key = derived.id.to_string();
    Submission {
        subject: Some(derived.id.into()),
        open_key: Some(key.clone()),
        serial_key: Some(key),
        max_tries: Some(1),
        priority: Priority::URGENT,
        ..Submission::manual(derived.project_id, by, json!({}))
    }
}

fn event(action: &'static str, derived: &DerivedTable) -> Event {
    let detail =
        json!({ "name": derived.name, "version": derived.version, "service_account": derived.service_account_id });
    Event::on(action, "derived_table", derived.id).owned_by(derived.project_id).with(detail)
}
