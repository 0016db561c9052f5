//! Environments, connections and storage roots.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::places::{
    connections::{self, S3Settings, SecretText},
    environments, roots,
};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::Id,
    types::storage::{Connection, Environment, StorageRoot},
};

payloads! {
    /// An environment after a change.
    EnvironmentPayload { environment: Environment }
    /// A connection after a change.
    StorageConnectionPayload { connection: Connection }
    /// A storage root after a change.
    StorageRootPayload { root: StorageRoot }
}

/// An environment to be created.
#[derive(Debug, InputObject)]
pub struct CreateEnvironmentInput {
    project: Id,
    name: String,
    /// `file:///…/` or `s3://…/`, below a storage root of the project. Null takes a folder of the server's own lake.
    location: Option<String>,
    /// How an S3 location is reached: a connection of the same project.
    connection: Option<Id>,
}

/// The open part of an S3 connection.
#[derive(Debug, InputObject)]
pub struct S3SettingsInput {
    /// Null for Amazon's own endpoint of the region.
    endpoint: Option<String>,
    region: String,
    access_key_id: String,
}

impl From<S3SettingsInput> for S3Settings {
    fn from(input: S3SettingsInput) -> Self {
        Self { endpoint: input.endpoint, region: input.region, access_key_id: input.access_key_id }
    }
}

/// A connection to be created. The secret goes in and never comes out.
#[derive(InputObject)]
pub struct CreateConnectionInput {
    project: Id,
    name: String,
    settings: S3SettingsInput,
    #[graphql(secret)]
    secret_access_key: String,
}

/// The settings that a connection gets.
#[derive(InputObject)]
pub struct UpdateConnectionInput {
    settings: S3SettingsInput,
    /// Null keeps the secret; another endpoint or key needs it again.
    #[graphql(secret)]
    secret_access_key: Option<String>,
}

/// Changes of storage.
#[derive(Debug, Default)]
pub struct StorageMutation;

#[Object]
impl StorageMutation {
    /// Creates an environment with its two databases.
    async fn create_environment(&self, ctx: &Context<'_>, input: CreateEnvironmentInput) -> Maybe<EnvironmentPayload> {
        let at = At::of(ctx);
        let new = environments::NewEnvironment {
            project: input.project.into(),
            name: input.name,
            location: input.location,
            connection: input.connection.map(Into::into),
        };
        outcome(&at, environments::create(at.app(), &at.caller, &new).await)
    }

    /// Creates a connection to an S3-compatible store.
    async fn create_connection(
        &self,
        ctx: &Context<'_>,
        input: CreateConnectionInput,
    ) -> Maybe<StorageConnectionPayload> {
        let at = At::of(ctx);
        let new = connections::NewConnection {
            project: input.project.into(),
            name: input.name,
            settings: input.settings.into(),
            secret_access_key: SecretText::new(input.secret_access_key),
        };
        outcome(&at, connections::create(at.app(), &at.caller, &new).await)
    }

    /// Replaces the settings of a connection, and its secret if one is given.
    async fn update_connection(
        &self,
        ctx: &Context<'_>,
        id: Id,
        input: UpdateConnectionInput,
    ) -> Maybe<StorageConnectionPayload> {
        let at = At::of(ctx);
        let secret = input.secret_access_key.map(SecretText::new);
        let settings = input.settings.into();
        outcome(&at, connections::update(at.app(), &at.caller, id.into(), &settings, secret.as_ref()).await)
    }

    /// Tries whether a connection may list a bucket or prefix. Tells nothing of what was found.
    async fn test_connection(&self, ctx: &Context<'_>, id: Id, location: String) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, connections::test(at.app(), &at.caller, id.into(), &location).await)
    }

    /// Lets a project, or all, use what lies below a location: an administrator does.
    async fn assign_storage_root(
        &self,
        ctx: &Context<'_>,
        uri: String,
        project: Option<Id>,
    ) -> Maybe<StorageRootPayload> {
        let at = At::of(ctx);
        outcome(&at, roots::assign(at.app(), &at.caller, &uri, project.map(Into::into)).await)
    }

    /// Withdraws a storage root.
    async fn withdraw_storage_root(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, roots::withdraw(at.app(), &at.caller, id.into()).await)
    }
}
