//! Parts of the path.

use axum::{
    extract::{FromRequestParts, path::ErrorKind, rejection::PathRejection},
    http::request::Parts,
};
use lakegate_model::Fault;
use serde::de::DeserializeOwned;

use crate::{Refusal, Web};

/// Typed parts of the path; a malformed one is named.
#[derive(Debug, Clone)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Web> for Path<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Refusal> {
        match axum::extract::Path::<T>::from_request_parts(parts, web).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(rejection) => Err(explain(rejection).into()),
        }
    }
}

fn explain(rejection: PathRejection) -> Fault {
    let PathRejection::FailedToDeserializePathParams(failed) = rejection else {
        return Fault::internal(rejection);
    };
    match failed.into_kind() {
        ErrorKind::ParseErrorAtKey { key, .. } | ErrorKind::InvalidUtf8InPathParam { key } => malformed(&key),
        ErrorKind::DeserializeError { key, .. } => malformed(&key),
        ErrorKind::ParseError { .. } | ErrorKind::ParseErrorAtIndex { .. } | ErrorKind::Message(_) => malformed("id"),
        other => Fault::internal(other),
    }
}

fn malformed(key: &str) -> Fault {
    Fault::invalid(key, "this part of the address is malformed")
}
