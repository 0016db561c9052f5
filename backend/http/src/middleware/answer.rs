//! The one place that shows errors.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use lakegate_model::{Code, Fault};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::any::Any;
use uuid::Uuid;

use super::observe;
use crate::{Refusal, Web, context::RequestContext, error::Problem};

const JSON_PATHS: [&str; 4] = ["/api/", "/graphql", "/data/graphql", "/healthz"];

/// What the client reads.
struct Wants {
    json: bool,
    htmx: bool,
    method: Method,
    /// Where the reader is, for coming back.
    here: String,
    theme: String,
}

impl Wants {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let path = request.uri().path();
        let htmx = headers.contains_key("hx-request");
        let accept = text("accept");
        let asks_json = accept.contains("application/json") && !accept.contains("text/html");
        let here = request.uri().path_and_query().map_or(path, |full| full.as_str()).to_owned();
        Self {
            json: htmx || asks_json || JSON_PATHS.iter().any(|start| path.starts_with(start)),
            htmx,
            method: request.method().clone(),
            here,
            theme: observe::theme_of(headers),
        }
    }
}

/// Renders the refusal that a handler left, if it left one.
pub async fn answer(State(web): State<Web>, request: Request, next: Next) -> Response {
    let wants = Wants::of(&request);
    let context = request.extensions().get::<RequestContext>().cloned();
    let mut response = next.run(request).await;
    let Some(refusal) = response.extensions_mut().remove::<Refusal>() else { return response };
    let (old, _) = response.into_parts();
    let mut new = render(&web, &refusal, &wants, context.as_ref());
    keep(&old.headers, new.headers_mut());
    new
}

/// Headers that belong to the refusal itself.
fn keep(old: &HeaderMap, new: &mut HeaderMap) {
    for name in [header::ALLOW, header::SET_COOKIE] {
        if let Some(value) = old.get(&name) {
            new.insert(name, value.clone());
        }
    }
}

fn render(web: &Web, refusal: &Refusal, wants: &Wants, context: Option<&RequestContext>) -> Response {
    let request_id = context.map_or("", RequestContext::id);
    let error_id = note(web, &refusal.fault, request_id);
    let problem = Problem::new(refusal, request_id, error_id);
    let mut response = match go_to(&refusal.fault, wants) {
        Some(redirect) => redirect,
        None if wants.json => json(&problem),
        None => (web.error_page)(refusal.status(), &problem, &wants.theme),
    };
    decorate(response.headers_mut(), &refusal.fault);
    response
}

/// Logs what only the log may know. Returns the id under which a mistake of ours stands there.
fn note(web: &Web, fault: &Fault, request_id: &str) -> Option<String> {
    if fault.code == Code::Internal {
        let error_id = web.app.new_id::<Uuid>().to_string();
        tracing::error!(error_id, request_id, cause = fault.cause.as_deref().unwrap_or("unknown"), "internal error");
        return Some(error_id);
    }
    if let Some(cause) = &fault.cause {
        tracing::warn!(request_id, code = fault.code.as_str(), cause, "refused");
    }
    None
}

/// Readers of pages are led to the form that they need.
fn go_to(fault: &Fault, wants: &Wants) -> Option<Response> {
    let form = match fault.code {
        Code::Unauthenticated => "/sign-in",
        Code::Reauthenticate => "/confirm",
        _ => return None,
    };
    if wants.json && !wants.htmx {
        return None;
    }
    let next = if wants.method == Method::GET { wants.here.as_str() } else { "/" };
    let target = format!("{form}?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
    if wants.htmx {
        let target = HeaderValue::from_str(&target).ok()?;
        return Some((StatusCode::UNAUTHORIZED, [("hx-redirect", target)]).into_response());
    }
    Some(Redirect::to(&target).into_response())
}

fn json(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/problem+json")], axum::Json(problem)).into_response()
}

fn decorate(headers: &mut HeaderMap, fault: &Fault) {
    if let Some(seconds) = fault.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if fault.code == Code::Unauthenticated {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}

/// A handler that panicked: a mistake of ours like any other.
pub fn panicked(payload: Box<dyn Any + Send + 'static>) -> http::Response<Body> {
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    Refusal::from(Fault::internal(format!("panic: {}", text.unwrap_or_default()))).into_response()
}
