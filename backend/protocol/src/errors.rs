//! Faults as errors of GraphQL: `extensions.code`, and for our own mistakes `extensions.error_id`, under which the cause
//! stands in the log.

use async_graphql::{Error, ErrorExtensions};
use lakegate_http::Web;
use lakegate_model::{Code, Fault};
use uuid::Uuid;

use super::at::At;

/// The name of an input as GraphQL writes it: `access_key_id` is `accessKeyId` here.
pub fn as_argument(field: &str) -> String {
    let mut parts = field.split('_');
    let mut name = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut letters = part.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

/// Notes a fault in the log and gives the id under which a mistake of ours stands there.
pub fn note(web: &Web, request_id: &str, fault: &Fault) -> Option<String> {
    if fault.code == Code::Internal {
        let error_id = web.app.new_id::<Uuid>().to_string();
        let cause = fault.cause.as_deref().unwrap_or("unknown");
        tracing::error!(error_id, request_id, cause, "internal error");
        return Some(error_id);
    }
    if let Some(cause) = &fault.cause {
        tracing::warn!(request_id, code = fault.code.as_str(), cause, "refused");
    }
    None
}

/// A fault as the error of a field.
pub fn error(at: &At, fault: Fault) -> Error {
    at.ended(fault.code);
    of_fault(&at.web, &at.caller.request_id, fault)
}

/// A fault as a GraphQL error.
pub fn of_fault(web: &Web, request_id: &str, fault: Fault) -> Error {
    let error_id = note(web, request_id, &fault);
    Error::new(fault.message).extend_with(|_, extensions| {
        extensions.set("code", fault.code.as_str());
        let texts = [("field", fault.field.as_deref().map(as_argument)), ("fix", fault.fix), ("error_id", error_id)];
        for (name, text) in texts {
            if let Some(text) = text {
                extensions.set(name, text);
            }
        }
        if let Some(seconds) = fault.retry_after {
            extensions.set("retry_after", seconds);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_as_arguments_are() {
        assert_eq!(as_argument("secret_access_key"), "secretAccessKey");
        assert_eq!(as_argument("name"), "name");
        assert_eq!(as_argument("Lakegate-Project"), "Lakegate-Project");
    }
}
