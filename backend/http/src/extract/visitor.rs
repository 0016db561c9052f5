//! Who looks at a page.

use axum::{extract::FromRequestParts, http::request::Parts};
use lakegate_app::{Caller, Identity};
use lakegate_model::{Code, Fault, people::Session};

use super::auth::{anonymous, context};
use crate::{
    Refusal, Web,
    context::{Principal, RequestContext},
    middleware::observe::theme_of,
};

/// Somebody with a browser, signed in or not. Tokens do not open pages.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub caller: Caller,
    pub session: Option<Session>,
    /// `light`, `dark`, or empty for what the system says.
    pub theme: String,
    pub context: RequestContext,
}

impl FromRequestParts<Web> for Visitor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let context = context(parts)?;
        let session = context.session(web).await?.cloned();
        let mut caller = anonymous(&context);
        if let Some(session) = &session {
            caller.identity = Identity::Session(session.id);
        }
        context.is_from(Principal::of(caller.identity, session.as_ref()));
        Ok(Self { caller, session, theme: theme_of(&parts.headers), context })
    }
}

/// Somebody signed in with a browser; others are led to the sign-in page and back.
#[derive(Debug, Clone)]
pub struct SignedIn {
    pub caller: Caller,
    pub session: Session,
    /// `light`, `dark`, or empty for what the system says.
    pub theme: String,
    /// Path and query of the page.
    pub here: String,
}

impl FromRequestParts<Web> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let visitor = Visitor::from_request_parts(parts, web).await?;
        let here = parts.uri.path_and_query().map_or("/", |full| full.as_str()).to_owned();
        match visitor.session {
            Some(session) => Ok(Self { caller: visitor.caller, session, theme: visitor.theme, here }),
            None => Err(Fault::new(Code::Unauthenticated, "this page is for signed-in people").into()),
        }
    }
}
