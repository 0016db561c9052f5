//! Forms of requests and answers: which are taken, which are given.

use axum::http::{HeaderMap, header};

/// A form of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/graphql-response+json`
    GraphqlResponse,
    /// `application/json`
    Json,
}

impl Media {
    /// The header of such an answer.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }

    /// Whether the client takes answers that go on, as events.
    pub fn takes_events(headers: &HeaderMap) -> bool {
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges = accepted.flat_map(|value| value.split(','));
        ranges.any(|range| range.split(';').next().is_some_and(|kind| kind.trim() == "text/event-stream"))
    }

    /// The form that the client likes best, the first of equals; `None` if it likes neither.
    pub fn negotiate(headers: &HeaderMap) -> Option<Self> {
        let accepted = headers.get_all(header::ACCEPT).iter();
        let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
        if accepted.is_empty() {
            return Some(Self::Json);
        }
        let mut best: Option<(f32, Self)> = None;
        for range in accepted.iter().flat_map(|value| value.split(',')) {
            let Some((quality, media)) = Self::of_range(range) else { continue };
            if quality > best.map_or(0.0, |(quality, _)| quality) {
                best = Some((quality, media));
            }
        }
        best.map(|(_, media)| media)
    }

    fn of_range(range: &str) -> Option<(f32, Self)> {
        let mut parts = range.split(';').map(str::trim);
        let media = match parts.next()?.to_ascii_lowercase().as_str() {
            "application/graphql-response+json" => Self::GraphqlResponse,
            "application/json" | "application/*" | "*/*" => Self::Json,
            _ => return None,
        };
        let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |text| text.parse().ok());
        Some((quality?, media))
    }
}

/// `application/json`, in UTF-8 if it says anything about that.
pub fn is_json(content_type: &str) -> bool {
    let mut parts = content_type.split(';').map(|part| part.trim().to_ascii_lowercase());
    let json = parts.next().is_some_and(|kind| kind == "application/json");
    let foreign = |part: String| part.strip_prefix("charset=").is_some_and(|set| set.trim_matches('"') != "utf-8");
    json && !parts.any(foreign)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn chosen(accept: Option<&'static str>) -> Option<Media> {
        let mut headers = HeaderMap::new();
        headers.extend(accept.map(|accept| (header::ACCEPT, HeaderValue::from_static(accept))));
        Media::negotiate(&headers)
    }

    #[test]
    fn the_best_liked_form_is_chosen() {
        for (accept, media) in [
            (None, Some(Media::Json)),
            (Some("*/*"), Some(Media::Json)),
            (Some("application/json"), Some(Media::Json)),
            (Some("application/json; charset=utf-8"), Some(Media::Json)),
            (Some("application/graphql-response+json"), Some(Media::GraphqlResponse)),
            (Some("application/graphql-response+json, application/json"), Some(Media::GraphqlResponse)),
            (Some("application/json;q=0.9, application/graphql-response+json"), Some(Media::GraphqlResponse)),
            (Some("application/graphql-response+json;q=0.2, */*;q=0.8"), Some(Media::Json)),
            (Some("text/html, */*;q=0.1"), Some(Media::Json)),
            (Some("text/html"), None),
            (Some("application/json;q=0"), None),
        ] {
            assert_eq!(chosen(accept), media, "{accept:?}");
        }
    }

    #[test]
    fn events_are_taken_only_where_they_are_named() {
        for (accept, taken) in [
            ("text/event-stream", true),
            ("application/json;q=0.5, text/event-stream;q=0.9", true),
            ("application/json", false),
            ("*/*", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(Media::takes_events(&headers), taken, "{accept}");
        }
    }

    #[test]
    fn only_json_in_utf_8_is_taken() {
        for good in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/json; charset=latin1",
            "application/jsonp",
        ] {
            assert!(!is_json(bad), "{bad}");
        }
    }
}
