//! Expected outcomes as values, everything else as errors.
//!
//! # The one rule
//! - A **mutation** gives a payload `{ ok, problem, <value> }`. What a caller has to reckon with (a name taken, a value
//!   out of range, no right, nothing there, a password wanted once more) is its `problem`.
//! - A **query** gives null for what is hidden or absent, with an error whose `extensions.code` says why.
//! - Not being signed in, being throttled and failures of ours or of something we need are errors in both, with
//!   `extensions.code`, and for our own mistakes `extensions.error_id`, under which the cause stands in the log.

use async_graphql::{Error, OutputType, SimpleObject};
use lakegate_model::{Code, Fault};

use super::at::At;

pub use lakegate_protocol::errors::{as_argument, error, note};

/// A value, or null with an error beside it.
pub type Maybe<T> = Option<Result<T, Error>>;

/// Why a change was not made.
#[derive(Debug, Clone, PartialEq, Eq, SimpleObject)]
pub struct Problem {
    /// A stable word that clients compare.
    pub code: String,
    /// What happened, one sentence.
    pub message: String,
    /// The input that was wrong.
    pub field: Option<String>,
    /// The way on.
    pub fix: Option<String>,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        let field = fault.field.as_deref().map(as_argument);
        Self { code: fault.code.as_str().to_owned(), message: fault.message, field, fix: fault.fix }
    }
}

/// Whether a caller of a change has to reckon with such an outcome.
pub fn is_expected(code: Code) -> bool {
    match code {
        Code::Invalid
        | Code::Reauthenticate
        | Code::Forbidden
        | Code::NotFound
        | Code::Conflict
        | Code::Gone
        | Code::TooLarge
        | Code::UnsupportedMedia
        | Code::Unprocessable
        | Code::LimitExceeded
        | Code::Cancelled => true,
        Code::Unauthenticated
        | Code::Throttled
        | Code::Internal
        | Code::Dependency
        | Code::Unavailable
        | Code::StorageFull => false,
    }
}

/// The answer of a look-up: the value, or null with an error.
pub fn answer<S, T: From<S> + OutputType>(at: &At, found: Result<S, Fault>) -> Maybe<T> {
    Some(found.map(T::from).map_err(|fault| error(at, fault)))
}

/// The answer of a look-up of a plain list.
pub fn answer_all<S, T: From<S> + OutputType>(at: &At, found: Result<Vec<S>, Fault>) -> Maybe<Vec<T>> {
    Some(found.map(|items| items.into_iter().map(T::from).collect()).map_err(|fault| error(at, fault)))
}

/// What a change gave.
pub trait Payload: Sized {
    /// What is inside when it went well.
    type Value;
    /// The payload of a change that was made.
    fn done(value: Self::Value) -> Self;
    /// The payload of one that was not.
    fn refused(problem: Problem) -> Self;
}

/// The answer of a change: its payload, or null with an error.
pub fn outcome<S, P: Payload>(at: &At, result: Result<S, Fault>) -> Maybe<P>
where
    P::Value: From<S>,
{
    match result {
        Ok(value) => Some(Ok(P::done(value.into()))),
        Err(fault) if is_expected(fault.code) => {
            note(&at.web, &at.caller.request_id, &fault);
            at.ended(fault.code);
            Some(Ok(P::refused(fault.into())))
        }
        Err(fault) => Some(Err(error(at, fault))),
    }
}

/// Declares payloads: their name, the field of the value, its type.
macro_rules! payloads {
    ($($(#[$doc:meta])* $name:ident { $(#[$field_doc:meta])* $field:ident: $value:ty })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, async_graphql::SimpleObject)]
        pub struct $name {
            /// Whether the change was made.
            pub ok: bool,
            /// Why not.
            pub problem: Option<$crate::errors::Problem>,
            $(#[$field_doc])*
            pub $field: Option<$value>,
        }

        impl $crate::errors::Payload for $name {
            type Value = $value;
            fn done(value: $value) -> Self {
                Self { ok: true, problem: None, $field: Some(value) }
            }
            fn refused(problem: $crate::errors::Problem) -> Self {
                Self { ok: false, problem: Some(problem), $field: None }
            }
        }
    )*};
}
pub(crate) use payloads;

/// A change that has nothing further to tell.
#[derive(Debug, Clone, SimpleObject)]
pub struct DonePayload {
    /// Whether the change was made.
    pub ok: bool,
    /// Why not.
    pub problem: Option<Problem>,
}

impl Payload for DonePayload {
    type Value = ();
    fn done((): ()) -> Self {
        Self { ok: true, problem: None }
    }
    fn refused(problem: Problem) -> Self {
        Self { ok: false, problem: Some(problem) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_either_an_outcome_or_an_error() {
        let expected: Vec<&str> =
            Code::ALL.iter().filter(|code| is_expected(**code)).map(|code| code.as_str()).collect();
        for word in ["invalid", "forbidden", "not_found", "conflict", "reauthenticate"] {
            assert!(expected.contains(&word), "{word}");
        }
        for word in ["unauthenticated", "internal", "throttled", "dependency"] {
            assert!(!expected.contains(&word), "{word}");
        }
    }
}
