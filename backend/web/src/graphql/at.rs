//! What a resolver works with: who calls, in which project, and the application.

use async_graphql::{Context, dataloader::DataLoader};
use lakegate_app::{App, Caller};
use lakegate_model::ids::ProjectId;

use super::{names::Names, scalars::Id};
use crate::{Web, extract::Auth};

/// The request as resolvers see it. Cheap to clone.
#[derive(Clone)]
pub struct At {
    pub web: Web,
    pub caller: Caller,
    /// Who calls, as cursors are bound to it.
    pub principal: String,
}

impl At {
    /// The request of a proved caller.
    pub fn new(web: Web, auth: Auth) -> Self {
        Self { web, principal: auth.principal.to_string(), caller: auth.caller }
    }

    /// The request that a field is resolved for.
    #[expect(clippy::expect_used, reason = "the only place that executes requests puts it into each")]
    pub fn of(ctx: &Context<'_>) -> Self {
        ctx.data_opt::<Self>().expect("every request carries its caller").clone()
    }

    /// The same, acting in a project if one is named.
    pub fn acting_in(ctx: &Context<'_>, project: Option<Id>) -> Self {
        let at = Self::of(ctx);
        Self { caller: at.caller.acting_in(project.map(ProjectId::from)), ..at }
    }

    /// The application.
    pub fn app(&self) -> &App {
        &self.web.app
    }
}

/// Loads names for the ids of lists, one look a batch.
#[expect(clippy::expect_used, reason = "the only place that executes requests puts it into each")]
pub fn names<'a>(ctx: &'a Context<'_>) -> &'a DataLoader<Names> {
    ctx.data_opt::<DataLoader<Names>>().expect("every request carries its loader")
}
