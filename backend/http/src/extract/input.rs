//! Bodies and query strings, with errors that name the field.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use lakegate_model::{Code, Fault};
use serde::{Deserializer, de::DeserializeOwned};

use crate::{Refusal, Web};

/// A JSON body.
#[derive(Debug, Clone)]
pub struct Json<T>(pub T);

/// A query string.
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

/// A URL-encoded form.
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

/// A body as it came, for what is signed byte by byte.
#[derive(Debug, Clone)]
pub struct Raw(pub Bytes);

impl FromRequest<Web> for Raw {
    type Rejection = Refusal;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Refusal> {
        Ok(Self(body(request, web).await?))
    }
}

impl<T: DeserializeOwned> FromRequest<Web> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Refusal> {
        need_type(request.headers(), "application/json")?;
        let bytes = body(request, web).await?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = read(&mut reader, "body")?;
        reader.end().map_err(|_| Fault::invalid("body", "something follows the JSON document"))?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned> FromRequest<Web> for Form<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, web: &Web) -> Result<Self, Refusal> {
        need_type(request.headers(), "application/x-www-form-urlencoded")?;
        let bytes = body(request, web).await?;
        let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(&bytes));
        Ok(Self(read(reader, "form")?))
    }
}

impl<T: DeserializeOwned> FromRequestParts<Web> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _web: &Web) -> Result<Self, Refusal> {
        let text = parts.uri.query().unwrap_or_default();
        let reader = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(text.as_bytes()));
        Ok(Self(read(reader, "query")?))
    }
}

/// Reads a value; the error names the path at which it went wrong, or else the whole.
fn read<'de, T, D>(reader: D, whole: &str) -> Result<T, Fault>
where
    T: DeserializeOwned,
    D: Deserializer<'de>,
    D::Error: std::fmt::Display,
{
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let path = error.path().to_string();
        let message = plain(&error.inner().to_string());
        let field = if path == "." || path == "?" { named(&message).unwrap_or(whole).to_owned() } else { path };
        Fault::invalid(field, message)
    })
}

/// Without the position in the text: it helps nobody who did not write the text by hand.
fn plain(message: &str) -> String {
    message.split(" at line ").next().unwrap_or(message).to_owned()
}

/// The field that a message about a missing, unknown or doubled one names.
fn named(message: &str) -> Option<&str> {
    let about_field =
        ["missing field", "unknown field", "duplicate field"].iter().any(|start| message.starts_with(start));
    if about_field { message.split('`').nth(1) } else { None }
}

fn need_type(headers: &HeaderMap, wanted: &'static str) -> Result<(), Fault> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(wanted)) {
        return Ok(());
    }
    Err(Fault::new(Code::UnsupportedMedia, format!("send this as {wanted}")).on("Content-Type"))
}

async fn body(request: Request, web: &Web) -> Result<Bytes, Fault> {
    Bytes::from_request(request, web).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Fault::new(
            Code::TooLarge,
            "the body is over the limit of this address: 1 MiB, or what its description says",
        )
        .on("body"),
        _ => Fault::invalid("body", "the body did not arrive whole"),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        #[allow(dead_code)]
        name: String,
        #[serde(default)]
        #[allow(dead_code)]
        parts: Vec<Part>,
    }

    #[derive(Debug, Deserialize)]
    struct Part {
        #[allow(dead_code)]
        days: i64,
    }

    fn field(text: &str) -> String {
        let fault = read::<Input, _>(&mut serde_json::Deserializer::from_str(text), "body").unwrap_err();
        assert!(!fault.message.contains("line"), "{}", fault.message);
        fault.field.unwrap()
    }

    #[test]
    fn errors_name_the_field() {
        assert_eq!(field(r#"{"name": 5}"#), "name");
        assert_eq!(field("{}"), "name");
        assert_eq!(field(r#"{"name": "a", "nam": 1}"#), "nam");
        assert_eq!(field(r#"{"name": "a", "parts": [{"days": 1}, {"days": "x"}]}"#), "parts[1].days");
        assert_eq!(field("not json"), "body");
    }
}
