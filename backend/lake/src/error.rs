//! What can go wrong with storages and files.
//!
//! Errors travel from the sandbox's child as JSON, so they hold texts only. No variant ever holds a value of a
//! cell or a credential; `cause` is for the log and comes from the operating system or the store.

use std::error::Error as StdError;
use std::io;

use lakegate_model::{Code, Fault};
use serde::{Deserialize, Serialize};

use crate::outgoing::NotReached;

/// A refusal or failure of the lake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LakeError {
    /// The location is not one that Lakegate can open.
    #[error("{0}")]
    Location(String),
    /// The folder or bucket of a location is not there.
    #[error("the folder is gone: {location}")]
    FolderGone { location: String },
    /// A file that was listed is not there any more.
    #[error("the file is gone: {path}")]
    FileGone { path: String },
    /// The storage said no.
    #[error("the storage refused access to {path}")]
    Refused { path: String, cause: String },
    /// The storage stands where configuration does not let the server connect to.
    #[error("this host is not one that the server connects to")]
    NotAllowed,
    /// The storage did not answer, or not sensibly.
    #[error("the storage did not answer as it should")]
    Storage { cause: String },
    /// The content of a file is not what its format demands. `what` never quotes the content.
    #[error("{file}{}: {what}", .line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Malformed { file: String, line: Option<u64>, what: String },
    /// A file or table that Lakegate understands but cannot take.
    #[error("{0}")]
    Unsupported(String),
    /// Bytes over a stated limit.
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge { what: String, limit: u64 },
    /// Things over a stated count.
    #[error("there are more than {limit} {what}")]
    TooMany { what: String, limit: u64 },
    /// The child that reads foreign files died of a limit.
    #[error("this file needs more {what} than allowed to read")]
    ReaderLimit { what: String },
    /// The child that reads foreign files failed without saying why.
    #[error("this file could not be read")]
    ReaderFailed { cause: String },
    /// No space left.
    #[error("the storage is full")]
    StorageFull,
    /// The sender of an upload broke off.
    #[error("the upload broke off")]
    BrokenUpload { cause: String },
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// A bug.
    #[error("internal error of the lake")]
    Internal { cause: String },
}

impl LakeError {
    /// Malformed content of `file`, at a line where one is known.
    pub(crate) fn malformed(file: &str, line: impl Into<Option<u64>>, what: impl Into<String>) -> Self {
        Self::Malformed { file: file.to_owned(), line: line.into(), what: what.into() }
    }

    /// An error of the operating system while working on `path`.
    pub(crate) fn io(path: &str, error: io::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(own) => return own,
            Err(error) => error,
        };
        match error.kind() {
            io::ErrorKind::NotFound => Self::FileGone { path: path.to_owned() },
            io::ErrorKind::PermissionDenied => Self::Refused { path: path.to_owned(), cause: error.to_string() },
            _ if is_full(&error) => Self::StorageFull,
            _ => Self::Storage { cause: short(&error) },
        }
    }

    /// An error of an object store while working on `path`.
    pub(crate) fn store(path: &str, error: object_store::Error) -> Self {
        use object_store::Error as E;
        if io_in_chain(&error).is_some_and(is_full) || error.to_string().contains("StorageFull") {
            return Self::StorageFull;
        }
        if let Some(NotReached::NotAllowed) = in_chain::<NotReached>(&error) {
            return Self::NotAllowed;
        }
        match error {
            E::NotFound { .. } => Self::FileGone { path: path.to_owned() },
            E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
                Self::Refused { path: path.to_owned(), cause: short(&error) }
            }
            E::InvalidPath { .. } => Self::Location(format!("\"{path}\" is not a path inside the location")),
            other => Self::told(path, short(&other)),
        }
    }

    /// A listing that a bucket refuses comes as an error without a kind; its text alone says why.
    fn told(path: &str, cause: String) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| cause.contains(word));
        if says(&["NoSuchBucket", "404 Not Found"]) {
            Self::FileGone { path: path.to_owned() }
        } else if says(&["403 Forbidden", "401 Unauthorized", "AccessDenied", "InvalidAccessKeyId"]) {
            Self::Refused { path: path.to_owned(), cause }
        } else {
            Self::Storage { cause }
        }
    }

    /// For the log: a task of the runtime that did not end by itself.
    pub(crate) fn internal(cause: impl std::fmt::Display) -> Self {
        Self::Internal { cause: cause.to_string() }
    }
}

/// Whether an error of the operating system says that a disk, quota or file system is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// The first error of the operating system among the causes of `error`.
pub(crate) fn io_in_chain<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    in_chain(error)
}

/// The first error of a type among the causes of `error`.
pub(crate) fn in_chain<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(current) = next {
        if let Some(found) = current.downcast_ref::<E>() {
            return Some(found);
        }
        next = current.source();
    }
    None
}

/// A cause for the log, cut: answers of stores can be whole pages.
fn short(error: &dyn std::fmt::Display) -> String {
    error.to_string().chars().take(400).collect()
}

impl From<LakeError> for io::Error {
    /// Lets an error of ours pass through a reader; [`LakeError::io`] takes it out again.
    fn from(error: LakeError) -> Self {
        Self::other(error)
    }
}

impl From<LakeError> for Fault {
    fn from(error: LakeError) -> Self {
        use LakeError as E;
        let message = error.to_string();
        match error {
            E::Location(_) => Self::invalid("location", message),
            E::FolderGone { .. } => {
                Self::new(Code::Dependency, message).fix("bring the folder back, or change the location of the source")
            }
            E::FileGone { .. } => Self::new(Code::Dependency, message).fix("run the data source again"),
            E::Refused { cause, .. } => {
                Self::new(Code::Dependency, message).fix("check the rights and keys of the connection").caused_by(cause)
            }
            E::NotAllowed => {
                Self::invalid("endpoint", message).fix("ask whoever runs the server to list it under outgoing.allow")
            }
            E::Storage { cause } => Self::new(Code::Dependency, message).caused_by(cause),
            E::Malformed { .. } | E::Unsupported(_) | E::ReaderLimit { .. } => Self::new(Code::Unprocessable, message),
            E::ReaderFailed { cause } => Self::new(Code::Unprocessable, message).caused_by(cause),
            E::TooLarge { .. } => Self::new(Code::TooLarge, message),
            E::TooMany { .. } => Self::new(Code::Unprocessable, message),
            E::StorageFull => Self::new(Code::StorageFull, message),
            E::BrokenUpload { cause } => Self::invalid("file", message).caused_by(cause),
            E::Cancelled => Self::new(Code::Cancelled, message),
            E::Internal { cause } => Self::internal(cause),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_said_through_every_wrapper() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(LakeError::io("x", full()), LakeError::StorageFull);
        let wrapped = object_store::Error::Generic { store: "test", source: Box::new(full()) };
        assert_eq!(LakeError::store("x", wrapped), LakeError::StorageFull);
        assert_eq!(Fault::from(LakeError::StorageFull).code, Code::StorageFull);
    }

    #[test]
    fn our_own_error_survives_a_reader() {
        let own = LakeError::malformed("a.csv", 7, "a line is longer than the limit");
        assert_eq!(LakeError::io("b.csv", own.clone().into()), own);
        assert_eq!(own.to_string(), "a.csv, line 7: a line is longer than the limit");
    }

    #[test]
    fn causes_stay_out_of_the_message() {
        let fault = Fault::from(LakeError::Refused { path: "a".into(), cause: "key AKIA was wrong".into() });
        assert_eq!(fault.code, Code::Dependency);
        assert!(!fault.to_string().contains("AKIA"));
    }
}
