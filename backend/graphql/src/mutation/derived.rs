//! Derived tables: made, changed, run, removed; and who acts as the accounts that run them.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::{
    accounts::account_actors,
    derived::{self, DerivedInput as Input},
    jobs::{Target, schedules, triggers},
};

use super::{
    jobs::{JobRunPayload, JobSchedulePayload, TimingInput},
    triggers::{MadeTriggerPayload, TriggerInput},
};
use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Id, Long},
    types::derived::DerivedTable,
};

payloads! {
    /// A derived table after a change.
    DerivedTablePayload { derived_table: DerivedTable }
}

/// A derived table to be made.
#[derive(Debug, InputObject)]
pub struct DerivedTableInput {
    /// Where its table is kept.
    environment: Id,
    /// What its table is called: lower-case letters, digits and `_`.
    name: String,
    sql: String,
    /// A service account of the project, a contributor, as which the caller may act.
    service_account: Id,
}

impl From<DerivedTableInput> for Input {
    fn from(input: DerivedTableInput) -> Self {
        Self {
            environment: input.environment.into(),
            name: input.name,
            sql: input.sql,
            account: input.service_account.into(),
        }
    }
}

/// Changes of derived tables.
#[derive(Debug, Default)]
pub struct DerivedMutation;

#[Object]
impl DerivedMutation {
    /// Makes a derived table. Its query is planned as the service account now, and runs when it is told to.
    async fn create_derived_table(&self, ctx: &Context<'_>, input: DerivedTableInput) -> Maybe<DerivedTablePayload> {
        let at = At::of(ctx);
        outcome(&at, derived::create(at.app(), &at.caller, &input.into()).await)
    }

    /// Gives a derived table another query and service account in place of those of number `version`, its latest. The
    /// caller acts as both accounts, that of before and the new one. The table stays as it is until the query has run.
    async fn revise_derived_table(
        &self,
        ctx: &Context<'_>,
        id: Id,
        version: Long,
        sql: String,
        service_account: Id,
    ) -> Maybe<DerivedTablePayload> {
        let at = At::of(ctx);
        let definition = (sql.as_str(), service_account.into());
        outcome(&at, derived::revise(at.app(), &at.caller, (id.into(), version.0), definition).await)
    }

    /// Runs the query of a derived table; a run that is open already is the answer instead of a second one.
    async fn run_derived_table(&self, ctx: &Context<'_>, id: Id) -> Maybe<JobRunPayload> {
        let at = At::of(ctx);
        outcome(&at, derived::run(at.app(), &at.caller, id.into()).await)
    }

    /// Removes a derived table with its definitions, schedule, triggers and runs. The table that it made stays as it is.
    async fn delete_derived_table(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, derived::remove(at.app(), &at.caller, id.into()).await)
    }

    /// Sets when the query of a derived table runs, in place of what was said before.
    async fn schedule_derived_table(
        &self,
        ctx: &Context<'_>,
        derived_table: Id,
        timing: TimingInput,
    ) -> Maybe<JobSchedulePayload> {
        let at = At::of(ctx);
        let of = Target::Derived(derived_table.into());
        outcome(&at, schedules::set(at.app(), &at.caller, of, &timing.into()).await)
    }

    /// Makes a trigger that runs the query of a derived table.
    async fn create_derived_table_trigger(
        &self,
        ctx: &Context<'_>,
        derived_table: Id,
        input: TriggerInput,
    ) -> Maybe<MadeTriggerPayload> {
        let at = At::of(ctx);
        let of = Target::Derived(derived_table.into());
        outcome(&at, triggers::create(at.app(), &at.caller, of, &input.into()).await)
    }

    /// Names a member of its project as one who acts as a service account: has work done with its rights.
    async fn add_service_account_actor(&self, ctx: &Context<'_>, service_account: Id, user: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, account_actors::add(at.app(), &at.caller, service_account.into(), user.into()).await)
    }

    /// Takes somebody's name off a service account; what he has edited goes on.
    async fn remove_service_account_actor(
        &self,
        ctx: &Context<'_>,
        service_account: Id,
        user: Id,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, account_actors::remove(at.app(), &at.caller, service_account.into(), user.into()).await)
    }
}
