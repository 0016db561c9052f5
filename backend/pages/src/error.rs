//! One page for every error.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::{kit::sentence, shell::BareShell};
use lakegate_http::error::Problem;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    shell: BareShell,
    problem: &'a Problem,
    detail: String,
    /// The way on; empty if there is none.
    fix: String,
}

/// The page of a problem. If even that fails, its sentence as plain text.
pub fn page(status: StatusCode, problem: &Problem, theme: &str) -> Response {
    let page = ErrorPage {
        shell: BareShell { csrf: String::new(), theme: theme.to_owned() },
        problem,
        detail: sentence(&problem.detail),
        fix: problem.fix.as_deref().map(sentence).unwrap_or_default(),
    };
    match page.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "the error page could not be rendered");
            let plain = HeaderValue::from_static("text/plain; charset=utf-8");
            (status, [(header::CONTENT_TYPE, plain)], problem.detail.clone()).into_response()
        }
    }
}
