//! What a resolver works with: who calls, in which project, and the application.

use async_graphql::{Context, dataloader::DataLoader};
use lakegate_app::{App, Caller};
use lakegate_model::{Code, ids::ProjectId};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{names::Names, scalars::Id};
use lakegate_http::{Web, extract::Auth};

/// The request as resolvers see it. Cheap to clone.
#[derive(Clone)]
pub struct At {
    pub web: Web,
    pub caller: Caller,
    /// Who calls, as cursors are bound to it.
    pub principal: String,
    /// How the root fields of the request ended.
    pub outcomes: Outcomes,
    /// The key of the field that is being resolved.
    key: String,
}

/// The refusals of a request by the keys of its fields, shared by all of them.
#[derive(Debug, Clone, Default)]
pub struct Outcomes(Arc<Mutex<HashMap<String, Code>>>);

impl Outcomes {
    /// The code with which a field was refused or failed.
    pub fn of(&self, key: &str) -> Option<Code> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied()
    }
}

impl At {
    /// The request of a proved caller.
    pub fn new(web: Web, auth: Auth) -> Self {
        let principal = auth.principal.to_string();
        Self { web, principal, caller: auth.caller, outcomes: Outcomes::default(), key: String::new() }
    }

    /// The request that a field is resolved for.
    #[expect(clippy::expect_used, reason = "the only place that executes requests puts it into each")]
    pub fn of(ctx: &Context<'_>) -> Self {
        let at = ctx.data_opt::<Self>().expect("every request carries its caller").clone();
        Self { key: ctx.item.node.response_key().node.to_string(), ..at }
    }

    /// Notes that the field was refused or failed.
    pub fn ended(&self, code: Code) {
        self.outcomes.0.lock().unwrap_or_else(PoisonError::into_inner).insert(self.key.clone(), code);
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
