//! Who calls.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use lakegate_app::{
    Caller, Identity,
    accounts::{access_tokens, api_tokens, oidc},
};
use lakegate_model::{Code, Fault, ids::ProjectId};

use crate::{
    Refusal, Web,
    context::{Principal, RequestContext},
};

/// Names the project whose rights the request uses.
const PROJECT: &str = "lakegate-project";
/// Names the group or role whose rights alone the request uses, beside those of everyone.
const ROLE: &str = "lakegate-role";
/// Names what the request uses data for.
const PURPOSE: &str = "lakegate-purpose";
/// Longest token that is looked at, in bytes.
const TOKEN_MAX: usize = 16 * 1024;

/// The caller, proved by a token in the header or else by the session cookie; anonymous without both.
///
/// A token that is not valid refuses the request, even if a valid cookie came with it.
#[derive(Debug, Clone)]
pub struct Auth {
    pub caller: Caller,
    pub principal: Principal,
}

/// A caller who proved somehow who he is: what every operation takes that is not open to all.
///
/// Strangers are refused before anything is looked up, so that they cannot tell what exists from what does not.
#[derive(Debug, Clone)]
pub struct Known(Auth);

impl std::ops::Deref for Known {
    type Target = Auth;
    fn deref(&self) -> &Auth {
        &self.0
    }
}

impl FromRequestParts<Web> for Known {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let auth = Auth::from_request_parts(parts, web).await?;
        if auth.caller.identity == Identity::Anonymous {
            return Err(Fault::new(Code::Unauthenticated, "this needs a signed-in person or a token").into());
        }
        Ok(Self(auth))
    }
}

impl FromRequestParts<Web> for Auth {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        let context = context(parts)?;
        let mut caller = anonymous(&context);
        caller.project = project(&parts.headers)?;
        caller.role = text(&parts.headers, ROLE)?;
        caller.purpose = text(&parts.headers, PURPOSE)?;
        let session = match bearer(&parts.headers)? {
            Some(token) => {
                caller.identity = by_token(web, &caller, token).await?;
                None
            }
            None => context.session(web).await?.cloned(),
        };
        if let Some(session) = &session {
            caller.identity = Identity::Session(session.id);
        }
        let principal = Principal::of(caller.identity, session.as_ref());
        context.is_from(principal.clone());
        Ok(Self { caller, principal })
    }
}

/// The context that [`crate::middleware::observe`] gave.
pub(super) fn context(parts: &Parts) -> Result<RequestContext, Fault> {
    parts.extensions.get().cloned().ok_or_else(|| Fault::internal("a request without context"))
}

/// The caller of a request, as long as nothing is proved.
pub(super) fn anonymous(context: &RequestContext) -> Caller {
    Caller::anonymous(context.id().to_owned(), context.address())
}

fn project(headers: &HeaderMap) -> Result<Option<ProjectId>, Fault> {
    let Some(value) = headers.get(PROJECT) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    text.parse().map(Some).map_err(|fault: Fault| fault.on("Lakegate-Project"))
}

/// A header as text.
fn text(headers: &HeaderMap, name: &'static str) -> Result<Option<String>, Fault> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let unreadable =
        || Fault::invalid(name, "this header is not plain text").fix("send an id for names with other letters");
    value.to_str().map(|text| Some(text.trim().to_owned())).map_err(|_| unreadable())
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Fault> {
    let wrong = || Fault::new(Code::Unauthenticated, "send a token as `Authorization: Bearer …`").on("Authorization");
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return if headers.contains_key(header::AUTHORIZATION) { Err(wrong()) } else { Ok(None) };
    };
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(wrong)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || token.len() > TOKEN_MAX {
        return Err(wrong());
    }
    Ok(Some(token))
}

async fn by_token(web: &Web, caller: &Caller, token: &str) -> Result<Identity, Fault> {
    if token.starts_with(api_tokens::PREFIX) {
        return api_tokens::verify(&web.app, token).await;
    }
    if oidc::is_addressed(&web.app, token) {
        return oidc::verify(&web.app, caller, token).await;
    }
    access_tokens::verify(&web.app, token)
}
