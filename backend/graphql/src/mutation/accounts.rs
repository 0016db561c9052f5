//! The caller's own account, tokens and machine identities.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::accounts::{
    api_tokens::{self, NewToken},
    me, sign_in,
};
use lakegate_model::Fault;

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    query::people::EDITOR,
    scalars::{Id, ProjectRole, Theme, TokenScope},
    types::people::{ApiToken, ServiceAccount},
};

payloads! {
    /// A token just made.
    CreateApiTokenPayload { made: MadeToken }
    /// A service account after a change.
    ServiceAccountPayload { service_account: ServiceAccount }
}

/// A token just made.
#[derive(Debug, Clone, async_graphql::SimpleObject)]
pub struct MadeToken {
    pub token: ApiToken,
    /// Shown this once.
    pub secret: String,
}

/// A token to be made.
#[derive(Debug, InputObject)]
pub struct CreateApiTokenInput {
    name: String,
    scopes: Vec<TokenScope>,
    /// How long it lives, 1 to 366.
    days: i32,
    /// Whose token; null makes one of the caller himself.
    service_account: Option<Id>,
}

impl From<CreateApiTokenInput> for NewToken {
    fn from(input: CreateApiTokenInput) -> Self {
        Self {
            name: input.name,
            scopes: input.scopes.into_iter().map(Into::into).collect(),
            days: input.days.into(),
            account: input.service_account.map(Into::into),
        }
    }
}

async fn make_token(at: &At, new: &NewToken) -> Result<MadeToken, Fault> {
    let made = api_tokens::create(at.app(), &at.caller, new).await?;
    Ok(MadeToken { token: made.token.into(), secret: made.secret })
}

/// Changes of accounts.
#[derive(Debug, Default)]
pub struct AccountsMutation;

#[Object]
impl AccountsMutation {
    /// Makes a token. Needs a password given within the last ten minutes, of callers with a session.
    async fn create_api_token(&self, ctx: &Context<'_>, input: CreateApiTokenInput) -> Maybe<CreateApiTokenPayload> {
        let at = At::of(ctx);
        outcome(&at, make_token(&at, &input.into()).await)
    }

    /// Revokes a token.
    async fn revoke_api_token(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, api_tokens::revoke(at.app(), &at.caller, id.into()).await)
    }

    /// Makes a machine identity of a project, viewer or contributor.
    async fn create_service_account(
        &self,
        ctx: &Context<'_>,
        project: Id,
        name: String,
        role: ProjectRole,
    ) -> Maybe<ServiceAccountPayload> {
        let at = At::of(ctx);
        outcome(&at, api_tokens::create_account(at.app(), &at.caller, project.into(), &name, role.into()).await)
    }

    /// Disables a service account with the next request, or enables it again.
    async fn set_service_account_disabled(&self, ctx: &Context<'_>, id: Id, disabled: bool) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, api_tokens::set_account_disabled(at.app(), &at.caller, id.into(), disabled).await)
    }

    /// Changes the caller's password. All other sessions, and all tokens, end.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(secret)] current_password: String,
        #[graphql(secret)] new_password: String,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, me::change_password(at.app(), &at.caller, &current_password, &new_password).await)
    }

    /// Takes the password once more, for actions that need it fresh: of browser sessions.
    async fn confirm_password(&self, ctx: &Context<'_>, #[graphql(secret)] password: String) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, sign_in::confirm(at.app(), &at.caller, &password).await)
    }

    /// Changes the caller's display name and address.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        display_name: String,
        email: Option<String>,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, me::set_profile(at.app(), &at.caller, &display_name, email.as_deref()).await)
    }

    /// Chooses light, dark, or what the system says.
    async fn set_theme(&self, ctx: &Context<'_>, theme: Theme) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, me::set_theme(at.app(), &at.caller, theme.into()).await)
    }

    /// Keeps a draft with the caller's account, at most 256 KiB; an empty one is forgotten.
    async fn set_draft(
        &self,
        ctx: &Context<'_>,
        #[graphql(default_with = "EDITOR.to_owned()")] name: String,
        body: String,
    ) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, me::set_draft(at.app(), &at.caller, &name, &body).await)
    }

    /// Ends one of the caller's sessions.
    async fn end_session(&self, ctx: &Context<'_>, id: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, sign_in::sign_out(at.app(), &at.caller, id.into()).await)
    }

    /// Chooses the project that the browser session acts in, or none.
    async fn act_in(&self, ctx: &Context<'_>, project: Option<Id>) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, sign_in::act_in(at.app(), &at.caller, project.map(Into::into)).await)
    }
}
