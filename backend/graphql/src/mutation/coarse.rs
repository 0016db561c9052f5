//! Coarse rights, what databases are registered for, and opting into fine grants; each tried first, if one likes.

use async_graphql::{Context, InputObject, Object};
use chrono::{DateTime, Utc};
use lakegate_app::access::{
    coarse::{self, NewCoarseRight},
    coarse_import,
    opt_ins::{self, NewOpt},
    registrations::{self, NewRegistration},
    simulate::Change,
};
use lakegate_model::Fault;

use super::simulate::{SimulationPayload, tried};
use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{AccessMode, Id},
    types::{
        coarse::{CoarseImport, CoarseRight, DatabaseRegistration, OptIn},
        grants::GranteeInput,
    },
};

payloads! {
    /// A coarse right after a change.
    CoarseRightPayload { coarse_right: CoarseRight }
    /// What came of a document of statements.
    ImportCoarseRightsPayload { imported: CoarseImport }
    /// A decision after it was made.
    OptInPayload { opt_in: OptIn }
    /// A database after it was registered.
    DatabaseRegistrationPayload { registration: DatabaseRegistration }
}

/// A coarse right to be given.
#[derive(Debug, InputObject)]
pub struct CreateCoarseRightInput {
    /// Every table of it, those to come included.
    database: Id,
    /// Anybody but everyone.
    to: GranteeInput,
    /// Whether rows may leave through downloads and exports.
    #[graphql(default)]
    export: bool,
    /// When it begins; now, if nothing is said.
    valid_from: Option<DateTime<Utc>>,
    valid_until: Option<DateTime<Utc>>,
    reason: String,
}

impl CreateCoarseRightInput {
    fn read(self) -> Result<NewCoarseRight, Fault> {
        Ok(NewCoarseRight {
            database: self.database.into(),
            to: self.to.read()?,
            export: self.export,
            from: self.valid_from,
            until: self.valid_until,
            reason: self.reason,
        })
    }
}

/// Whom to opt in or out, and where.
#[derive(Debug, InputObject)]
pub struct OptInput {
    /// Anybody but everyone.
    to: GranteeInput,
    database: Id,
    /// The name of one table of the database; without it, the whole of it.
    table_name: Option<String>,
    /// About grants on tags, which are opted in apart.
    #[graphql(default)]
    for_tags: bool,
    reason: String,
}

impl OptInput {
    fn read(self, opted: bool) -> Result<NewOpt, Fault> {
        Ok(NewOpt {
            who: self.to.read()?,
            database: self.database.into(),
            table: self.table_name,
            for_tags: self.for_tags,
            opted,
            reason: self.reason,
        })
    }
}

/// What a database is to be registered for.
#[derive(Debug, InputObject)]
pub struct RegisterDatabaseInput {
    database: Id,
    mode: AccessMode,
    reason: String,
}

impl RegisterDatabaseInput {
    fn read(self) -> NewRegistration {
        NewRegistration { database: self.database.into(), mode: self.mode.into(), reason: self.reason }
    }
}

/// Changes of coarse rights and of who is judged by them.
#[derive(Debug, Default)]
pub struct CoarseMutation;

#[Object]
impl CoarseMutation {
    /// Gives a right on every table of a database, those to come included. It counts where the database is registered for coarse
    /// rights, and in one of both models for whom is not opted into fine grants. For security administrators, never for
    /// themselves. Needs a password given within the last ten minutes.
    async fn create_coarse_right(&self, ctx: &Context<'_>, input: CreateCoarseRightInput) -> Maybe<CoarseRightPayload> {
        let at = At::of(ctx);
        let made = match input.read() {
            Ok(new) => coarse::create(at.app(), &at.caller, &new).await,
            Err(fault) => Err(fault),
        };
        outcome(&at, made)
    }

    /// Gives every coarse right of a document of statements with Effect, Action, Resource and Principal, or none where anything in it
    /// is wrong. What stands already is left as it is. For security administrators; needs a password given within the last ten
    /// minutes.
    async fn import_coarse_rights(&self, ctx: &Context<'_>, document: String) -> Maybe<ImportCoarseRightsPayload> {
        let at = At::of(ctx);
        outcome(&at, coarse_import::import(at.app(), &at.caller, &document).await)
    }

    /// Takes a coarse right back. Running queries that need it are cancelled.
    async fn revoke_coarse_right(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, coarse::revoke(at.app(), &at.caller, id.into()).await)
    }

    /// Opts somebody into fine grants on a database of both models, or on one table of it: from the next query on they alone
    /// decide for him there. For security administrators, never for themselves. Needs a password given within the last ten
    /// minutes.
    async fn opt_in(&self, ctx: &Context<'_>, input: OptInput) -> Maybe<OptInPayload> {
        decided(&At::of(ctx), input.read(true)).await
    }

    /// Opts somebody out of fine grants again, or one table out of what he is opted in for: coarse rights alone decide for him
    /// there.
    async fn opt_out(&self, ctx: &Context<'_>, input: OptInput) -> Maybe<OptInPayload> {
        decided(&At::of(ctx), input.read(false)).await
    }

    /// Registers a database for fine grants, coarse rights, or both, principal by principal. For security administrators. Needs a
    /// password given within the last ten minutes.
    async fn register_database(
        &self,
        ctx: &Context<'_>,
        input: RegisterDatabaseInput,
    ) -> Maybe<DatabaseRegistrationPayload> {
        let at = At::of(ctx);
        outcome(&at, registrations::set(at.app(), &at.caller, &input.read()).await)
    }

    /// What `createCoarseRight` would change of who sees what. Nothing is given.
    async fn simulate_create_coarse_right(
        &self,
        ctx: &Context<'_>,
        input: CreateCoarseRightInput,
    ) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), input.read().map(Change::CreateCoarseRight)).await
    }

    /// What `revokeCoarseRight` would change of who sees what. Nothing is taken back.
    async fn simulate_revoke_coarse_right(&self, ctx: &Context<'_>, id: Id) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), Ok(Change::RevokeCoarseRight(id.into()))).await
    }

    /// What `optIn` would change of who sees what. Nobody is opted in.
    async fn simulate_opt_in(&self, ctx: &Context<'_>, input: OptInput) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), input.read(true).map(Change::SetOpt)).await
    }

    /// What `optOut` would change of who sees what. Nobody is opted out.
    async fn simulate_opt_out(&self, ctx: &Context<'_>, input: OptInput) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), input.read(false).map(Change::SetOpt)).await
    }

    /// What `registerDatabase` would change of who sees what. The database stays as it is.
    async fn simulate_register_database(
        &self,
        ctx: &Context<'_>,
        input: RegisterDatabaseInput,
    ) -> Maybe<SimulationPayload> {
        tried(&At::of(ctx), Ok(Change::RegisterDatabase(input.read()))).await
    }
}

async fn decided(at: &At, new: Result<NewOpt, Fault>) -> Maybe<OptInPayload> {
    let made = match new {
        Ok(new) => opt_ins::set(at.app(), &at.caller, &new).await,
        Err(fault) => Err(fault),
    };
    outcome(at, made)
}
