//! What the frame around a page needs.

use askama::Template;
use axum::{
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
};
use lakegate_model::{Fault, people::Session};

use crate::{Refusal, Web, assets, csrf, extract::Visitor, middleware::observe::cookie};

/// The frame of pages without navigation: sign-in, set-up, errors.
#[derive(Debug, Clone, Default)]
pub struct BareShell {
    pub csrf: String,
    pub theme: String,
}

impl BareShell {
    /// The frame for a visitor.
    pub fn new(web: &Web, visitor: &Visitor) -> Self {
        let csrf = visitor.session.as_ref().map(|session| token(web, session)).unwrap_or_default();
        Self { csrf, theme: visitor.theme.clone() }
    }

    /// The address of a file.
    pub fn asset(&self, path: &str) -> String {
        assets::asset_url(path)
    }
}

/// The token that the forms of a session's page carry.
pub fn token(web: &Web, session: &Session) -> String {
    csrf::show(&web.app, session)
}

/// The theme that the reader chose: `light`, `dark`, or empty for what the system says.
pub fn theme_of(headers: &HeaderMap) -> String {
    cookie(headers, "theme").filter(|theme| theme == "light" || theme == "dark").unwrap_or_default()
}

/// A page with a status.
///
/// # Errors
/// `internal` if the template fails.
pub fn show(status: StatusCode, page: &impl Template) -> Result<Response, Refusal> {
    let html = page.render().map_err(Fault::internal)?;
    Ok((status, Html(html)).into_response())
}

/// The place to go to after a form, if it is one of ours; the start page otherwise.
pub fn safe_next(next: &str) -> &str {
    let inside = next.starts_with('/') && !next.starts_with("//") && !next.starts_with("/\\");
    let plain = next.len() <= 2_000 && !next.chars().any(|c| c.is_control() || c == '\\');
    if inside && plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_stays_inside() {
        for next in ["/", "/search?q=a&b=c", "/assets/a#b"] {
            assert_eq!(safe_next(next), next);
        }
        for next in ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb", "javascript:1", "/a\\b"] {
            assert_eq!(safe_next(next), "/", "{next:?}");
        }
    }
}
