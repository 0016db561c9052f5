//! What a resolver works with: who calls, in which project, and the application.

use async_graphql::{Context, Value};
use lakegate_app::{App, Caller};
use lakegate_http::{Web, extract::Auth};
use lakegate_model::{Code, ids::ProjectId};
use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The request as resolvers see it. Cheap to clone.
#[derive(Clone)]
pub struct At {
    pub web: Web,
    pub caller: Caller,
    /// Who calls, as cursors are bound to it.
    pub principal: String,
    /// How the root fields of the request ended.
    pub outcomes: Outcomes,
    /// What the answer tells beside its data.
    pub beside: Beside,
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

/// Members of an answer's `extensions`, by name and then by the keys of root fields, so that their order is not that in
/// which fields were done.
#[derive(Debug, Clone, Default)]
pub struct Beside(Arc<Mutex<BTreeMap<&'static str, BTreeMap<String, Value>>>>);

impl Beside {
    /// Tells something of a root field.
    pub fn tell(&self, member: &'static str, key: &str, value: Value) {
        self.all().entry(member).or_default().insert(key.to_owned(), value);
    }

    /// Takes what was told.
    pub fn take(&self) -> BTreeMap<&'static str, BTreeMap<String, Value>> {
        mem::take(&mut *self.all())
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, BTreeMap<String, Value>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl At {
    /// The request of a proved caller.
    pub fn new(web: Web, auth: Auth) -> Self {
        let principal = auth.principal.to_string();
        let (outcomes, beside) = (Outcomes::default(), Beside::default());
        Self { web, principal, caller: auth.caller, outcomes, beside, key: String::new() }
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

    /// The key of the field that is being resolved.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The same, acting in a project if one is named.
    pub fn acting_in(ctx: &Context<'_>, project: Option<impl Into<ProjectId>>) -> Self {
        let at = Self::of(ctx);
        Self { caller: at.caller.acting_in(project.map(Into::into)), ..at }
    }

    /// The application.
    pub fn app(&self) -> &App {
        &self.web.app
    }
}
