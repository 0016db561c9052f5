//! Purposes: what data may be used for, and the role and purpose that a session looks through.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::{
    access::purposes::{self, NewPurpose},
    accounts::sign_in,
};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::Id,
    types::purposes::{ProjectPurpose, Purpose},
};

payloads! {
    /// A purpose after a change.
    PurposePayload { purpose: Purpose }
    /// A project's purpose after a change.
    ProjectPurposePayload { project_purpose: ProjectPurpose }
}

/// A purpose to be added.
#[derive(Debug, InputObject)]
pub struct CreatePurposeInput {
    name: String,
    description: String,
    /// What allows it: `contract`, `consent`, a section of a law.
    legal_basis: String,
}

/// Changes of purposes.
#[derive(Debug, Default)]
pub struct PurposesMutation;

#[Object]
impl PurposesMutation {
    /// Adds a purpose: projects may ask for it, rules may demand it. For data protection officers.
    async fn create_purpose(&self, ctx: &Context<'_>, input: CreatePurposeInput) -> Maybe<PurposePayload> {
        let at = At::of(ctx);
        let CreatePurposeInput { name, description, legal_basis } = input;
        outcome(&at, purposes::create(at.app(), &at.caller, &NewPurpose { name, description, legal_basis }).await)
    }

    /// Ends a purpose everywhere: what demands it opens nothing any more. For data protection officers.
    async fn end_purpose(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, purposes::end(at.app(), &at.caller, id.into()).await)
    }

    /// Asks for a purpose on behalf of a project. For its owners.
    async fn ask_for_purpose(
        &self,
        ctx: &Context<'_>,
        project: Id,
        purpose: Id,
        reason: String,
    ) -> Maybe<ProjectPurposePayload> {
        let at = At::of(ctx);
        let wanted = (project.into(), purpose.into());
        outcome(&at, purposes::ask(at.app(), &at.caller, wanted, &reason).await)
    }

    /// Approves or refuses what a project asked for. For data protection officers who are not members of the project. Needs a
    /// password given within the last ten minutes.
    async fn decide_purpose(
        &self,
        ctx: &Context<'_>,
        id: Id,
        approve: bool,
        reason: String,
    ) -> Maybe<ProjectPurposePayload> {
        let at = At::of(ctx);
        outcome(&at, purposes::decide_on(at.app(), &at.caller, id.into(), approve, &reason).await)
    }

    /// Ends a project's use of a purpose. For its owners and for data protection officers.
    async fn withdraw_purpose(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, purposes::withdraw(at.app(), &at.caller, id.into()).await)
    }

    /// Fixes the purpose that a service account states, or takes it away. For owners of its project.
    async fn fix_account_purpose(&self, ctx: &Context<'_>, account: Id, purpose: Option<Id>) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        let purpose = purpose.map(Into::into);
        outcome(&at, purposes::fix_for_account(at.app(), &at.caller, account.into(), purpose).await)
    }

    /// Narrows the browser session to one group or role, and states its purpose; what is left out is taken away. Requests with
    /// tokens send the headers `Lakegate-Role` and `Lakegate-Purpose`.
    async fn look_through(
        &self,
        ctx: &Context<'_>,
        role: Option<String>,
        purpose: Option<String>,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        let (role, purpose) = (role.unwrap_or_default(), purpose.unwrap_or_default());
        outcome(&at, sign_in::look_through(at.app(), &at.caller, &role, &purpose).await)
    }
}
