//! Refuses what did not come to us on purpose: requests under a foreign host name, and changes that a foreign page sent
//! with the browser's cookie.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use lakegate_model::{Code, Fault, people::Session};

use super::multipart;
use crate::{Refusal, Web, context::RequestContext, csrf, middleware::BODY_BYTES};

const FETCH_SITE: &str = "sec-fetch-site";
/// Addresses for programs: they may be called without a browser's headers.
const FOR_PROGRAMS: [&str; 3] = ["/api/", "/graphql", "/data/graphql"];

/// Lets a request through, or refuses it.
pub async fn guard(State(web): State<Web>, request: Request, next: Next) -> Response {
    if let Err(refusal) = check_host(&web, &request) {
        return refusal.into_response();
    }
    match check_change(&web, request).await {
        Ok(request) => next.run(request).await,
        Err(fault) => Refusal::from(fault).into_response(),
    }
}

fn check_host(web: &Web, request: &Request) -> Result<(), Refusal> {
    let host = host_of(request);
    if host.is_some_and(|host| web.config.allows_host(host)) {
        return Ok(());
    }
    let fault = Fault::invalid("Host", "this server does not answer to that host name")
        .fix("use its public address, or add the name to server.allowed_hosts");
    Err(Refusal::with_status(StatusCode::MISDIRECTED_REQUEST, fault))
}

/// The one host that the request names: the header, or the authority of HTTP/2.
fn host_of(request: &Request) -> Option<&str> {
    let mut named = request.headers().get_all(header::HOST).iter();
    match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok(),
        (None, _) => request.uri().authority().map(|authority| authority.as_str()),
        (Some(_), Some(_)) => None,
    }
}

async fn check_change(web: &Web, request: Request) -> Result<Request, Fault> {
    let safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // A token in the header is sent by programs on purpose; a browser adds only cookies by itself.
    if safe || request.headers().contains_key(header::AUTHORIZATION) {
        return Ok(request);
    }
    let same_site = same_site(&request);
    if same_site == Some(false) {
        return Err(forged("it comes from another site"));
    }
    let context = request.extensions().get::<RequestContext>().cloned();
    let context = context.ok_or_else(|| Fault::internal("a request without context"))?;
    match context.session(web).await?.cloned() {
        Some(_) if same_site.is_none() => Err(forged("its origin is not stated")),
        Some(session) => check_token(&session, request).await,
        None if same_site.is_none() && !is_for_programs(&request) => Err(forged("its origin is not stated")),
        None => Ok(request),
    }
}

fn is_for_programs(request: &Request) -> bool {
    FOR_PROGRAMS.iter().any(|start| request.uri().path().starts_with(start))
}

fn forged(why: &str) -> Fault {
    Fault::new(Code::Forbidden, format!("this change was refused: {why}"))
        .on("csrf_token")
        .fix("open the page again and repeat")
}

/// Whether the browser says that one of our own pages sent the request; `None` if it says nothing.
///
/// Our pages send no referrer, and with that browsers write `Origin: null` for forms; `Sec-Fetch-Site` then decides.
fn same_site(request: &Request) -> Option<bool> {
    let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let origin = text("origin").filter(|origin| *origin != "null").map(|origin| is_origin(origin, host_of(request)));
    match text(FETCH_SITE) {
        Some(site) => Some(site == "same-origin" && origin != Some(false)),
        None => origin.or_else(|| text("origin").map(|_| false)),
    }
}

fn is_origin(origin: &str, host: Option<&str>) -> bool {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    authority.is_some_and(|authority| host.is_some_and(|host| authority.eq_ignore_ascii_case(host)))
}

async fn check_token(session: &Session, request: Request) -> Result<Request, Fault> {
    if let Some(token) = request.headers().get(csrf::HEADER) {
        let held = token.to_str().is_ok_and(|token| csrf::matches(session, token));
        return if held { Ok(request) } else { Err(forged("its token is not the session's")) };
    }
    if multipart::is_multipart(request.headers()) {
        let (request, token) = multipart::take_token(request).await?;
        let held = token.is_some_and(|token| csrf::matches(session, &token));
        return if held { Ok(request) } else { Err(forged("its token is not the session's")) };
    }
    if !is_form(request.headers()) {
        return Err(forged("its token is missing"));
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_BYTES)
        .await
        .map_err(|_| Fault::new(Code::TooLarge, format!("a form holds at most {BODY_BYTES} bytes")))?;
    let held = form_field(&bytes).is_some_and(|token| csrf::matches(session, &token));
    if held { Ok(Request::from_parts(parts, Body::from(bytes))) } else { Err(forged("its token is not the session's")) }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn form_field(bytes: &[u8]) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(bytes);
    fields.find(|(name, _)| name == csrf::FIELD).map(|(_, value)| value.into_owned())
}
