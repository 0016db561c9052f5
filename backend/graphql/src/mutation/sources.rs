//! Data sources and their runs.

use async_graphql::{Context, InputObject, MaybeUndefined, Object};
use lakegate_app::sources::{manage, runs};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Id, Long},
    types::sources::{DataSource, SourceRun},
};

payloads! {
    /// A data source after a change.
    DataSourcePayload { source: DataSource }
    /// A run after a change.
    SourceRunPayload { run: SourceRun }
}

/// A data source to be created.
#[derive(Debug, InputObject)]
pub struct CreateDataSourceInput {
    environment: Id,
    name: String,
    /// `file:///folder/` or `s3://bucket/prefix/`; it becomes the environment's.
    location: String,
    /// For S3; a folder has none.
    connection: Option<Id>,
    /// Seconds between runs; null runs on demand only.
    interval_seconds: Option<Long>,
}

/// What to change of a data source; what is left out stays as it is.
#[derive(Debug, InputObject)]
pub struct UpdateDataSourceInput {
    name: Option<String>,
    /// Another place of the same kind of storage; what was found at the one before stays in the catalog.
    location: Option<String>,
    /// Null runs on demand only.
    interval_seconds: MaybeUndefined<Long>,
}

/// Changes of data sources.
#[derive(Debug, Default)]
pub struct SourcesMutation;

#[Object]
impl SourcesMutation {
    /// Creates a data source.
    async fn create_data_source(&self, ctx: &Context<'_>, input: CreateDataSourceInput) -> Maybe<DataSourcePayload> {
        let at = At::of(ctx);
        let new = manage::NewSource {
            environment: input.environment.into(),
            name: input.name,
            location: input.location,
            connection: input.connection.map(Into::into),
            interval_seconds: input.interval_seconds.map(|seconds| seconds.0),
        };
        outcome(&at, manage::create(at.app(), &at.caller, &new).await)
    }

    /// Changes name, location or interval of a data source.
    async fn update_data_source(
        &self,
        ctx: &Context<'_>,
        id: Id,
        input: UpdateDataSourceInput,
    ) -> Maybe<DataSourcePayload> {
        let at = At::of(ctx);
        let interval_seconds = input.interval_seconds.map_value(|seconds| seconds.0).into();
        let change = manage::SourceChange { name: input.name, location: input.location, interval_seconds };
        outcome(&at, manage::update(at.app(), &at.caller, id.into(), &change).await)
    }

    /// Removes a data source. What it found stays.
    async fn delete_data_source(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, manage::remove(at.app(), &at.caller, id.into()).await)
    }

    /// Starts a run of a data source.
    async fn run_data_source(&self, ctx: &Context<'_>, id: Id) -> Maybe<SourceRunPayload> {
        let at = At::of(ctx);
        outcome(&at, runs::start(at.app(), &at.caller, id.into()).await)
    }

    /// Cancels a run.
    async fn cancel_run(&self, ctx: &Context<'_>, id: Id) -> Maybe<SourceRunPayload> {
        let at = At::of(ctx);
        outcome(&at, runs::cancel(at.app(), &at.caller, id.into()).await)
    }
}
