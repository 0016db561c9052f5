//! What a page says once about the form that led to it: a toast, and which kept draft is done with.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use super::shell::safe_next;
use lakegate_http::middleware::observe::cookie;

const NAME: &str = "flash";
/// Longest text that is carried over, in characters; a cookie holds 4 KiB.
const LONGEST: usize = 300;

/// Something to say once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    pub text: String,
    /// `good`, `danger`, or empty.
    pub state: String,
    /// The key of the draft that the browser may forget; empty for none.
    #[serde(default)]
    pub draft: String,
}

/// After a form that was carried out: on to `to`, where a toast says `text`.
pub fn done(to: &str, text: &str) -> Response {
    go(to, &Flash { text: text.to_owned(), state: "good".to_owned(), draft: String::new() })
}

/// Like [`done`], for a form that kept a draft under a key.
pub fn done_with_draft(to: &str, text: &str, draft: &str) -> Response {
    go(to, &Flash { text: text.to_owned(), state: "good".to_owned(), draft: draft.to_owned() })
}

/// After a form without fields that was refused: back to `to`, where a toast says why.
pub fn refused(to: &str, text: &str) -> Response {
    go(to, &Flash { text: text.to_owned(), state: "danger".to_owned(), draft: String::new() })
}

fn go(to: &str, flash: &Flash) -> Response {
    let mut response = Redirect::to(safe_next(to)).into_response();
    let short = Flash { text: flash.text.chars().take(LONGEST).collect(), ..flash.clone() };
    let Ok(text) = serde_urlencoded::to_string(&short) else { return response };
    let text = utf8_percent_encode(&text, NON_ALPHANUMERIC);
    if let Ok(value) = HeaderValue::from_str(&format!("{NAME}={text}; Path=/; HttpOnly; SameSite=Lax; Max-Age=60")) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// What the request before left to be said.
pub fn of(headers: &HeaderMap) -> Option<Flash> {
    let value = cookie(headers, NAME).filter(|value| !value.is_empty())?;
    let text = percent_decode_str(&value).decode_utf8().ok()?;
    serde_urlencoded::from_str(&text).ok()
}

/// Forgets what a whole page has said.
pub async fn forget(request: Request, next: Next) -> Response {
    let pending = of(request.headers()).is_some() && !request.headers().contains_key("hx-request");
    let mut response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let page = response.status().is_success() && kind.is_some_and(|kind| kind.starts_with("text/html"));
    if pending && page {
        let gone = HeaderValue::from_static("flash=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
        response.headers_mut().append(header::SET_COOKIE, gone);
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_was_said_arrives_whole() {
        let flash = Flash { text: "Größe = 5; \"ok\" 🎉".into(), state: "good".into(), draft: "request-1".into() };
        let response = go("/inbox", &flash);
        let set = response.headers().get(header::SET_COOKIE).unwrap().to_str().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, set.split(';').next().unwrap().parse().unwrap());
        assert_eq!(of(&headers), Some(flash));
    }

    #[test]
    fn strange_cookies_say_nothing() {
        for value in ["flash=", "flash=%ff", "other=1"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, value.parse().unwrap());
            assert_eq!(of(&headers), None, "{value}");
        }
    }
}
