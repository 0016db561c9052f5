//! Refusals: how a [`Fault`] leaves a handler.
//!
//! A handler's refusal is an empty response with the fault in its extensions; [`crate::middleware::answer`] renders it in
//! the form that the client reads, as problem document (RFC 9457) or page. So there is one place that shows errors.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use lakegate_model::{Code, Fault};
use serde::Serialize;
use utoipa::ToSchema;

/// A fault on its way out.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub fault: Fault,
    /// Replaces the status of the fault's code where HTTP has a more exact one.
    pub status: Option<StatusCode>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault, status: None }
    }
}

impl Refusal {
    /// A refusal with an exact status.
    pub fn with_status(status: StatusCode, fault: Fault) -> Self {
        Self { fault, status: Some(status) }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
            .or_else(|| StatusCode::from_u16(self.fault.code.status()).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An error as RFC 9457 writes it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem: the documents' entry of its code.
    #[serde(rename = "type")]
    #[schema(example = "https://lakegate.invalid/errors/invalid")]
    pub kind: String,
    /// A short title for people.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, one sentence.
    pub detail: String,
    /// A stable word that clients compare.
    #[schema(example = "invalid")]
    pub code: String,
    /// The input that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The way on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Finds the cause in the server's log; present for mistakes of the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_id: Option<String>,
    /// The request.
    pub request_id: String,
}

impl Problem {
    /// What is told of a refusal.
    pub fn new(refusal: &Refusal, request_id: &str, error_id: Option<String>) -> Self {
        let fault = &refusal.fault;
        Self {
            kind: format!("https://lakegate.invalid/errors/{}", fault.code.as_str()),
            title: fault.code.title().to_owned(),
            status: refusal.status().as_u16(),
            detail: fault.message.clone(),
            code: fault.code.as_str().to_owned(),
            field: fault.field.clone(),
            fix: fault.fix.clone(),
            error_id,
            request_id: request_id.to_owned(),
        }
    }
}

/// The answer for an address that nobody serves.
pub async fn no_such_page() -> Refusal {
    Fault::not_found("page").into()
}

/// The answer for a method that an address does not know.
pub async fn no_such_method() -> Refusal {
    let fault = Fault::new(Code::Invalid, "this address does not know that method").on("method");
    Refusal::with_status(StatusCode::METHOD_NOT_ALLOWED, fault)
}
