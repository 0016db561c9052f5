//! How an answer looks: its status, its errors, its members.

use async_graphql::{Response as Executed, ServerError, Value, parser::Error as SyntaxError};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use lakegate_http::{Refusal, Web};
use lakegate_model::{Code, Fault};
use serde::Serialize;
use std::collections::BTreeMap;

use super::{at::At, errors, media::Media};

/// Why nothing was executed.
#[derive(Debug)]
pub(crate) struct Unexecuted {
    /// `None`: the document cannot be executed, 400 or 200 as the form of the answer says.
    status: Option<StatusCode>,
    errors: Vec<ErrorShape>,
}

impl Unexecuted {
    /// A request that is no GraphQL request, or of somebody who has no schema.
    pub fn of(at: &At, fault: Fault) -> Self {
        let status = StatusCode::from_u16(fault.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status: Some(status), errors: vec![ErrorShape::of_fault(&at.web, &at.caller.request_id, fault)] }
    }

    /// The same, with a status of its own.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status: Some(status), ..self }
    }

    /// A document that does not read.
    pub fn syntax(error: SyntaxError) -> Self {
        Self { status: None, errors: vec![ErrorShape::of(ServerError::from(error))] }
    }

    /// A request of nobody in particular: nothing here is for him, the schema neither.
    pub fn stranger(at: &At) -> Self {
        Self::of(at, stranger())
    }

    /// A request whose document cannot be executed.
    pub fn document(at: &At, fault: Fault) -> Self {
        Self { status: None, errors: vec![ErrorShape::of_fault(&at.web, &at.caller.request_id, fault)] }
    }
}

/// What nobody in particular is told: nothing here is for him, the schema neither.
pub fn stranger() -> Fault {
    Fault::new(Code::Unauthenticated, "sign in, or send a token as `Authorization: Bearer …`")
}

/// An answer as an event carries it.
pub(crate) fn encoded(executed: Executed) -> String {
    let errors = executed.errors.into_iter().map(ErrorShape::of).collect();
    // Both are made of texts, numbers and lists of them, which JSON can always hold.
    serde_json::to_string(&Body { data: Some(&executed.data), errors, extensions: BTreeMap::new() }).unwrap_or_default()
}

/// An error as clients read it.
#[derive(Debug, Serialize)]
struct ErrorShape {
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<async_graphql::Pos>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    path: Vec<async_graphql::PathSegment>,
    extensions: async_graphql::ErrorExtensionValues,
}

impl ErrorShape {
    /// An error of the schema: what carries no code is a document or value that does not fit.
    fn of(error: ServerError) -> Self {
        let mut extensions = error.extensions.unwrap_or_default();
        if extensions.get("code").is_none() {
            extensions.set("code", Code::Invalid.as_str());
        }
        Self { message: error.message, locations: error.locations, path: error.path, extensions }
    }

    fn of_fault(web: &Web, request_id: &str, fault: Fault) -> Self {
        Self::of(errors::of_fault(web, request_id, fault).into_server_error(async_graphql::Pos::default())).placeless()
    }

    /// Without the place in the document: the error is about the whole.
    fn placeless(self) -> Self {
        Self { locations: Vec::new(), ..self }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ErrorShape>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    extensions: BTreeMap<String, Value>,
}

/// Every root field may be null, so an answer without data was not executed: validation refused the document.
pub(crate) fn executed_answer(executed: Executed, media: Media) -> Response {
    let errors: Vec<ErrorShape> = executed.errors.into_iter().map(ErrorShape::of).collect();
    if executed.data == Value::Null {
        return unexecuted_answer(Unexecuted { status: None, errors }, media);
    }
    let body = Body { data: Some(&executed.data), errors, extensions: executed.extensions };
    send(StatusCode::OK, &body, media)
}

pub(crate) fn unexecuted_answer(unexecuted: Unexecuted, media: Media) -> Response {
    let status = unexecuted.status.unwrap_or(match media {
        Media::GraphqlResponse => StatusCode::BAD_REQUEST,
        Media::Json => StatusCode::OK,
    });
    let body = Body { data: None, errors: unexecuted.errors, extensions: BTreeMap::new() };
    let mut response = send(status, &body, media);
    let further = match status {
        StatusCode::METHOD_NOT_ALLOWED => Some((header::ALLOW, "POST")),
        StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
        _ => None,
    };
    response.headers_mut().extend(further.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

fn send(status: StatusCode, body: &Body<'_>, media: Media) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => {
            let headers = [(header::CONTENT_TYPE, media.content_type()), (header::VARY, "accept")];
            (status, headers, bytes).into_response()
        }
        Err(error) => Refusal::from(Fault::internal(error)).into_response(),
    }
}
