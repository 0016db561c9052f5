//! The outermost layer: the request's id, its line in the log, its count.

use axum::{
    extract::{ConnectInfo, MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header::COOKIE},
    middleware::Next,
    response::Response,
};
use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};
use uuid::Uuid;

use crate::{Web, context::RequestContext};

/// The header that carries the request's id.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const FORWARDED_FOR: &str = "x-forwarded-for";
/// What stands in the log for an address that no route matches.
const NO_ROUTE: &str = "(none)";

/// Gives the request its context; afterwards logs and counts the exchange.
///
/// The log holds the route's pattern, never the path or the query string: both can hold secrets and names of data.
pub async fn observe(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let context = context(&web, &request);
    let method = request.method().as_str().to_owned();
    let route = request.extensions().get::<MatchedPath>().map_or(NO_ROUTE, MatchedPath::as_str).to_owned();
    request.extensions_mut().insert(context.clone());
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::from_str(context.id()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    let took = started.elapsed();
    let status = response.status().as_u16();
    log(&context, &method, &route, status, took.as_millis());
    web.metrics.exchanged(&method, &route, status, took);
    response
}

fn log(context: &RequestContext, method: &str, route: &str, status: u16, millis: u128) {
    let (kind, id) = match context.principal() {
        Some(principal) => (principal.kind, principal.id.map(|id| id.to_string()).unwrap_or_default()),
        None => ("anonymous", String::new()),
    };
    tracing::info!(
        target: "lakegate::exchange",
        request_id = context.id(),
        method,
        route,
        status,
        principal = kind,
        principal_id = id,
        millis = u64::try_from(millis).unwrap_or(u64::MAX),
        "exchange"
    );
}

fn context(web: &Web, request: &Request) -> RequestContext {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let trusted = peer.is_some_and(|peer| web.config.trusts(peer));
    let id = trusted.then(|| given_id(request.headers())).flatten();
    let id = id.unwrap_or_else(|| web.app.new_id::<Uuid>().to_string());
    let address = if trusted { forwarded(web, request.headers()).or(peer) } else { peer };
    RequestContext::new(id, address, cookie(request.headers(), web.config.cookie_name()))
}

/// The id that a listed proxy gave, if it is one that cannot disturb a log.
fn given_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get(REQUEST_ID)?.to_str().ok()?;
    let fits = (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    fits.then(|| id.to_owned())
}

/// The last address in `X-Forwarded-For` that is not one of our proxies: what stands before it anybody can write.
fn forwarded(web: &Web, headers: &HeaderMap) -> Option<IpAddr> {
    let listed: Vec<IpAddr> = headers
        .get_all(FORWARDED_FOR)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map_while(|part| part.trim().parse::<IpAddr>().ok())
        .collect();
    listed.iter().rev().find(|address| !web.config.trusts(**address)).or(listed.first()).copied()
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}

/// The theme that the reader chose: `light`, `dark`, or empty for what the system says.
pub fn theme_of(headers: &HeaderMap) -> String {
    cookie(headers, "theme").filter(|theme| theme == "light" || theme == "dark").unwrap_or_default()
}
