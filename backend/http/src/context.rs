//! What is known of a request before its handler runs, and who turned out to have sent it.

use lakegate_app::{Identity, accounts::sign_in};
use lakegate_model::{Fault, people::Session};
use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, OnceLock},
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::Web;

/// Travels in the request's extensions.
#[derive(Debug, Clone)]
pub struct RequestContext(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    address: Option<IpAddr>,
    cookie: Option<String>,
    principal: OnceLock<Principal>,
    session: OnceCell<Option<Session>>,
}

/// Who sent a request, for the log and for binding cursors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// `anonymous`, `user`, `api_token`, `service_account` or `system`.
    pub kind: &'static str,
    pub id: Option<Uuid>,
}

impl Principal {
    /// The principal of a proved identity; a session's is its user.
    pub fn of(identity: Identity, session: Option<&Session>) -> Self {
        let (kind, id) = match identity {
            Identity::Anonymous => ("anonymous", None),
            Identity::System => ("system", None),
            Identity::Session(_) => ("user", session.map(|session| session.user_id.into())),
            Identity::ApiToken(id) => ("api_token", Some(id.into())),
            Identity::Work(account) => ("service_account", Some(account.into())),
            Identity::AccessToken { user, .. } | Identity::External(user) => ("user", Some(user.into())),
        };
        Self { kind, id }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            Some(id) => write!(f, "{}:{id}", self.kind),
            None => f.write_str(self.kind),
        }
    }
}

impl RequestContext {
    /// The context of a request that carries this session cookie, if any.
    pub fn new(id: String, address: Option<IpAddr>, cookie: Option<String>) -> Self {
        Self(Arc::new(Inner { id, address, cookie, principal: OnceLock::new(), session: OnceCell::new() }))
    }

    /// The id that logs, audit and errors share.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The client's address.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.address
    }

    /// The live session of the cookie; looked up once.
    pub async fn session(&self, web: &Web) -> Result<Option<&Session>, Fault> {
        let look = || async {
            match &self.0.cookie {
                Some(token) => sign_in::session_of_cookie(&web.app, token).await,
                None => Ok(None),
            }
        };
        self.0.session.get_or_try_init(look).await.map(Option::as_ref)
    }

    /// Notes who was proved to have sent the request. The first proof stands.
    pub fn is_from(&self, principal: Principal) {
        let _already = self.0.principal.set(principal);
    }

    /// Who sent the request, as far as anybody asked.
    pub fn principal(&self) -> Option<&Principal> {
        self.0.principal.get()
    }
}
