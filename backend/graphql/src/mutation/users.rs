//! Users and groups: an administrator's work.

use async_graphql::{Context, InputObject, Object};
use lakegate_app::accounts::{
    groups, password_links,
    users::{self, UserInput},
};
use lakegate_model::{Fault, words};

use crate::{
    at::At,
    errors::{DonePayload, Maybe, outcome, payloads},
    scalars::{Id, ProductRole},
    types::people::{Consequences, Group, User},
};

payloads! {
    /// A user just created.
    CreateUserPayload { created: CreatedUser }
    /// What disabling did.
    UserDisabledPayload { consequences: Consequences }
    /// A link with which a user sets a new password.
    PasswordLinkPayload { created: PasswordLink }
    /// A group after a change.
    GroupPayload { group: Group }
}

/// A link just made.
#[derive(Debug, Clone, async_graphql::SimpleObject)]
pub struct PasswordLink {
    /// Path of the page; works once, for 30 minutes.
    pub link: String,
    /// Whether it works only after another administrator confirmed it, with `confirmPasswordLink`.
    pub waits: bool,
}

/// A user just created.
#[derive(Debug, Clone, async_graphql::SimpleObject)]
pub struct CreatedUser {
    pub user: User,
    /// Path of the page on which the user chooses a password; works once, for 30 minutes.
    pub password_link: Option<String>,
}

/// A user to be created.
#[derive(InputObject)]
pub struct CreateUserInput {
    username: String,
    display_name: String,
    email: Option<String>,
    /// Null: a link is made with which the user chooses one.
    #[graphql(secret)]
    password: Option<String>,
    #[graphql(default)]
    roles: Vec<ProductRole>,
}

impl From<CreateUserInput> for UserInput {
    fn from(input: CreateUserInput) -> Self {
        let CreateUserInput { username, display_name, email, password, roles } = input;
        Self { username, display_name, email, password, roles: roles.into_iter().map(Into::into).collect() }
    }
}

fn reset_page(secret: String) -> String {
    format!("/reset-password/{secret}")
}

async fn create(at: &At, input: &UserInput) -> Result<CreatedUser, Fault> {
    let created = users::create(at.app(), &at.caller, input).await?;
    Ok(CreatedUser { user: created.user.into(), password_link: created.link_secret.map(reset_page) })
}

/// Changes of users and groups.
#[derive(Debug, Default)]
pub struct UsersMutation;

#[Object]
impl UsersMutation {
    /// Creates a user.
    async fn create_user(&self, ctx: &Context<'_>, input: CreateUserInput) -> Maybe<CreateUserPayload> {
        let at = At::of(ctx);
        outcome(&at, create(&at, &input.into()).await)
    }

    /// Disables a user with the next request, or enables him again.
    async fn set_user_disabled(&self, ctx: &Context<'_>, user: Id, disabled: bool) -> Maybe<UserDisabledPayload> {
        let at = At::of(ctx);
        outcome(&at, users::set_disabled(at.app(), &at.caller, user.into(), disabled).await)
    }

    /// Replaces the roles of a user. Needs a password given within the last ten minutes.
    async fn set_user_roles(&self, ctx: &Context<'_>, user: Id, roles: Vec<ProductRole>) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        let roles: Vec<words::ProductRole> = roles.into_iter().map(Into::into).collect();
        outcome(&at, users::set_roles(at.app(), &at.caller, user.into(), &roles).await)
    }

    /// Makes a link with which a user sets a new password. One for somebody else waits for another administrator, where
    /// there is one. Needs a password given within the last ten minutes.
    async fn create_password_link(&self, ctx: &Context<'_>, user: Id) -> Maybe<PasswordLinkPayload> {
        let at = At::of(ctx);
        let made = password_links::ask(at.app(), &at.caller, user.into()).await;
        outcome(&at, made.map(|made| PasswordLink { link: reset_page(made.secret), waits: made.waits }))
    }

    /// Lets the waiting password link of a user work: another administrator than the one who asked for it. Needs a
    /// password given within the last ten minutes.
    async fn confirm_password_link(&self, ctx: &Context<'_>, user: Id) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, password_links::confirm(at.app(), &at.caller, user.into()).await)
    }

    /// Creates a group.
    async fn create_group(
        &self,
        ctx: &Context<'_>,
        name: String,
        #[graphql(default)] description: String,
    ) -> Maybe<GroupPayload> {
        let at = At::of(ctx);
        outcome(&at, groups::create(at.app(), &at.caller, &name, &description).await)
    }

    /// Puts a user into a group, or takes him out.
    async fn set_group_member(&self, ctx: &Context<'_>, group: Id, user: Id, member: bool) -> Maybe<DonePayload> {
        let at = At::of(ctx);
        outcome(&at, groups::set_member(at.app(), &at.caller, group.into(), user.into(), member).await)
    }
}
