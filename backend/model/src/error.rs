//! What can go wrong, once for every door: REST, GraphQL, pages, jobs and the command line.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares the error codes with their HTTP status, title and the sentence the documents print.
macro_rules! codes {
    ($($name:ident $text:literal $status:literal $title:literal $meaning:literal;)*) => {
        /// A stable, documented reason why something was refused or failed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Code {
            $(#[doc = $meaning] #[serde(rename = $text)] $name,)*
        }

        impl Code {
            /// Every code, in the order of the documents.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The word that clients compare.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text),* }
            }
            /// The HTTP status that carries this code.
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status),* }
            }
            /// A short title for people.
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }
            /// What the code means, one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$name => $meaning),* }
            }
        }
    };
}

codes! {
    Invalid "invalid" 400 "That does not fit" "A value in the request is missing, malformed or out of range; `field` names it.";
    Unauthenticated "unauthenticated" 401 "Please sign in" "No valid session or token came with the request.";
    Reauthenticate "reauthenticate" 401 "Please confirm your password" "The action needs a password given within the last ten minutes.";
    Forbidden "forbidden" 403 "You may not do that" "The caller may know of the thing, but not do this with it; `fix` says how to get the right.";
    NotFound "not_found" 404 "Nothing here" "The thing does not exist, or the caller may not know that it does.";
    Conflict "conflict" 409 "That collides with something" "The change contradicts the present state, such as a name already taken or a stale revision.";
    Gone "gone" 410 "No longer available" "The thing existed, but has ended: an expired link, or a kept result whose access changed.";
    TooLarge "too_large" 413 "Too large" "A body, text or result is over its limit; the message names the limit.";
    UnsupportedMedia "unsupported_media" 415 "Unknown content type" "The content type is not one that this address accepts.";
    Unprocessable "unprocessable" 422 "Understood, but not possible" "The request is well formed, but its content cannot be carried out, such as SQL that does not plan.";
    LimitExceeded "limit_exceeded" 422 "Over a limit" "A query went over a stated limit of rows, bytes, time or memory; the message names it.";
    Cancelled "cancelled" 409 "Cancelled" "The work was cancelled before it ended.";
    Throttled "throttled" 429 "Too many at once" "Too many requests, sign-ins or queries; try again after the stated time.";
    Internal "internal" 500 "Our mistake" "A bug. The error id finds the cause in the server's log.";
    Dependency "dependency" 502 "Something we need did not answer" "A storage, database or identity provider failed or refused.";
    Unavailable "unavailable" 503 "Not now" "The server is starting, stopping or protecting itself; try again shortly.";
    StorageFull "storage_full" 507 "No space left" "The disk or bucket that holds the data is full.";
}

/// A refusal or failure that may be shown to the caller. The cause, if any, is for the log alone.
#[derive(Clone)]
pub struct Fault {
    /// Why, as a stable word.
    pub code: Code,
    /// One sentence for a person; never holds data the caller may not see.
    pub message: String,
    /// The input that was wrong, as the caller named it.
    pub field: Option<String>,
    /// The way on: what the caller can do about it.
    pub fix: Option<String>,
    /// Seconds after which a retry makes sense.
    pub retry_after: Option<u32>,
    /// Technical cause, logged and never sent.
    pub cause: Option<String>,
    /// Whether the same transaction may succeed when run again; never sent.
    pub transient: bool,
}

impl Fault {
    /// A fault with a code and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), field: None, fix: None, retry_after: None, cause: None, transient: false }
    }
    /// A wrong input: names the field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Code::Invalid, message).on(field)
    }
    /// The one answer for what is absent and what is hidden.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no such {what}, or you may not see it"))
    }
    /// A bug: the cause goes to the log, the caller gets a neutral sentence.
    pub fn internal(cause: impl fmt::Display) -> Self {
        Self::new(Code::Internal, "something went wrong on our side").caused_by(cause)
    }
    /// Names the input that was wrong.
    #[must_use]
    pub fn on(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
    /// Says what the caller can do.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
    /// Keeps the technical cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }
    /// Says when to try again, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(fix) = &self.fix {
            write!(f, " ({fix})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {self}", self.code.as_str())?;
        if let Some(cause) = &self.cause {
            write!(f, " <- {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}
